//! All that was measured.

use anyhow::Result;
use serde::Serialize;

use super::headers::Headers;
use super::memory::Memory;
use super::rounds::Rate;
use super::worst::Piece;
use crate::corpus::Corpus;
use crate::engine::Runtime;

/// Rates by corpus, and the figures beside them.
pub(crate) struct Figures {
    pub(crate) rules: usize,
    pub(crate) corpora: Vec<(String, Vec<Rate>)>,
    pub(crate) notes: Vec<String>,
    /// Repeated pieces of examples in V8, the slowest first.
    pub(crate) worst: Vec<Piece>,
    pub(crate) headers: Vec<Headers>,
    pub(crate) memory: Memory,
}

#[derive(Serialize)]
struct Line<'a> {
    engine: &'a str,
    runtime: String,
    corpus: &'a str,
    mb_per_s: f64,
}

impl Figures {
    pub(crate) fn new(rules: usize) -> Self {
        Self {
            rules,
            corpora: Vec::new(),
            notes: Vec::new(),
            worst: Vec::new(),
            headers: Vec::new(),
            memory: Memory::default(),
        }
    }

    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// The rates on one corpus; also printed, because the others take a while.
    pub(crate) fn add(&mut self, corpus: &Corpus, rates: Vec<Rate>) {
        let text: Vec<String> = rates
            .iter()
            .map(|rate| format!("{}/{} {:.0}", rate.engine, rate.runtime, rate.mb_per_s))
            .collect();
        eprintln!("{:<10} MB/s: {}", corpus.name, text.join(", "));
        self.corpora.push((corpus.name.clone(), rates));
    }

    pub(crate) fn rate(&self, corpus: &str, engine: &str, runtime: Runtime) -> Option<f64> {
        let (_, rates) = self.corpora.iter().find(|(name, _)| name == corpus)?;
        rates
            .iter()
            .find(|rate| rate.engine == engine && rate.runtime == runtime)
            .map(|rate| rate.mb_per_s)
    }

    /// One line of JSON for each rate.
    pub(crate) fn lines(&self) -> Result<String> {
        let rates = self.corpora.iter().flat_map(|(corpus, rates)| {
            rates
                .iter()
                .map(move |rate| line(rate.engine, rate.runtime, corpus, rate.mb_per_s))
        });
        let worst = self.worst.first();
        rates
            .chain(worst.map(|piece| line("veilgate", Runtime::V8, "q_worst", piece.mb_per_s)))
            .collect()
    }
}

fn line(engine: &str, runtime: Runtime, corpus: &str, mb_per_s: f64) -> Result<String> {
    let line = serde_json::to_string(&Line {
        engine,
        runtime: runtime.to_string(),
        corpus,
        mb_per_s: (mb_per_s * 10.0).round() / 10.0,
    })?;
    Ok(line + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_engine_runtime_corpus_and_rate() {
        assert_eq!(
            line("veilgate", Runtime::V8, "json", 1623.456).unwrap(),
            "{\"engine\":\"veilgate\",\"runtime\":\"v8\",\"corpus\":\"json\",\"mb_per_s\":1623.5}\n"
        );
    }
}
