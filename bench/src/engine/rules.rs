//! The rules as one regular expression each, for engines that know nothing of ours.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use regex::bytes::RegexBuilder;
use serde::Deserialize;

/// A rule without its name: where it may stand, what leads to the value, the value, what else belongs to it.
#[derive(Deserialize, Debug, Clone)]
pub(crate) struct Pattern {
    pub(super) before: Option<String>,
    pub(super) lead: Option<String>,
    #[serde(default)]
    pub(super) context: Vec<String>,
    pub(super) pattern: String,
    pub(super) tail: Option<String>,
    pub(super) after: Option<String>,
    /// What lead and value start with, in lower case, where that need not be read off them.
    #[serde(skip)]
    pub(super) starts: Vec<String>,
    /// Number of the rule: several expressions may be one.
    #[serde(skip)]
    pub(super) rule: u32,
}

#[derive(Deserialize)]
struct File {
    rule: Vec<Pattern>,
}

/// Every rule of every file in `policies/credentials`.
pub(crate) fn patterns(folder: &Path) -> Result<Vec<Pattern>> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .with_context(|| format!("no rules in {}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|is| is == "toml"));
    files.sort();
    let mut rules = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file)?;
        let parsed: File =
            toml::from_str(&text).with_context(|| format!("cannot read {}", file.display()))?;
        rules.extend(parsed.rule.into_iter().map(Pattern::led));
    }
    Ok(rules)
}

/// From a word of a context to the value, as far as an expression says it.
const BEHIND_CONTEXT: &str =
    r#"[0-9A-Za-z_.-]{0,32}(?:\\{0,7}["'`])?\s{0,4}(?:=>|:=|[:=>])[\s+]{0,4}(?:\\{0,7}["'`])?"#;

impl Pattern {
    /// The same with what leads to the value as an expression.
    fn led(mut self) -> Self {
        if !self.context.is_empty() {
            let words = self.context.join("|").replace('.', r"\.");
            self.lead = Some(format!("(?i:{words}){BEHIND_CONTEXT}"));
        }
        self
    }

    /// The whole rule, to be found anywhere.
    pub(crate) fn anywhere(&self) -> String {
        let before = self.before.as_ref().map(|class| format!("(?:^|{class})"));
        format!("{}{}", before.unwrap_or_default(), self.behind_before())
    }

    /// The rule from where its fixed part starts.
    pub(crate) fn behind_before(&self) -> String {
        let after = self.after.as_ref().map(|class| format!("(?:{class}|$)"));
        format!(
            "{}{}{}",
            self.start(),
            self.tail
                .as_ref()
                .map(|tail| format!("(?:{tail})"))
                .unwrap_or_default(),
            after.unwrap_or_default(),
        )
    }

    /// Lead and value: what begins with the fixed part.
    pub(crate) fn start(&self) -> String {
        let lead = self.lead.as_ref().map(|lead| format!("(?:{lead})"));
        format!("{}(?:{})", lead.unwrap_or_default(), self.pattern)
    }

    /// The bytes that may stand before.
    pub(crate) fn before(&self) -> Result<Before> {
        let class = self.before.as_deref().unwrap_or("(?s:.)");
        let class = RegexBuilder::new(class).unicode(false).build()?;
        Ok(Before(
            (0..=u8::MAX).map(|byte| class.is_match(&[byte])).collect(),
        ))
    }
}

/// A class of bytes, as a table.
pub(crate) struct Before(Vec<bool>);

impl Before {
    /// Whether a match may start here.
    pub(crate) fn allows(&self, text: &[u8], start: usize) -> bool {
        let byte = start.checked_sub(1).and_then(|before| text.get(before));
        byte.is_none_or(|byte| self.0.get(usize::from(*byte)).is_some_and(|may| *may))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_becomes_one_expression() {
        let rule = Pattern {
            before: Some("[^a-z]".to_owned()),
            lead: Some("key=".to_owned()),
            context: Vec::new(),
            pattern: "a|b".to_owned(),
            tail: Some("c*".to_owned()),
            after: Some("[.]".to_owned()),
            starts: Vec::new(),
            rule: 0,
        };
        assert_eq!(
            rule.anywhere(),
            "(?:^|[^a-z])(?:key=)(?:a|b)(?:c*)(?:[.]|$)"
        );
        let before = rule.before().unwrap();
        assert!(before.allows(b"-key=a", 1) && before.allows(b"key=a", 0));
        assert!(!before.allows(b"xkey=a", 1));
    }
}
