//! Why a body cannot be decoded.

use crate::coding::Coding;

/// Why a body cannot be decoded, or not any further. It holds nothing of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes are not what the coding says, or a checksum is wrong.
    #[error("the body is not valid {0}")]
    Corrupt(Coding),
    /// The body ended in the middle.
    #[error("the {0} body ends early")]
    Truncated(Coding),
    /// It becomes larger than [`Limits`](crate::Limits) let it.
    #[error("the body expands beyond its limits")]
    Expands,
    /// It needs a window larger than [`Limits::window`](crate::Limits::window).
    #[error("the {0} body needs too large a window")]
    Window(Coding),
    /// The [`Budget`](crate::Budget) is used up.
    #[error("too many bodies are being decoded")]
    Memory,
    /// An earlier error ended the body.
    #[error("decoding has stopped at an earlier error")]
    Stopped,
}

impl DecodeError {
    /// A stable name, also a metric label: `corrupt`, `truncated`, `expands`, `window`, `memory`, `stopped`.
    pub fn reason(self) -> &'static str {
        match self {
            DecodeError::Corrupt(_) => "corrupt",
            DecodeError::Truncated(_) => "truncated",
            DecodeError::Expands => "expands",
            DecodeError::Window(_) => "window",
            DecodeError::Memory => "memory",
            DecodeError::Stopped => "stopped",
        }
    }
}
