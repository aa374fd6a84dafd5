//! `zstd`: one or more frames, each a header, blocks and perhaps a checksum (RFC 8878).
//!
//! Written here rather than taken from a crate: those at hand assert what a hostile stream can break, or keep their window by unsafe code.
//! Dictionaries are not supported, as HTTP says nothing about which one would be meant.

mod bits;
mod block;
mod fse;
mod huffman;
mod literals;
mod sequences;
mod window;
mod xxh64;

use self::{block::Blocks, window::Window, xxh64::Xxh64};
use crate::{
    coding::Coding,
    error::DecodeError,
    limits::{Budget, Reserved},
    stage::{Collected, Stage, Step, take},
};

const CORRUPT: DecodeError = DecodeError::Corrupt(Coding::Zstd);

const MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();

/// Most bytes of a block, decoded or not.
const MAX_BLOCK: usize = 128 * 1024;

/// The tables of a frame.
const TABLES: usize = 16 * 1024;

pub(crate) struct Zstd {
    state: State,
    /// Bytes of the part that is being read.
    part: Collected,
    frame: Option<Frame>,
    limit: usize,
    budget: Budget,
}

#[derive(Clone, Copy)]
enum State {
    /// Before a frame. Only after the first one may something else follow.
    Magic {
        first: bool,
    },
    Skippable,
    Skip {
        left: usize,
    },
    Descriptor,
    Header {
        descriptor: u8,
    },
    BlockHeader,
    Raw {
        left: usize,
        last: bool,
    },
    Repeated {
        count: usize,
        last: bool,
    },
    Compressed {
        size: usize,
        last: bool,
    },
    /// Hands out what a block became.
    Output {
        last: bool,
    },
    Checksum,
    Ignored,
}

struct Frame {
    window: Window,
    blocks: Blocks,
    /// Most bytes that a block of this frame may hold or become.
    block_limit: usize,
    checksum: Option<Xxh64>,
    /// The size of the content that the header promised, and what there was of it.
    promised: Option<u64>,
    made: u64,
    _reserved: Reserved,
}

impl Zstd {
    pub(crate) fn new(limit: usize, budget: &Budget) -> Zstd {
        Zstd {
            state: State::Magic { first: true },
            part: Collected::default(),
            frame: None,
            limit,
            budget: budget.clone(),
        }
    }

    fn take_part<const N: usize>(&mut self, input: &mut &[u8]) -> Option<[u8; N]> {
        let part = self.part.fill(input, N)?.try_into().ok();
        self.part.clear();
        part
    }

    fn frame(&mut self) -> Result<&mut Frame, DecodeError> {
        self.frame.as_mut().ok_or(CORRUPT)
    }

    /// Reads a frame's header after its descriptor.
    fn begin_frame(&mut self, descriptor: u8, fields: &[u8]) -> Result<(), DecodeError> {
        let header = Header::read(descriptor, fields).ok_or(CORRUPT)?;
        let window = usize::try_from(header.window).unwrap_or(usize::MAX);
        if window > self.limit {
            return Err(DecodeError::Window(Coding::Zstd));
        }
        let block_limit = window.min(MAX_BLOCK);
        // What a known content does not fill is never touched.
        let content = header.content.and_then(|size| usize::try_from(size).ok());
        let room = (window + block_limit).min(content.unwrap_or(usize::MAX).max(block_limit));
        self.frame = None;
        // Besides the window there are a block that arrives in parts, and its literals.
        let reserved = self.budget.reserve(room + TABLES + 2 * block_limit)?;
        self.frame = Some(Frame {
            window: Window::new(window, room),
            blocks: Blocks::default(),
            block_limit,
            checksum: header.checksum.then(Xxh64::new),
            promised: header.content,
            made: 0,
            _reserved: reserved,
        });
        Ok(())
    }

