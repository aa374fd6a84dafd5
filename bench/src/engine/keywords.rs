//! Keywords by `aho-corasick`, then the rule's regex where one stands: what secret scanners do.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Instant;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use anyhow::{Context, Result, ensure};
use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::literal::Extractor;

use super::rules::{Before, Pattern};
use super::{Engine, Runtime, Sample, pass};
use crate::corpus::Corpus;

/// No rule's match is longer before its tail, and no tail is followed further.
const WINDOW: usize = 4096;

/// One automaton over the fixed parts of all rules, one anchored regex per rule.
pub(crate) struct Keywords {
    keywords: AhoCorasick,
    /// The rules behind each keyword.
    rules: Vec<Vec<usize>>,
    regexes: Vec<Anchored>,
}

struct Anchored {
    whole: Regex,
    before: Before,
}

impl Keywords {
    pub(crate) fn new(patterns: &[Pattern]) -> Result<Self> {
        let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut literals: Vec<Vec<u8>> = Vec::new();
        let mut rules: Vec<Vec<usize>> = Vec::new();
        for (rule, pattern) in patterns.iter().enumerate() {
            for literal in fixed(pattern)? {
                let at = *known.entry(literal.clone()).or_insert_with(|| {
                    literals.push(literal);
                    rules.push(Vec::new());
                    rules.len() - 1
                });
                if let Some(rules) = rules.get_mut(at)
                    && rules.last() != Some(&rule)
                {
                    rules.push(rule);
                }
            }
        }
        Ok(Self {
            keywords: AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .kind(Some(AhoCorasickKind::DFA))
                .build(&literals)?,
            rules,
            regexes: patterns
                .iter()
                .map(|pattern| {
                    Ok(Anchored {
                        whole: compiled(&format!(r"\A{}", pattern.behind_before()))?,
                        before: pattern.before()?,
                    })
                })
                .collect::<Result<_>>()?,
        })
    }

    fn matches(&self, text: &[u8]) -> u64 {
        let mut count = 0;
        for hit in self.keywords.find_overlapping_iter(text) {
            for rule in self
                .rules
                .get(hit.pattern().as_usize())
                .into_iter()
                .flatten()
            {
                let Some(regex) = self.regexes.get(*rule) else {
                    continue;
                };
                let end = text.len().min(hit.start() + WINDOW);
                let window = text.get(hit.start()..end).unwrap_or_default();
                count += u64::from(
                    regex.before.allows(text, hit.start()) && regex.whole.find(window).is_some(),
                );
            }
        }
        count
    }
}

/// The fixed parts of all rules, each once, as lines of text in lower case.
pub(crate) fn keywords(patterns: &[Pattern]) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for pattern in patterns {
        for literal in fixed(pattern)? {
            let literal = String::from_utf8(literal)?;
            all.extend((!literal.contains('\n')).then_some(literal));
        }
    }
    all.sort();
    all.dedup();
    Ok(all)
}

/// The literals that a match starts with, without regard to case.
fn fixed(pattern: &Pattern) -> Result<Vec<Vec<u8>>> {
    if pattern.starts.is_empty() {
        return extracted(&pattern.start());
    }
    // Names whole: cut to the length of others, `user_` would stand for `user_pass`.
    let starts = pattern.starts.iter().map(|start| start.as_bytes().to_vec());
    Ok(starts.collect())
}

fn extracted(pattern: &str) -> Result<Vec<Vec<u8>>> {
    let hir = regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(pattern)?;
    let mut sequence = Extractor::new().limit_total(4096).extract(&hir);
    sequence.keep_first_bytes(5);
    sequence.dedup();
    let literals = sequence
        .literals()
        .with_context(|| format!("`{pattern}` starts with anything"))?;
    let mut fixed: Vec<Vec<u8>> = literals
        .iter()
        .map(|literal| literal.as_bytes().to_ascii_lowercase())
        .collect();
    fixed.sort();
    fixed.dedup();
    ensure!(
        fixed.iter().all(|literal| literal.len() >= 2),
        "`{pattern}` starts with almost anything"
    );
    Ok(fixed)
}

fn compiled(pattern: &str) -> Result<Regex> {
    Ok(RegexBuilder::new(pattern)
        .unicode(false)
        .size_limit(64 << 20)
        .build()?)
}

impl Engine for Keywords {
    fn name(&self) -> &'static str {
        "ac_regex"
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
            let count = self.matches(bytes);
            Ok((at.elapsed(), count))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use veilgate_redact::RuleSet;

    use super::*;
    use crate::engine::Expressions;
    use crate::folders::Folders;

    #[test]
    fn it_knows_the_same_rules() {
        let folders = Folders::new();
        let rules = Expressions::read(&folders.rules(), &folders.carriers()).unwrap();
        let engine = Keywords::new(&rules.together).unwrap();
        let samples = Arc::new(RuleSet::builtin().unwrap()).corpus();
        let missed: Vec<&str> = samples
            .iter()
            .filter(|sample| engine.matches(sample.text.as_bytes()) == 0)
            .map(|sample| sample.text.as_str())
            .collect();
        assert_eq!(missed, Vec::<&str>::new());
    }
}
