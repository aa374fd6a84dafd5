//! The fields of a Protocol Buffers message, without its schema.
//!
//! Why at all: to a scanner of plain bytes the tag and length before a string look like its first letters, and the tag behind it like its
//! last, so it would miss credentials and mask tags. Cut into fields, each string is a text of its own.
//!
//! The wire format does not tell a nested message from a string. A nested message nearly always starts with the tag of one of its first three
//! fields, which is a control byte, and a string nearly never does; that decides. Where the guess proves wrong, the rest of the field is
//! read as text.

use crate::scan::Scanner;
use crate::{Judge, RedactError};

/// Nesting that is followed; what lies deeper is read as text.
const DEPTH: usize = 32;

/// The state of one message.
pub(crate) struct Message {
    /// Offsets, in the message, behind each message we are in.
    ends: Vec<u64>,
    offset: u64,
    part: Part,
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
    pub(crate) fn new(length: u64) -> Self {
        Self {
            ends: vec![length],
            offset: 0,
            part: Part::Tag(Varint::default()),
        }
    }

    pub(crate) fn write(
        &mut self,
        scanner: &mut Scanner,
        bytes: &[u8],
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        let mut rest = bytes;
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
            match self.part {
                Part::Text { end } => {
                    scanner.write(part, judge, out)?;
                    if self.offset == end {
                        scanner.flush(judge, out)?;
                        self.next_field();
                    }
                }
                _ => {
                    scanner.pass(part, judge, out)?;
                    self.step(first);
                }
            }
            rest = after;
        }
        Ok(())
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
