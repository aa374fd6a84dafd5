//! Header values, by name.

use std::ops::Range;
use std::sync::Arc;

use memchr::{memchr_iter, memchr2_iter};

use crate::{RuleSet, base64};

use super::carriers::{Carriers, Role};
use super::span::Span;
use super::{cookie, rules, target};

/// The credentials in the value of a header.
pub(super) fn spans<'r>(all: &'r Arc<RuleSet>, name: &[u8], value: &[u8]) -> Vec<Span<'r>> {
    let carriers = &all.carriers;
    let mut spans = Vec::new();
    match carriers.header(name) {
        Some(Role::Url) => {
            target::find(all, value, &mut spans);
            basic(carriers, name, value, &mut spans);
            return spans;
        }
        Some(Role::Authorization) => authorization(carriers, name, value, &mut spans),
        Some(Role::Cookie) => cookie::request(carriers, value, &mut spans),
        Some(Role::SetCookie) => cookie::response(carriers, value, &mut spans),
        Some(Role::Secret(carrier)) => spans.push(carrier.span(trimmed(value), name)),
        None => {}
    }
    rules::find(all, value, &mut spans);
    basic(carriers, name, value, &mut spans);
    spans
}

/// `Basic` credentials, known by what they decode to: a user, a colon and a password.
fn basic<'r>(carriers: &'r Carriers, name: &[u8], value: &[u8], spans: &mut Vec<Span<'r>>) {
    const SCHEME: &[u8] = b"basic";
    for at in memchr2_iter(b'b', b'B', value) {
        let (before, word) = value.split_at_checked(at).unwrap_or((value, &[]));
        let (word, behind) = word.split_at_checked(SCHEME.len()).unwrap_or((word, &[]));
        let alone = before
            .last()
            .is_none_or(|before| !before.is_ascii_alphanumeric());
        let text = behind.trim_ascii_start();
        if !alone || !word.eq_ignore_ascii_case(SCHEME) || text.len() == behind.len() {
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
        if let Some(scheme) = carriers.scheme(SCHEME)
            && base64::decode(digits).is_some_and(|decoded| is_user_and_password(&decoded))
        {
            let from = value.len() - text.len();
            let range = from..from + digits.len() + padding;
            // Its own shape gives it away, not the header's name.
            spans.push(Span {
                carrier: None,
                ..scheme.carrier.span(range, name)
            });
        }
    }
}

fn is_user_and_password(decoded: &[u8]) -> bool {
    std::str::from_utf8(decoded)
        .is_ok_and(|text| text.contains(':') && !text.chars().any(char::is_control))
}

/// What stands behind a scheme. Where the first word is no known scheme it may itself be the credential, so all of it goes.
fn authorization<'r>(carriers: &'r Carriers, name: &[u8], value: &[u8], spans: &mut Vec<Span<'r>>) {
    let whole = trimmed(value);
    let text = value.get(whole.clone()).unwrap_or_default();
    let length = text
        .iter()
        .position(|byte| byte.is_ascii_whitespace() || *byte == b'=');
    let word = text.get(..length.unwrap_or(text.len())).unwrap_or_default();
    let (length, scheme) = match (length, carriers.scheme(word)) {
        (Some(length), Some(scheme)) => (length + 1, scheme),
        // Nothing but a scheme.
        (None, Some(_)) => return,
        (_, None) => return spans.push(carriers.authorization.span(whole, name)),
    };
    let rest = text.get(length..).unwrap_or_default();
    let from = whole.start + length;
    let secret = scheme
        .parameters
        .iter()
        .flat_map(|parameter| parameter_values(rest, parameter.as_bytes()));
    let span = |range: Range<usize>| {
        let range = from + range.start..from + range.end;
        scheme.carrier.span(range, name)
    };
    let before = spans.len();
    spans.extend(secret.map(span));
    if spans.len() == before {
        spans.push(span(trimmed(rest)));
    }
}

/// The values of `name=` in a list separated by commas, semicolons, ampersands or white space.
fn parameter_values(list: &[u8], name: &[u8]) -> impl Iterator<Item = Range<usize>> {
    memchr_iter(b'=', list).filter_map(move |equals| {
        let (before, value) = list.split_at_checked(equals)?;
        let before = before.trim_ascii_end();
        let (before, word) = before.split_at_checked(before.len().checked_sub(name.len())?)?;
        let alone = before.last().is_none_or(|byte| separates(*byte));
        if !alone || !word.eq_ignore_ascii_case(name) {
            return None;
        }
        let value = value.get(1..)?.trim_ascii_start();
        let from = list.len() - value.len();
        Some(match value.strip_prefix(b"\"") {
            Some(quoted) => from + 1..from + 1 + quoted_length(quoted),
            None => {
                let length = value.iter().position(|byte| separates(*byte));
                from..from + length.unwrap_or(value.len())
            }
        })
    })
}

/// How long a text is whose opening quote was read.
fn quoted_length(text: &[u8]) -> usize {
    let mut escaped = false;
    let end = text.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    end.unwrap_or(text.len())
}

fn separates(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b',' | b';' | b'&')
}

fn trimmed(value: &[u8]) -> Range<usize> {
    let start = value.len() - value.trim_ascii_start().len();
    start..value.trim_ascii_end().len().max(start)
}
