//! How fast this machine is beside the one that the targets were set on.

use super::figures::Figures;
use crate::engine::{Runtime, Yardstick};

/// What the yardstick did there, in MB/s: a Zen 5 at full clock with nobody beside.
const REFERENCE: [(&str, f64); 2] = [("json", 613.0), ("log", 650.0)];

/// The geometric mean over both corpora, if both were measured. 0.5: half as fast.
pub(super) fn speed(figures: &Figures) -> Option<f64> {
    let mut product = 1.0;
    for (corpus, there) in REFERENCE {
        product *= figures.rate(corpus, Yardstick::NAME, Runtime::Native)? / there;
    }
    Some(product.powf(1.0 / REFERENCE.len() as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::rounds::Rate;

    fn measured(rates: &[(&str, f64)]) -> Figures {
        let mut figures = Figures::new(0);
        for (corpus, mb_per_s) in rates {
            let rate = Rate {
                engine: Yardstick::NAME,
                runtime: Runtime::Native,
                mb_per_s: *mb_per_s,
            };
            figures.corpora.push(((*corpus).to_owned(), vec![rate]));
        }
        figures
    }

    #[test]
    fn speed_is_the_mean_over_both_corpora() {
        let speed = speed(&measured(&[("json", 613.0 / 4.0), ("log", 650.0)])).unwrap();
        assert!((speed - 0.5).abs() < 1e-9, "{speed}");
    }

    #[test]
    fn one_corpus_does_not_tell() {
        assert!(speed(&measured(&[("json", 613.0)])).is_none());
    }
}
