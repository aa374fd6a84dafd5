//! gzip and deflate.

mod gzip;
mod zlib;

use miniz_oxide::inflate::{
    TINFLStatus,
    core::{
        DecompressorOxide, TINFL_LZ_DICT_SIZE, decompress, inflate_flags::TINFL_FLAG_HAS_MORE_INPUT,
    },
};

pub(crate) use self::{gzip::Gzip, zlib::Zlib};
use crate::{
    coding::Coding,
    error::DecodeError,
    limits::{Budget, Reserved},
    stage::take,
};

/// One deflate stream: the part that gzip and zlib wrap.
struct Inflate {
    state: Box<DecompressorOxide>,
    /// The last 32 KiB of output, as a ring.
    window: Box<[u8]>,
    /// Where in the ring the last piece begins and ends.
    piece: (usize, usize),
    coding: Coding,
    _reserved: Reserved,
}

/// What an [`Inflate`] came to.
#[derive(PartialEq, Eq)]
enum Inflated {
    Piece,
    NeedsInput,
    /// The stream is complete; there may be a last piece.
    Done,
}

impl Inflate {
    fn new(coding: Coding, budget: &Budget) -> Result<Inflate, DecodeError> {
        let reserved = budget.reserve(TINFL_LZ_DICT_SIZE + size_of::<DecompressorOxide>())?;
        Ok(Inflate {
            state: Box::default(),
            window: vec![0; TINFL_LZ_DICT_SIZE].into_boxed_slice(),
            piece: (0, 0),
            coding,
            _reserved: reserved,
        })
    }

    /// Begins another stream.
    fn restart(&mut self) {
        self.state.init();
        self.piece = (0, 0);
    }

    fn step(&mut self, input: &mut &[u8], flags: u32) -> Result<Inflated, DecodeError> {
        let (_, end) = self.piece;
        let start = if end == self.window.len() { 0 } else { end };
        let (status, taken, made) = decompress(
            &mut self.state,
            input,
            &mut self.window,
            start,
            flags | TINFL_FLAG_HAS_MORE_INPUT,
        );
        take(input, taken);
        self.piece = (start, start.saturating_add(made));
        match status {
            TINFLStatus::Done => Ok(Inflated::Done),
            TINFLStatus::HasMoreOutput => Ok(Inflated::Piece),
            TINFLStatus::NeedsMoreInput if made > 0 => Ok(Inflated::Piece),
            TINFLStatus::NeedsMoreInput if input.is_empty() => Ok(Inflated::NeedsInput),
            _ => Err(DecodeError::Corrupt(self.coding)),
        }
    }

    fn piece(&self) -> &[u8] {
        let (start, end) = self.piece;
        self.window.get(start..end).unwrap_or_default()
    }
}
