//! Bytes to [`Config`], with errors that say where.

use std::sync::Arc;

use serde_json::Value;
use veilgate_redact::{Framing, Limits, MaskAll, MaskStyle, Masker, Redactor, RuleSet};

use super::Config;

/// Why a configuration was refused. Messages name the path of the mistake; a credential that was put in the wrong place
/// is masked in them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Neither JSON nor a protobuf `Struct`.
    #[error("configuration is neither JSON nor a google.protobuf.Struct: {0}")]
    Syntax(String),
    /// A field is unknown, missing or of the wrong type.
    #[error("configuration at `{path}`: {message}")]
    Field {
        /// Dotted path from the document's root, `.` for the root itself.
        path: String,
        /// What is wrong there.
        message: String,
    },
}

impl ConfigError {
    pub(crate) fn at(path: impl Into<String>, error: impl std::fmt::Display) -> Self {
        ConfigError::Field {
            path: path.into(),
            message: error.to_string(),
        }
    }

    /// The same error for a log. Parsers quote what they did not expect, and that may be a credential.
    pub(crate) fn masked(self) -> Self {
        match self {
            ConfigError::Syntax(message) => ConfigError::Syntax(mask(&message)),
            ConfigError::Field { path, message } => ConfigError::Field {
                path: mask(&path),
                message: mask(&message),
            },
        }
    }
}

/// Masks what the built-in rules know. Without rules nothing of the text is safe to show.
fn mask(text: &str) -> String {
    let masked = || -> Option<Vec<u8>> {
        let rules = Arc::new(RuleSet::builtin().ok()?);
        let masker = Arc::new(Masker::new(MaskStyle::Label, None));
        let mut redactor = Redactor::new(rules, masker, Framing::Plain, Limits::default());
        let mut out = Vec::new();
        redactor
            .write(text.as_bytes(), &mut MaskAll, &mut out)
            .ok()?;
        redactor.end(&mut MaskAll, &mut out).ok()?;
        Some(out)
    };
    masked().map_or_else(
        || "the message could not be checked for credentials".to_owned(),
        |bytes| String::from_utf8_lossy(&bytes).into_owned(),
    )
}

/// Reads a document from the bytes a host hands over.
pub(crate) fn read(raw: &[u8]) -> Result<Config, ConfigError> {
    let Value::Object(mut fields) = parse(raw)? else {
        return Err(ConfigError::at(".", "the document must be an object"));
    };
    fields.retain(|name, _| !name.starts_with('_'));
    serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| {
        let path = error.path().to_string();
        ConfigError::at(path, without_value(&error.into_inner().to_string()))
    })
}

/// A parser quotes a text that stands where something else was expected. It may be a key, which has no form that a rule could know.
fn without_value(message: &str) -> String {
    let quoted = ["invalid type: string \"", "invalid value: string \""];
    match (
        quoted.iter().any(|start| message.starts_with(start)),
        message.split_once(": string \""),
        message.rsplit_once("\", expected "),
    ) {
        (true, Some((what, _)), Some((_, expected))) => {
            format!("{what}: a string, expected {expected}")
        }
        _ => without_number(message).unwrap_or_else(|| message.to_owned()),
    }
}

/// The same for a number, which may be a value that was not quoted.
fn without_number(message: &str) -> Option<String> {
    let (before, rest) = message.split_once(" `")?;
    let (_, expected) = rest.rsplit_once("`, expected ")?;
    let is_number = [
        "invalid type: integer",
        "invalid type: floating point",
        "invalid type: number",
    ];
    is_number
        .contains(&before)
        .then(|| format!("{before}, expected {expected}"))
}

fn parse(raw: &[u8]) -> Result<Value, ConfigError> {
    if raw.trim_ascii().is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    match serde_json::from_slice::<Value>(raw) {
        Ok(document) => Ok(document),
        // A Struct's first byte is the tag of its only field, which JSON would read as a line feed.
        Err(error) => match veilgate_facts::decode_struct(raw) {
            Ok(document) if raw.first() == Some(&0x0a) => Ok(whole_numbers(document)),
            _ => Err(ConfigError::Syntax(error.to_string())),
        },
    }
}

