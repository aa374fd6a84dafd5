//! All rules in one `RegexSet` of the `regex` crate: what most programs in Rust would start with.

use std::ops::Range;
use std::time::Instant;

use anyhow::Result;
use regex::bytes::{RegexSet, RegexSetBuilder};

use super::rules::Pattern;
use super::{Engine, Runtime, Sample, pass};
use crate::corpus::Corpus;

/// Says which rules match in a slice, not where nor how often: less than is needed to mask.
pub(crate) struct Set(RegexSet);

impl Set {
    pub(crate) fn new(rules: &[Pattern]) -> Result<Self> {
        const ROOM: usize = 256 << 20;
        let set = RegexSetBuilder::new(rules.iter().map(Pattern::anywhere))
            .unicode(false)
            .size_limit(ROOM)
            .dfa_size_limit(ROOM)
            .build()?;
        Ok(Self(set))
    }
}

impl Engine for Set {
    fn name(&self) -> &'static str {
        "regexset"
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
            let rules = self.0.matches(bytes).iter().count();
            Ok((at.elapsed(), rules as u64))
        })
    }
}
