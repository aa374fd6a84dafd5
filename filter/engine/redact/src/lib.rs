//! Finds credentials in bytes and masks them while the bytes stream by.

mod error;
mod framing;
mod judge;
mod limits;
mod mask;
mod redactor;
mod rules;
mod scan;
mod scrub;

pub use error::{Limit, RedactError, RuleError};
pub use framing::Framing;
pub use judge::{Confidence, Finding, Judge, MaskAll, RuleId, Treatment};
pub use limits::{Limits, OnLimit};
pub use mask::{Fingerprint, MaskStyle, Masker};
pub use redactor::Redactor;
pub use rules::{Rule, RuleSet, RuleSetBuilder, Sample};

pub use scrub::Scrubber;
