//! The last stage: what was decided, and on whose authority.

/// The answer to one [`Question`](crate::Question).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The only bit that grants anything.
    pub allowed: bool,
    /// `@id`s of the policies that determined the answer, sorted, without duplicates.
    /// Empty when no policy permits, since then nothing determined it.
    pub policies: Vec<String>,
    /// What went wrong while evaluating, each naming its policy. Never empty with [`VerdictReason::PolicyError`].
    pub errors: Vec<String>,
    /// Why, as a stable word.
    pub reason: VerdictReason,
}

/// Why a [`Verdict`] came out as it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VerdictReason {
    /// At least one policy permits and none forbids, for every identity that had to be permitted.
    Permitted,
    /// A policy forbids.
    Forbidden,
    /// No policy permits.
    NoPolicyPermits,
    /// A policy failed to evaluate. It might have been the one that forbids, so the answer is no.
    PolicyError,
    /// The question could not be put to the policies.
    InvalidQuestion,
}

impl VerdictReason {
    /// The stable name used in audit records and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Permitted => "permitted",
            Self::Forbidden => "forbidden",
            Self::NoPolicyPermits => "no-policy-permits",
            Self::PolicyError => "policy-error",
            Self::InvalidQuestion => "invalid-question",
        }
    }
}

impl Verdict {
    /// A refusal for a reason of our own, before any policy was asked.
    pub(crate) fn invalid(error: String) -> Self {
        Self {
            allowed: false,
            policies: Vec::new(),
            errors: vec![error],
            reason: VerdictReason::InvalidQuestion,
        }
    }

    /// Joins the answers of several identities that must all be permitted: the first refusal stands,
    /// and a permission names every policy that gave it.
    pub(crate) fn and(mut self, other: Self) -> Self {
        if !self.allowed {
            return self;
        }
        if !other.allowed {
            return other;
        }
        self.policies.extend(other.policies);
        self.policies.sort();
        self.policies.dedup();
        self
    }
}
