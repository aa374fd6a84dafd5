//! Reads a rule file with all its mistakes instead of up to the first one.

use std::fmt;
use std::ops::Range;

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error, ValueDeserializer};

use super::repair::{Fields, repair};
use crate::RuleError;
use crate::rules::file::RuleEntry;
use crate::rules::{Rule, RuleSetBuilder};

/// What a rule file holds.
#[derive(Debug, Default)]
pub struct Reading {
    /// The rules with nothing wrong, in order, each with the line of its `[[rule]]`.
    pub rules: Vec<(usize, Rule)>,
    /// All that is wrong, in order.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong with a rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Name of the file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Kind of the rule, if one is concerned and has a kind.
    pub rule: Option<String>,
    /// Name of the field, if one is concerned.
    pub field: Option<String>,
    /// What is wrong, and how to mend it.
    pub problem: String,
}

/// More mistakes of one rule than this are not looked for.
const MOST: usize = 64;

impl Reading {
    /// Reads and compiles the rules of one file. `file` only names it in problems.
    pub fn of(file: &str, text: &str) -> Self {
        let mut reader = Reader {
            file,
            text,
            reading: Self::default(),
        };
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            reader.report(error.span(), None, None, one_line(error));
        }
        if errors.is_empty() {
            reader.file(root.into_inner().into_iter().collect());
        }
        reader.reading.problems.sort_by_key(|problem| problem.line);
        reader.reading
    }
}

impl RuleSetBuilder {
    /// Adds a rule that was read.
    ///
    /// # Errors
    /// A kind that was already added.
    pub fn rule(mut self, rule: Rule) -> Result<Self, RuleError> {
        self.add(rule)?;
        Ok(self)
    }
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    reading: Reading,
}

impl Reader<'_> {
    fn file(&mut self, fields: Fields<'_>) {
        let (mut provider, mut rules) = (None, None);
        for (key, value) in fields {
            match key.get_ref().as_ref() {
                "provider" if value.get_ref().is_str() => {
                    provider = value.get_ref().as_str().map(str::to_owned);
                }
                "provider" => {
                    let problem = "is not a text such as \"Acme\"".to_owned();
                    self.report(Some(value.span()), None, Some("provider"), problem);
                    provider = Some(String::new());
                }
                "rule" => rules = Some(value),
                other => {
                    let problem = format!(
                        "unknown field `{other}`, expected `provider` or `[[rule]]`; the fields of a rule stand below its `[[rule]]`"
                    );
                    self.report(Some(key.span()), None, None, problem);
                }
            }
        }
        if provider.is_none() {
            let problem = "missing field `provider`; say above the first rule who issues these credentials, as in `provider = \"Acme\"`";
            self.report(None, None, None, problem.to_owned());
        }
        match rules.map(Spanned::into_inner) {
            Some(DeValue::Array(rules)) => {
                for rule in rules {
                    self.rule(provider.as_deref().unwrap_or_default(), rule);
                }
            }
            _ => {
                let problem = "has no rule; begin each with a line `[[rule]]`";
                self.report(None, None, None, problem.to_owned());
            }
        }
    }

    fn rule(&mut self, provider: &str, rule: Spanned<DeValue<'_>>) {
        let span = rule.span();
        let DeValue::Table(table) = rule.into_inner() else {
            let problem = "is not a table; begin each rule with a line `[[rule]]`";
            self.report(Some(span), None, Some("rule"), problem.to_owned());
            return;
        };
        let mut table: Fields<'_> = table.into_iter().collect();
        let kind = table
            .iter()
            .find(|(key, _)| key.get_ref() == "kind")
            .and_then(|(_, value)| value.get_ref().as_str())
            .map(str::to_owned);
        let places: Vec<(String, Range<usize>, Range<usize>)> = table
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), key.span(), value.span()))
            .collect();
        let mut sound = true;
        for _ in 0..MOST {
            let (place, field, problem) = match self.compile(provider, table.clone(), &span) {
                Ok(rule) if sound => {
                    self.reading.rules.push((self.line(span.start), rule));
                    return;
                }
                Ok(_) => return,
                Err(Mistake::Shape(error)) => {
                    let at = error.span();
                    let overlaps = |span: &Range<usize>| {
                        at.as_ref().is_some_and(|at| {
                            at.start < span.end && span.start < at.end.max(at.start + 1)
                        })
                    };
                    let whole = at.as_ref().is_none_or(|at| *at == span);
                    let place = places
                        .iter()
                        .find(|(_, key, value)| !whole && (overlaps(key) || overlaps(value)));
                    let field = place
                        .map(|(key, ..)| key.clone())
                        .or_else(|| missing(error.message()));
                    (at, field, one_line(&error))
                }
                Err(Mistake::Field(field, problem)) => {
                    let place = places.iter().find(|(key, ..)| key == field);
                    let at = place.map(|(_, key, _)| key.clone());
                    (at, Some(field.to_owned()), problem)
                }
            };
            sound = false;
            let place = place.or_else(|| Some(span.clone()));
            self.report(place, kind.as_deref(), field.as_deref(), problem);
            if !field.is_some_and(|field| repair(&mut table, &field)) {
                return;
            }
        }
    }

    fn compile(
        &self,
        provider: &str,
        rule: Fields<'_>,
        span: &Range<usize>,
    ) -> Result<Rule, Mistake> {
        let rule = Spanned::new(span.clone(), DeValue::Table(rule.into_iter().collect()));
        let entry =
            RuleEntry::deserialize(ValueDeserializer::from(rule)).map_err(Mistake::Shape)?;
        Rule::compile(self.file, provider, entry).map_err(|error| match error {
            RuleError::Field { field, problem, .. } => Mistake::Field(field, problem),
            other => Mistake::Field("rule", other.to_string()),
        })
    }

    fn report(
        &mut self,
        place: Option<Range<usize>>,
        rule: Option<&str>,
        field: Option<&str>,
        problem: String,
    ) {
        let problem = Problem {
            file: self.file.to_owned(),
            line: self.line(place.map_or(0, |place| place.start)),
            rule: rule.map(str::to_owned),
            field: field.map(str::to_owned),
            problem,
        };
        self.reading.problems.push(problem);
    }

    fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().iter().take(at);
        before.filter(|byte| **byte == b'\n').count() + 1
    }
}

/// What is wrong with one rule.
enum Mistake {
    /// A field that is unknown, missing, or of another type.
    Shape(Error),
    /// A field that cannot be used.
    Field(&'static str, String),
}

/// The field that a message says is missing.
fn missing(message: &str) -> Option<String> {
    let rest = message.strip_prefix("missing field `")?;
    rest.strip_suffix('`').map(str::to_owned)
}

fn one_line(error: &Error) -> String {
    error.message().lines().collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if let Some(rule) = &self.rule {
            write!(f, "rule `{rule}`: ")?;
        }
        if let Some(field) = &self.field {
            write!(f, "field `{field}`: ")?;
        }
        f.write_str(&self.problem)
    }
}
