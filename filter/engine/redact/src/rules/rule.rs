//! One rule: what it is called, and the automata that recognise it.

use serde::Deserialize;

use super::automaton::Automaton;
use super::bytes::ByteSet;
use super::example;
use super::file::RuleEntry;
use crate::{Confidence, RuleError};

/// One kind of credential.
pub struct Rule {
    kind: String,
    title: String,
    provider: String,
    file: String,
    category: Category,
    confidence: Confidence,
    references: Vec<String>,
    examples: Vec<String>,
    counter_examples: Vec<String>,
    pub(crate) matcher: Matcher,
}

/// The families of kinds. A fixed set, so that it can label metrics and be named in policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Category {
    Ai,
    Chat,
    Ci,
    Cloud,
    Database,
    Email,
    HttpAuth,
    Jwt,
    Monitoring,
    Network,
    PackageRegistry,
    Password,
    Payment,
    PrivateKey,
    Saas,
    SecretManager,
    SourceForge,
}

/// What the scanner runs for one rule, in this order: the byte before, the lead, the pattern, then the tail or the byte after.
pub(crate) struct Matcher {
    pub(crate) before: Option<ByteSet>,
    pub(crate) lead: Option<Automaton>,
    pub(crate) value: Automaton,
    pub(crate) tail: Option<Automaton>,
    pub(crate) after: Option<ByteSet>,
    /// Most bytes of a value before its tail.
    pub(crate) max_length: u64,
    /// Lower-case literals with which lead or pattern start.
    pub(crate) anchors: Vec<Vec<u8>>,
}

impl Rule {
    /// What the credential is, in kebab case: `github-pat`. Unique in a rule set.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The same for people: `GitHub personal access token (classic)`.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Who issues it.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// Name of the file the rule was read from.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The family it belongs to; one of a small fixed set.
    pub fn category(&self) -> &str {
        self.category.name()
    }

    /// How sure the rule is.
    pub fn confidence(&self) -> Confidence {
        self.confidence
    }

    /// Where the format is documented.
    pub fn references(&self) -> &[String] {
        &self.references
    }

    /// Texts in which the rule finds its credential, with placeholders filled in: the same bytes on every call, never a live credential.
    pub fn examples(&self) -> Vec<String> {
        example::expand_all(&self.kind, &self.examples)
    }

    /// Texts in which the rule finds nothing.
    pub fn counter_examples(&self) -> Vec<String> {
        example::expand_all(&self.kind, &self.counter_examples)
    }

    /// Most bytes of a stream this rule can hold back before it knows; what follows is masked without being held.
    pub fn max_len(&self) -> usize {
        usize::try_from(self.matcher.max_length).unwrap_or(usize::MAX)
    }

    /// Whether a value may go on without end (a PEM body), consumed in constant memory.
    pub fn swallows(&self) -> bool {
        self.matcher.tail.is_some()
    }

    pub(super) fn compile(file: &str, provider: &str, entry: RuleEntry) -> Result<Self, RuleError> {
        let kind = entry.kind;
        let refuse = |field, problem: String| RuleError::Field {
            file: file.to_owned(),
            rule: kind.clone(),
            field,
            problem,
        };
        if kind.is_empty()
            || kind.len() > 48
            || !kind
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            return Err(refuse(
                "kind",
                "is not a name of 1 to 48 lower-case letters, digits and `-`".to_owned(),
            ));
        }
        if entry.examples.is_empty() {
            return Err(refuse(
                "examples",
                "is empty; give at least one text in which the credential is found".to_owned(),
            ));
        }
        if entry.tail.is_some() && entry.after.is_some() {
            return Err(refuse(
                "after",
                "cannot stand beside `tail`, which already says how far the value goes; remove one"
                    .to_owned(),
            ));
        }
        let class = |field, text: Option<String>| {
            text.map(|text| ByteSet::parse(&text))
                .transpose()
                .map_err(|problem| refuse(field, problem))
        };
        let before = class("before", entry.before)?;
        let after = class("after", entry.after)?;
        let compile = |field, pattern: Option<String>| {
            pattern
                .map(|pattern| Automaton::compile(&pattern))
                .transpose()
                .map_err(|problem| refuse(field, problem))
        };
        let (lead, lead_shape) = compile("lead", entry.lead)?.unzip();
        let (value, shape) =
            Automaton::compile(&entry.pattern).map_err(|problem| refuse("pattern", problem))?;
        let tail = compile("tail", entry.tail)?.map(|(tail, _)| tail);

        if shape.min_length == 0 {
            return Err(refuse(
                "pattern",
                "matches the empty text; make a part of it required".to_owned(),
            ));
        }
        if let Some(lead) = &lead_shape
            && lead.max_length.is_none_or(|max| max > 512)
        {
            return Err(refuse(
                "lead",
                "can be longer than 512 bytes; bound every repetition, as in `\\s{0,4}`".to_owned(),
            ));
        }
        let max_length = match (shape.max_length, entry.max_length) {
            (Some(max), None) if max <= 1024 => max,
            (Some(_), None) => return Err(refuse("pattern", "can be longer than 1024 bytes; put the open end into `tail`, or state `max_length`".to_owned())),
            (None, None) => return Err(refuse("pattern", "has no longest match; give each repetition an upper bound, put the open end into `tail`, or state `max_length`".to_owned())),
            (_, Some(stated)) if (shape.min_length..=8192).contains(&stated) => stated,
            (_, Some(_)) => return Err(refuse("max_length", format!("is not between the shortest match ({}) and 8192", shape.min_length))),
        };
        let anchored = lead_shape.as_ref().unwrap_or(&shape);
        let anchors = anchored
            .anchors()
            .map_err(|problem| refuse(if lead.is_some() { "lead" } else { "pattern" }, problem))?;
        let matcher = Matcher {
            before,
            lead,
            value,
            tail,
            after,
            max_length: max_length as u64,
            anchors,
        };
        Ok(Self {
            kind,
            title: entry.title,
            provider: provider.to_owned(),
            file: file.to_owned(),
            category: entry.category,
            confidence: entry.confidence,
            references: entry.references,
            examples: entry.examples,
            counter_examples: entry.counter_examples,
            matcher,
        })
    }
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rule")
            .field("kind", &self.kind)
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

impl Category {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ai => "ai",
            Self::Chat => "chat",
            Self::Ci => "ci",
            Self::Cloud => "cloud",
            Self::Database => "database",
            Self::Email => "email",
            Self::HttpAuth => "http-auth",
            Self::Jwt => "jwt",
            Self::Monitoring => "monitoring",
            Self::Network => "network",
            Self::PackageRegistry => "package-registry",
            Self::Password => "password",
            Self::Payment => "payment",
            Self::PrivateKey => "private-key",
            Self::Saas => "saas",
            Self::SecretManager => "secret-manager",
            Self::SourceForge => "source-forge",
        }
    }
}
