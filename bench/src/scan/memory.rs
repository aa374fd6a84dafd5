//! Bytes of memory: of the rules, of a stream, of a VM.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use veilgate_redact::{Framing, Limits, MaskAll, MaskStyle, Masker, Redactor, RuleSet};

use super::Rules;
use crate::corpus::Corpus;
use crate::engine::{CHUNK, Engine, Keywords, Pattern, Set};
use crate::heap;

/// All in bytes.
#[derive(Default)]
pub(crate) struct Memory {
    /// Heap of the compiled rules.
    pub(crate) rules: usize,
    /// The most heap that one stream needed, output apart, and on which corpus.
    pub(crate) stream: (usize, String),
    /// Linear memory of the guest in V8 after all corpora.
    pub(crate) guest: Option<u64>,
    /// Size of the guest's module.
    pub(crate) module: u64,
    /// Heap of the engines in Rust that ours is compared with, by their names.
    pub(crate) others: Vec<(&'static str, usize)>,
}

/// The built-in rules, and the heap they take.
pub(crate) fn rules() -> Result<(Rules, usize)> {
    let before = heap::now();
    let rules = Arc::new(RuleSet::builtin()?);
    Ok((rules, heap::now().saturating_sub(before)))
}

/// The heap of engines that were built and have scanned the beginning of a corpus.
pub(crate) fn others(patterns: &[Pattern], corpus: &Corpus) -> Result<Vec<(&'static str, usize)>> {
    let before = heap::now();
    let mut set = Set::new(patterns)?;
    scan(&mut set, corpus)?;
    let between = heap::now();
    let mut keywords = Keywords::new(patterns)?;
    scan(&mut keywords, corpus)?;
    Ok(vec![
        (set.name(), between.saturating_sub(before)),
        (keywords.name(), heap::now().saturating_sub(between)),
    ])
}

fn scan(engine: &mut dyn Engine, corpus: &Corpus) -> Result<()> {
    let beginning = 0..corpus.bytes.len().min(1_000_000);
    engine.pass(corpus, &[beginning], 1)?;
    Ok(())
}

/// The most heap that a stream of any corpus needs at once, and on which. Its output goes to a buffer that was there before.
pub(crate) fn stream(rules: &Rules, corpora: &[Corpus]) -> Result<(usize, String)> {
    const PART: usize = 2_000_000;
    let masker = Arc::new(Masker::new(MaskStyle::Label, None));
    let mut output = Vec::with_capacity(64 * CHUNK);
    let mut most = (0, String::new());
    for corpus in corpora {
        let text = corpus.bytes.get(..PART).unwrap_or(&corpus.bytes);
        let (bytes, result) = heap::most(|| {
            let mut stream = Redactor::new(
                Arc::clone(rules),
                Arc::clone(&masker),
                Framing::Plain,
                Limits::default(),
            );
            for chunk in text.chunks(CHUNK) {
                output.clear();
                stream.write(chunk, &mut MaskAll, &mut output)?;
            }
            stream.end(&mut MaskAll, &mut output)
        });
        result.map_err(|error| anyhow!("{}: {error}", corpus.name))?;
        most = most.max((bytes, corpus.name.clone()));
    }
    Ok(most)
}
