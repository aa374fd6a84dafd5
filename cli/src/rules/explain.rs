//! All that is known of one kind.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use veilgate_redact::{RuleSet, Shipped};

use super::nearest::nearest;
use super::scan::scan;
use super::shipped::{self, Entry};
use super::written::{self, Written};
use super::{check, read};
use crate::exit::Status;
use crate::redact::Profile;
use crate::terminal::Paint;

/// What is shown first, in this order; all other fields follow as they are written.
const FIRST: [&str; 9] = [
    "before",
    "lead",
    "context",
    "pattern",
    "after",
    "tail",
    "max_length",
    "placeholders",
    "names",
];
/// What is shown elsewhere.
const ELSEWHERE: [&str; 7] = [
    "kind",
    "title",
    "category",
    "confidence",
    "references",
    "examples",
    "counter_examples",
];
/// Names shown of a long list.
const NAMES: usize = 12;

/// Explains a kind of a file of one's own, or a shipped one.
pub(crate) fn run(
    kind: &str,
    file: Option<&Path>,
    paint: Paint,
    out: &mut dyn Write,
) -> anyhow::Result<Status> {
    let own = match file.map(|path| (path, read(path))) {
        None => None,
        Some((path, Some(text))) => Some((path.display().to_string(), text)),
        Some((_, None)) => return Ok(Status::Invalid),
    };
    let own = own
        .as_ref()
        .map(|(name, text)| (name.as_str(), text.as_str()));
    let mine = own
        .map(|(_, text)| written::entries(text))
        .unwrap_or_default();
    let shipped = shipped::entries();
    let told = if let (Some((name, text)), Some(rule)) =
        (own, mine.iter().find(|rule| rule.kind() == kind))
    {
        let problems = check::check(&[(name, text)], false)?.problems.len();
        if problems > 0 {
            eprintln!("veilgate: `{name}` has mistakes; `veilgate rules check {name}` lists them");
        }
        Told {
            paint,
            out,
            masked: examples(name, text),
        }
        .rule(rule, name, Profiles::Own)
    } else {
        let entries: Vec<&Entry> = shipped
            .iter()
            .filter(|entry| entry.written.kind() == kind)
            .collect();
        let Some(first) = entries.first() else {
            let all = mine.iter().map(Written::kind);
            unknown(
                kind,
                all.chain(shipped.iter().map(|entry| entry.written.kind())),
            );
            return Ok(Status::Invalid);
        };
        let masked = match first.file.part_of {
            Shipped::Catalogue => examples(first.file.name, first.file.text),
            Shipped::Credentials | Shipped::Carriers => RuleSet::builtin().ok().map(Arc::new),
        };
        let mut told = Told { paint, out, masked };
        entries.iter().try_for_each(|entry| {
            let profiles = match entry.file.part_of {
                Shipped::Catalogue => Profiles::Catalogue,
                _ if matches!(entry.written.section.as_str(), "rule" | "field") => {
                    Profiles::Builtin
                }
                _ => Profiles::Always,
            };
            told.rule(&entry.written, &entry.place(), profiles)
        })
    };
    told.context("cannot write standard output")?;
    Ok(Status::Success)
}

fn unknown<'a>(kind: &str, kinds: impl Iterator<Item = &'a str>) {
    let near: Vec<String> = nearest(kind, kinds)
        .iter()
        .map(|it| format!("`{it}`"))
        .collect();
    let hint = if near.is_empty() {
        "`veilgate rules list` has them all".to_owned()
    } else {
        format!("did you mean {}?", near.join(", "))
    };
    eprintln!("veilgate: there is no kind `{kind}`; {hint}");
}

/// The rules of one file and the built-in ones; none if the file cannot be used.
fn examples(name: &str, text: &str) -> Option<Arc<RuleSet>> {
    let builtin = RuleSet::builder()
        .builtin()
        .and_then(|it| it.rules(name, text));
    let rules = builtin.or_else(|_| RuleSet::builder().rules(name, text));
    rules
        .and_then(veilgate_redact::RuleSetBuilder::build)
        .ok()
        .map(Arc::new)
}

/// Where a rule takes part.
#[derive(Clone, Copy)]
enum Profiles {
    Builtin,
    Catalogue,
    Always,
    Own,
}

