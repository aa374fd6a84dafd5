//! One rule: what it is called, and the automata that recognise it.

use std::borrow::Cow;

use serde::Deserialize;

use super::compiled::{Compiled, Source};
use super::example;
use super::file::RuleEntry;
use super::matcher::Matcher;
use super::names::{Field, Holds};
use super::prebuilt;
use crate::check::Method;
use crate::{Check, Confidence, RuleError};

/// One kind of credential.
pub struct Rule {
    pub(super) kind: Cow<'static, str>,
    pub(super) title: Cow<'static, str>,
    pub(super) provider: Cow<'static, str>,
    pub(super) file: Cow<'static, str>,
    pub(super) category: Category,
    pub(super) confidence: Confidence,
    pub(crate) check: Option<Method>,
    pub(super) texts: Texts,
    pub(crate) matcher: Matcher,
}

/// What a check says about a value, and how sure a rule with this check is of it.
pub(crate) fn assess(
    method: Option<Method>,
    confidence: Confidence,
    value: Option<&[u8]>,
) -> (Check, Confidence) {
    let (Some(method), Some(value)) = (method, value) else {
        return (Check::Unknown, confidence);
    };
    let check = method.check(value);
    (check, confidence.after(check, method.is_proof()))
}

/// What only people and tests ask for.
pub(super) enum Texts {
    Builtin {
        /// Number of the rule among the shipped ones.
        nth: usize,
    },
    Own {
        references: Vec<String>,
        examples: Vec<String>,
        counter_examples: Vec<String>,
    },
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
    /// Of values from the configuration, and of no rule in a file.
    #[serde(skip)]
    KnownValue,
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
    pub fn references(&self) -> Vec<&str> {
        match &self.texts {
            Texts::Builtin { nth } => {
                let texts = prebuilt::EXAMPLES.get(*nth).map(|it| it.references);
                texts.unwrap_or_default().to_vec()
            }
            Texts::Own { references, .. } => references.iter().map(String::as_str).collect(),
        }
    }

    /// Texts in which the rule finds its credential, with placeholders filled in: the same bytes on every call, never a live credential.
    pub fn examples(&self) -> Vec<String> {
        match &self.texts {
            Texts::Builtin { nth } => {
                let texts = prebuilt::EXAMPLES.get(*nth).map(|it| it.examples);
                example::expand_all(self, texts.unwrap_or_default())
            }
            Texts::Own { examples, .. } => example::expand_all(self, examples),
        }
    }

    /// Texts in which the rule finds nothing.
    pub fn counter_examples(&self) -> Vec<String> {
        match &self.texts {
            Texts::Builtin { nth } => {
                let texts = prebuilt::EXAMPLES.get(*nth).map(|it| it.counter_examples);
                example::expand_all(self, texts.unwrap_or_default())
            }
            Texts::Own {
                counter_examples, ..
            } => example::expand_all(self, counter_examples),
        }
    }

    /// Most bytes of a stream this rule can hold back before it knows; what follows is masked without being held.
    pub fn max_len(&self) -> usize {
        usize::try_from(self.matcher.max_length).unwrap_or(usize::MAX)
    }

    /// Whether a value may go on without end (a PEM body), consumed in constant memory.
    pub fn swallows(&self) -> bool {
        self.matcher.tail.is_some()
    }

    /// The rule of the values under the names of a field: found by the name, whatever they look like.
    pub(super) fn of_field(file: &'static str, name: &str, field: &Field) -> Self {
        let value = match field.holds {
            Holds::Uuid => "{{uuid}}",
            _ => "{{b62:32}}",
        };
        let name = match field.holds {
            Holds::Random => format!("acme_{name}"),
            _ => name.to_owned(),
        };
        Self {
            kind: Cow::Owned(field.kind.clone()),
            title: Cow::Owned(format!("Value under a name such as `{name}`")),
            provider: Cow::Borrowed("Any"),
            file: Cow::Borrowed(file),
            category: field.category,
            confidence: field.confidence,
            check: None,
            texts: Texts::Own {
                references: Vec::new(),
                examples: vec![format!("{{\"{name}\": \"{value}\"}}")],
                counter_examples: vec![format!("{{\"{name}_hint\": \"{value}\"}}")],
            },
            matcher: Matcher::default(),
        }
    }

    /// The rule of a value from the configuration. A value in clear that starts with a word is also found like those of other rules, whatever escapes
    /// it is written with.
    pub(super) fn of_known(name: &str, value: Option<&[u8]>) -> Self {
        let matcher = value.and_then(|value| {
            let pattern: String = value.iter().map(|byte| format!("\\x{byte:02x}")).collect();
            let source = Source {
                pattern: &pattern,
                ..Source::default()
            };
            Compiled::compile(&source).ok().map(Matcher::from)
        });
        Self {
            kind: Cow::Owned(name.to_owned()),
            title: Cow::Owned(format!("Value registered as `{name}`")),
            provider: Cow::Borrowed("Configuration"),
            file: Cow::Borrowed("redaction.known"),
            category: Category::KnownValue,
            confidence: Confidence::High,
            check: None,
            texts: Texts::Own {
                references: Vec::new(),
                examples: Vec::new(),
                counter_examples: Vec::new(),
            },
            matcher: matcher.unwrap_or_default(),
        }
    }

    /// Whether it is one of the built-in rules.
    pub(super) fn is_shipped(&self) -> bool {
        matches!(self.texts, Texts::Builtin { .. })
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
        let check = match entry.check.as_deref() {
            None => None,
            Some(name) => Some(Method::named(name).ok_or_else(|| {
                refuse(
                    "check",
                    format!("is {name:?}, which is no check; the README beside the rule files lists them"),
                )
            })?),
        };
        let compiled = Compiled::compile(&Source {
            before: entry.before.as_deref(),
            lead: entry.lead.as_deref(),
            context: entry.context.iter().map(String::as_str).collect(),
            pattern: &entry.pattern,
            tail: entry.tail.as_deref(),
            after: entry.after.as_deref(),
            max_length: entry.max_length,
            refuses_placeholders: !entry.placeholders,
        })
        .map_err(|(field, problem)| refuse(field, problem))?;
        Ok(Self {
            kind: Cow::Owned(kind),
            title: Cow::Owned(entry.title),
            provider: Cow::Owned(provider.to_owned()),
            file: Cow::Owned(file.to_owned()),
            category: entry.category,
            confidence: entry.confidence,
            check,
            texts: Texts::Own {
                references: entry.references,
                examples: entry.examples,
                counter_examples: entry.counter_examples,
            },
            matcher: compiled.into(),
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
            Self::KnownValue => "known-value",
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
