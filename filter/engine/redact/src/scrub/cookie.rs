//! `Cookie` and `Set-Cookie`: names and attributes stay, values of sessions go.

use memchr::memchr;

use super::carriers::Carriers;
use super::span::Span;

/// The secret values of a `Cookie` header.
pub(super) fn request<'r>(carriers: &'r Carriers, value: &[u8], spans: &mut Vec<Span<'r>>) {
    let mut from = 0;
    while let Some(rest) = value.get(from..) {
        let length = pair_length(rest);
        let pair = rest.get(..length).unwrap_or_default();
        spans.extend(secret(carriers, pair, from, false));
        from += length + 1;
    }
}

/// The secret value of a `Set-Cookie` header. A cookie hidden from scripts is one that its server thinks worth hiding.
pub(super) fn response<'r>(carriers: &'r Carriers, value: &[u8], spans: &mut Vec<Span<'r>>) {
    let (pair, attributes) = value
        .split_at_checked(pair_length(value))
        .unwrap_or((value, &[]));
    let hidden = attributes
        .split(|byte| *byte == b';')
        .any(|attribute| attribute.trim_ascii().eq_ignore_ascii_case(b"httponly"));
    spans.extend(secret(carriers, pair, 0, hidden));
}

/// Where the first pair ends. Some servers let a value in quotes hold semicolons, so they count only behind quotes that close before the next pair.
fn pair_length(value: &[u8]) -> usize {
    let end = |from: usize| {
        let rest = value.get(from..).unwrap_or_default();
        memchr(b';', rest).map_or(value.len(), |length| from + length)
    };
    let first = end(0);
    let opening = memchr(b'=', value.get(..first).unwrap_or_default()).and_then(|equals| {
        let behind = value.get(equals + 1..)?;
        let quote = behind.len() - behind.trim_ascii_start().len();
        (behind.get(quote) == Some(&b'"')).then_some(equals + 1 + quote + 1)
    });
    let Some(content) = opening else {
        return first;
    };
    let closing = value
        .get(content..)
        .and_then(|rest| memchr(b'"', rest))
        .map(|length| content + length);
    match closing {
        Some(closing) if closing > first && ends_pair(value.get(closing + 1..)) => end(closing),
        _ => first,
    }
}

fn ends_pair(behind: Option<&[u8]>) -> bool {
    behind.is_none_or(|rest| matches!(rest.trim_ascii_start(), [] | [b';', ..]))
}

fn secret<'r>(carriers: &'r Carriers, pair: &[u8], from: usize, hidden: bool) -> Option<Span<'r>> {
    let equals = memchr(b'=', pair)?;
    let (name, value) = pair.split_at_checked(equals)?;
    let (name, value) = (name.trim_ascii(), value.get(1..)?);
    let carrier = carriers.cookie(name, hidden)?;
    let text = value.trim_ascii();
    let start = from + equals + 1 + (value.len() - value.trim_ascii_start().len());
    let quotes = text.strip_prefix(b"\"").map(|rest| {
        let inner = rest.strip_suffix(b"\"").unwrap_or(rest);
        start + 1..start + 1 + inner.len()
    });
    Some(carrier.span(quotes.unwrap_or(start..start + text.len()), name))
}
