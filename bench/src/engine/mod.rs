//! What is measured: our engine in three runtimes, what others would use instead, a yardstick, and a bare pass over memory.

mod expressions;
mod fields;
mod keywords;
mod memory;
mod native;
mod node;
mod regex_set;
mod rules;
mod vectorscan;
mod wasmtime;
mod yardstick;

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use anyhow::{Context, Result};

pub(crate) use expressions::Expressions;
pub(crate) use keywords::{Keywords, keywords};
pub(crate) use memory::Memory;
pub(crate) use native::Native;
pub(crate) use node::{Call, Node};
pub(crate) use regex_set::Set;
pub(crate) use rules::{Pattern, patterns};
pub(crate) use vectorscan::{Report, Vectorscan, library, version};
pub(crate) use wasmtime::Wasmtime;
pub(crate) use yardstick::Yardstick;

use crate::corpus::Corpus;

/// How much of a stream a proxy hands over at once.
pub(crate) const CHUNK: usize = 64 * 1024;

/// Where an engine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runtime {
    Native,
    V8,
    Wasmtime,
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Native => "native",
            Self::V8 => "v8",
            Self::Wasmtime => "wasmtime",
        })
    }
}

/// One engine in one runtime.
pub(crate) trait Engine {
    fn name(&self) -> &'static str;
    fn runtime(&self) -> Runtime;

    /// Scans each slice so many times, one slice after the other.
    fn pass(
        &mut self,
        corpus: &Corpus,
        slices: &[Range<usize>],
        repetitions: u32,
    ) -> Result<Vec<Sample>>;
}

/// What scanning one slice took and gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    /// The shortest of the repetitions.
    pub(crate) shortest: Duration,
    /// Credentials found, or matches.
    pub(crate) findings: u64,
}

/// A pass by an engine that scans one slice at a time in this process.
fn pass(
    corpus: &Corpus,
    slices: &[Range<usize>],
    repetitions: u32,
    mut scan: impl FnMut(&[u8]) -> Result<(Duration, u64)>,
) -> Result<Vec<Sample>> {
    slices
        .iter()
        .map(|slice| {
            let bytes = corpus
                .bytes
                .get(slice.clone())
                .context("a slice outside its corpus")?;
            let (mut shortest, mut findings) = scan(bytes)?;
            for _ in 1..repetitions {
                let (time, found) = scan(bytes)?;
                shortest = shortest.min(time);
                findings = found;
            }
            Ok(Sample { shortest, findings })
        })
        .collect()
}
