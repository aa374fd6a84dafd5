//! Our engine as a Rust program links it.

use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use veilgate_bench_guest::Guest;

use super::{CHUNK, Engine, Runtime, Sample, pass};
use crate::corpus::Corpus;

/// Streams each slice through a redactor of its own.
pub(crate) struct Native(Guest);

impl Native {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(Guest::new()?))
    }

    /// One map of headers, scrubbed so many times: what the fastest took.
    pub(crate) fn headers(&mut self, map: &[u8], repetitions: u32) -> Result<Duration> {
        self.fill(map);
        let mut shortest = Duration::MAX;
        for _ in 0..repetitions {
            let at = Instant::now();
            self.0.headers(map.len()).map_err(failed)?;
            shortest = shortest.min(at.elapsed());
        }
        Ok(shortest)
    }

    fn fill(&mut self, bytes: &[u8]) {
        for (to, from) in self.0.input(bytes.len()).iter_mut().zip(bytes) {
            *to = *from;
        }
    }

    fn scan(&mut self, bytes: &[u8]) -> Result<(Duration, u64)> {
        let mut spent = Duration::ZERO;
        self.0.open(0);
        for chunk in bytes.chunks(CHUNK) {
            self.fill(chunk);
            let at = Instant::now();
            self.0.clear_output();
            self.0.write(chunk.len()).map_err(failed)?;
            spent += at.elapsed();
        }
        let at = Instant::now();
        self.0.end().map_err(failed)?;
        Ok((spent + at.elapsed(), u64::from(self.0.findings())))
    }
}

impl Engine for Native {
    fn name(&self) -> &'static str {
        "veilgate"
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
        pass(corpus, slices, repetitions, |bytes| self.scan(bytes))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "passed to `map_err`")]
fn failed(error: veilgate_bench_guest::Error) -> anyhow::Error {
    anyhow!("the redactor failed: {error:?}")
}
