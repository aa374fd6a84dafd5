//! What can go wrong while redacting, and while reading rules.

use thiserror::Error;

/// Why a stream was given up. After any of these the [`Redactor`](crate::Redactor) emits nothing more.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RedactError {
    /// The judge answered [`Treatment::Block`](crate::Treatment::Block).
    #[error("a credential of kind `{kind}` may not pass")]
    Blocked {
        /// The kind of the credential, or `field` for a field of a guarded secret.
        kind: String,
    },
    /// A bound of this stream was reached.
    #[error("{0}")]
    Limit(Limit),
    /// A body that must be JSON is not.
    #[error("the body is not valid JSON at byte {offset}")]
    NotJson {
        /// Offset of the first byte that no JSON text has there.
        offset: u64,
    },
    /// The bytes cannot be inspected: a compressed gRPC message, what claims to be gRPC and has no frames, or a part of a multipart body in an encoding
    /// that is not decoded.
    #[error(
        "the message cannot be inspected: it is compressed, encoded, or not framed as its content type says; have the sender use `identity`"
    )]
    Opaque,
    /// An earlier call failed; nothing is scanned any more.
    #[error("this stream already failed")]
    Poisoned,
}

/// The bound that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Limit {
    /// [`Limits::held`](crate::Limits::held).
    #[error(
        "a possible credential is longer than `limits.held`; raise it, or choose what happens with `limits.on_limit`"
    )]
    Held,
    /// JSON nested deeper than 128 levels.
    #[error("the JSON is nested deeper than 128 levels")]
    Depth,
    /// A JSON member name longer than 1 KiB.
    #[error("a JSON member name is longer than 1024 bytes")]
    Name,
    /// Header lines inside a body, of a multipart part or of gRPC-Web trailers, longer than 8 KiB.
    #[error("the header lines inside the body are longer than 8192 bytes")]
    HeaderLines,
    /// More than 16,384 fields below the roots of a guarded secret.
    #[error("the secret has more than 16384 fields")]
    Fields,
}

/// Why a rule or carrier file was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RuleError {
    /// The file is not TOML of the expected shape.
    #[error("{file}:{line}: {problem}")]
    Syntax {
        /// Name of the file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// A field of one rule cannot be used.
    #[error("{file}: rule `{rule}`: field `{field}`: {problem}")]
    Field {
        /// Name of the file.
        file: String,
        /// Kind of the rule.
        rule: String,
        /// Name of the field.
        field: &'static str,
        /// What is wrong, and how to mend it.
        problem: String,
    },
    /// A rule was named that does not exist.
    #[error("there is no rule `{kind}` to disable; `rules()` lists all kinds")]
    UnknownKind {
        /// The name given.
        kind: String,
    },
    /// A value that is to be masked wherever it turns up cannot be used. The value itself is not in here.
    #[error("value `{name}`: field `{field}`: {problem}")]
    Known {
        /// Its name; `?` if that is what is wrong.
        name: String,
        /// Name of the field.
        field: &'static str,
        /// What is wrong, and how to mend it.
        problem: String,
    },
    /// All rules together do not fit the index.
    #[error(
        "the anchors of all rules do not fit one index: {0}; disable rules that you do not need"
    )]
    Anchors(String),
}
