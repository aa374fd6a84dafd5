//! A bare pass over memory: what any scan costs at least.

use std::hint::black_box;
use std::ops::Range;
use std::time::Instant;

use anyhow::Result;

use super::{Engine, Runtime, Sample, pass};
use crate::corpus::Corpus;

/// Adds up the bytes of a slice.
pub(crate) struct Memory;

impl Engine for Memory {
    fn name(&self) -> &'static str {
        "memory"
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
            let sum = bytes
                .iter()
                .fold(0u32, |sum, byte| sum.wrapping_add(u32::from(*byte)));
            black_box(sum);
            Ok((at.elapsed(), 0))
        })
    }
}
