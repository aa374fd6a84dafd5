//! What every decoder does: input in, a piece of output at a time.

use crate::error::DecodeError;

/// A decoder of one coding.
pub(crate) trait Stage {
    /// Takes bytes off the front of `input` until there is a piece of output or no input is left.
    fn step(&mut self, input: &mut &[u8]) -> Result<Step, DecodeError>;

    /// The piece of output that the last step made.
    fn piece(&self) -> &[u8];

    /// Whether the encoded bytes may end here.
    fn may_end(&self) -> bool;
}

/// What a step led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// There is a piece of output. There may be another without more input.
    Piece,
    /// All input was taken.
    NeedsInput,
}

/// Bytes of a header that may arrive one at a time.
#[derive(Debug, Default)]
pub(crate) struct Collected(Vec<u8>);

impl Collected {
    /// Takes bytes off `input` until there are `count`; gives them when they are there.
    pub(crate) fn fill(&mut self, input: &mut &[u8], count: usize) -> Option<&[u8]> {
        let missing = count.saturating_sub(self.0.len()).min(input.len());
        self.0.extend_from_slice(take(input, missing));
        (self.0.len() >= count).then_some(self.0.as_slice())
    }

    /// What is there.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Forgets what is there. Large buffers are given back.
    pub(crate) fn clear(&mut self) {
        if self.0.capacity() > 64 {
            self.0 = Vec::new();
        }
        self.0.clear();
    }
}

/// Takes up to `count` bytes off the front.
pub(crate) fn take<'i>(input: &mut &'i [u8], count: usize) -> &'i [u8] {
    let (taken, rest) = input.split_at_checked(count).unwrap_or((*input, &[]));
    *input = rest;
    taken
}
