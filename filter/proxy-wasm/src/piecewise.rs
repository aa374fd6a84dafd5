//! Rewriting a host buffer in pieces.
//!
//! A host may show a megabyte at once. Taking it in one piece would grow the linear memory of the worker's virtual
//! machine, which never shrinks again. A host buffer can only be changed at its ends, so a large one is turned round:
//! a piece is taken off the front and its replacement appended, until everything has passed through.

use crate::{
    abi::{Buffer, HostError},
    hold_back::APPEND,
    host,
};

/// Bytes taken from the host at once.
pub(crate) const PIECE: usize = 64 * 1024;
/// The same where a piece may become many times as long.
pub(crate) const SMALL_PIECE: usize = 4 * 1024;
/// What a replacement may be longer by, a tail of the piece before it and some masks, without being moved to a larger place.
const SLACK: usize = 4 * 1024;

/// One pass over a buffer of known length.
pub(crate) struct Piecewise {
    buffer: Buffer,
    /// Bytes that have not been shown yet.
    left: usize,
    /// Bytes appended already.
    length: usize,
    /// Most bytes of a piece.
    most: usize,
    /// Whether the buffer is turned round piece by piece, rather than replaced as a whole.
    rotating: bool,
    piece: Vec<u8>,
    /// Bytes at the front of `piece` that go on as they are.
    kept: usize,
    out: Vec<u8>,
}

impl Piecewise {
    /// `expands` tells that a replacement may be many times as long as its piece.
    pub(crate) fn new(buffer: Buffer, size: usize, expands: bool) -> Piecewise {
        let most = if expands { SMALL_PIECE } else { PIECE };
        let rotating = size > most;
        Piecewise {
            most,
            buffer,
            left: size,
            length: 0,
            rotating,
            piece: Vec::new(),
            kept: 0,
            out: Vec::new(),
        }
    }

    /// Lets the first `count` bytes go on as they are.
    pub(crate) fn keep(&mut self, count: usize) -> Result<(), HostError> {
        let mut count = count.min(self.left);
        while count > self.most {
            self.take()?;
            count -= self.piece.len();
            self.out.append(&mut self.piece);
        }
        self.kept = count;
        Ok(())
    }

    /// The next piece, and where its replacement is to be appended.
    #[expect(
        clippy::type_complexity,
        reason = "one use, and both halves are what the words say"
    )]
    pub(crate) fn next(&mut self) -> Result<Option<(&[u8], &mut Vec<u8>)>, HostError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.take()?;
        self.out.reserve_exact(self.piece.len() + SLACK);
        let kept = std::mem::take(&mut self.kept).min(self.piece.len());
        let (kept, rest) = self
            .piece
            .split_at_checked(kept)
            .ok_or(HostError::Malformed)?;
        self.out.extend_from_slice(kept);
        Ok(Some((rest, &mut self.out)))
    }

    /// Where bytes that follow the last piece are appended.
    pub(crate) fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// Writes what is outstanding; tells the buffer's new length.
    pub(crate) fn finish(mut self) -> Result<usize, HostError> {
        if self.rotating {
            self.flush()?;
            return Ok(self.length);
        }
        if self.out != self.piece {
            host::set_body(self.buffer, 0, usize::MAX, &self.out)?;
        }
        Ok(self.out.len())
    }

    fn take(&mut self) -> Result<(), HostError> {
        if self.rotating {
            self.flush()?;
        }
        let max = self.left.min(self.most);
        // Not two at a time.
        self.piece = Vec::new();
        self.piece = host::body(self.buffer, 0, max)?;
        // A host that shows less than it announced would have the rest go on unseen.
        if self.piece.len() != max {
            return Err(HostError::Malformed);
        }
        self.left -= max;
        if self.rotating {
            host::set_body(self.buffer, 0, max, b"")?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), HostError> {
        if !self.out.is_empty() {
            host::set_body(self.buffer, APPEND, 0, &self.out)?;
            self.length += self.out.len();
            self.out.clear();
        }
        Ok(())
    }
}
