//! URLs and request targets.

use std::borrow::Cow;
use std::sync::Arc;

use memchr::{memchr, memchr_iter, memrchr};

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

/// `//user:password@`, behind a scheme or at the start.
fn passwords<'r>(carriers: &'r Carriers, text: &[u8], spans: &mut Vec<Span<'r>>) {
    let behind_scheme = memchr_iter(b':', text)
        .filter(|at| text.get(*at..).is_some_and(|rest| rest.starts_with(b"://")))
        .map(|at| at + 3);
    let at_start = text.starts_with(b"//").then_some(2);
    for from in at_start.into_iter().chain(behind_scheme) {
        let rest = text.get(from..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| matches!(byte, b'/' | b'?' | b'#' | b' ' | b'"' | b'<' | b'>'));
        let authority = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
        let userinfo = memrchr(b'@', authority).and_then(|until| authority.get(..until));
        let colon = userinfo.and_then(|userinfo| memchr(b':', userinfo));
        if let (Some(userinfo), Some(colon)) = (userinfo, colon) {
            let range = from + colon + 1..from + userinfo.len();
            spans.push(carriers.userinfo.span(range, b"userinfo"));
        }
    }
}
