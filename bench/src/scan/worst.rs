//! The worst that the examples of the rules can be made to: each cut off at several places and repeated.

use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::Result;
use veilgate_redact::Sample;

use super::Rules;
use crate::corpus::Corpus;
use crate::engine::Engine;

/// One piece of text that is slow when repeated.
pub(crate) struct Piece {
    /// Kind of the rule whose example it is.
    pub(crate) kind: String,
    /// How much of the example there is.
    pub(crate) cut: &'static str,
    pub(crate) mb_per_s: f64,
}

/// All pieces, the slowest first.
pub(crate) fn pieces(engine: &mut dyn Engine, rules: &Rules, folder: &Path) -> Result<Vec<Piece>> {
    let mut corpus = Corpus {
        name: "q_worst".to_owned(),
        bytes: Vec::new(),
        file: folder.join("q_worst"),
    };
    let mut cuts: Vec<(String, &'static str, Range<usize>)> = Vec::new();
    for sample in rules.corpus() {
        for (cut, piece) in cut(&sample) {
            // Whether the first of them counts as a word decides about all others.
            for start in 0..2 {
                let from = corpus.bytes.len();
                let text = piece.bytes().cycle().skip(start).take(LENGTH);
                corpus.bytes.extend(text);
                cuts.push((sample.kind.clone(), cut, from..corpus.bytes.len()));
            }
        }
    }
    fs::write(&corpus.file, &corpus.bytes)?;
    let slices: Vec<Range<usize>> = cuts.iter().map(|(_, _, slice)| slice.clone()).collect();
    let samples = engine.pass(&corpus, &slices, REPETITIONS)?;
    let mut pieces: Vec<Piece> = cuts
        .into_iter()
        .zip(samples)
        .map(|((kind, cut, _), sample)| Piece {
            kind,
            cut,
            mb_per_s: LENGTH as f64 / 1e6 / sample.shortest.as_secs_f64(),
        })
        .collect();
    pieces.sort_by(|one, other| one.mb_per_s.total_cmp(&other.mb_per_s));
    Ok(pieces)
}

/// Of each piece, repeated.
const LENGTH: usize = 20_000;
const REPETITIONS: u32 = 3;

/// An example, cut within its credential; what is cut off to nothing is left out.
fn cut(sample: &Sample) -> Vec<(&'static str, String)> {
    let start = sample.text.find(&sample.secret).unwrap_or(0);
    let end = start + sample.secret.len();
    let half = start + sample.secret.len() / 2;
    [
        ("before the credential", start),
        ("after four bytes of the credential", start + 4),
        ("in half of the credential", half),
        (
            "before the last byte of the credential",
            end.saturating_sub(1),
        ),
        ("behind the credential", end),
    ]
    .into_iter()
    .filter_map(|(cut, at)| Some((cut, sample.text.get(..at)?.to_owned())))
    .filter(|(_, piece)| !piece.is_empty())
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_cut_within_the_credential() {
        let cuts = cut(&Sample {
            kind: "k".to_owned(),
            text: "key=abcdef!".to_owned(),
            secret: "abcdef".to_owned(),
        });
        let pieces: Vec<&str> = cuts.iter().map(|(_, piece)| piece.as_str()).collect();
        assert_eq!(
            pieces,
            ["key=", "key=abcd", "key=abc", "key=abcde", "key=abcdef"]
        );
    }
}
