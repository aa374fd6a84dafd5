//! How sure a rule has to be to take part.

use serde::Deserialize;

use crate::Confidence;

/// Which of the shipped rules and field names take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Those whose shape is enough alone: no names of fields, no values that are credentials only beside a word.
    Precise,
    /// Those that are seldom wrong as well.
    #[default]
    Balanced,
    /// The same as balanced, but for values that fail the check of their rule: they are left alone. A credential with a typing error, or an issuer that changes
    /// its checksums, passes unmasked.
    Strict,
    /// All, and what says that it is a placeholder (`changeme`, `your-token`). Some harmless values are masked too.
    Wide,
}

impl Profile {
    pub(super) fn admits(self, confidence: Confidence) -> bool {
        confidence
            >= match self {
                Self::Precise => Confidence::High,
                Self::Balanced | Self::Strict => Confidence::Medium,
                Self::Wide => Confidence::Low,
            }
    }
}
