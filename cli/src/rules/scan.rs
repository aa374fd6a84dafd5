//! What a rule set finds in a text that is at hand as a whole.

use std::ops::Range;
use std::sync::Arc;

use veilgate_redact::{
    Finding, Framing, Judge, Limits, MaskStyle, Masker, Redactor, RuleSet, Treatment,
};

/// One credential that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) kind: String,
    pub(super) span: Range<usize>,
}

/// All credentials of a text in order, and the text without them.
pub(super) fn scan(rules: &Arc<RuleSet>, text: &str) -> (Vec<Found>, String) {
    let masker = Arc::new(Masker::new(MaskStyle::Label, None));
    let mut redactor = Redactor::new(Arc::clone(rules), masker, Framing::Plain, Limits::default());
    let (mut all, mut out) = (All(Vec::new()), Vec::new());
    // A text that is cut short says so by what is missing.
    let _ = redactor
        .write(text.as_bytes(), &mut all, &mut out)
        .and_then(|()| redactor.end(&mut all, &mut out));
    (all.0, String::from_utf8_lossy(&out).into_owned())
}

struct All(Vec<Found>);

impl Judge for All {
    fn treat(&mut self, finding: &Finding<'_>) -> Treatment {
        let from = usize::try_from(finding.offset).unwrap_or(usize::MAX);
        let length = usize::try_from(finding.length).unwrap_or(usize::MAX);
        self.0.push(Found {
            kind: finding.kind.to_owned(),
            span: from..from.saturating_add(length),
        });
        Treatment::Mask
    }
}
