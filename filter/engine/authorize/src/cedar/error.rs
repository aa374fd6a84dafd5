//! What is wrong with a bundle, and where.

use std::error::Error;
use std::fmt;

/// A policy bundle that cannot be used. The message names the policy, where it is, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    /// The text or entity, for example `cedar[0]`, `base/login.cedar` or `entities[3]`.
    pub source: String,
    /// Line and column in that text, both from 1.
    pub position: Option<(usize, usize)>,
    /// `@id` of the policy, when it is known.
    pub policy: Option<String>,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl PolicyError {
    pub(super) fn new(source: &str, message: impl Into<String>) -> Self {
        Self {
            source: source.to_owned(),
            position: None,
            policy: None,
            message: message.into(),
        }
    }

    /// Adds the position of a byte offset in a text.
    pub(super) fn at(mut self, text: &str, offset: usize) -> Self {
        let before = text.get(..offset.min(text.len())).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        self.position = Some((before.matches('\n').count() + 1, column));
        self
    }

    pub(super) fn of(mut self, policy: &str) -> Self {
        self.policy = Some(policy.to_owned());
        self
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        if let Some((line, column)) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        if let Some(policy) = &self.policy {
            write!(f, ": policy `{policy}`")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl Error for PolicyError {}

/// An error with all its causes, in one line.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
