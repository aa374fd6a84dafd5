//! The parts of a value that are credentials, and what becomes of each.

use std::ops::Range;
use std::sync::Arc;

use crate::scan::{Scanner, Strictness};
use crate::{Confidence, Finding, Judge, Limits, Masker, RedactError, RuleId, RuleSet, Treatment};

use super::decode;

/// One credential in a value that is at hand as a whole.
pub(super) struct Span<'r> {
    pub(super) range: Range<usize>,
    pub(super) kind: &'r str,
    pub(super) category: &'r str,
    pub(super) confidence: Confidence,
    pub(super) rule: RuleId,
    pub(super) carrier: Option<String>,
}

/// Whatever the rules find in a text, also under layers of percent encoding: browsers and proxies encode cookies and headers as they do URLs.
pub(super) fn by_rules<'r>(rules: &'r Arc<RuleSet>, text: &[u8]) -> Vec<Span<'r>> {
    decode::layers(text)
        .flat_map(|text| {
            let found = scan(rules, &text.bytes).into_iter();
            found.map(move |(id, range)| (id, text.to_original(&range)))
        })
        .filter_map(|(id, range)| {
            rules.rule(id).map(|rule| Span {
                range,
                kind: rule.kind(),
                category: rule.category(),
                confidence: rule.confidence(),
                rule: id,
                carrier: None,
            })
        })
        .collect()
}

fn scan(rules: &Arc<RuleSet>, text: &[u8]) -> Vec<(RuleId, Range<usize>)> {
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
    found.0
}

/// Asks about every span, outermost first, and masks what has to be.
pub(super) fn apply(
    mut spans: Vec<Span<'_>>,
    value: &[u8],
    masker: &Masker,
    judge: &mut dyn Judge,
) -> Result<Option<Vec<u8>>, RedactError> {
    spans.retain(|span| !span.range.is_empty());
    // A carrier's name says more than the shape of what it carries.
    spans.sort_by_key(|span| {
        (
            span.range.start,
            span.carrier.is_none(),
            std::cmp::Reverse(span.range.end),
        )
    });
    let (mut out, mut copied, mut changed) = (Vec::new(), 0, false);
    let mut revealed: Vec<(Range<usize>, RuleId)> = Vec::new();
    for span in spans {
        if span.range.start < copied {
            // It reaches out of a mask: the rest of it goes as well.
            copied = copied.max(span.range.end);
            continue;
        }
        if revealed.contains(&(span.range.clone(), span.rule)) {
            continue;
        }
        let credential = value.get(span.range.clone()).unwrap_or_default();
        let finding = Finding {
            kind: span.kind,
            category: span.category,
            confidence: span.confidence,
            rule: span.rule,
            offset: span.range.start as u64,
            length: credential.len() as u64,
            fingerprint: masker.fingerprint(credential),
            carrier: span.carrier.as_deref(),
        };
        match judge.treat(&finding) {
            Treatment::Block => {
                return Err(RedactError::Blocked {
                    kind: span.kind.to_owned(),
                });
            }
            // What the rules know inside of it is still asked about.
            Treatment::Reveal => revealed.push((span.range, span.rule)),
            Treatment::Mask => {
                out.extend_from_slice(value.get(copied..span.range.start).unwrap_or_default());
                masker.mask(span.kind, credential, &mut out);
                copied = span.range.end;
                changed = true;
            }
        }
    }
    out.extend_from_slice(value.get(copied..).unwrap_or_default());
    Ok(changed.then_some(out))
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
