//! Scans the examples of one rule, and says what came of them that should not.

use std::sync::Arc;

use veilgate_redact::{RuleSet, Stopped};

use super::{Checked, Report, why};
use crate::rules::scan::{Found, scan};

/// What examples are scanned with.
pub(super) struct Examples<'a> {
    /// All rules that are checked, and the built-in ones if that is wanted.
    pub(super) rules: &'a Arc<RuleSet>,
    /// The built-in rules alone.
    pub(super) builtin: &'a Arc<RuleSet>,
}

impl Examples<'_> {
    pub(super) fn check(&self, rule: &Checked, by_context: bool, report: &mut Report) {
        for (nth, text) in (1..).zip(&rule.examples) {
            report.examples += 1;
            if let Some(problem) = self.missed(rule, text, by_context) {
                report
                    .problems
                    .push(format!("{}example {nth}: {problem}", place(rule)));
            }
        }
        for (nth, text) in (1..).zip(&rule.counter_examples) {
            report.counter_examples += 1;
            let (found, masked) = scan(self.rules, text);
            let own = found.iter().filter(|it| it.kind == rule.kind).count();
            if own > 0 {
                let problem = format!(
                    "finds {own} where nothing should be found; make the rule narrower\n{}",
                    indented(&masked)
                );
                report
                    .problems
                    .push(format!("{}counter-example {nth}: {problem}", place(rule)));
            }
        }
        self.warn_of_overlap(rule, report);
    }

    /// Why an example is not what it should be: a text with exactly one credential, which this rule finds.
    fn missed(&self, rule: &Checked, text: &str, by_context: bool) -> Option<String> {
        let (found, masked) = scan(self.rules, text);
        let others: Vec<&str> = found
            .iter()
            .map(|it| it.kind.as_str())
            .filter(|kind| *kind != rule.kind)
            .collect();
        let own = found.len() - others.len();
        if own == 1 && others.is_empty() {
            return None;
        }
        if own > 0 {
            let others = match others.as_slice() {
                [] => String::new(),
                some => format!(" ({} by other rules: {})", some.len(), list(some)),
            };
            return Some(format!(
                "{} credentials are found{others}, and an example has exactly one\n{}",
                found.len(),
                indented(&masked)
            ));
        }
        let trace = self.rules.trace(&rule.kind, text);
        let matches = trace.is_some_and(|trace| trace.stopped == Stopped::Nowhere);
        let instead = format!("{} finds it instead\n{}", list(&others), indented(&masked));
        match trace {
            Some(_) if matches && others.is_empty() => Some(
                "nothing is found although the rule matches: what it matches is a part of something that is none".to_owned(),
            ),
            Some(_) if matches => Some(format!(
                "{instead}\nThis rule matches as well. The one that starts first wins, then the longer, then the surer, then the one with more fixed bytes at its start."
            )),
            Some(trace) if others.is_empty() => {
                Some(format!("nothing is found: {}", why::told(text, trace, by_context)))
            }
            Some(trace) => Some(format!(
                "{instead}\nThis rule finds nothing: {}",
                why::told(text, trace, by_context)
            )),
            None => Some("nothing is found".to_owned()),
        }
    }

    /// Says which built-in rules find the same as this one.
    fn warn_of_overlap(&self, rule: &Checked, report: &mut Report) {
        let same = |one: &Found, other: &Found| {
            one.span.start < other.span.end && other.span.start < one.span.end
        };
        for text in &rule.examples {
            let (own, _) = scan(self.rules, text);
            let (builtin, _) = scan(self.builtin, text);
            let overlap = builtin.iter().find(|it| {
                !self.is_name(&it.kind)
                    && own.iter().any(|own| own.kind == rule.kind && same(own, it))
            });
            if let Some(overlap) = overlap {
                let warning = format!(
                    "the built-in rule `{}` finds this too; it is masked without this rule",
                    overlap.kind
                );
                report.warnings.push(format!("{}{warning}", place(rule)));
                return;
            }
        }
    }

    /// Whether values of this kind are found by their names alone: what has a shape as well is better called by that.
    fn is_name(&self, kind: &str) -> bool {
        let mut rules = self.builtin.rules();
        rules.any(|rule| rule.kind() == kind && rule.file() == "carriers.toml")
    }
}

fn place(rule: &Checked) -> String {
    format!("{}:{}: rule `{}`: ", rule.file, rule.line, rule.kind)
}

fn list(kinds: &[&str]) -> String {
    let mut kinds: Vec<String> = kinds.iter().map(|kind| format!("`{kind}`")).collect();
    kinds.dedup();
    kinds.join(", ")
}

fn indented(text: &str) -> String {
    let lines = text.lines().map(|line| format!("    {line}"));
    lines.collect::<Vec<_>>().join("\n")
}
