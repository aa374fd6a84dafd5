//! Whether digits come to text, told by as few of them as possible.

use super::Codec;
use super::digit::{NONE, is_text as is_byte};
use crate::scan::prefilter::{BASE64, HEX};

/// What the first digits say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scan) enum Verdict {
    /// As many digits as are asked for come to text.
    Text,
    /// They do as far as they are known.
    Open,
    Other,
}

/// Looks at the digits that `text` starts with.
pub(in crate::scan) fn probe(codec: Codec, text: &[u8]) -> Verdict {
    let enough = match codec {
        Codec::Base64 => BASE64,
        Codec::Hex => HEX,
    };
    let known = text.get(..enough).unwrap_or(text);
    match known
        .chunks(codec.digits())
        .all(|group| is_text(codec, group))
    {
        false => Verdict::Other,
        true if known.len() == enough => Verdict::Text,
        true => Verdict::Open,
    }
}

/// Whether the digits of a group, or the first of them, come to text.
#[inline]
pub(in crate::scan) fn is_text(codec: Codec, group: &[u8]) -> bool {
    match codec {
        Codec::Base64 => group.first_chunk().map_or_else(|| base64(group), four),
        Codec::Hex => hex(group),
    }
}

/// Whether four digits of base64 come to text.
#[inline]
fn four(group: &[u8; 4]) -> bool {
    let [a, b, c, d] = group.map(|digit| u32::from(Codec::Base64.value(digit)));
    let [_, first, second, third] = (a << 18 | b << 12 | c << 6 | d).to_be_bytes();
    (a | b | c | d) < 64 && is_byte(first) && is_byte(second) && is_byte(third)
}

/// Whether less than four digits of base64 come to text.
#[cold]
fn base64(group: &[u8]) -> bool {
    let mut bits = 0u32;
    for digit in group {
        let value = Codec::Base64.value(*digit);
        if value == NONE {
            return false;
        }
        bits = bits << 6 | u32::from(value);
    }
    let [_, a, b, c] = (bits << (6 * (4 - group.len().min(4)))).to_be_bytes();
    match group.len() {
        // 0x0 as the first digit: of these only white space is text.
        1 => (0x20..0x80).contains(&a) || matches!(a, 0x08 | 0x0c),
        2 => is_byte(a) && b < 0x80,
        _ => is_byte(a) && is_byte(b) && c < 0x80,
    }
}

/// Whether up to two digits of hexadecimal come to text.
fn hex(group: &[u8]) -> bool {
    match group {
        [first] => matches!(first, b'0' | b'2'..=b'7'),
        [first, second] => {
            let (high, low) = (Codec::Hex.value(*first), Codec::Hex.value(*second));
            high != NONE && low != NONE && is_byte(high << 4 | low)
        }
        _ => false,
    }
}
