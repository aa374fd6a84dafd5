//! The text of a new rule file.

use std::fmt::Write as _;

use super::shape::{Alphabet, Part, Shape};
use crate::rules::write::{named, quoted};

/// What a rule file is made of.
pub(super) struct Skeleton {
    kind: String,
    provider: String,
    shape: Shape,
    /// What the shape was taken from, for the reader.
    from_sample: bool,
}

/// Bytes that a rule without context has to start with.
const FIXED: usize = 4;

impl Skeleton {
    pub(super) fn new(kind: &str, provider: Option<String>, shape: Option<Shape>) -> Self {
        let from_sample = shape.is_some();
        Self {
            kind: kind.to_owned(),
            provider: provider.unwrap_or_else(|| guessed(kind)),
            shape: shape.unwrap_or_else(|| Shape {
                prefix: prefix(kind),
                parts: vec![Part::Run {
                    alphabet: Alphabet::B62,
                    length: 32,
                }],
            }),
            from_sample,
        }
    }

    /// The whole file.
    pub(super) fn written(&self) -> String {
        let context = self.context();
        let pattern = self.pattern();
        let (whole, short) = (self.example(0), self.example(1));
        let mut file = String::new();
        let from = if self.from_sample {
            "Taken from one sample: compare prefix, alphabet and length with what the provider documents."
        } else {
            "An example to change: prefix, alphabet and length are those of no real credential."
        };
        let _ = write!(
            file,
            "# {from}\n# `veilgate rules check` says what is wrong with it; docs/writing-rules.md explains every field.\n\
             provider = {}\n\n[[rule]]\n\
             kind = {}                  # what policies, masks and audit records call it\n\
             title = {}\n\
             # ai, chat, ci, cloud, database, email, http-auth, jwt, monitoring, network, package-registry, password, payment, private-key, saas,\n\
             # secret-manager or source-forge\n\
             category = \"saas\"\n\
             # high: the shape is enough; medium: seldom wrong; low: often context only\n\
             confidence = \"{}\"\n",
            named(&self.provider),
            named(&self.kind),
            named(&format!("{} {}", self.provider, rest(&self.kind))),
            if context.is_some() { "medium" } else { "high" },
        );
        if let Some(word) = &context {
            let _ = write!(
                file,
                "# The shape is too plain: a name with one of these words has to stand before the value.\ncontext = [{}]\n",
                named(word)
            );
        } else {
            file.push_str("# The byte that may stand before; the start of the text always may.\nbefore = '[^0-9A-Za-z]'\n");
        }
        let after = self.after();
        let _ = write!(
            file,
            "# What is masked: a fixed start of at least four bytes, then an alphabet and a length.\npattern = {}\n\
             # The byte that may follow; the end of the text always may.\nafter = {}\n\
             # Where the format is described.\nreferences = []\n\
             # Texts in which exactly one credential is found; {{{{class:length}}}} is filled in when tested.\n",
            quoted(&pattern),
            quoted(&after)
        );
        let texts = |value: &str| match &context {
            Some(word) => [
                format!("{word}_key={value}"),
                format!("\"{word}-key\": \"{value}\""),
            ],
            None => [value.to_owned(), format!("token: {value}\n")],
        };
        let _ = write!(
            file,
            "examples = [\n{}]\n# Texts in which nothing is found: too short, or without what makes it one.\ncounter_examples = [\n{}]\n",
            lines(&texts(&whole)),
            lines(&match &context {
                Some(word) => [format!("{word}_key={short}"), format!("digest={whole}")],
                None => [short, format!("x{whole}")],
            }),
        );
        file
    }

    /// The word that has to be in the name before the value, if its own start does not tell it.
    fn context(&self) -> Option<String> {
        let starts_word = self
            .shape
            .prefix
            .starts_with(|it: char| it.is_ascii_alphanumeric());
        if self.shape.prefix.len() >= FIXED && starts_word {
            return None;
        }
        let first = self.kind.split('-').next().unwrap_or_default();
        Some(match (first.len() >= FIXED, self.kind.len() >= FIXED) {
            (true, _) => first.to_owned(),
            (_, true) => self.kind.clone(),
            _ => format!("{}-key", self.kind),
        })
    }

    fn pattern(&self) -> String {
        let mut pattern = regex_syntax::escape(&self.shape.prefix).replace("\\-", "-");
        for part in &self.shape.parts {
            let _ = match part {
                Part::Run { alphabet, length } => {
                    write!(pattern, "[{}]{{{length}}}", alphabet.class)
                }
                Part::Fixed(character) => {
                    let fixed = character.to_string();
                    let escaped = regex_syntax::escape(&fixed).replace("\\-", "-");
                    write!(pattern, "{escaped}")
                }
                Part::Uuid => write!(
                    pattern,
                    "[0-9a-f]{{8}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{12}}"
                ),
            };
        }
        pattern
    }

    /// What cannot follow is what could go on.
    fn after(&self) -> String {
        let last = self.shape.parts.iter().rev().find_map(|part| match part {
            Part::Run { alphabet, .. } => Some(alphabet.name),
            _ => None,
        });
        match last {
            Some("b64u") => "[^0-9A-Za-z_-]",
            Some("b64") => "[^0-9A-Za-z+/=]",
            _ => "[^0-9A-Za-z]",
        }
        .to_owned()
    }

    /// The value with placeholders, its longest run `short` too short.
    fn example(&self, short: usize) -> String {
        let longest = self.shape.parts.iter().filter_map(|part| match part {
            Part::Run { length, .. } => Some(*length),
            _ => None,
        });
        let longest = longest.max();
        let mut shortened = short == 0;
        let mut example = self.shape.prefix.clone();
        for part in &self.shape.parts {
            let _ = match part {
                Part::Run { alphabet, length } => {
                    let mut length = *length;
                    if !shortened && Some(length) == longest {
                        (length, shortened) = (length.saturating_sub(short), true);
                    }
                    write!(example, "{{{{{}:{length}}}}}", alphabet.name)
                }
                Part::Fixed(character) => write!(example, "{character}"),
                Part::Uuid if shortened => write!(example, "{{{{uuid}}}}"),
                Part::Uuid => write!(example, "{{{{hex:8}}}}-{{{{hex:4}}}}"),
            };
        }
        example
    }
}

/// The provider that a kind begins with, as a name.
fn guessed(kind: &str) -> String {
    let first = kind.split('-').next().unwrap_or_default();
    let (initial, rest) = first.split_at_checked(1).unwrap_or_default();
    format!("{}{rest}", initial.to_ascii_uppercase())
}

/// What a kind says behind the provider, for people.
fn rest(kind: &str) -> String {
    match kind.split_once('-') {
        Some((_, rest)) => rest.replace('-', " "),
        None => "credential".to_owned(),
    }
}

/// A fixed start that nobody's credentials have.
fn prefix(kind: &str) -> String {
    let first = kind.split('-').next().unwrap_or_default();
    if first.len() + 1 >= FIXED {
        format!("{first}_")
    } else {
        format!("{}_key_", kind.replace('-', "_"))
    }
}

fn lines(texts: &[String]) -> String {
    texts
        .iter()
        .map(|text| format!("  {},\n", quoted(text)))
        .collect()
}
