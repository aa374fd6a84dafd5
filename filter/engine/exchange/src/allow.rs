//! Findings that the operator knows to be none, and lets pass: known false alarms, and values that are public.
//!
//! A finding passes if it meets all conditions of an entry. What a client chooses counts against it: a path that a server might read as another one (dot segments,
//! escapes, parameters) meets no condition, and neither does a value too long for its hash to be known. Log fields and audit records stay masked.

use veilgate_redact::{Finding, RuleSet};

use crate::config::{Allow, ConfigError};

/// All entries, in the order of the configuration.
#[derive(Default)]
pub(crate) struct Allowlist(Vec<Entry>);

struct Entry {
    kinds: Vec<String>,
    path: Option<String>,
    carrier: Option<String>,
    hmac: Option<[u8; 32]>,
    reason: String,
}

impl Allowlist {
    /// `keyed` says whether values are hashed at all.
    pub(crate) fn new(
        entries: &[Allow],
        rules: &RuleSet,
        keyed: bool,
    ) -> Result<Allowlist, ConfigError> {
        let entries = entries.iter().enumerate().map(|(index, entry)| {
            Entry::new(entry, rules, keyed).map_err(|(field, problem)| {
                ConfigError::at(format!("redaction.rules.allow[{index}]{field}"), problem)
            })
        });
        entries.collect::<Result<_, _>>().map(Allowlist)
    }

    /// Why a finding passes, if it does. `target` is the request's path with its query, `field` the header that is looked at.
    pub(crate) fn reason(&self, finding: &Finding<'_>, target: &[u8], field: &str) -> Option<&str> {
        let allowing = self.0.iter().find(|it| it.allows(finding, target, field));
        allowing.map(|entry| entry.reason.as_str())
    }
}

/// A field below an entry, and what is wrong with it.
type Fault = (&'static str, String);

impl Entry {
    fn new(allow: &Allow, rules: &RuleSet, keyed: bool) -> Result<Entry, Fault> {
        let refuse = |field, problem: &str| Err((field, problem.to_owned()));
        if allow.reason.trim().is_empty() {
            return refuse(".reason", "is missing; say why this is no credential");
        }
        let Allow {
            kinds,
            path,
            carrier,
            value_hmac_sha256,
            reason,
        } = allow;
        if kinds.is_empty() && path.is_none() && carrier.is_none() && value_hmac_sha256.is_none() {
            return refuse(
                "",
                "has no condition, and would let everything pass; give `kinds`, `path`, `carrier` or `value_hmac_sha256`",
            );
        }
        let known = |kind: &String| rules.rules().any(|rule| rule.kind() == kind);
        if let Some(kind) = kinds.iter().find(|kind| !known(kind)) {
            return Err((".kinds", format!("`{kind}` is the kind of no rule")));
        }
        if path
            .as_ref()
            .is_some_and(|path| !path.starts_with('/') || !is_plain(path.as_bytes()))
        {
            return refuse(
                ".path",
                "is no path that starts with `/` and has neither query, escapes, `;`, empty nor dot segments",
            );
        }
        if carrier.as_ref().is_some_and(String::is_empty) {
            return refuse(".carrier", "is empty; give a name, or leave it out");
        }
        let field = ".value_hmac_sha256";
        let hmac = match value_hmac_sha256 {
            None => None,
            Some(_) if !keyed => {
                return refuse(
                    field,
                    "cannot be compared without the key it was made with, `redaction.mask.key`",
                );
            }
            Some(text) => match digest(text) {
                None => return refuse(field, "is not 64 hexadecimal digits"),
                hmac => hmac,
            },
        };
        Ok(Entry {
            kinds: kinds.clone(),
            path: path.clone(),
            carrier: carrier.clone(),
            hmac,
            reason: reason.clone(),
        })
    }

    fn allows(&self, finding: &Finding<'_>, target: &[u8], field: &str) -> bool {
        let kind = self.kinds.is_empty() || self.kinds.iter().any(|kind| kind == finding.kind);
        let carrier = self.carrier.as_ref().is_none_or(|carrier| {
            let mut names = [Some(field), finding.carrier].into_iter().flatten();
            names.any(|name| name.eq_ignore_ascii_case(carrier))
        });
        let value = self.hmac.is_none_or(|hmac| {
            let print = finding.fingerprint;
            print.is_some_and(|print| print.is_of(&hmac))
        });
        kind && carrier && value && self.path.as_ref().is_none_or(|path| lies_in(target, path))
    }
}

/// Whether the path of a target is what an entry says.
fn lies_in(target: &[u8], pattern: &str) -> bool {
    let path = target.split(|byte| *byte == b'?').next();
    let path = path.unwrap_or_default();
    if !is_plain(path) {
        return false;
    }
    if pattern.contains('*') {
        return fits(path, pattern.as_bytes());
    }
    let base = pattern.strip_suffix('/').unwrap_or(pattern);
    match path.strip_prefix(base.as_bytes()) {
        Some([]) => base.len() == pattern.len(),
        Some(behind) => behind.starts_with(b"/"),
        None => false,
    }
}

/// Whether a path means the same to everyone who reads it.
fn is_plain(path: &[u8]) -> bool {
    let odd = |byte: &u8| !byte.is_ascii_graphic() || b"%;?#\\".contains(byte);
    let mut segments = path.split(|byte| *byte == b'/').skip(1).peekable();
    let mut plain = !path.iter().any(odd);
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        plain &= !matches!(segment, b"." | b"..") && (is_last || !segment.is_empty());
    }
    plain
}

