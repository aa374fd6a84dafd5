//! The bytes of a stream that are still needed: held back, or looked back at.

use super::scanner::PIECE;

/// Bytes before the first held one that stay readable: a name cut off before it is known, and the identifier that it belongs to.
pub(super) const HISTORY: u64 = 256;
/// Bytes kept of a text of which nothing is held back.
const ORDINARY: usize = 2 * PIECE + 2 * HISTORY as usize;

/// By so much a buffer grows.
const STEP: usize = 512;

/// A moving part of the stream, addressed by stream offset.
#[derive(Default)]
pub(super) struct Window {
    bytes: Vec<u8>,
    /// Offset of the first byte kept.
    base: u64,
    /// Offset up to which everything was given out, masked or dropped.
    emitted: u64,
}

impl Window {
    /// Keeps a piece. The buffer grows to what a piece needs, and only where more is held back to all that may be: `most`.
    pub(super) fn push(&mut self, piece: &[u8], most: usize) {
        let needed = self.bytes.len() + piece.len();
        if needed > self.bytes.capacity() {
            let most = if needed > ORDINARY {
                most.max(needed)
            } else {
                needed.next_multiple_of(STEP).min(ORDINARY)
            };
            self.bytes.reserve_exact(most - self.bytes.len());
        }
        self.bytes.extend_from_slice(piece);
    }

    /// Bytes kept.
    pub(super) fn length(&self) -> usize {
        self.bytes.len()
    }

    /// Gives back what was needed to hold much.
    pub(super) fn shrink(&mut self) {
        if self.bytes.capacity() > ORDINARY && self.bytes.len() <= ORDINARY {
            self.bytes.shrink_to(ORDINARY);
        }
    }

    /// Offset behind the last byte.
    pub(super) fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    pub(super) fn emitted(&self) -> u64 {
        self.emitted
    }

    pub(super) fn byte(&self, at: u64) -> Option<u8> {
        self.bytes
            .get(usize::try_from(at.checked_sub(self.base)?).ok()?)
            .copied()
    }

    /// Offset of the first byte that can still be read.
    pub(super) fn base(&self) -> u64 {
        self.base
    }

    /// The bytes from `from` up to `to`, as far as they are kept.
    pub(super) fn slice(&self, from: u64, to: u64) -> &[u8] {
        let index = |at: u64| {
            usize::try_from(at.saturating_sub(self.base))
                .unwrap_or(usize::MAX)
                .min(self.bytes.len())
        };
        self.bytes.get(index(from)..index(to)).unwrap_or_default()
    }

    /// Gives out everything up to `to` that was not given out yet.
    pub(super) fn emit(&mut self, to: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(self.slice(self.emitted, to));
        self.skip(to);
    }

    /// Counts everything up to `to` as given out.
    pub(super) fn skip(&mut self, to: u64) {
        self.emitted = self.emitted.max(to.min(self.end()));
    }

    /// Goes on `length` bytes further, which are in nobody's sight.
    pub(super) fn jump(&mut self, length: u64) {
        self.base = self.end() + length;
        self.bytes.clear();
        self.emitted = self.base;
    }

    /// Forgets what no rule can look back at.
    pub(super) fn trim(&mut self) {
        let keep = self.emitted.saturating_sub(HISTORY);
        if keep > self.base {
            let gone = usize::try_from(keep - self.base)
                .unwrap_or(usize::MAX)
                .min(self.bytes.len());
            self.bytes.drain(..gone);
            self.base += gone as u64;
        }
    }
}
