//! What the rules find in a value that is at hand as a whole.

use std::ops::Range;
use std::sync::Arc;

use crate::scan::{Scanner, Strictness};
use crate::{Finding, Judge, Limits, Masker, RuleId, RuleSet, Treatment};

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
    let mut found = Collect(Vec::new());
    let limits = Limits {
        held: text.len() + 1,
        ..Limits::default()
    };
    let mut scanner = Scanner::new(
        Arc::clone(rules),
        Arc::new(Masker::default()),
        limits,
        Strictness::Text,
    );
    let mut out = Vec::new();
    // The collecting judge reveals everything and the limit exceeds the text, so no error is possible.
    let _ = scanner
        .write(text, &mut found, &mut out)
        .and_then(|()| scanner.flush(&mut found, &mut out));
    let known = found.0.into_iter().filter_map(|(id, range)| {
        rules.rule(id).map(|rule| Span {
            range: to_original(range),
            kind: rule.kind(),
            category: rule.category(),
            confidence: rule.confidence(),
            rule: id,
            carrier: None,
        })
    });
    spans.extend(known);
}

struct Collect(Vec<(RuleId, Range<usize>)>);

impl Judge for Collect {
    fn treat(&mut self, finding: &Finding<'_>) -> Treatment {
        let from = usize::try_from(finding.offset).unwrap_or(usize::MAX);
        let length = usize::try_from(finding.length).unwrap_or(usize::MAX);
        self.0
            .push((finding.rule, from..from.saturating_add(length)));
        Treatment::Reveal
    }
}
