//! All that was measured.

use anyhow::Result;
use serde::Serialize;

use super::headers::Headers;
use super::memory::Memory;
use super::rounds::Rate;
use crate::corpus::Corpus;
use crate::engine::Runtime;

/// Rates by corpus, and the figures beside them.
pub(crate) struct Figures {
    pub(crate) rules: usize,
    pub(crate) corpora: Vec<(String, Vec<Rate>)>,
    pub(crate) notes: Vec<String>,
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
        let mut lines = String::new();
        for (corpus, rates) in &self.corpora {
            for rate in rates {
                lines.push_str(&serde_json::to_string(&Line {
                    engine: rate.engine,
                    runtime: rate.runtime.to_string(),
                    corpus,
                    mb_per_s: (rate.mb_per_s * 10.0).round() / 10.0,
                })?);
                lines.push('\n');
            }
        }
        Ok(lines)
    }
}
