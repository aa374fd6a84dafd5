//! Text that is written in base64 or hexadecimal inside a text.
//!
//! A place where [enough digits](probe) come to text starts a [`Lane`]: it decodes from there to the end of the digits, piece by piece, and a scanner of
//! its own reads what comes. A credential found there is one of the outer text too, from the first to the last group of digits that it is
//! written with; its mask is [encoded](rewrite) like the text around it, so that what could be decoded before can be decoded after.

mod digit;
mod lane;
mod probe;
mod rewrite;

pub(super) use lane::{Lane, PIECE};
pub(super) use probe::{Verdict, is_text, probe};
pub(super) use rewrite::{decoded, rewritten};

/// The two encodings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    /// In either alphabet, padded or not.
    Base64,
    Hex,
}

impl Codec {
    /// Digits of a group.
    pub(super) const fn digits(self) -> usize {
        match self {
            Self::Base64 => 4,
            Self::Hex => 2,
        }
    }

    /// Bytes that a group is written for.
    pub(super) const fn bytes(self) -> u64 {
        match self {
            Self::Base64 => 3,
            Self::Hex => 1,
        }
    }
}

/// What is encoded within some groups of digits: `length` bytes behind the first `skip`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layer {
    pub(super) codec: Codec,
    pub(super) skip: u8,
    pub(super) length: u32,
}

/// How a value is encoded: once, or the second within the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layers {
    pub(super) first: Layer,
    pub(super) second: Option<Layer>,
}

/// Layers that are looked behind.
pub(super) const DEEPEST: u8 = 2;
