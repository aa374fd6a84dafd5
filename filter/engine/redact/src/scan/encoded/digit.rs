//! One digit after the other, also where it is written as an escape or behind the end of a line.

use super::Codec;
use crate::scan::escape::{self, Escape};

/// What stands at a place within digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// A digit of this value, written with so many bytes; or the end of a line of so many bytes, with a digit behind it.
    Found(u8, usize),
    /// Too little is known.
    Unfinished,
    Other,
}

/// Longest escape of a digit, such as `\u002b`. What is unfinished is then shorter than the digits a lane starts with, however it is cut.
const LONGEST: usize = 6;
/// No digit.
pub(super) const NONE: u8 = 0xff;

/// The value of a byte as a digit of base64, in either alphabet.
pub(super) static BASE64: [u8; 256] = values(false);
/// The value of a byte as a digit of hexadecimal.
pub(super) static HEX: [u8; 256] = values(true);

impl Codec {
    pub(super) fn values(self) -> &'static [u8; 256] {
        match self {
            Self::Base64 => &BASE64,
            Self::Hex => &HEX,
        }
    }

    pub(super) fn value(self, byte: u8) -> u8 {
        self.values()
            .get(usize::from(byte))
            .copied()
            .unwrap_or(NONE)
    }
}

/// Reads the digit at the start of `text`.
pub(super) fn digit(codec: Codec, text: &[u8], escapes: bool) -> Read {
    let Some(first) = text.first() else {
        return Read::Unfinished;
    };
    let value = codec.value(*first);
    if value != NONE {
        return Read::Found(value, 1);
    }
    if !escapes || !escape::introduces(*first) {
        return Read::Other;
    }
    match escape::read(text.get(..LONGEST).unwrap_or(text)) {
        Escape::Byte(byte, length) if codec.value(byte) != NONE => {
            Read::Found(codec.value(byte), length)
        }
        Escape::Unfinished if text.len() < LONGEST => Read::Unfinished,
        _ => Read::Other,
    }
}

/// Reads the end of a line at the start of `text`, behind which more digits follow.
pub(super) fn line_end(codec: Codec, text: &[u8], escapes: bool) -> Read {
    const ENDS: [&[u8]; 4] = [b"\n", b"\r\n", b"\\n", b"\\r\\n"];
    let ends = ENDS.get(..if escapes { 4 } else { 2 }).unwrap_or_default();
    for end in ends {
        if let Some(rest) = text.strip_prefix(*end) {
            return match rest.first() {
                Some(next) if codec.value(*next) != NONE => Read::Found(0, end.len()),
                Some(_) => Read::Other,
                None => Read::Unfinished,
            };
        }
    }
    if ends.iter().any(|end| end.starts_with(text)) {
        Read::Unfinished
    } else {
        Read::Other
    }
}

/// What can be in a text: printable ASCII, and white space.
pub(super) const fn is_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')
}

const fn values(hex: bool) -> [u8; 256] {
    let mut values = [NONE; 256];
    let mut byte = 0u8;
    loop {
        let value = match byte {
            b'0'..=b'9' if hex => byte - b'0',
            b'a'..=b'f' if hex => byte - b'a' + 10,
            b'A'..=b'F' if hex => byte - b'A' + 10,
            _ if hex => NONE,
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => NONE,
        };
        #[expect(
            clippy::indexing_slicing,
            reason = "a byte is an index into 256 values, and this runs when compiled"
        )]
        {
            values[byte as usize] = value;
        }
        if byte == u8::MAX {
            return values;
        }
        byte += 1;
    }
}
