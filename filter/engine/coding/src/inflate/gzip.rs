//! `gzip`: one or more members, each a header, a deflate stream, a checksum and a length.

use super::{Inflate, Inflated};
use crate::{
    coding::Coding,
    error::DecodeError,
    limits::Budget,
    stage::{Collected, Stage, Step, take},
};

const CORRUPT: DecodeError = DecodeError::Corrupt(Coding::Gzip);

const FHCRC: u8 = 2;
const FEXTRA: u8 = 4;
const FNAME: u8 = 8;
const FCOMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;

pub(crate) struct Gzip {
    inflate: Inflate,
    state: State,
    /// Bytes of the header's or trailer's part that is being read.
    part: Collected,
    checksum: crc32fast::Hasher,
    length: u32,
}

#[derive(Clone, Copy)]
enum State {
    Empty,
    Header,
    ExtraLength {
        flags: u8,
    },
    Extra {
        flags: u8,
        left: usize,
    },
    /// Zero-terminated texts: first the name, then the comment.
    Text {
        flags: u8,
    },
    HeaderChecksum,
    Body,
    Trailer,
    /// After a member: another one, or nothing of interest.
    Between,
    Ignored,
}

impl Gzip {
    pub(crate) fn new(budget: &Budget) -> Result<Gzip, DecodeError> {
        Ok(Gzip {
            inflate: Inflate::new(Coding::Gzip, budget)?,
            state: State::Empty,
            part: Collected::default(),
            checksum: crc32fast::Hasher::new(),
            length: 0,
        })
    }

    /// The state that reads the next part that `flags` announce.
    fn after(flags: u8) -> State {
        if flags & FEXTRA != 0 {
            State::ExtraLength {
                flags: flags & !FEXTRA,
            }
        } else if flags & (FNAME | FCOMMENT) != 0 {
            State::Text { flags }
        } else if flags & FHCRC != 0 {
            State::HeaderChecksum
        } else {
            State::Body
        }
    }

    /// Takes a part of `count` bytes; None while it is not complete.
    fn take_part<const N: usize>(&mut self, input: &mut &[u8]) -> Option<[u8; N]> {
        let part = self.part.fill(input, N)?.try_into().ok();
        self.part.clear();
        part
    }

    fn inflate(&mut self, input: &mut &[u8]) -> Result<Step, DecodeError> {
        let inflated = self.inflate.step(input, 0)?;
        let piece = self.inflate.piece();
        self.checksum.update(piece);
        #[expect(clippy::cast_possible_truncation, reason = "gzip counts modulo 2^32")]
        let length = piece.len() as u32;
        self.length = self.length.wrapping_add(length);
        if inflated == Inflated::Done {
            self.state = State::Trailer;
        }
        Ok(match inflated {
            Inflated::NeedsInput => Step::NeedsInput,
            Inflated::Piece | Inflated::Done => Step::Piece,
        })
    }

    fn check(&mut self, [a, b, c, d, e, f, g, h]: [u8; 8]) -> Result<(), DecodeError> {
        let checksum = std::mem::take(&mut self.checksum).finalize();
        let length = std::mem::take(&mut self.length);
        let right = checksum == u32::from_le_bytes([a, b, c, d])
            && length == u32::from_le_bytes([e, f, g, h]);
        if right { Ok(()) } else { Err(CORRUPT) }
    }
}

impl Stage for Gzip {
    fn step(&mut self, input: &mut &[u8]) -> Result<Step, DecodeError> {
        loop {
            if input.is_empty() && !matches!(self.state, State::Body) {
                return Ok(Step::NeedsInput);
            }
            match self.state {
                State::Empty => self.state = State::Header,
                State::Header => {
                    let Some(header) = self.take_part::<10>(input) else {
                        return Ok(Step::NeedsInput);
                    };
                    match header {
                        [0x1f, 0x8b, 8, flags, ..] if flags & RESERVED == 0 => {
                            self.state = Gzip::after(flags);
                        }
                        _ => return Err(CORRUPT),
                    }
                }
                State::ExtraLength { flags } => {
                    if let Some(length) = self.take_part::<2>(input) {
                        let left = usize::from(u16::from_le_bytes(length));
                        self.state = State::Extra { flags, left };
                    }
                }
                State::Extra { flags, left } => {
                    let left = left - take(input, left).len();
                    self.state = if left == 0 {
                        Gzip::after(flags)
                    } else {
                        State::Extra { flags, left }
                    };
                }
                State::Text { flags } => {
                    let end = input.iter().position(|byte| *byte == 0);
                    take(input, end.map_or(input.len(), |end| end + 1));
                    if end.is_some() {
                        let read = if flags & FNAME != 0 { FNAME } else { FCOMMENT };
                        self.state = Gzip::after(flags & !read);
                    }
                }
                State::HeaderChecksum => {
                    if self.take_part::<2>(input).is_some() {
                        self.state = State::Body;
                    }
                }
                State::Body => return self.inflate(input),
                State::Trailer => {
                    if let Some(trailer) = self.take_part::<8>(input) {
                        self.check(trailer)?;
                        self.state = State::Between;
                    }
                }
                State::Between if input.first() == Some(&0x1f) => {
                    self.inflate.restart();
                    self.state = State::Header;
                }
                State::Between => self.state = State::Ignored,
                // What follows the last member is no part of the body, and does not go on.
                State::Ignored => {
                    take(input, input.len());
                }
            }
        }
    }

    fn piece(&self) -> &[u8] {
        self.inflate.piece()
    }

    fn may_end(&self) -> bool {
        matches!(self.state, State::Empty | State::Between | State::Ignored)
    }
}