    /// The state that reads a block's content.
    fn begin_block(&mut self, [a, b, c]: [u8; 3]) -> Result<State, DecodeError> {
        let header = u32::from_le_bytes([a, b, c, 0]);
        let last = header & 1 != 0;
        let size = (header >> 3) as usize;
        let limit = self.frame()?.block_limit;
        if size > limit {
            return Err(CORRUPT);
        }
        match header >> 1 & 3 {
            0 => Ok(State::Raw { left: size, last }),
            1 => Ok(State::Repeated { count: size, last }),
            2 if size > 0 => Ok(State::Compressed { size, last }),
            _ => Err(CORRUPT),
        }
    }

    /// The state after a block, whose output has been handed out.
    fn end_block(&mut self, last: bool) -> Result<State, DecodeError> {
        let frame = self.frame()?;
        if !last {
            return Ok(State::BlockHeader);
        }
        if frame
            .promised
            .is_some_and(|promised| promised != frame.made)
        {
            return Err(CORRUPT);
        }
        let checksum = frame.checksum.is_some();
        if !checksum {
            self.frame = None;
        }
        Ok(if checksum {
            State::Checksum
        } else {
            State::Magic { first: false }
        })
    }

    fn compressed(&mut self, input: &mut &[u8], size: usize) -> Result<bool, DecodeError> {
        let Zstd { part, frame, .. } = self;
        let frame = frame.as_mut().ok_or(CORRUPT)?;
        let limit = frame.block_limit;
        // A block that is there as a whole is not copied.
        if part.bytes().is_empty() && input.len() >= size {
            let block = take(input, size);
            frame
                .blocks
                .decode(block, limit, &mut frame.window)
                .ok_or(CORRUPT)?;
            return Ok(true);
        }
        let Some(block) = part.fill(input, size) else {
            return Ok(false);
        };
        frame
            .blocks
            .decode(block, limit, &mut frame.window)
            .ok_or(CORRUPT)?;
        part.clear();
        Ok(true)
    }
}

impl Frame {
    /// Readies the next piece of output; tells whether there is one.
    fn advance(&mut self) -> Result<bool, DecodeError> {
        let piece = self.window.advance();
        if piece.is_empty() {
            return Ok(false);
        }
        self.made = self.made.saturating_add(piece.len() as u64);
        if self.promised.is_some_and(|promised| self.made > promised) {
            return Err(CORRUPT);
        }
        if let Some(checksum) = &mut self.checksum {
            checksum.update(piece);
        }
        Ok(true)
    }
}

impl Stage for Zstd {
    fn step(&mut self, input: &mut &[u8]) -> Result<Step, DecodeError> {
        loop {
            let needs_no_input = matches!(
                self.state,
                State::Output { .. } | State::Raw { left: 0, .. } | State::Skip { left: 0 }
            );
            if input.is_empty() && !needs_no_input {
                return Ok(Step::NeedsInput);
            }
            self.state = match self.state {
                State::Magic { first } => match self.take_part::<4>(input) {
                    None => continue,
                    Some(MAGIC) => State::Descriptor,
                    Some([0x50..=0x5f, 0x2a, 0x4d, 0x18]) => State::Skippable,
                    Some(_) if first => return Err(CORRUPT),
                    Some(_) => State::Ignored,
                },
                State::Skippable => match self.take_part::<4>(input) {
                    None => continue,
                    Some(size) => State::Skip {
                        left: usize::try_from(u32::from_le_bytes(size)).unwrap_or(usize::MAX),
                    },
                },
                State::Skip { left: 0 } => State::Magic { first: false },
                State::Skip { left } => State::Skip {
                    left: left - take(input, left).len(),
                },
                State::Descriptor => match self.take_part::<1>(input) {
                    None => continue,
                    Some([descriptor]) => State::Header { descriptor },
                },
                State::Header { descriptor } => {
                    let Some(fields) = self.part.fill(input, Header::length(descriptor)) else {
                        continue;
                    };
                    let fields = fields.to_vec();
                    self.part.clear();
                    self.begin_frame(descriptor, &fields)?;
                    State::BlockHeader
                }
                State::BlockHeader => match self.take_part::<3>(input) {
                    None => continue,
                    Some(header) => self.begin_block(header)?,
                },
                State::Raw { left: 0, last } => State::Output { last },
                State::Raw { left, last } => {
                    let bytes = take(input, left);
                    let window = &mut self.frame()?.window;
                    window.claim(bytes.len()).ok_or(CORRUPT)?;
                    window.push(bytes).ok_or(CORRUPT)?;
                    if self.frame()?.advance()? {
                        self.state = State::Raw {
                            left: left - bytes.len(),
                            last,
                        };
                        return Ok(Step::Piece);
                    }
                    State::Raw {
                        left: left - bytes.len(),
                        last,
                    }
                }
                State::Repeated { count, last } => match self.take_part::<1>(input) {
                    None => continue,
                    Some([byte]) => {
                        let window = &mut self.frame()?.window;
                        window.claim(count).ok_or(CORRUPT)?;
                        window.repeat(byte, count).ok_or(CORRUPT)?;
                        State::Output { last }
                    }
                },
                State::Compressed { size, last } => {
                    if !self.compressed(input, size)? {
                        continue;
                    }
                    State::Output { last }
                }
                State::Output { last } => {
                    if self.frame()?.advance()? {
                        return Ok(Step::Piece);
                    }
                    self.end_block(last)?
                }
                State::Checksum => match self.take_part::<4>(input) {
                    None => continue,
                    Some(checksum) => {
                        let computed = self.frame()?.checksum.as_ref().map(Xxh64::low);
                        if computed != Some(u32::from_le_bytes(checksum)) {
                            return Err(CORRUPT);
                        }
                        self.frame = None;
                        State::Magic { first: false }
                    }
                },
                // What follows the last frame is no part of the body, and does not go on.
                State::Ignored => {
                    take(input, input.len());
                    State::Ignored
                }
            };
        }
    }

