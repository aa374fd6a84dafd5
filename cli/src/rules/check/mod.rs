//! Says all that is wrong with rule files.

mod examples;
mod line;
mod report;
mod taken;
mod why;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use veilgate_redact::{Problem, Reading, Rule, RuleSet};

use super::{read, written};
use crate::exit::Status;
use crate::terminal::Paint;
use examples::Examples;
use report::Report;
use taken::Taken;

/// Checks rule files, all of whose rules belong together.
pub(crate) fn run(
    files: &[PathBuf],
    against_builtin: bool,
    paint: Paint,
    out: &mut dyn Write,
) -> anyhow::Result<Status> {
    let mut texts = Vec::new();
    for path in files {
        let Some(text) = read(path) else {
            return Ok(Status::Invalid);
        };
        texts.push((path.display().to_string(), text));
    }
    let texts: Vec<(&str, &str)> = texts
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let report = check(&texts, against_builtin)?;
    report
        .print(paint, out)
        .context("cannot write standard output")?;
    Ok(if report.is_good() {
        Status::Success
    } else {
        Status::Failure
    })
}

/// The same for files whose texts are at hand, each with its name.
pub(super) fn check(files: &[(&str, &str)], against_builtin: bool) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let (sound, replaced) = sound(files, &mut report);
    let checked = sound
        .iter()
        .map(|(line, rule)| Checked::of(*line, rule))
        .collect::<Vec<_>>();
    let builtin = Arc::new(builtin(&replaced)?.build()?);
    let mut builder = if against_builtin {
        self::builtin(&replaced)?
    } else {
        RuleSet::builder()
    };
    for (_, rule) in sound {
        builder = builder.rule(rule)?;
    }
    let rules = Arc::new(builder.build()?);
    let mut led = BTreeMap::new();
    for (_, text) in files {
        for entry in written::entries(text) {
            led.insert(entry.kind().to_owned(), entry.has("context"));
        }
    }
    let examples = Examples {
        rules: &rules,
        builtin: &builtin,
    };
    for rule in &checked {
        let by_context = led.get(&rule.kind).copied().unwrap_or(false);
        examples.check(rule, by_context, &mut report);
    }
    report.rules = checked.len();
    Ok(report)
}

/// What is kept of a rule while the rule itself becomes a part of a set.
struct Checked {
    file: String,
    line: usize,
    kind: String,
    examples: Vec<String>,
    counter_examples: Vec<String>,
}

impl Checked {
    fn of(line: usize, rule: &Rule) -> Self {
        Self {
            file: rule.file().to_owned(),
            line,
            kind: rule.kind().to_owned(),
            examples: rule.examples(),
            counter_examples: rule.counter_examples(),
        }
    }
}

/// The built-in rules without those that are checked in a newer version.
fn builtin(replaced: &BTreeSet<String>) -> anyhow::Result<veilgate_redact::RuleSetBuilder> {
    let mut builder = RuleSet::builder().builtin()?;
    for kind in replaced {
        builder = builder.disable(kind)?;
    }
    Ok(builder)
}

/// The rules with nothing wrong and a kind of their own, and the built-in kinds among them, which they replace.
fn sound(files: &[(&str, &str)], report: &mut Report) -> (Vec<(usize, Rule)>, BTreeSet<String>) {
    let mut taken = Taken::new();
    let (mut sound, mut replaced) = (Vec::new(), BTreeSet::new());
    for (file, text) in files {
        let reading = Reading::of(file, text);
        report
            .problems
            .extend(reading.problems.iter().map(Problem::to_string));
        for (line, rule) in reading.rules {
            let place = format!("{file}:{line}");
            match taken.claim(file, &place, rule.kind()) {
                Ok(taken::Claim::Free) => {}
                Ok(taken::Claim::Replaces) => {
                    replaced.insert(rule.kind().to_owned());
                }
                Ok(taken::Claim::Doubtful(doubt)) => {
                    let warning = format!("{place}: rule `{}`: {doubt}", rule.kind());
                    report.warnings.push(warning);
                }
                Err(problem) => {
                    let kind = rule.kind();
                    let problem = format!("{place}: rule `{kind}`: field `kind`: {problem}");
                    report.problems.push(problem);
                    continue;
                }
            }
            sound.push((line, rule));
        }
    }
    (sound, replaced)
}

#[cfg(test)]
mod tests;
