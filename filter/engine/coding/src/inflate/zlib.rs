//! `deflate`: zlib's format as the standard says, or the bare stream that some servers send.

use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER;

use super::{Inflate, Inflated};
use crate::{
    coding::Coding,
    error::DecodeError,
    limits::Budget,
    stage::{Collected, Stage, Step, take},
};

pub(crate) struct Zlib {
    inflate: Inflate,
    state: State,
    start: Collected,
}

#[derive(Clone, Copy)]
enum State {
    Empty,
    /// The first two bytes tell which format it is.
    Start,
    Body {
        flags: u32,
    },
    Done,
}

impl Zlib {
    pub(crate) fn new(budget: &Budget) -> Result<Zlib, DecodeError> {
        Ok(Zlib {
            inflate: Inflate::new(Coding::Deflate, budget)?,
            state: State::Empty,
            start: Collected::default(),
        })
    }

    fn inflate(&mut self, input: &mut &[u8], flags: u32) -> Result<Option<Step>, DecodeError> {
        match self.inflate.step(input, flags)? {
            Inflated::Piece => Ok(Some(Step::Piece)),
            Inflated::NeedsInput => Ok(Some(Step::NeedsInput)),
            Inflated::Done => {
                self.state = State::Done;
                Ok(None)
            }
        }
    }
}

impl Stage for Zlib {
    fn step(&mut self, input: &mut &[u8]) -> Result<Step, DecodeError> {
        loop {
            match self.state {
                State::Empty if input.is_empty() => return Ok(Step::NeedsInput),
                State::Empty => self.state = State::Start,
                State::Start => {
                    let Some(start) = self.start.fill(input, 2) else {
                        return Ok(Step::NeedsInput);
                    };
                    let start: [u8; 2] = start.try_into().unwrap_or_default();
                    let flags = if is_zlib(start) {
                        TINFL_FLAG_PARSE_ZLIB_HEADER
                    } else {
                        0
                    };
                    self.state = State::Body { flags };
                    // They are part of the stream either way.
                    let mut start = start.as_slice();
                    let step = self.inflate(&mut start, flags)?;
                    if let Some(Step::Piece) = step {
                        return Ok(Step::Piece);
                    }
                }
                State::Body { flags } => {
                    if let Some(step) = self.inflate(input, flags)? {
                        return Ok(step);
                    }
                    return Ok(Step::Piece);
                }
                // What follows is no part of the body, and does not go on.
                State::Done => {
                    take(input, input.len());
                    return Ok(Step::NeedsInput);
                }
            }
        }
    }

    fn piece(&self) -> &[u8] {
        self.inflate.piece()
    }

    fn may_end(&self) -> bool {
        matches!(self.state, State::Empty | State::Done)
    }
}

/// Whether these are the first bytes of zlib's format: method and window size, flags without a dictionary, and the check of both.
/// A bare stream that begins like this would begin with a stored block whose padding is not zero, which no encoder makes.
fn is_zlib([method, flags]: [u8; 2]) -> bool {
    method & 0x0f == 8
        && method >> 4 <= 7
        && flags & 0x20 == 0
        && u16::from_be_bytes([method, flags]).is_multiple_of(31)
}
