//! Tries a draft before it is printed.

use std::sync::Arc;

use veilgate_redact::{Reading, RuleSet, Stopped};

use super::draft::Draft;
use crate::rules::scan::scan;

/// Most examples that a rule is given.
const ENOUGH: usize = 2;

/// Gives a draft those of some texts in which it finds exactly one credential; the error says why it cannot be used.
pub(super) fn examples(draft: &mut Draft, texts: Vec<String>) -> Result<(), String> {
    draft.kind = "draft".to_owned();
    draft.examples = texts;
    let file = format!("provider = 'x'\n{}", draft.written());
    let mut reading = Reading::of("draft", &file);
    if let Some(problem) = reading.problems.first() {
        let field = problem.field.as_deref().unwrap_or("rule");
        return Err(format!("has a `{field}` that {}", problem.problem));
    }
    let Some((_, rule)) = reading.rules.pop() else {
        return Err("is no rule".to_owned());
    };
    let filled = rule.examples();
    let rules = RuleSet::builder().rule(rule).and_then(|it| it.build());
    let rules = Arc::new(rules.map_err(|error| format!("cannot be used ({error})"))?);
    let mut good = Vec::new();
    let mut stopped = None;
    for (text, filled) in draft.examples.iter().zip(&filled) {
        if good.len() == ENOUGH || good.contains(text) {
            continue;
        }
        if scan(&rules, filled).0.len() == 1 {
            good.push(text.clone());
        } else {
            stopped = rules.trace("draft", filled).map(|trace| trace.stopped);
        }
    }
    if good.is_empty() {
        let part = match stopped {
            Some(Stopped::Lead) => "what stands before the value",
            Some(Stopped::Before) => "the byte before it",
            Some(Stopped::After) => "the byte behind it",
            Some(Stopped::Word) => "its start, which is within a word",
            _ => "its pattern",
        };
        return Err(format!("finds nothing of its own, because of {part}"));
    }
    draft.examples = good;
    Ok(())
}
