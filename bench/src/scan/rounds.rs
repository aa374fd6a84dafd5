//! Rates that a busy machine cannot spoil: slices, repeated, in rounds that alternate between the engines, and of each slice the shortest time.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::corpus::{Corpus, evenly};
use crate::engine::{Engine, Runtime, Sample};

/// How long one engine may take on one corpus.
pub(crate) struct Budget {
    time: Duration,
    rounds: u32,
    repetitions: u32,
}

impl Budget {
    pub(crate) const FULL: Self = Self {
        time: Duration::from_millis(1500),
        rounds: 3,
        repetitions: 5,
    };
    pub(crate) const QUICK: Self = Self {
        time: Duration::from_millis(120),
        rounds: 2,
        repetitions: 2,
    };
}

/// What one engine did on one corpus.
pub(crate) struct Rate {
    pub(crate) engine: &'static str,
    pub(crate) runtime: Runtime,
    pub(crate) mb_per_s: f64,
}

/// All engines on one corpus.
pub(crate) fn measure(
    corpus: &Corpus,
    engines: &mut [Box<dyn Engine>],
    budget: &Budget,
) -> Result<Vec<Rate>> {
    let mut runs = engines
        .iter_mut()
        .map(|engine| {
            Run::plan(engine.as_mut(), corpus, budget)
                .with_context(|| format!("{} on {}", engine.name(), corpus.name))
        })
        .collect::<Result<Vec<_>>>()?;
    for round in 0..budget.rounds {
        for (engine, run) in engines.iter_mut().zip(&mut runs) {
            run.round(round, engine.as_mut(), corpus)?;
        }
    }
    agreed(engines, &runs, corpus)?;
    Ok(engines
        .iter()
        .zip(&runs)
        .map(|(engine, run)| Rate {
            engine: engine.name(),
            runtime: engine.runtime(),
            mb_per_s: run.mb_per_s(),
        })
        .collect())
}

/// The slices one engine has time for, and the shortest time of each so far.
struct Run {
    slices: Vec<Range<usize>>,
    rounds: u32,
    repetitions: u32,
    samples: Vec<Sample>,
}

impl Run {
    /// Slices of ordinary length; shorter ones for an engine that has no time for one of those.
    const SLICE: usize = 250_000;
    const SHORT: usize = 25_000;

    fn plan(engine: &mut dyn Engine, corpus: &Corpus, budget: &Budget) -> Result<Self> {
        let first = 0..corpus.bytes.len().min(Self::SHORT);
        let trial = engine.pass(corpus, std::slice::from_ref(&first), 4)?;
        let trial = trial.first().context("no sample")?.shortest;
        let times = |length: usize, scans: u32| {
            trial.as_secs_f64() / first.len().max(1) as f64 * length as f64 * f64::from(scans)
        };
        let time = budget.time.as_secs_f64();
        let (mut rounds, mut repetitions) = (budget.rounds, budget.repetitions);
        let mut length = Self::SLICE;
        if times(length, rounds * repetitions) > time {
            length = Self::SHORT;
        }
        if times(length, rounds * repetitions) > time {
            (rounds, repetitions) = (1, 1);
        }
        let all: Vec<(usize, usize)> = (0..corpus.bytes.len() / length)
            .map(|nth| (nth * length, (nth + 1) * length))
            .collect();
        let affordable = time / times(length, rounds * repetitions).max(f64::MIN_POSITIVE);
        let count = (1..all.len())
            .find(|count| *count as f64 >= affordable)
            .unwrap_or(all.len());
        let slices: Vec<Range<usize>> = evenly(&all, count)
            .into_iter()
            .map(|(from, to)| from..to)
            .collect();
        ensure!(!slices.is_empty(), "{} is too short", corpus.name);
        Ok(Self {
            slices,
            rounds,
            repetitions,
            samples: Vec::new(),
        })
    }

    fn round(&mut self, round: u32, engine: &mut dyn Engine, corpus: &Corpus) -> Result<()> {
        if round >= self.rounds {
            return Ok(());
        }
        let samples = engine
            .pass(corpus, &self.slices, self.repetitions)
            .with_context(|| format!("{} on {}", engine.name(), corpus.name))?;
        if self.samples.is_empty() {
            self.samples = samples;
        } else {
            for (sample, now) in self.samples.iter_mut().zip(samples) {
                sample.shortest = sample.shortest.min(now.shortest);
            }
        }
        Ok(())
    }

    fn mb_per_s(&self) -> f64 {
        let bytes: usize = self.slices.iter().map(ExactSizeIterator::len).sum();
        let time: Duration = self.samples.iter().map(|sample| sample.shortest).sum();
        bytes as f64 / 1e6 / time.as_secs_f64()
    }
}

/// One engine finds the same in every runtime.
fn agreed(engines: &[Box<dyn Engine>], runs: &[Run], corpus: &Corpus) -> Result<()> {
    let mut found: HashMap<&Range<usize>, u64> = HashMap::new();
    for (engine, run) in engines.iter().zip(runs) {
        if engine.name().starts_with("veilgate") {
            for (slice, sample) in run.slices.iter().zip(&run.samples) {
                let before = *found.entry(slice).or_insert(sample.findings);
                ensure!(
                    before == sample.findings,
                    "{} in {} finds {} in {slice:?} of {}, not {before}",
                    engine.name(),
                    engine.runtime(),
                    sample.findings,
                    corpus.name,
                );
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// Takes a time per byte that differs from scan to scan, and finds one thing in each slice.
    struct Steady {
        nanoseconds: u32,
        scans: u32,
        findings: u64,
    }

    impl Engine for Steady {
        fn name(&self) -> &'static str {
            "veilgate"
        }

        fn runtime(&self) -> Runtime {
            Runtime::Native
        }

        fn pass(&mut self, _: &Corpus, slices: &[Range<usize>], _: u32) -> Result<Vec<Sample>> {
            self.scans += 1;
            // Only the second call is not disturbed.
            let factor = if self.scans == 2 { 1 } else { 7 };
            Ok(slices
                .iter()
                .map(|slice| Sample {
                    shortest: Duration::from_nanos(slice.len() as u64) * self.nanoseconds * factor,
                    findings: self.findings,
                })
                .collect())
        }
    }

    fn steady(nanoseconds: u32, findings: u64) -> Box<dyn Engine> {
        Box::new(Steady {
            nanoseconds,
            scans: 0,
            findings,
        })
    }

    fn corpus() -> Corpus {
        Corpus {
            name: "x".to_owned(),
            bytes: vec![0; 1_000_000],
            file: PathBuf::new(),
        }
    }

    #[test]
    fn a_rate_is_that_of_the_shortest_times() {
        let rates = measure(&corpus(), &mut [steady(2, 1)], &Budget::FULL).unwrap();
        assert_eq!(rates.first().unwrap().mb_per_s.round(), 500.0);
    }

    #[test]
    fn an_engine_without_time_scans_little_and_once() {
        let run = Run::plan(steady(10_000, 1).as_mut(), &corpus(), &Budget::FULL).unwrap();
        assert_eq!((run.rounds, run.repetitions), (1, 1));
        assert_eq!(
            run.slices.iter().map(ExactSizeIterator::len).sum::<usize>(),
            Run::SHORT
        );
    }

    #[test]
    fn runtimes_that_disagree_end_the_run() {
        let error = measure(&corpus(), &mut [steady(2, 1), steady(2, 3)], &Budget::FULL)
            .err()
            .unwrap();
        assert!(error.to_string().contains("finds 3"), "{error}");
    }
}
