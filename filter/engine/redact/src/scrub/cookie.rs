//! `Cookie` and `Set-Cookie`: names and attributes stay, values of sessions go.

use super::carriers::Carriers;
use super::span::Span;

/// The secret values of a `Cookie` header.
pub(super) fn request<'r>(carriers: &'r Carriers, value: &[u8]) -> Vec<Span<'r>> {
    let mut spans = Vec::new();
    let mut from = 0;
    for pair in value.split(|byte| *byte == b';') {
        spans.extend(secret(carriers, pair, from, false));
        from += pair.len() + 1;
    }
    spans
}

/// The secret value of a `Set-Cookie` header. A cookie hidden from scripts is one that its server thinks worth hiding.
pub(super) fn response<'r>(carriers: &'r Carriers, value: &[u8]) -> Option<Span<'r>> {
    let mut parts = value.split(|byte| *byte == b';');
    let pair = parts.next().unwrap_or_default();
    let hidden = parts.any(|attribute| attribute.trim_ascii().eq_ignore_ascii_case(b"httponly"));
    secret(carriers, pair, 0, hidden)
}

fn secret<'r>(carriers: &'r Carriers, pair: &[u8], from: usize, hidden: bool) -> Option<Span<'r>> {
    let equals = pair.iter().position(|byte| *byte == b'=')?;
    let name = String::from_utf8_lossy(pair.get(..equals).unwrap_or_default())
        .trim()
        .to_owned();
    let carrier = carriers.cookie(&name, hidden)?;
    let value = pair.get(equals + 1..).unwrap_or_default();
    let quoted = value.trim_ascii().starts_with(b"\"");
    let leading = value.len() - value.trim_ascii_start().len() + usize::from(quoted);
    let trailing = value.len() - value.trim_ascii_end().len()
        + usize::from(quoted && value.trim_ascii().ends_with(b"\""));
    let start = from + equals + 1;
    Some(
        carrier.span(
            start + leading.min(value.len())
                ..start
                    + value
                        .len()
                        .saturating_sub(trailing)
                        .max(leading.min(value.len())),
            name,
        ),
    )
}