/// Whether a path fits a pattern with `*` and `**`. O(path times pattern): both are walked once, by the sets of places that the pattern can be at.
fn fits(path: &[u8], pattern: &[u8]) -> bool {
    let mut places = vec![false; pattern.len() + 1];
    enter(&mut places, pattern, 0);
    for byte in path {
        let mut next = vec![false; pattern.len() + 1];
        let reached = places.iter().enumerate().filter(|(_, here)| **here);
        for (place, _) in reached {
            match pattern.get(place..).unwrap_or_default() {
                [b'*', b'*', ..] => enter(&mut next, pattern, place),
                [b'*', ..] if *byte != b'/' => enter(&mut next, pattern, place),
                [b'*', ..] | [] => {}
                [other, ..] if other == byte => enter(&mut next, pattern, place + 1),
                _ => {}
            }
        }
        places = next;
    }
    places.last().copied().unwrap_or(false)
}

/// Marks a place, and those behind it that stars make room for.
fn enter(places: &mut [bool], pattern: &[u8], mut place: usize) {
    loop {
        if let Some(here) = places.get_mut(place) {
            *here = true;
        }
        match pattern.get(place..).unwrap_or_default() {
            [b'*', b'*', ..] => place += 2,
            [b'*', ..] => place += 1,
            _ => return,
        }
    }
}

/// The bytes of 64 hexadecimal digits.
fn digest(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
        *byte = u8::try_from(high? << 4 | low?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_that_and_all_below_it() {
        for (target, pattern, lies) in [
            ("/docs", "/docs", true),
            ("/docs?a=/x", "/docs", true),
            ("/docs/a/b", "/docs", true),
            ("/docs/", "/docs/", true),
            ("/docs", "/docs/", false),
            ("/docsets", "/docs", false),
            ("/", "/", true),
            ("/anything", "/", true),
            ("", "/", false),
            ("http://a/docs", "/docs", false),
            ("/a/docs", "/docs", false),
            ("/v1/x/public", "/v1/*/public", true),
            ("/v1/x/y/public", "/v1/*/public", false),
            ("/v1//public", "/v1/*/public", false),
            ("/v1/x/y/public", "/v1/**/public", true),
            ("/v1/x/public/z", "/v1/*/public", false),
            ("/a/b.json", "/**.json", true),
            ("/a/b.jsonx", "/**.json", false),
            ("/aab", "/*ab", true),
        ] {
            assert_eq!(
                lies_in(target.as_bytes(), pattern),
                lies,
                "{target} {pattern}"
            );
        }
    }

    #[test]
    fn a_path_that_might_be_another_one_is_none() {
        for target in [
            "/docs/../secret",
            "/docs/..",
            "/docs/./a",
            "/docs//a",
            "/docs/%2e%2e/secret",
            "/docs/..;/secret",
            "/docs/;a",
            "/docs/a\\..\\b",
            "/docs/#a",
            "/docs/\u{e9}",
        ] {
            for pattern in ["/docs", "/docs/**", "/**"] {
                assert!(!lies_in(target.as_bytes(), pattern), "{target} {pattern}");
            }
        }
    }

    #[test]
    fn a_digest_is_64_digits() {
        assert_eq!(digest(&"0F".repeat(32)), Some([15; 32]));
        for text in [
            "",
            "0f",
            &"0f".repeat(33),
            &"0".repeat(63),
            &"0g".repeat(32),
        ] {
            assert_eq!(digest(text), None, "{text}");
        }
    }
}