    fn piece(&self) -> &[u8] {
        self.frame
            .as_ref()
            .map(|frame| frame.window.piece())
            .unwrap_or_default()
    }

    fn may_end(&self) -> bool {
        match self.state {
            State::Magic { first: true } => self.part.bytes().is_empty(),
            // The beginning of another frame is one that is missing.
            State::Magic { first: false } => {
                let part = self.part.bytes();
                part.is_empty() || !MAGIC.starts_with(part)
            }
            State::Ignored => true,
            _ => false,
        }
    }
}

/// What a frame's header says.
struct Header {
    window: u64,
    content: Option<u64>,
    checksum: bool,
}

impl Header {
    /// Bytes of the header after its descriptor.
    fn length(descriptor: u8) -> usize {
        let single = descriptor & 0x20 != 0;
        usize::from(!single) + Header::dictionary(descriptor) + Header::content(descriptor)
    }

    fn dictionary(descriptor: u8) -> usize {
        match descriptor & 3 {
            3 => 4,
            length => usize::from(length),
        }
    }

    fn content(descriptor: u8) -> usize {
        match (descriptor >> 6, descriptor & 0x20 != 0) {
            (0, false) => 0,
            (0, true) => 1,
            (log, _) => 1 << log,
        }
    }

    /// None for what no header says, and for one that asks for a dictionary.
    fn read(descriptor: u8, fields: &[u8]) -> Option<Header> {
        let single = descriptor & 0x20 != 0;
        if descriptor & 0x08 != 0 {
            return None;
        }
        let (window, fields) = if single {
            (None, fields)
        } else {
            let (byte, rest) = fields.split_first()?;
            let base = 1_u64 << (10 + (byte >> 3));
            (Some(base + base / 8 * u64::from(byte & 7)), rest)
        };
        let (dictionary, content) = fields.split_at_checked(Header::dictionary(descriptor))?;
        if dictionary.iter().any(|byte| *byte != 0) {
            return None;
        }
        let content = match content {
            [] => None,
            [size] => Some(u64::from(*size)),
            [a, b] => Some(u64::from(u16::from_le_bytes([*a, *b])) + 256),
            [a, b, c, d] => Some(u64::from(u32::from_le_bytes([*a, *b, *c, *d]))),
            eight => Some(u64::from_le_bytes(eight.try_into().ok()?)),
        };
        Some(Header {
            window: window.or(content)?,
            content,
            checksum: descriptor & 0x04 != 0,
        })
    }
}
