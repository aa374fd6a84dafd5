//! What the rules find in a value that is at hand as a whole.

use std::ops::Range;
use std::sync::Arc;

use crate::RuleSet;
use crate::scan::Scanner;

use super::decode;
use super::span::Span;

/// No credential that a rule can know is shorter.
const SHORTEST: usize = 8;

/// Adds whatever the rules find in a text, also under layers of percent encoding: browsers and proxies encode cookies and headers as they do URLs.
pub(super) fn find<'r>(rules: &'r Arc<RuleSet>, text: &[u8], spans: &mut Vec<Span<'r>>) {
    if text.len() < SHORTEST {
        return;
    }
    scan(rules, text, spans, |range| range);
    if decode::is_encoded(text) {
        for layer in decode::layers(text).skip(1) {
            scan(rules, &layer.bytes, spans, |range| {
                layer.to_original(&range)
            });
        }
    }
}

fn scan<'r>(
    rules: &'r Arc<RuleSet>,
    text: &[u8],
    spans: &mut Vec<Span<'r>>,
    to_original: impl Fn(Range<usize>) -> Range<usize>,
) {
    let found = Scanner::find_all(rules, text).into_iter();
    let known = found.filter_map(|(id, range, encoded)| {
        rules.rule(id).map(|rule| Span {
            range: to_original(range),
            kind: rule.kind(),
            category: rule.category(),
            confidence: rule.confidence(),
            check: rule.check,
            rule: id,
            carrier: None,
            meant: rules.known_value(id),
            encoded,
        })
    });
    spans.extend(known);
}
