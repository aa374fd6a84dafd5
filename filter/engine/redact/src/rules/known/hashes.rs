//! Values of which only length and keyed hash are known, found as words.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::Hashed;

/// Values by their hashes.
///
/// A value is found where it is a word: between delimiters, or the ends of the text. Quotes, blanks, brackets, `,` `;` `&` `<` `>` and backslashes
/// delimit every word; `=` `:` `/` `@` `?` `#` `%` `|` do where that makes a word of the right length, and are a part of it otherwise. A value
/// is not found in an encoded form.
///
/// Whoever holds key and configuration can test guesses, as with any hash; whoever has no key learns the length, and 16 bits if there is a `crc`.
#[derive(Default)]
pub(crate) struct KnownHashes {
    key: Option<Hmac<Sha256>>,
    /// Longest first.
    values: Vec<(Hashed, u16)>,
}

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// No known value.
    Nothing,
    /// That depends on bytes that are not at hand: at most [`KnownHashes::longest`] and one from the place on.
    More,
    /// A value: the number it was added with, and its length.
    Found(u16, usize),
}

impl KnownHashes {
    /// None yet; `key` is that of all hashes.
    pub(crate) fn new(key: &[u8]) -> Self {
        Self {
            key: Hmac::new_from_slice(key).ok(),
            values: Vec::new(),
        }
    }

    /// Adds one under a number of the caller's.
    pub(crate) fn add(&mut self, value: Hashed, number: u16) {
        let at = self
            .values
            .partition_point(|(other, _)| other.length >= value.length);
        self.values.insert(at, (value, number));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Bytes of the longest value; 0 if there is none.
    pub(crate) fn longest(&self) -> usize {
        self.values.first().map_or(0, |(value, _)| value.length)
    }

    /// Looks for a value that starts with `text`; `before` is the byte before it, none at the start of the text, and `ended` says that the text ends with it.
    ///
    /// The longest one wins. O(longest value) for each length, and one hash, of at most 18 blocks, for a word of the right length and `crc`. No allocation.
    pub(crate) fn starts(&self, before: Option<u8>, text: &[u8], ended: bool) -> Lookup {
        if before.is_some_and(|byte| !is_boundary(byte)) {
            return Lookup::Nothing;
        }
        let mut unknown = false;
        let mut values = self.values.as_slice();
        while let Some((value, _)) = values.first() {
            let (same, shorter) =
                values.split_at(values.partition_point(|(other, _)| other.length == value.length));
            values = shorter;
            match is_word(text, value.length, ended) {
                Some(true) => {
                    let word = text.get(..value.length).unwrap_or_default();
                    if let Some(number) = self.known(word, same) {
                        return if unknown {
                            Lookup::More
                        } else {
                            Lookup::Found(number, word.len())
                        };
                    }
                }
                Some(false) => {}
                None => unknown = true,
            }
        }
        if unknown {
            Lookup::More
        } else {
            Lookup::Nothing
        }
    }

    /// Which of these values, all of its length, a word is.
    fn known(&self, word: &[u8], values: &[(Hashed, u16)]) -> Option<u16> {
        let crc = crc(word);
        let mut hash = None;
        values
            .iter()
            .filter(|(value, _)| value.crc.is_none_or(|known| known == crc))
            .find(|(value, _)| {
                let hash = hash.get_or_insert_with(|| {
                    self.key.clone().map(|mut key| {
                        key.update(word);
                        key
                    })
                });
                // In constant time.
                hash.clone()
                    .is_some_and(|hash| hash.verify_slice(&value.hmac).is_ok())
            })
            .map(|(_, number)| *number)
    }
}

/// Whether the first `length` bytes are a word; none if that depends on more bytes.
fn is_word(text: &[u8], length: usize, ended: bool) -> Option<bool> {
    let word = text.get(..length).unwrap_or(text);
    if word.iter().any(|byte| is_delimiter(*byte)) || word.len() < length && ended {
        return Some(false);
    }
    match text.get(length) {
        Some(behind) => Some(is_boundary(*behind)),
        None if ended => Some(true),
        None => None,
    }
}

/// Ends every word.
fn is_delimiter(byte: u8) -> bool {
    byte <= b' '
        || matches!(
            byte,
            b'"' | b'\''
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
                | 0x7f
        )
}

/// May stand beside a word.
fn is_boundary(byte: u8) -> bool {
    is_delimiter(byte) || matches!(byte, b'=' | b':' | b'/' | b'@' | b'?' | b'#' | b'%' | b'|')
}

/// The low half of the CRC-32 of RFC 1952, low byte first.
fn crc(bytes: &[u8]) -> [u8; 2] {
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        let index = crc.to_le_bytes()[0] ^ byte;
        TABLE.get(usize::from(index)).copied().unwrap_or(0) ^ crc >> 8
    });
    let [low, high, ..] = (!crc).to_le_bytes();
    [low, high]
}

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
