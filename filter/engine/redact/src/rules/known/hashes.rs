//! Values of which only length and hashes are known, found as words.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::Hashed;

/// Values by their hashes.
///
/// A value is found where it is a word: between delimiters, or the ends of the text. Quotes, blanks, brackets, `,` `;` `&` `<` `>` and backslashes
/// delimit every word; `=` `:` `/` `@` `?` `#` `%` `|` do where that makes a word of the right length, and are a part of it otherwise.
///
/// A CRC rolls over the text for each length; the few words that it admits cost an HMAC. Whoever holds key and configuration can test guesses, as with any hash;
/// whoever has no key learns the length, and the 16 bits of the CRC.
#[derive(Default)]
pub(crate) struct KnownHashes {
    key: Option<Hmac<Sha256>>,
    lengths: Vec<Length>,
}

/// The values of one length.
pub(crate) struct Length {
    pub(crate) bytes: usize,
    /// What a byte has left in the register when as many have followed it.
    gone: Box<[u32; 256]>,
    /// For each value: the low half of the register behind it, its hash, and its number.
    values: Vec<(u16, [u8; 32], u16)>,
}

impl KnownHashes {
    /// None yet; `key` is that of all hashes.
    pub(super) fn new(key: &[u8]) -> Self {
        Self {
            key: Hmac::new_from_slice(key).ok(),
            lengths: Vec::new(),
        }
    }

    /// Adds one under a number of the caller's.
    pub(super) fn add(&mut self, value: &Hashed, number: u16) {
        let nth = self
            .lengths
            .iter()
            .position(|length| length.bytes == value.length)
            .unwrap_or(self.lengths.len());
        if nth == self.lengths.len() {
            self.lengths.push(Length::new(value.length));
        }
        // The CRC starts with ones in the register, and is its complement; what rolls starts with zeros.
        let ones = zeros(u32::MAX, value.length);
        let register = !u16::from_le_bytes(value.crc) ^ low_half(ones);
        if let Some(length) = self.lengths.get_mut(nth) {
            length.values.push((register, value.hmac, number));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// The lengths of all values, each once.
    pub(crate) fn lengths(&self) -> &[Length] {
        &self.lengths
    }

    /// Bytes of the shortest value; 0 if there is none.
    pub(crate) fn shortest(&self) -> usize {
        let lengths = self.lengths.iter().map(|length| length.bytes);
        lengths.min().unwrap_or(0)
    }

    /// Bytes of the longest value; 0 if there is none.
    pub(crate) fn longest(&self) -> usize {
        let lengths = self.lengths.iter().map(|length| length.bytes);
        lengths.max().unwrap_or(0)
    }

    /// The number of the value that a word of some length is; one hash, of at most six blocks.
    #[cold]
    pub(crate) fn known(&self, length: &Length, register: u32, word: &[u8]) -> Option<u16> {
        let mut key = self.key.clone()?;
        key.update(word);
        let mut same = length.values.iter();
        // In constant time.
        let known = same.find(|(half, hmac, _)| {
            *half == low_half(register) && key.clone().verify_slice(hmac).is_ok()
        });
        known.map(|(.., number)| *number)
    }
}

impl Length {
    fn new(bytes: usize) -> Self {
        let mut gone = TABLE;
        for left in &mut gone {
            *left = zeros(*left, bytes);
        }
        Self {
            bytes,
            gone: Box::new(gone),
            values: Vec::new(),
        }
    }

    /// The register behind one more byte; `oldest` is the one that is too many now.
    #[inline]
    pub(crate) fn roll(&self, register: u32, byte: u8, oldest: Option<u8>) -> u32 {
        let gone = oldest.map(|oldest| self.gone.get(usize::from(oldest)));
        step(register, byte) ^ gone.flatten().copied().unwrap_or(0)
    }

    /// Whether the bytes that the register stands for may be a value.
    #[inline]
    pub(crate) fn admits(&self, register: u32) -> bool {
        let mut values = self.values.iter();
        values.any(|(half, ..)| *half == low_half(register))
    }
}

/// Ends every word.
#[inline]
pub(crate) fn is_delimiter(byte: u8) -> bool {
    DELIMITERS.get(usize::from(byte)).copied().unwrap_or(false)
}

/// May stand beside a word, or in one.
#[inline]
pub(crate) fn is_separator(byte: u8) -> bool {
    matches!(byte, b'=' | b':' | b'/' | b'@' | b'?' | b'#' | b'%' | b'|')
}

/// The CRC-32 of RFC 1952.
#[inline(never)]
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(u32::MAX, |register, byte| step(register, *byte))
}

/// The register of the CRC-32 of RFC 1952 behind one more byte.
#[inline]
fn step(register: u32, byte: u8) -> u32 {
    let index = register.to_le_bytes()[0] ^ byte;
    TABLE.get(usize::from(index)).copied().unwrap_or(0) ^ register >> 8
}

/// The same behind so many zeros.
fn zeros(register: u32, count: usize) -> u32 {
    (0..count).fold(register, |register, _| step(register, 0))
}

fn low_half(register: u32) -> u16 {
    let [low, high, ..] = register.to_le_bytes();
    u16::from_le_bytes([low, high])
}

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated when compiling: an index out of bounds would not compile"
)]
static DELIMITERS: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(
            byte as u8,
            0..=b' '
                | 0x7f
                | b'"'
                | b'\''
                | b'`'
                | b'\\'
                | b'<'
                | b'>'
                | b'('
                | b')'
                | b'['
                | b']'
                | b'{'
                | b'}'
                | b','
                | b';'
                | b'&'
        );
        byte += 1;
    }
    table
};

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated when compiling: an index out of bounds would not compile"
)]
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                0xedb8_8320 ^ crc >> 1
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
};
