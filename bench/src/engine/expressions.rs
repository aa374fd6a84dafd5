//! All rules as regular expressions: what the engines are given that know nothing of ours.

use std::path::Path;

use anyhow::Result;

use super::fields::fields;
use super::rules::{Pattern, patterns};

/// The rules in the forms that one engine or another takes best.
pub(crate) struct Expressions {
    /// What credentials look like, without the names of fields.
    pub(crate) credentials: Vec<Pattern>,
    /// All rules, the spellings of a field's names in one expression: small.
    pub(crate) together: Vec<Pattern>,
    /// All rules, each spelling in an expression of its own: a literal with something behind it.
    pub(crate) apart: Vec<Pattern>,
}

impl Expressions {
    /// Of `policies/credentials` and `policies/carriers.toml`.
    pub(crate) fn read(credentials: &Path, carriers: &Path) -> Result<Self> {
        let known = patterns(credentials)?;
        let known: Vec<Vec<Pattern>> = known.into_iter().map(|rule| vec![rule]).collect();
        let fields = fields(carriers)?;
        let with = |fields: Vec<Vec<Pattern>>| numbered([known.clone(), fields].concat());
        Ok(Self {
            credentials: with(Vec::new()),
            together: with(fields.iter().map(|it| vec![it.together()]).collect()),
            apart: with(fields.iter().map(|it| it.apart().collect()).collect()),
        })
    }
}

fn numbered(rules: Vec<Vec<Pattern>>) -> Vec<Pattern> {
    (0..)
        .zip(rules)
        .flat_map(|(rule, expressions)| {
            expressions
                .into_iter()
                .map(move |pattern| Pattern { rule, ..pattern })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use regex::bytes::{RegexSet, RegexSetBuilder};
    use veilgate_redact::RuleSet;

    use super::*;
    use crate::folders::Folders;

    fn set(patterns: &[Pattern]) -> RegexSet {
        RegexSetBuilder::new(patterns.iter().map(Pattern::anywhere))
            .unicode(false)
            .size_limit(256 << 20)
            .build()
            .unwrap()
    }

    #[test]
    fn they_find_the_example_of_every_rule() {
        let folders = Folders::new();
        let all = Expressions::read(&folders.rules(), &folders.carriers()).unwrap();
        let (together, apart) = (set(&all.together), set(&all.apart));
        let samples = Arc::new(RuleSet::builtin().unwrap()).corpus();
        let missed: Vec<&str> = samples
            .iter()
            .map(|sample| sample.text.as_str())
            .filter(|text| !together.is_match(text.as_bytes()) || !apart.is_match(text.as_bytes()))
            .collect();
        assert_eq!(missed, Vec::<&str>::new());
    }

    #[test]
    fn fields_are_found_by_their_own_expressions() {
        let folders = Folders::new();
        let all = Expressions::read(&folders.rules(), &folders.carriers()).unwrap();
        let known = all.credentials.len();
        let (together, apart) = (set(&all.together[known..]), set(&all.apart[known..]));
        let rules = Arc::new(RuleSet::builtin().unwrap());
        let mut fields = 0;
        for rule in rules.rules().filter(|rule| rule.file() == "carriers.toml") {
            for example in rule.examples() {
                fields += 1;
                assert!(together.is_match(example.as_bytes()), "{example}");
                assert!(apart.is_match(example.as_bytes()), "{example}");
            }
            for other in rule.counter_examples() {
                assert!(!together.is_match(other.as_bytes()), "{other}");
                assert!(!apart.is_match(other.as_bytes()), "{other}");
            }
        }
        assert!(fields > 0);
    }
}
