//! Where a candidate stands, for those who write its rule.

use super::{Candidate, Phase, UNKNOWN};

/// How far a candidate got.
pub(in crate::scan) struct Stage {
    /// Whether it is still before its value.
    pub(in crate::scan) in_lead: bool,
    /// Where its value starts, if it got there.
    pub(in crate::scan) value: Option<u64>,
    /// The byte at which it stopped.
    pub(in crate::scan) at: u64,
}

impl Candidate {
    pub(in crate::scan) fn stage(&self) -> Stage {
        Stage {
            in_lead: matches!(self.phase, Phase::Lead(_)),
            value: (self.start != UNKNOWN).then_some(self.start),
            at: self.position,
        }
    }
}
