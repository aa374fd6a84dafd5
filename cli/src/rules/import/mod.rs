//! From the rules of gitleaks to a rule file.
//!
//! A pattern of gitleaks says everything in one expression: what may stand before, a name and an operator, the value, what may follow. Here these are
//! fields of their own, so each pattern is taken apart (`pieces.rs`), its parts are told from each other (`convert.rs`), and what comes out is tried on an
//! example made up from the pattern (`template.rs`) before it is printed: a rule that is printed is one that finds something.

mod bytes;
mod config;
mod context;
mod convert;
mod draft;
mod pieces;
mod tail;
mod template;
mod trial;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use anyhow::Context as _;

use super::{read, shipped, write};
use crate::exit::Status;
use config::Config;
use draft::Draft;

/// Longest kind.
const LONGEST: usize = 48;

/// Converts one file; the rules go to `out`, what becomes of each that is not kept as it was to `log`.
pub(crate) fn run(path: &Path, out: &mut dyn Write, log: &mut dyn Write) -> anyhow::Result<Status> {
    let Some(text) = read(path) else {
        return Ok(Status::Invalid);
    };
    let config = match Config::of(&text) {
        Ok(config) => config,
        Err(problem) => {
            eprintln!("veilgate: `{}`: {problem}", path.display());
            return Ok(Status::Invalid);
        }
    };
    let imported = Imported::of(&config);
    out.write_all(imported.file.as_bytes())
        .context("cannot write standard output")?;
    for line in &imported.log {
        writeln!(log, "{line}").context("cannot write standard error")?;
    }
    Ok(if imported.refused == 0 {
        Status::Success
    } else {
        Status::Failure
    })
}

/// A whole configuration, converted.
struct Imported {
    file: String,
    log: Vec<String>,
    refused: usize,
}

impl Imported {
    fn of(config: &Config) -> Self {
        let mut kinds = Kinds::new();
        let mut log: Vec<String> = config
            .left_out
            .iter()
            .map(|it| format!("the file: left out: {it}"))
            .collect();
        let mut drafts: Vec<Draft> = Vec::new();
        let (mut refused, mut partly) = (0, 0);
        for rule in &config.rules {
            let mut left_out = rule.left_out.clone();
            let mut converted = 0;
            let mut reasons = Vec::new();
            for result in convert::convert(rule) {
                match result {
                    Ok((mut draft, notes)) => {
                        left_out.extend(notes);
                        converted += 1;
                        if let Some(other) = drafts.iter().find(|other| other.is_same(&draft)) {
                            left_out.push(format!(
                                "says the same as `{}`, which stands for both",
                                other.kind
                            ));
                            continue;
                        }
                        draft.kind = kinds.name(&rule.id, &mut left_out);
                        drafts.push(draft);
                    }
                    Err(reason) => reasons.push(reason),
                }
            }
            // Alternatives often fail for the same reason.
            reasons.dedup();
            if converted == 0 {
                refused += 1;
                log.push(format!(
                    "{}: not converted: {}",
                    rule.id,
                    reasons.join("; ")
                ));
                continue;
            }
            left_out.extend(reasons.iter().map(|reason| format!("a part that {reason}")));
            if !left_out.is_empty() {
                partly += 1;
                log.push(format!("{}: left out: {}", rule.id, left_out.join("; ")));
            }
        }
        log.push(format!(
            "{} rules: {} converted ({partly} of them with something left out) to {}, {refused} not converted",
            config.rules.len(),
            config.rules.len() - refused,
            drafts.len(),
        ));
        let mut file = format!(
            "# Converted from a configuration of gitleaks by `veilgate rules import`. What its rules are called there is what kinds are called here.\nprovider = {}\n",
            write::named(&config.title)
        );
        for draft in &drafts {
            file.push('\n');
            file.push_str(&draft.written());
        }
        Self { file, log, refused }
    }
}

/// The kinds that are taken.
struct Kinds {
    shipped: BTreeSet<String>,
    own: BTreeSet<String>,
}

impl Kinds {
    fn new() -> Self {
        let entries = shipped::entries();
        let shipped = entries.iter().map(|entry| entry.written.kind().to_owned());
        Self {
            shipped: shipped.collect(),
            own: BTreeSet::new(),
        }
    }

    /// A kind for a rule that was called `id`.
    fn name(&mut self, id: &str, notes: &mut Vec<String>) -> String {
        let plain: String = id
            .chars()
            .map(|it| it.to_ascii_lowercase())
            .map(|it| if it.is_ascii_alphanumeric() { it } else { '-' })
            .take(LONGEST)
            .collect();
        let base = if self.shipped.contains(&plain) {
            format!("gitleaks-{plain}")
        } else {
            plain
        };
        let more = (2..).map(|nth| format!("{base}-{nth}"));
        let names = std::iter::once(base.clone()).chain(more);
        let short = |name: String| -> String {
            // The end tells names apart, so the middle goes.
            let over = name.len().saturating_sub(LONGEST);
            let end = name.len().saturating_sub(4);
            let (before, end) = name.split_at_checked(end).unwrap_or_default();
            format!(
                "{}{end}",
                before
                    .get(..before.len().saturating_sub(over))
                    .unwrap_or_default()
            )
        };
        let mut names = names.map(short);
        let kind = names.find(|name| !self.own.contains(name)).unwrap_or(base);
        if kind != id {
            notes.push(format!(
                "its name, which is taken or not one of a kind: it is `{kind}` here"
            ));
        }
        self.own.insert(kind.clone());
        kind
    }
}

#[cfg(test)]
mod tests;
