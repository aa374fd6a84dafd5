//! A compressed block.

use super::{huffman::Code, literals, sequences::Sequences, window::Window};

/// What the blocks of a frame share.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    code: Option<Code>,
    sequences: Sequences,
}

impl Blocks {
    /// Decodes a block, which becomes at most `limit` bytes. None when it is not valid.
    pub(super) fn decode(&mut self, block: &[u8], limit: usize, window: &mut Window) -> Option<()> {
        let mut buffer = Vec::new();
        let (literals, rest) = literals::read(block, limit, &mut self.code, &mut buffer)?;
        self.sequences.execute(rest, literals, limit, window)
    }
}
