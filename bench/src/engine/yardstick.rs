//! The rules' keywords by `aho-corasick` alone: a search that does not change with our engine, to tell how fast a machine is.

use std::ops::Range;
use std::time::Instant;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use anyhow::Result;

use super::keywords::keywords;
use super::rules::Pattern;
use super::{Engine, Runtime, Sample, pass};
use crate::corpus::Corpus;

/// One automaton, the fastest of its kind; nothing is done about what it finds.
pub(crate) struct Yardstick(AhoCorasick);

impl Yardstick {
    pub(crate) const NAME: &str = "ac_dfa";

    pub(crate) fn new(credentials: &[Pattern]) -> Result<Self> {
        Ok(Self(
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .kind(Some(AhoCorasickKind::DFA))
                .build(keywords(credentials)?)?,
        ))
    }
}

impl Engine for Yardstick {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn runtime(&self) -> Runtime {
        Runtime::Native
    }

    fn pass(
        &mut self,
        corpus: &Corpus,
        slices: &[Range<usize>],
        repetitions: u32,
    ) -> Result<Vec<Sample>> {
        pass(corpus, slices, repetitions, |bytes| {
            let at = Instant::now();
            let hits = self.0.find_iter(bytes).count();
            Ok((at.elapsed(), hits as u64))
        })
    }
}
