//! Where in a JSON document we are, as an RFC 6901 pointer, and the text of member names.

use std::fmt::Write as _;

use crate::Limit;

use super::json::Fault;

/// Longest member name, in decoded bytes.
const NAME: usize = 1024;

/// The pointer of the value being read, kept up to date container by container.
#[derive(Default)]
pub(super) struct Pointer {
    text: String,
    open: Vec<Container>,
    /// Decoded bytes of the member name being read, then of the last one read.
    name: Vec<u8>,
    high_surrogate: Option<u16>,
}

struct Container {
    object: bool,
    /// Length of the container's own pointer.
    length: usize,
    next_index: usize,
}

impl Pointer {
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    pub(super) fn in_object(&self) -> bool {
        self.open.last().is_some_and(|container| container.object)
    }

    pub(super) fn begin_name(&mut self) {
        self.name.clear();
        self.high_surrogate = None;
    }

    pub(super) fn push(&mut self, unit: Unit) -> Result<(), Fault> {
        match (unit, self.high_surrogate.take()) {
            (Unit::Escaped(low @ 0xdc00..=0xdfff), Some(high)) => {
                let pair =
                    0x1_0000 + ((u32::from(high) - 0xd800) << 10) + (u32::from(low) - 0xdc00);
                self.push_char(char::from_u32(pair).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            (unit, Some(_)) => {
                self.push_char(char::REPLACEMENT_CHARACTER);
                return self.push(unit);
            }
            (Unit::Escaped(high @ 0xd800..=0xdbff), None) => self.high_surrogate = Some(high),
            (Unit::Escaped(unit), None) => self
                .push_char(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER)),
            (Unit::Byte(byte), None) => self.name.push(byte),
        }
        if self.name.len() > NAME {
            Err(Fault::Limit(Limit::Name))
        } else {
            Ok(())
        }
    }

    /// None if the name is not UTF-8.
    pub(super) fn end_name(&mut self) -> Option<()> {
        if self.high_surrogate.take().is_some() {
            self.push_char(char::REPLACEMENT_CHARACTER);
        }
        std::str::from_utf8(&self.name).is_ok().then_some(())
    }

    /// A value begins: the pointer becomes its own.
    pub(super) fn begin_value(&mut self) {
        let Some(container) = self.open.last_mut() else {
            return;
        };
        self.text.truncate(container.length);
        self.text.push('/');
        if container.object {
            for c in std::str::from_utf8(&self.name).unwrap_or_default().chars() {
                match c {
                    '~' => self.text.push_str("~0"),
                    '/' => self.text.push_str("~1"),
                    c => self.text.push(c),
                }
            }
        } else {
            // Writing to a string cannot fail.
            let _ = write!(self.text, "{}", container.next_index);
            container.next_index += 1;
        }
    }

    pub(super) fn open(&mut self, object: bool) {
        self.open.push(Container {
            object,
            length: self.text.len(),
            next_index: 0,
        });
    }

    pub(super) fn close(&mut self) {
        if let Some(container) = self.open.pop() {
            self.text.truncate(container.length);
        }
    }

    fn push_char(&mut self, c: char) {
        self.name
            .extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// One piece of a string: a byte as it stands, or an escaped UTF-16 unit.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Byte(u8),
    Escaped(u16),
}

/// Where inside a string.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    Plain,
    Escape,
    Hex { digits: u8, unit: u16 },
}

impl Text {
    pub(super) fn step(
        self,
        byte: u8,
        mut push: impl FnMut(Unit) -> Result<(), Fault>,
    ) -> Result<Self, Fault> {
        match (self, byte) {
            (Self::Plain, b'\\') => Ok(Self::Escape),
            (Self::Plain, 0..0x20) => Err(Fault::Syntax),
            (Self::Plain, byte) => push(Unit::Byte(byte)).map(|()| Self::Plain),
            (Self::Escape, b'u') => Ok(Self::Hex { digits: 0, unit: 0 }),
            (Self::Escape, byte) => {
                let plain = match byte {
                    b'"' | b'\\' | b'/' => byte,
                    b'b' => 8,
                    b'f' => 12,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    _ => return Err(Fault::Syntax),
                };
                push(Unit::Byte(plain)).map(|()| Self::Plain)
            }
            (Self::Hex { digits, unit }, byte) => {
                let digit = char::from(byte)
                    .to_digit(16)
                    .and_then(|digit| u16::try_from(digit).ok())
                    .ok_or(Fault::Syntax)?;
                let unit = unit << 4 | digit;
                if digits == 3 {
                    push(Unit::Escaped(unit)).map(|()| Self::Plain)
                } else {
                    Ok(Self::Hex {
                        digits: digits + 1,
                        unit,
                    })
                }
            }
        }
    }
}