impl Profiles {
    fn told(self, confidence: &str) -> String {
        let uses = |profile: Profile| profile.uses(confidence);
        let used = match (uses(Profile::Precise), uses(Profile::Balanced)) {
            (true, _) => "all profiles, the default one (balanced) too",
            (false, true) => "balanced (the default) and wide, not in precise",
            (false, false) => "wide only, not in the default one (balanced)",
        };
        match self {
            Self::Builtin => used.to_owned(),
            Self::Catalogue => format!(
                "{used}; in `veilgate redact`, and in a filter only if its file is given as `redaction.rules.extra`"
            ),
            Self::Always => {
                "every one; a name of a header and the like does not depend on it".to_owned()
            }
            Self::Own => "every one; rules of your own are always used".to_owned(),
        }
    }
}

struct Told<'a> {
    paint: Paint,
    out: &'a mut dyn Write,
    /// What the examples are masked with.
    masked: Option<Arc<RuleSet>>,
}

impl Told<'_> {
    fn rule(&mut self, rule: &Written, place: &str, profiles: Profiles) -> io::Result<()> {
        let title = rule.text("title").map_or_else(
            || format!("what stands under certain names ({})", rule.section),
            str::to_owned,
        );
        writeln!(self.out, "{}: {title}", self.paint.bold(rule.kind()))?;
        self.line("provider", &rule.provider)?;
        self.line("category", rule.text("category").unwrap_or_default())?;
        self.line("confidence", rule.confidence())?;
        self.line("file", place)?;
        self.line("profiles", &profiles.told(rule.confidence()))?;
        for field in FIRST {
            self.field(rule, field)?;
        }
        for field in rule.fields.keys() {
            if !FIRST.contains(&field.as_str()) && !ELSEWHERE.contains(&field.as_str()) {
                self.field(rule, field)?;
            }
        }
        for reference in rule.texts("references") {
            self.line("reference", reference)?;
        }
        if rule.section == "rule" {
            self.examples(rule.kind(), "example", &rule.texts("examples"))?;
            self.examples(
                rule.kind(),
                "counter-example",
                &rule.texts("counter_examples"),
            )?;
        }
        if rule.section == "field" {
            self.examples(rule.kind(), "example", &[])?;
        }
        Ok(())
    }

    fn line(&mut self, name: &str, value: &str) -> io::Result<()> {
        writeln!(self.out, "  {name:<16}{value}")
    }

    fn field(&mut self, rule: &Written, field: &str) -> io::Result<()> {
        match rule.fields.get(field) {
            None => Ok(()),
            Some(toml::Value::String(text)) => self.line(field, text),
            Some(toml::Value::Array(values)) => {
                let names: Vec<&str> = values.iter().filter_map(toml::Value::as_str).collect();
                let shown = names.get(..NAMES).unwrap_or(&names).join(", ");
                let more = match names.len().saturating_sub(NAMES) {
                    0 => String::new(),
                    more => format!(", and {more} more"),
                };
                self.line(field, &format!("{shown}{more}"))
            }
            Some(toml::Value::Integer(number)) => self.line(field, &number.to_string()),
            Some(toml::Value::Float(number)) => self.line(field, &number.to_string()),
            Some(toml::Value::Boolean(yes)) => self.line(field, &yes.to_string()),
            Some(_) => self.line(field, "(see the file)"),
        }
    }

    /// Each as it is written, with what becomes of it.
    fn examples(&mut self, kind: &str, name: &str, templates: &[&str]) -> io::Result<()> {
        let Some(rules) = &self.masked else {
            return Ok(());
        };
        let Some(rule) = rules.rules().find(|rule| rule.kind() == kind) else {
            return Ok(());
        };
        let texts = if name == "example" {
            rule.examples()
        } else {
            rule.counter_examples()
        };
        let rules = Arc::clone(rules);
        for (nth, text) in texts.iter().enumerate() {
            let template = templates.get(nth).copied();
            let (_, masked) = scan(&rules, text);
            // What nothing is found in would be shown as it is.
            let becomes = match template {
                Some(template) if masked == *text => template.to_owned(),
                _ => masked,
            };
            if let Some(template) = template {
                self.line(name, &one_line(template))?;
                self.line("", &format!("-> {}", one_line(&becomes)))?;
            } else {
                self.line(name, &one_line(&becomes))?;
            }
        }
        Ok(())
    }
}

fn one_line(text: &str) -> String {
    text.replace('\r', "\\r").replace('\n', "\\n")
}