/// A Struct knows only doubles; a count of `3.0` means 3.
fn whole_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(double) if double.fract() == 0.0 && double.abs() < 9_007_199_254_740_992.0 =>
            {
                #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
                Value::from(double as i64)
            }
            _ => Value::Number(number),
        },
        Value::Array(items) => items.into_iter().map(whole_numbers).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, whole_numbers(value)))
            .collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Encoded, Mode};

    fn error(text: &str) -> String {
        read(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn nothing_is_the_closed_default() {
        for raw in ["", "  \n", "{}"] {
            let config = read(raw.as_bytes()).unwrap();
            assert_eq!(config.mode, Mode::Enforce);
            assert!(config.redaction.response.body && !config.redaction.request.body);
            assert_eq!(config.redaction.encoded, Encoded::Decode);
        }
    }

    #[test]
    fn a_mistake_is_named_by_its_path() {
        assert!(
            error(r#"{"redaction":{"mask":{"style":"loud"}}}"#).contains("`redaction.mask.style`")
        );
        assert!(
            error(r#"{"redaction":{"mask":{"stile":"label"}}}"#).contains("`redaction.mask.stile`")
        );
        assert!(error(r#"{"limits":{"held_bytes":-1}}"#).contains("`limits.held_bytes`"));
        assert!(error("{").starts_with("configuration is neither JSON nor"));
        assert!(error("[]").contains("`.`"));
    }

    #[test]
    fn a_key_that_is_too_short_is_refused_without_being_quoted() {
        let message = error(r#"{"redaction":{"mask":{"key":"hunter2hunter2"}}}"#);
        assert!(
            message.contains("`redaction.mask.key`") && !message.contains("hunter2"),
            "{message}"
        );
    }

    #[test]
    fn a_credential_in_the_wrong_place_is_not_quoted() {
        let token = format!("ghp_{}", "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC2");
        for text in [
            format!(r#"{{"mode":"{token}"}}"#),
            format!(r#"{{"{token}":1}}"#),
        ] {
            let message = read(text.as_bytes()).unwrap_err().masked().to_string();
            assert!(
                message.contains("[REDACTED:github-pat]") && !message.contains(&token),
                "{message}"
            );
        }
    }

    #[test]
    fn a_text_in_the_wrong_place_is_not_quoted() {
        for text in [
            r#"{"identity":{"key":"a key of 16 bytes","api_keys":["s3cr3t\", expected x"]}}"#,
            r#"{"identity":"s3cr3t"}"#,
            r#"{"redaction":{"mask":"s3cr3t"}}"#,
            r#"{"limits":{"held_bytes":"s3cr3t"}}"#,
            r#"{"redaction":{"known":["s3cr3t-value"]}}"#,
            r#"{"redaction":{"known":[{"name":"ours","length":"s3cr3t"}]}}"#,
        ] {
            let message = error(text);
            let says_why = message.contains("expected") || message.contains("only redacts");
            assert!(says_why && !message.contains("s3cr3t"), "{message}");
        }
    }

    #[test]
    fn a_number_in_the_wrong_place_is_not_quoted() {
        for number in ["8273645", "-8273645", "8273645.5", "8273645e99"] {
            let text =
                format!(r#"{{"redaction":{{"known":[{{"name":"ours","value":{number}}}]}}}}"#);
            let message = error(&text);
            assert!(
                message.contains("expected a string") && !message.contains("8273645"),
                "{message}"
            );
        }
    }

    #[test]
    fn keys_of_other_products_are_left_alone() {
        assert!(read(br#"{"_rules_":[{"_match_route_":["a"]}]}"#).is_ok());
        assert!(read(br#"{"rules":[]}"#).is_err());
    }

    #[test]
    fn a_protobuf_struct_is_read_like_json() {
        // { "limits": { "held_bytes": 4096 } } as google.protobuf.Struct.
        let number = [&[0x11][..], &4096f64.to_le_bytes()].concat();
        let inner = entry(b"held_bytes", &number);
        let strukt = [&[0x2a, inner.len() as u8][..], &inner].concat();
        let outer = entry(b"limits", &strukt);
        assert_eq!(read(&outer).unwrap().limits.held_bytes, 4096);
    }

    fn entry(key: &[u8], value: &[u8]) -> Vec<u8> {
        let pair = [
            &[0x0a, key.len() as u8][..],
            key,
            &[0x12, value.len() as u8],
            value,
        ]
        .concat();
        [&[0x0a, pair.len() as u8][..], &pair].concat()
    }
}
