//! Byte strings and variables.
//!
//! In a byte string `\xHH` is one byte (write it in a TOML literal string, `'...'`), and `${...}` is replaced:
//!
//! | variable | stands for |
//! |---|---|
//! | `${NAME}` | an entry of the scenario's `[values]` |
//! | `${token.NAME}` | the signed token with the claims of `[tokens.NAME]` |
//! | `${hmac.KEY.VALUE}` | HMAC-SHA256 of VALUE under KEY in hexadecimal; both are names of `[values]` |
//! | `${secret.KIND}` | a made-up credential: see [`samples`](super::samples) |
//! | `${secret.KIND.N}` | the N-th of that kind, all different |
//!
//! Credentials are made up at run time, so that no file holds anything that looks like one.

use std::collections::BTreeMap;
use std::sync::Mutex;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::lab::TokenIssuer;

use super::samples;

/// The variables of one scenario.
pub(super) struct Vars<'a> {
    values: &'a BTreeMap<String, String>,
    tokens: BTreeMap<String, String>,
    /// Every made-up credential that was used: none of them may appear in a log.
    secrets: Mutex<Vec<(String, String)>>,
}

impl<'a> Vars<'a> {
    pub(super) fn new(
        values: &'a BTreeMap<String, String>,
        tokens: &BTreeMap<String, Value>,
        issuer: &TokenIssuer,
    ) -> anyhow::Result<Self> {
        let mut vars = Self {
            values,
            tokens: BTreeMap::new(),
            secrets: Mutex::default(),
        };
        for (name, claims) in tokens {
            let token = issuer
                .sign(&vars.json(claims)?)
                .with_context(|| format!("token `{name}`"))?;
            vars.tokens.insert(name.clone(), token);
        }
        Ok(vars)
    }

    /// A byte string's bytes.
    pub(super) fn bytes(&self, text: &str) -> anyhow::Result<Vec<u8>> {
        unescape(&self.text(text)?)
    }

    /// Text with its variables replaced.
    pub(super) fn text(&self, text: &str) -> anyhow::Result<String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after
                .split_once('}')
                .with_context(|| format!("`${{` without `}}` in `{text}`"))?;
            out.push_str(before);
            out.push_str(&self.value(name)?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// A JSON value with the variables of all its strings replaced, names of members included.
    pub(super) fn json(&self, value: &Value) -> anyhow::Result<Value> {
        Ok(match value {
            Value::String(text) => Value::String(self.text(text)?),
            Value::Array(items) => Value::Array(
                items
                    .iter()
                    .map(|item| self.json(item))
                    .collect::<Result<_, _>>()?,
            ),
            Value::Object(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(name, value)| Ok((self.text(name)?, self.json(value)?)))
                    .collect::<anyhow::Result<_>>()?,
            ),
            other => other.clone(),
        })
    }

    /// Every made-up credential used so far, with its name.
    pub(super) fn secrets(&self) -> Vec<(String, String)> {
        self.secrets
            .lock()
            .map(|secrets| secrets.clone())
            .unwrap_or_default()
    }

    fn value(&self, name: &str) -> anyhow::Result<String> {
        if let Some(token) = name.strip_prefix("token.") {
            return self
                .tokens
                .get(token)
                .cloned()
                .with_context(|| format!("no `[tokens.{token}]`"));
        }
        if let Some(sample) = name.strip_prefix("secret.") {
            let secret = samples::sample(sample)?;
            if let Ok(mut secrets) = self.secrets.lock()
                && !secrets.iter().any(|(known, _)| known == sample)
            {
                secrets.push((sample.to_owned(), secret.clone()));
            }
            return Ok(secret);
        }
        if let Some(names) = name.strip_prefix("hmac.") {
            let (key, value) = names
                .split_once('.')
                .with_context(|| format!("`{name}` needs a key and a value"))?;
            return Ok(samples::hmac_sha256_hex(
                self.value(key)?.as_bytes(),
                self.value(value)?.as_bytes(),
            ));
        }
        match self.values.get(name) {
            Some(value) => self.text(value),
            None => bail!("unknown variable `${{{name}}}`"),
        }
    }
}

fn unescape(text: &str) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x") {
        bytes.extend_from_slice(before.as_bytes());
        let (digits, after) = after
            .split_at_checked(2)
            .with_context(|| format!("`\\x` needs two digits in `{text}`"))?;
        bytes.push(
            u8::from_str_radix(digits, 16).with_context(|| format!("`\\x{digits}` in `{text}`"))?,
        );
        rest = after;
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(test: impl Fn(&Vars<'_>) -> T) -> T {
        let values = BTreeMap::from([
            ("who".to_owned(), "alice".to_owned()),
            ("hi".to_owned(), "hi ${who}".to_owned()),
        ]);
        let tokens = BTreeMap::from([("t".to_owned(), serde_json::json!({"sub": "${who}"}))]);
        test(&Vars::new(&values, &tokens, &TokenIssuer::new("i").unwrap()).unwrap())
    }

    #[test]
    fn variables_and_bytes_are_replaced() {
        with(|vars| {
            assert_eq!(vars.bytes(r"${hi}!\xff").unwrap(), b"hi alice!\xff");
            assert_eq!(vars.text("${token.t}").unwrap().split('.').count(), 3);
            assert_eq!(
                vars.json(&serde_json::json!({"a": ["${who}"]})).unwrap(),
                serde_json::json!({"a": ["alice"]})
            );
        });
    }

    #[test]
    fn mistakes_are_errors() {
        with(|vars| {
            for wrong in [
                "${nobody}",
                "${who",
                "${token.x}",
                r"\xzz",
                r"\x1",
                "${secret.nothing}",
                "${hmac.who}",
            ] {
                assert!(vars.bytes(wrong).is_err(), "{wrong}");
            }
        });
    }

    #[test]
    fn used_credentials_are_remembered() {
        with(|vars| {
            let one = vars.text("${secret.github-pat}").unwrap();
            let two = vars.text("${secret.github-pat.2}").unwrap();
            assert_ne!(one, two);
            assert_eq!(
                vars.secrets()
                    .into_iter()
                    .map(|(_, secret)| secret)
                    .collect::<Vec<_>>(),
                [one, two]
            );
        });
    }
}
