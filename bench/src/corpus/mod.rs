//! What is scanned: real and synthetic traffic, the same with credentials in it, and texts made to hurt.

mod adversarial;
mod json;
mod log;
mod markup;
mod packages;
mod planted;
mod random;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use veilgate_redact::RuleSet;

/// A text under its name, also in a file, for engines in other processes.
pub(crate) struct Corpus {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) file: PathBuf,
}

/// Megabytes (10^6 bytes) of ordinary traffic of each kind; the others have less.
pub(crate) struct Sizes {
    clean: usize,
    planted: usize,
    adversarial: usize,
}

impl Sizes {
    pub(crate) const FULL: Self = Self {
        clean: 12_000_000,
        planted: 6_000_000,
        adversarial: 1_000_000,
    };
    pub(crate) const QUICK: Self = Self {
        clean: 3_000_000,
        planted: 1_500_000,
        adversarial: 500_000,
    };
}

/// Synthetic JSON and HTML, the same on every machine: what instructions are counted on.
pub(crate) fn deterministic(length: usize) -> [(&'static str, Vec<u8>); 2] {
    [
        ("json", json::documents(101, length)),
        ("html", markup::pages(102, length)),
    ]
}

/// What is made to hurt, the same on every machine as long as the rules are.
pub(crate) fn hostile(rules: &Arc<RuleSet>, length: usize) -> Vec<(&'static str, Vec<u8>)> {
    let mut texts = vec![
        ("adv_kw", adversarial::keywords(9, length)),
        ("adv_near", planted::truncated(&rules.corpus(), length, 10)),
        ("adv_dense", adversarial::dense(11, length)),
        ("adv_escape", adversarial::escapes(12, length)),
    ];
    texts.extend(
        adversarial::REPEATED
            .iter()
            .map(|(name, piece)| (*name, adversarial::repeated(piece, length))),
    );
    texts
}

/// All corpora, or those named, written to `folder`.
pub(crate) fn build(
    sizes: &Sizes,
    only: &[String],
    rules: &Arc<RuleSet>,
    packages: &Path,
    folder: &Path,
) -> Result<Vec<Corpus>> {
    let samples = rules.corpus();
    let clean_json = mixed(
        "json",
        packages::webhooks(packages),
        json::documents(1, sizes.clean),
        sizes.clean,
    );
    let clean_log = log::lines(2, sizes.clean);
    let clean_html = mixed(
        "html",
        packages::pages(packages),
        markup::pages(3, sizes.clean),
        sizes.clean,
    );
    let plant = |text: &[u8], distance, seed| {
        let part = text.get(..sizes.planted).unwrap_or(text);
        planted::plant(part, &samples, distance, seed)
    };
    let mut texts: Vec<(&str, Vec<u8>)> = vec![
        ("json_100k", plant(&clean_json, 100_000, 4)),
        ("json_1k", plant(&clean_json, 1_000, 5)),
        ("log_1k", plant(&clean_log, 1_000, 6)),
        ("html_1k", plant(&clean_html, 1_000, 7)),
        ("b64", json::blobs(8, sizes.planted)),
    ];
    texts.splice(
        0..0,
        [
            ("json", clean_json),
            ("log", clean_log),
            ("html", clean_html),
        ],
    );
    texts.extend(hostile(rules, sizes.adversarial));
    fs::create_dir_all(folder)?;
    texts
        .into_iter()
        .filter(|(name, _)| only.is_empty() || only.iter().any(|wanted| wanted == name))
        .map(|(name, bytes)| {
            let file = folder.join(name);
            fs::write(&file, &bytes).with_context(|| format!("cannot write {}", file.display()))?;
            Ok(Corpus {
                name: name.to_owned(),
                bytes,
                file,
            })
        })
        .collect()
}

/// Stretches of real and synthetic text in turn, by their shares; synthetic alone if the real part cannot be had.
fn mixed(name: &str, real: Result<Vec<u8>>, synthetic: Vec<u8>, length: usize) -> Vec<u8> {
    const STRETCH: usize = 50_000;
    let real = match real {
        Ok(real) => real,
        Err(reason) => {
            eprintln!("{name}: synthetic text only: {reason:#}");
            return synthetic;
        }
    };
    // At most two thirds real, so that a corpus of any length holds both.
    let stretches = length / STRETCH;
    let wanted = (stretches * 2 / 3).min(real.len() / STRETCH);
    let mut real: Vec<&[u8]> = evenly(&real.chunks_exact(STRETCH).collect::<Vec<_>>(), wanted);
    let mut synthetic = synthetic.chunks(STRETCH);
    let mut text = Vec::with_capacity(length);
    for nth in 0..stretches {
        let due = (nth + 1) * wanted / stretches > nth * wanted / stretches;
        let next = if due && !real.is_empty() {
            Some(real.remove(0))
        } else {
            synthetic.next()
        };
        text.extend_from_slice(next.unwrap_or_default());
        text.push(b'\n');
    }
    text.truncate(length);
    text
}

/// That many of them, evenly spread.
pub(crate) fn evenly<T: Copy>(of: &[T], wanted: usize) -> Vec<T> {
    (0..wanted.min(of.len()))
        .filter_map(|nth| of.get(nth * of.len() / wanted).copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixture_holds_both_in_turn() {
        let text = mixed("x", Ok(vec![b'r'; 200_000]), vec![b's'; 600_000], 600_000);
        assert_eq!(text.len(), 600_000);
        for half in text.chunks(300_000) {
            let real = half.iter().filter(|byte| **byte == b'r').count();
            assert!((99_000..=100_000).contains(&real), "{real}");
        }
    }

    #[test]
    fn instructions_are_always_counted_on_the_same_texts() {
        let sums = deterministic(100_000).map(|(_, text)| {
            text.iter().fold(0u32, |sum, byte| {
                sum.wrapping_mul(31).wrapping_add(u32::from(*byte))
            })
        });
        assert_eq!(
            sums,
            [320_184_349, 2_355_363_927],
            "limits of the gate were set on other texts"
        );
    }

    #[test]
    fn without_the_real_part_the_synthetic_one_is_all() {
        let text = mixed("x", Err(anyhow::anyhow!("no network")), vec![b's'; 9], 9);
        assert_eq!(text, b"sssssssss");
    }
}
