//! Labelled texts.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Deserializer};
use veilgate_redact::RuleSet;

use super::score::contains;

/// One text, and what is known of it.
#[derive(Deserialize, Default, Clone)]
pub(crate) struct Row {
    /// Of the rule that the text was written for.
    #[serde(default)]
    pub(crate) rule_id: String,
    pub(crate) text: String,
    /// `match` or `no_match`.
    #[serde(default)]
    pub(crate) expect: String,
    /// The credential in the text; parts of it where a rule captures several, of which not all are secret.
    #[serde(default, deserialize_with = "parts")]
    pub(crate) secret: Vec<String>,
    /// `T` true, `F` false, `X` not a credential of its own.
    pub(crate) label: Option<String>,
    /// What a true one is, if not a secret in itself.
    pub(crate) kind: Option<String>,
    /// Whether it is of HTTP traffic.
    #[serde(default)]
    pub(crate) http: bool,
}

impl Row {
    pub(crate) fn is_match(&self) -> bool {
        self.expect == "match"
    }

    /// Whether a part of the credential is gone that stood in the text as it is; none if there was none.
    pub(crate) fn is_gone(&self, out: &[u8]) -> Option<bool> {
        let parts = self.secret.iter();
        let parts = parts.filter(|part| !part.is_empty() && self.text.contains(part.as_str()));
        let gone = parts.map(|part| !contains(out, part.as_bytes()));
        gone.reduce(|one, other| one | other)
    }
}

/// One text, or a list of them.
fn parts<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Parts {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Option::deserialize(input)? {
        None => Vec::new(),
        Some(Parts::One(part)) => vec![part],
        Some(Parts::Several(parts)) => parts,
    })
}

pub(crate) fn read(file: &Path) -> Result<Vec<Row>> {
    let text = fs::read_to_string(file)?;
    let rows = text.lines().enumerate().map(|(nth, line)| {
        serde_json::from_str(line).with_context(|| format!("line {} is no such row", nth + 1))
    });
    rows.collect()
}

/// The examples of the built-in rules, in the same form.
pub(crate) fn examples(rules: &Arc<RuleSet>) -> Vec<Row> {
    let samples = rules.corpus().into_iter().map(|sample| Row {
        rule_id: sample.kind,
        text: sample.text,
        expect: "match".to_owned(),
        secret: vec![sample.secret],
        ..Row::default()
    });
    samples.collect()
}
