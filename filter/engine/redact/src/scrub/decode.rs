//! Percent decoding that remembers where each byte came from.

use std::ops::Range;

/// Layers of percent encoding that are looked through: a URL in a parameter of a URL in a parameter.
const LAYERS: usize = 3;

/// Whether there is a layer of encoding.
pub(super) fn is_encoded(text: &[u8]) -> bool {
    memchr::memchr(b'%', text).is_some()
}

/// The text as it stands, then with one layer of encoding less after the other, as far as there is any.
pub(super) fn layers(text: &[u8]) -> impl Iterator<Item = Decoded> {
    std::iter::successors(Some(Decoded::identity(text)), Decoded::next).take(LAYERS + 1)
}

/// The text with one layer of encoding less.
pub(crate) fn decoded(text: &[u8]) -> Vec<u8> {
    let text = Decoded::identity(text);
    text.next().unwrap_or(text).bytes
}

/// A text, and for each of its bytes (and its end) the offset in the original.
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    origins: Vec<usize>,
}

impl Decoded {
    /// Where a part of this text stands in the original.
    pub(super) fn to_original(&self, range: &Range<usize>) -> Range<usize> {
        self.origin(range.start)..self.origin(range.end)
    }

    /// The original itself.
    fn identity(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.to_vec(),
            origins: (0..=bytes.len()).collect(),
        }
    }

    /// One layer of percent encoding less; none if there is none.
    fn next(&self) -> Option<Self> {
        let mut decoded = Self {
            bytes: Vec::with_capacity(self.bytes.len()),
            origins: Vec::with_capacity(self.origins.len()),
        };
        let (mut rest, mut at) = (self.bytes.as_slice(), 0);
        while let Some(first) = rest.first() {
            let (byte, length) = match rest {
                [b'%', a, b, ..] => hex(*a)
                    .zip(hex(*b))
                    .map_or((*first, 1), |(a, b)| (a << 4 | b, 3)),
                _ => (*first, 1),
            };
            decoded.bytes.push(byte);
            decoded.origins.push(self.origin(at));
            rest = rest.get(length..).unwrap_or_default();
            at += length;
        }
        decoded.origins.push(self.origin(at));
        (decoded.bytes.len() < self.bytes.len()).then_some(decoded)
    }

    fn origin(&self, at: usize) -> usize {
        self.origins
            .get(at)
            .or(self.origins.last())
            .copied()
            .unwrap_or(0)
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}
