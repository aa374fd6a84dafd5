//! A mask in the place of an encoded value, encoded like it.

use super::digit::{Read, digit};
use super::{Codec, Layer, Layers};

/// The value within groups of digits.
pub(in crate::scan) fn decoded(digits: &[u8], layers: &Layers, escapes: bool) -> Vec<u8> {
    let bytes = decode(layers.first.codec, digits, escapes);
    let value = layers.first.of(&bytes).1;
    match layers.second {
        None => value.to_vec(),
        Some(second) => decoded(value, &second.into(), true),
    }
}

/// The groups of digits with a mask in the place of the value. What stands beside the value in its groups stays, and the mask is filled up, so that the digits behind it mean what they did.
pub(in crate::scan) fn rewritten(
    digits: &[u8],
    layers: &Layers,
    (mask, filler): (&[u8], u8),
    escapes: bool,
) -> Vec<u8> {
    let mut mask = mask.to_vec();
    // Three lengths in a row fit the groups of one layer each; of these, each third those of the other.
    for _ in 1..9 {
        if let Some(rewritten) = fitting(digits, layers, &mask, escapes) {
            return rewritten;
        }
        mask.push(filler);
    }
    fitting(digits, layers, &mask, escapes).unwrap_or_default()
}

/// The same, if the mask comes to whole groups wherever the value did.
fn fitting(digits: &[u8], layers: &Layers, mask: &[u8], escapes: bool) -> Option<Vec<u8>> {
    let codec = layers.first.codec;
    let bytes = decode(codec, digits, escapes);
    let (before, value, after) = layers.first.of(&bytes);
    let text = match layers.second {
        None => [before, mask, after].concat(),
        Some(second) => [before, &fitting(value, &second.into(), mask, true)?, after].concat(),
    };
    let unit = usize::try_from(codec.bytes()).unwrap_or(1);
    (text.len() % unit == bytes.len() % unit)
        .then(|| like(digits, codec, encode(codec, digits, &text)))
}

impl Layers {
    /// The value within groups of digits of a text.
    pub(crate) fn decoded(&self, digits: &[u8]) -> Vec<u8> {
        decoded(digits, self, true)
    }

    /// These groups with a mask in the place of the value.
    pub(crate) fn rewritten(&self, digits: &[u8], mask: &[u8]) -> Vec<u8> {
        rewritten(digits, self, (mask, b'*'), true)
    }
}

impl From<Layer> for Layers {
    fn from(first: Layer) -> Self {
        Self {
            first,
            second: None,
        }
    }
}

impl Layer {
    /// What stands before the value, the value, and what stands behind it.
    fn of<'b>(&self, bytes: &'b [u8]) -> (&'b [u8], &'b [u8], &'b [u8]) {
        let (before, rest) = bytes
            .split_at_checked(usize::from(self.skip))
            .unwrap_or((bytes, &[]));
        let length = usize::try_from(self.length).unwrap_or(usize::MAX);
        let (value, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        (before, value, after)
    }
}

fn decode(codec: Codec, digits: &[u8], escapes: bool) -> Vec<u8> {
    let mut values = Vec::with_capacity(digits.len());
    let mut rest = digits;
    while !rest.is_empty() {
        let length = match digit(codec, rest, escapes) {
            Read::Found(value, length) => {
                values.push(value);
                length
            }
            // The end of a line, raw or as an escape of JSON, whose letter is no digit here.
            _ if rest.first() == Some(&b'\\') => 2,
            _ => 1,
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    let mut bytes = Vec::with_capacity(values.len());
    for group in values.chunks(codec.digits()) {
        match (codec, group) {
            (Codec::Hex, [high, low]) => bytes.push(high << 4 | low),
            (Codec::Hex, _) => {}
            (Codec::Base64, _) => {
                let bits = (0..4).fold(0u32, |bits, nth| {
                    bits << 6 | u32::from(group.get(nth).copied().unwrap_or(0))
                });
                let [_, decoded @ ..] = bits.to_be_bytes();
                bytes.extend(decoded.iter().take(group.len() - 1));
            }
        }
    }
    bytes
}

/// In the alphabet of `digits`.
fn encode(codec: Codec, digits: &[u8], text: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let has = |wanted: &[u8]| digits.iter().any(|digit| wanted.contains(digit));
    match codec {
        Codec::Hex => {
            let capitals = has(b"ABCDEF");
            text.iter()
                .flat_map(|byte| [byte >> 4, byte & 0xf])
                .map(|value| match value {
                    0..10 => b'0' + value,
                    _ if capitals => b'A' + value - 10,
                    _ => b'a' + value - 10,
                })
                .collect()
        }
        Codec::Base64 => {
            let others = if has(b"-_") { b"-_" } else { b"+/" };
            let mut encoded = Vec::with_capacity(text.len() / 3 * 4 + 4);
            for group in text.chunks(3) {
                let bits = (0..3).fold(0u32, |bits, nth| {
                    bits << 8 | u32::from(group.get(nth).copied().unwrap_or(0))
                });
                let digits = [18, 12, 6, 0].map(|shift| {
                    let value = (bits >> shift & 0x3f) as usize;
                    let digit = LETTERS.get(value).or(others.get(value.wrapping_sub(62)));
                    digit.copied().unwrap_or(b'A')
                });
                encoded.extend(digits.iter().take(group.len() + 1));
            }
            encoded
        }
    }
}

/// With the same line ends where as many digits come as there were, and with escapes where a form or URL has them.
fn like(digits: &[u8], codec: Codec, encoded: Vec<u8>) -> Vec<u8> {
    let is_digit = |byte: &u8| codec.value(*byte) != super::digit::NONE;
    let plain = digits
        .iter()
        .all(|byte| is_digit(byte) || matches!(byte, b'\r' | b'\n'));
    if plain && digits.iter().filter(|byte| is_digit(byte)).count() == encoded.len() {
        let mut encoded = encoded.into_iter();
        return digits
            .iter()
            .filter_map(|byte| {
                if is_digit(byte) {
                    encoded.next()
                } else {
                    Some(*byte)
                }
            })
            .collect();
    }
    if digits.contains(&b'%') {
        let mut escaped = Vec::with_capacity(encoded.len());
        for byte in encoded {
            match byte {
                b'+' => escaped.extend_from_slice(b"%2B"),
                b'/' => escaped.extend_from_slice(b"%2F"),
                other => escaped.push(other),
            }
        }
        return escaped;
    }
    encoded
}
