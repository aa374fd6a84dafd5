//! The fields of a Protocol Buffers message, without its schema.
//!
//! Why at all: to a scanner of plain bytes the tag behind a string looks like its last letters, so a mask would reach over it and break the
//! message. Where a field ends, what was found in it ends too.
//!
//! Nothing says that a message is Protocol Buffers: it may be JSON, text or any other codec, and text often reads as fields for a while
//! (`"g` is the head of a string of 103 bytes). So the fields never decide what is looked at: the scanner sees every byte of the message as one
//! text, heads of fields included, and a field's end cuts only what is already found. It does so only once the head of a field held a control
//! byte, which those of the first three fields and of short strings do and those that text is mistaken for do not.
//!
//! The wire format does not tell a nested message from a string. A nested message nearly always starts with the tag of one of its first three
//! fields, which is a control byte, and a string nearly never does; that decides. Where the guess proves wrong, the rest of the field is
//! read as text.

use crate::RedactError;

use super::Sink;

/// Nesting that is followed; what lies deeper is read as text.
const DEPTH: usize = 32;

/// The state of one message.
pub(crate) struct Message {
    /// Offsets, in the message, behind each message we are in.
    ends: Vec<u64>,
    offset: u64,
    part: Part,
    /// The head of a field held a byte that is in no text.
    binary: bool,
}

#[derive(Clone, Copy)]
enum Part {
    Tag(Varint),
    Varint,
    Length(Varint),
    Fixed {
        left: u8,
    },
    /// The first byte of a field with a length decides what it is.
    Undecided {
        end: u64,
    },
    Text {
        end: u64,
    },
}

#[derive(Clone, Copy, Default)]
struct Varint {
    value: u64,
    shift: u8,
}

impl Message {
    /// A message of this many bytes; of `u64::MAX` for one that ends with its stream.
    pub(crate) fn new(length: u64) -> Self {
        Self {
            ends: vec![length],
            offset: 0,
            part: Part::Tag(Varint::default()),
            binary: false,
        }
    }

    /// The next message begins, of this many bytes.
    pub(crate) fn restart(&mut self, length: u64) {
        self.ends.clear();
        self.ends.push(length);
        (self.offset, self.part, self.binary) = (0, Part::Tag(Varint::default()), false);
    }

    pub(crate) fn write(&mut self, sink: &mut Sink<'_>, bytes: &[u8]) -> Result<(), RedactError> {
        let (mut unscanned, mut rest) = (bytes, bytes);
        while let Some(first) = rest.first().copied() {
            self.decide(first);
            let text_left = match self.part {
                Part::Text { end } => usize::try_from(end - self.offset).unwrap_or(usize::MAX),
                _ => 0,
            };
            let (part, after) = rest
                .split_at_checked(text_left.clamp(1, rest.len()))
                .unwrap_or((rest, &[]));
            self.offset += part.len() as u64;
            rest = after;
            match self.part {
                Part::Text { end } if self.offset == end => {
                    self.next_field();
                    if self.binary {
                        let length = unscanned.len() - rest.len();
                        let (field, _) = unscanned
                            .split_at_checked(length)
                            .unwrap_or((unscanned, &[]));
                        sink.write(field)?;
                        sink.end_field()?;
                        unscanned = rest;
                    }
                }
                Part::Text { .. } => {}
                _ => self.step(first),
            }
        }
        sink.write(unscanned)
    }

    /// What can be told from the next byte before it is taken: a field's nature, and that text stands where a tag should.
    fn decide(&mut self, first: u8) {
        let is_tag = first >= 0x08 && matches!(first & 7, 0 | 1 | 2 | 5);
        match self.part {
            Part::Undecided { end } if is_tag && first < 0x20 && self.ends.len() < DEPTH => {
                self.ends.push(end);
                self.part = Part::Tag(Varint::default());
            }
            Part::Undecided { end } => self.part = Part::Text { end },
            Part::Tag(Varint { shift: 0, .. }) if first < 0x80 && !is_tag => {
                self.part = Part::Text {
                    end: self.ends.last().copied().unwrap_or(0),
                }
            }
            _ => {}
        }
    }

    fn step(&mut self, byte: u8) {
        let end = self.ends.last().copied().unwrap_or(0);
        let in_head = matches!(self.part, Part::Tag(_) | Part::Length(_));
        self.binary |= in_head && byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r');
        self.part = match self.part {
            Part::Tag(varint) => match varint.step(byte) {
                Ok(tag) if tag >> 3 == 0 => Part::Text { end },
                Ok(tag) => match tag & 7 {
                    0 => Part::Varint,
                    1 => Part::Fixed { left: 8 },
                    2 => Part::Length(Varint::default()),
                    5 => Part::Fixed { left: 4 },
                    _ => Part::Text { end },
                },
                Err(next) => next.map_or(Part::Text { end }, Part::Tag),
            },
            Part::Varint if byte & 0x80 != 0 => Part::Varint,
            Part::Varint | Part::Fixed { left: 0 | 1 } => return self.next_field(),
            Part::Fixed { left } => Part::Fixed { left: left - 1 },
            Part::Length(varint) => match varint.step(byte) {
                Ok(0) => return self.next_field(),
                Ok(length) if length <= end.saturating_sub(self.offset) => Part::Undecided {
                    end: self.offset + length,
                },
                Ok(_) => Part::Text { end },
                Err(next) => next.map_or(Part::Text { end }, Part::Length),
            },
            part @ (Part::Undecided { .. } | Part::Text { .. }) => part,
        };
        if self.offset >= end {
            self.next_field();
        }
    }

    /// Goes on behind a field, and behind every message that ends with it.
    fn next_field(&mut self) {
        while self.ends.len() > 1 && self.ends.last().is_some_and(|end| *end <= self.offset) {
            self.ends.pop();
        }
        self.part = Part::Tag(Varint::default());
    }
}

impl Varint {
    /// The value with its last byte; else what was read so far, or none if it is too long.
    fn step(self, byte: u8) -> Result<u64, Option<Self>> {
        let value = self.value
            | u64::from(byte & 0x7f)
                .checked_shl(u32::from(self.shift))
                .unwrap_or(0);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
        Err((self.shift < 63).then_some(Self {
            value,
            shift: self.shift + 7,
        }))
    }
}
