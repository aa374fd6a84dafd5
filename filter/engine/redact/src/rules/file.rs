//! The shape of a rule file, and its syntax errors.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::rule::Category;
use crate::{Confidence, RuleError};

/// One file: the rules of one provider.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleFile {
    pub(super) provider: String,
    #[serde(rename = "rule")]
    pub(super) rules: Vec<RuleEntry>,
}

/// One `[[rule]]` as written. The README beside the files says what each field means.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleEntry {
    pub(super) kind: String,
    pub(super) title: String,
    pub(super) category: Category,
    pub(super) confidence: Confidence,
    pub(super) before: Option<String>,
    pub(super) lead: Option<String>,
    #[serde(default)]
    pub(super) context: Vec<String>,
    pub(super) pattern: String,
    pub(super) max_length: Option<usize>,
    pub(super) check: Option<String>,
    pub(super) tail: Option<String>,
    #[serde(default = "yes")]
    pub(super) placeholders: bool,
    pub(super) after: Option<String>,
    #[serde(default)]
    pub(super) references: Vec<String>,
    pub(super) examples: Vec<String>,
    #[serde(default)]
    pub(super) counter_examples: Vec<String>,
}

fn yes() -> bool {
    true
}

/// Reads a TOML file into its type; the error names the line.
pub(crate) fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, RuleError> {
    toml::from_str(text).map_err(|error| {
        let before = error
            .span()
            .and_then(|span| text.get(..span.start))
            .unwrap_or_default();
        RuleError::Syntax {
            file: file.to_owned(),
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            problem: error.message().lines().collect::<Vec<_>>().join(" "),
        }
    })
}
