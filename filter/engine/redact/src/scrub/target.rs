//! URLs and request targets.

use std::borrow::Cow;
use std::sync::Arc;

use crate::RuleSet;

use super::carriers::Carriers;
use super::decode;
use super::rules;
use super::span::Span;

/// Adds the credentials in a URL.
pub(super) fn find<'r>(all: &'r Arc<RuleSet>, value: &[u8], spans: &mut Vec<Span<'r>>) {
    rules::find(all, value, spans);
    parameters(&all.carriers, value, true, spans);
    passwords(&all.carriers, value, spans);
    if decode::is_encoded(value) {
        for text in decode::layers(value).skip(1) {
            let before = spans.len();
            parameters(&all.carriers, &text.bytes, false, spans);
            passwords(&all.carriers, &text.bytes, spans);
            for span in spans.iter_mut().skip(before) {
                span.range = text.to_original(&span.range);
            }
        }
    }
}

/// `name=value` behind `?`, `&`, `;` or `#`, where the name carries credentials.
fn parameters<'r>(carriers: &'r Carriers, text: &[u8], outermost: bool, spans: &mut Vec<Span<'r>>) {
    let query = text.iter().position(|byte| matches!(byte, b'?' | b'#'));
    let delimiters = text
        .iter()
        .enumerate()
        .filter(|(_, byte)| matches!(byte, b'?' | b'&' | b';' | b'#'));
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
        let name = rest.get(..equals).unwrap_or_default();
        let name = if decode::is_encoded(name) {
            Cow::Owned(decode::decoded(name))
        } else {
            Cow::Borrowed(name)
        };
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
        spans.push(carrier.span(from..from + length, &name));
    }
}

const MAX_NAME: usize = 128;

/// `://user:password@`.
fn passwords<'r>(carriers: &'r Carriers, text: &[u8], spans: &mut Vec<Span<'r>>) {
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
                .span(from + colon + 1..from + until, b"userinfo"),
        );
    }
}
