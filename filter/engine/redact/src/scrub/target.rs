//! URLs and request targets.

use std::sync::Arc;

use crate::RuleSet;

use super::carriers::Carriers;
use super::decode;
use super::span::{self, Span};

pub(super) fn spans<'r>(rules: &'r Arc<RuleSet>, value: &[u8]) -> Vec<Span<'r>> {
    let mut spans = span::by_rules(rules, value);
    for (layer, text) in decode::layers(value).enumerate() {
        let found = parameters(&rules.carriers, &text.bytes, layer == 0)
            .into_iter()
            .chain(passwords(&rules.carriers, &text.bytes));
        spans.extend(found.map(|span| Span {
            range: text.to_original(&span.range),
            ..span
        }));
    }
    spans
}

/// `name=value` behind `?`, `&`, `;` or `#`, where the name carries credentials.
fn parameters<'r>(carriers: &'r Carriers, text: &[u8], outermost: bool) -> Vec<Span<'r>> {
    let query = text.iter().position(|byte| matches!(byte, b'?' | b'#'));
    let delimiters = text
        .iter()
        .enumerate()
        .filter(|(_, byte)| matches!(byte, b'?' | b'&' | b';' | b'#'));
    let mut spans = Vec::new();
    for (at, _) in delimiters {
        let rest = text.get(at + 1..).unwrap_or_default();
        let Some(equals) = rest
            .iter()
            .take(MAX_NAME)
            .position(|byte| matches!(byte, b'=' | b'?' | b'&' | b';' | b'#' | b'/'))
            .filter(|index| rest.get(*index) == Some(&b'='))
        else {
            continue;
        };
        let name = decode::decoded(rest.get(..equals).unwrap_or_default());
        let name = String::from_utf8_lossy(&name).into_owned();
        let Some(carrier) = carriers.query(&name) else {
            continue;
        };
        let in_path = query.is_none_or(|query| at < query);
        let value = rest.get(equals + 1..).unwrap_or_default();
        let length = value
            .iter()
            .position(|byte| match byte {
                b'&' | b'#' => true,
                b'/' | b'?' | b';' => in_path,
                b' ' | b'"' | b'<' | b'>' => outermost,
                _ => false,
            })
            .unwrap_or(value.len());
        let from = at + 1 + equals + 1;
        spans.push(carrier.span(from..from + length, name));
    }
    spans
}

const MAX_NAME: usize = 128;

/// `://user:password@`.
fn passwords<'r>(carriers: &'r Carriers, text: &[u8]) -> Vec<Span<'r>> {
    let mut spans = Vec::new();
    for (at, _) in text
        .windows(3)
        .enumerate()
        .filter(|(_, window)| *window == b"://")
    {
        let from = at + 3;
        let authority = text.get(from..).unwrap_or_default();
        let authority = authority
            .split(|byte| matches!(byte, b'/' | b'?' | b'#' | b' ' | b'"' | b'<' | b'>'))
            .next()
            .unwrap_or_default();
        let Some(until) = authority.iter().rposition(|byte| *byte == b'@') else {
            continue;
        };
        let Some(colon) = authority.iter().take(until).position(|byte| *byte == b':') else {
            continue;
        };
        spans.push(
            carriers
                .userinfo
                .span(from + colon + 1..from + until, "userinfo".to_owned()),
        );
    }
    spans
}
