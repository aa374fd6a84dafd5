//! Who decides what happens to a credential: the caller, one finding at a time.

use std::fmt;

use crate::Fingerprint;

/// Decides about each credential found. The policy engine stands behind this trait; the scanner knows nothing of it.
pub trait Judge {
    /// One credential, found by a rule or under a carrier's name. Called once per occurrence, in stream order.
    fn treat(&mut self, finding: &Finding<'_>) -> Treatment;

    /// One field of a guarded secret, by JSON pointer (RFC 6901). An object or array is asked before what is inside it, and if
    /// it is revealed its members are asked too, so that a policy can withhold a part of what it shows.
    fn field(&mut self, pointer: &str) -> Treatment {
        let _ = pointer;
        Treatment::Mask
    }

    /// Something passes unread, because the framing allows it. Not a question: a chance to count it.
    fn uninspected(&mut self) {}
}

/// What to do with a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Treatment {
    /// Replace it by a mask.
    Mask,
    /// Let it through unchanged.
    Reveal,
    /// Let nothing more of this stream through.
    Block,
}

/// Masks everything: the judge of a stream for which nobody may see anything.
#[derive(Debug, Clone, Copy, Default)]
pub struct MaskAll;

impl Judge for MaskAll {
    fn treat(&mut self, _: &Finding<'_>) -> Treatment {
        Treatment::Mask
    }
}

/// One credential that was found. It never holds the value, so printing it is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding<'a> {
    /// The rule's kind (`github-pat`), or the carrier's (`bearer-token`).
    pub kind: &'a str,
    /// The family of the kind (`source-forge`): a small fixed set, fit for a metric label.
    pub category: &'a str,
    /// How sure the rule is, and what the value says about itself: one step less where it fails the rule's check; where it passes one that few values pass by
    /// chance, never less than [`Confidence::High`] for a rule of [`Confidence::Medium`].
    pub confidence: Confidence,
    /// What the rule's check says about the value.
    pub check: Check,
    /// Which rule, or [`RuleId::CARRIER`].
    pub rule: RuleId,
    /// Where the value starts in the stream, in bytes as given to `write`.
    pub offset: u64,
    /// How many bytes it has. For a value longer than [`Limits::held`](crate::Limits::held), how many were seen when it was judged: none of a part of a
    /// form, which is judged by its name.
    pub length: u64,
    /// Keyed hash of the value; none without a key, for a value longer than [`Limits::held`](crate::Limits::held), or for a part of a form.
    pub fingerprint: Option<Fingerprint>,
    /// Name of the header, cookie, parameter, part or file that carries it, where its name gave it away.
    pub carrier: Option<&'a str>,
}

/// What the check of a rule says about a value: a checksum in it, or a structure behind its digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Check {
    /// It is as the issuer makes them.
    Passed,
    /// It has the form, and is no value of the issuer's: made up, mistyped, or of another issuer.
    Failed,
    /// The rule has no check, or it cannot tell: the value is written with escapes, is of a form without a checksum, or longer than
    /// [`Limits::held`](crate::Limits::held).
    #[default]
    Unknown,
}

/// Number of a rule inside its [`RuleSet`](crate::RuleSet).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleId(pub(crate) u16);

impl RuleId {
    /// Not a rule: the value stood under a name that carries credentials.
    pub const CARRIER: Self = Self(u16::MAX);
}

/// How sure a rule is that what it matches is a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Shape plus context; false alarms happen.
    Low,
    /// Shape or context that seldom lies.
    Medium,
    /// A fixed prefix or structure that is enough alone.
    High,
}

impl Confidence {
    /// How sure one can be once the check has spoken; `is_proof` says whether passing it means anything.
    pub(crate) fn after(self, check: Check, is_proof: bool) -> Self {
        match (check, self) {
            (Check::Failed, Self::High) => Self::Medium,
            (Check::Failed, _) => Self::Low,
            (Check::Passed, Self::Medium) if is_proof => Self::High,
            (Check::Passed | Check::Unknown, confidence) => confidence,
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}
