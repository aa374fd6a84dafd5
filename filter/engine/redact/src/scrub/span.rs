//! The parts of a value that are credentials, and what becomes of each.

use std::ops::Range;

use crate::check::Method;
use crate::rules::assess;
use crate::scan::Encoded;
use crate::{Confidence, Finding, Judge, Masker, RedactError, RuleId, Treatment};

/// One credential in a value that is at hand as a whole.
pub(super) struct Span<'r> {
    pub(super) range: Range<usize>,
    pub(super) kind: &'r str,
    pub(super) category: &'r str,
    pub(super) confidence: Confidence,
    /// The check of its rule.
    pub(super) check: Option<Method>,
    pub(super) rule: RuleId,
    pub(super) carrier: Option<String>,
    /// What is meant, if that is known whatever is written.
    pub(super) meant: Option<&'r [u8]>,
    /// How it is encoded within the range.
    pub(super) encoded: Option<Encoded>,
}

/// Asks about every span, outermost first, and masks what has to be.
pub(super) fn apply(
    mut spans: Vec<Span<'_>>,
    value: &[u8],
    masker: &Masker,
    judge: &mut dyn Judge,
) -> Result<Option<Vec<u8>>, RedactError> {
    spans.retain(|span| !span.range.is_empty());
    if spans.is_empty() {
        return Ok(None);
    }
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
        let written = value.get(span.range.clone()).unwrap_or_default();
        let decoded = span.encoded.map(|encoded| encoded.decoded(written));
        let credential = decoded.as_deref().unwrap_or(written);
        let fingerprint = masker.fingerprint(span.meant.unwrap_or(credential));
        let (check, confidence) = assess(span.check, span.confidence, Some(credential));
        let finding = Finding {
            kind: span.kind,
            category: span.category,
            confidence,
            check,
            rule: span.rule,
            offset: span.range.start as u64,
            length: written.len() as u64,
            fingerprint,
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
                match span.encoded {
                    Some(encoded) => {
                        let mut mask = Vec::new();
                        masker.mask(span.kind, credential, &mut mask);
                        out.extend(encoded.rewritten(written, &mask));
                    }
                    None if span.meant.is_some() => {
                        masker.mask_written(span.kind, written, fingerprint, &mut out);
                    }
                    None => masker.mask(span.kind, credential, &mut out),
                }
                copied = span.range.end;
                changed = true;
            }
        }
    }
    out.extend_from_slice(value.get(copied..).unwrap_or_default());
    Ok(changed.then_some(out))
}
