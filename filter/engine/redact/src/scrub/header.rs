//! Header values, by name.

use std::ops::Range;
use std::sync::Arc;

use crate::RuleSet;

use super::carriers::{Carriers, Role};
use super::span::{self, Span};
use super::{base64, cookie, target};

/// The credentials in the value of the header `name`, in lower case.
pub(super) fn spans<'r>(rules: &'r Arc<RuleSet>, name: &str, value: &[u8]) -> Vec<Span<'r>> {
    let carriers = &rules.carriers;
    let mut spans = match carriers.header(name) {
        Role::Url => target::spans(rules, value),
        Role::Authorization => authorization(carriers, name, value),
        Role::Cookie => cookie::request(carriers, value),
        Role::SetCookie => cookie::response(carriers, value).into_iter().collect(),
        Role::Secret(carrier) => vec![carrier.span(trimmed(value), name.to_owned())],
        Role::Other => Vec::new(),
    };
    if !matches!(carriers.header(name), Role::Url) {
        spans.extend(span::by_rules(rules, value));
    }
    spans.extend(basic(carriers, name, value));
    spans
}

/// `Basic` credentials, known by what they decode to: a user, a colon and a password.
fn basic<'r>(carriers: &'r Carriers, name: &str, value: &[u8]) -> Vec<Span<'r>> {
    const SCHEME: &[u8] = b"basic";
    let Some(scheme) = carriers.scheme(SCHEME) else {
        return Vec::new();
    };
    let mut spans = Vec::new();
    for (at, word) in value.windows(SCHEME.len()).enumerate() {
        let alone = at
            .checked_sub(1)
            .and_then(|before| value.get(before))
            .is_none_or(|before| !before.is_ascii_alphanumeric());
        if !alone || !word.eq_ignore_ascii_case(SCHEME) {
            continue;
        }
        let behind = value.get(at + SCHEME.len()..).unwrap_or_default();
        let text = behind.trim_ascii_start();
        if text.len() == behind.len() {
            continue;
        }
        let digits = text
            .iter()
            .position(|byte| !base64::is_digit(*byte))
            .unwrap_or(text.len());
        let (digits, rest) = text.split_at_checked(digits).unwrap_or((text, &[]));
        let padding = rest
            .iter()
            .take(2)
            .take_while(|byte| **byte == b'=')
            .count();
        if base64::decode(digits).is_some_and(|decoded| is_user_and_password(&decoded)) {
            let from = value.len() - text.len();
            let range = from..from + digits.len() + padding;
            // Its own shape gives it away, not the header's name.
            spans.push(Span {
                carrier: None,
                ..scheme.carrier.span(range, name.to_owned())
            });
        }
    }
    spans
}

fn is_user_and_password(decoded: &[u8]) -> bool {
    std::str::from_utf8(decoded)
        .is_ok_and(|text| text.contains(':') && !text.chars().any(char::is_control))
}

/// What stands behind a scheme. Where the first word is no known scheme it may itself be the credential, so all of it goes.
fn authorization<'r>(carriers: &'r Carriers, name: &str, value: &[u8]) -> Vec<Span<'r>> {
    let whole = trimmed(value);
    let text = value.get(whole.clone()).unwrap_or_default();
    let word = text
        .iter()
        .position(|byte| matches!(byte, b' ' | b'\t' | b'='));
    let scheme = word.and_then(|length| {
        carriers
            .scheme(text.get(..length).unwrap_or_default())
            .map(|scheme| (length + 1, scheme))
    });
    let Some((behind, scheme)) = scheme else {
        if carriers.scheme(text).is_some() {
            return Vec::new();
        }
        return vec![carriers.authorization.span(whole, name.to_owned())];
    };
    let rest = text.get(behind..).unwrap_or_default();
    let from = whole.start + behind;
    let named: Vec<_> = scheme
        .parameters
        .iter()
        .filter_map(|parameter| parameter_value(rest, parameter.as_bytes()))
        .collect();
    if named.is_empty() {
        let rest = trimmed(rest);
        return vec![
            scheme
                .carrier
                .span(from + rest.start..from + rest.end, name.to_owned()),
        ];
    }
    named
        .into_iter()
        .map(|range| {
            scheme
                .carrier
                .span(from + range.start..from + range.end, name.to_owned())
        })
        .collect()
}

/// The value of `name=` in a list separated by commas, semicolons, ampersands or blanks.
fn parameter_value(list: &[u8], name: &[u8]) -> Option<Range<usize>> {
    let at = (0..list.len()).find(|at| {
        let starts = list
            .get(*at..*at + name.len())
            .is_some_and(|word| word.eq_ignore_ascii_case(name))
            && list.get(at + name.len()) == Some(&b'=');
        let alone = at
            .checked_sub(1)
            .and_then(|before| list.get(before))
            .is_none_or(|before| matches!(before, b' ' | b'\t' | b',' | b';' | b'&'));
        starts && alone
    })?;
    let from = at + name.len() + 1;
    let value = list.get(from..)?;
    let quoted = value.first() == Some(&b'"');
    let from = from + usize::from(quoted);
    let value = list.get(from..)?;
    let length = value
        .iter()
        .position(|byte| {
            if quoted {
                *byte == b'"'
            } else {
                matches!(byte, b',' | b';' | b'&' | b' ' | b'\t')
            }
        })
        .unwrap_or(value.len());
    Some(from..from + length)
}

fn trimmed(value: &[u8]) -> Range<usize> {
    let start = value.len() - value.trim_ascii_start().len();
    start..value.trim_ascii_end().len().max(start)
}
