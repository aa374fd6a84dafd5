//! Base64, of values at hand in either alphabet and padded or not, and of streams in the standard alphabet.

/// The bytes behind the text; none if it is not base64.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text
        .strip_suffix(b"==")
        .or_else(|| text.strip_suffix(b"="))
        .unwrap_or(text);
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for group in digits.chunks(4) {
        let mut bits = 0;
        for digit in group {
            bits = bits << 6 | value(*digit)?;
        }
        let [_, decoded @ ..] = (bits << (6 * (4 - group.len()))).to_be_bytes();
        let length = match group.len() {
            1 => return None,
            length => length - 1,
        };
        bytes.extend(decoded.iter().take(length));
    }
    Some(bytes)
}

/// In the standard alphabet, without padding.
pub(crate) fn encode(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len() / 3 * 4 + 4);
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, index| {
            bits << 8 | u32::from(group.get(index).copied().unwrap_or(0))
        });
        let digits = [18, 12, 6, 0].map(|shift| digit(bits >> shift & 0x3f));
        text.extend(digits.iter().take(group.len() + 1));
    }
    text
}

/// Whether the byte is a digit of base64 in either alphabet.
pub(crate) fn is_digit(byte: u8) -> bool {
    value(byte).is_some()
}

/// Decodes a stream, digit by digit.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Decoder {
    bits: u32,
    /// Digits of the group being read.
    digits: u8,
    /// A group that was cut short misses this much padding.
    padding: u8,
}

/// A byte that base64 does not have there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotBase64;

impl Decoder {
    /// Takes a digit or a padding, and appends what is complete.
    pub(crate) fn push(&mut self, byte: u8, out: &mut Vec<u8>) -> Result<(), NotBase64> {
        match (byte, self.padding, self.digits) {
            (b'=', 1, _) => self.padding = 0,
            (b'=', 0, 2) => {
                self.finish(out)?;
                self.padding = 1;
            }
            (b'=', 0, 3) => self.finish(out)?,
            (b'-' | b'_', ..) | (_, 1.., _) => return Err(NotBase64),
            (byte, 0, digits) => {
                self.bits = self.bits << 6 | value(byte).ok_or(NotBase64)?;
                self.digits = digits + 1;
                if self.digits == 4 {
                    self.finish(out)?;
                }
            }
        }
        Ok(())
    }

    /// Whether no group is begun.
    pub(crate) fn is_aligned(&self) -> bool {
        self.digits == 0 && self.padding == 0
    }

    /// The group ends here, padded or not.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), NotBase64> {
        let digits = std::mem::take(&mut self.digits);
        let bits = std::mem::take(&mut self.bits);
        self.padding = 0;
        let [_, decoded @ ..] = (bits << (6 * (4 - u32::from(digits)) % 24)).to_be_bytes();
        match digits {
            0 => {}
            1 => return Err(NotBase64),
            digits => out.extend(decoded.iter().take(usize::from(digits) - 1)),
        }
        Ok(())
    }
}

/// Encodes a stream.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Encoder {
    /// Bytes of the group begun.
    begun: [u8; 2],
    length: usize,
}

impl Encoder {
    /// Encodes what `out` holds from `start` on, in its place, up to the last group that is complete.
    pub(crate) fn encode(&mut self, out: &mut Vec<u8>, start: usize) {
        out.splice(start..start, self.begun.into_iter().take(self.length));
        let bytes = out.len().saturating_sub(start);
        let (groups, length) = (bytes / 3, bytes % 3);
        let begun = out.get(start + 3 * groups..).unwrap_or_default();
        (self.begun, self.length) = ([0; 2], length);
        self.begun
            .iter_mut()
            .zip(begun)
            .for_each(|(to, from)| *to = *from);
        out.resize(start + 4 * groups, 0);
        // From the end: a group's digits stand where later groups stood.
        for group in (0..groups).rev() {
            let bytes = out.get(start + 3 * group..).and_then(<[u8]>::first_chunk);
            let [a, b, c] = *bytes.unwrap_or(&[0; 3]);
            let bits = u32::from_be_bytes([0, a, b, c]);
            let digits = out.get_mut(start + 4 * group..);
            if let Some(digits) = digits.and_then(<[u8]>::first_chunk_mut) {
                *digits = [18, 12, 6, 0].map(|shift| digit(bits >> shift & 0x3f));
            }
        }
    }

    /// Bytes taken whose digits were not given yet.
    pub(crate) fn held(&self) -> usize {
        self.length
    }

    /// The group ends here.
    pub(crate) fn finish(&mut self, padded: bool, out: &mut Vec<u8>) {
        let Self { begun, length } = std::mem::take(self);
        let text = encode(begun.get(..length).unwrap_or_default());
        let padding = if padded {
            text.len().next_multiple_of(4)
        } else {
            0
        };
        let end = out.len() + padding.max(text.len());
        out.extend(text);
        out.resize(end, b'=');
    }
}

fn value(digit: u8) -> Option<u32> {
    let (base, first) = match digit {
        b'A'..=b'Z' => (b'A', 0),
        b'a'..=b'z' => (b'a', 26),
        b'0'..=b'9' => (b'0', 52),
        b'+' | b'-' => return Some(62),
        b'/' | b'_' => return Some(63),
        _ => return None,
    };
    Some(u32::from(digit - base) + first)
}

fn digit(value: u32) -> u8 {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    usize::try_from(value)
        .ok()
        .and_then(|value| DIGITS.get(value))
        .copied()
        .unwrap_or(b'A')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_4648() {
        for (bytes, padded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            let unpadded = padded.trim_end_matches('=');
            assert_eq!(decode(padded.as_bytes()), Some(bytes.into()));
            assert_eq!(decode(unpadded.as_bytes()), Some(bytes.into()));
            assert_eq!(encode(bytes.as_bytes()), unpadded.as_bytes());
        }
    }

    #[test]
    fn every_byte_survives_in_both_alphabets() {
        let bytes: Vec<u8> = (0..=u8::MAX).collect();
        let text = encode(&bytes);
        assert_eq!(decode(&text), Some(bytes.clone()));
        let url: Vec<u8> = text
            .iter()
            .map(|byte| match byte {
                b'+' => b'-',
                b'/' => b'_',
                byte => *byte,
            })
            .collect();
        assert_eq!(decode(&url), Some(bytes));
    }

    #[test]
    fn what_is_not_base64_is_refused() {
        for text in ["A", "AAAAA", "A=AA", "AA A", "AA===", "=", "==", "é"] {
            let empty = text.trim_end_matches('=').is_empty();
            assert_eq!(decode(text.as_bytes()).is_some(), empty, "{text}");
        }
    }

    fn streamed(text: &str) -> Result<Vec<u8>, NotBase64> {
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        for byte in text.bytes() {
            decoder.push(byte, &mut out)?;
        }
        decoder.finish(&mut out).map(|()| out)
    }

    #[test]
    fn a_stream_is_decoded_as_its_whole_and_goes_on_behind_padding() {
        for length in 0..20 {
            let bytes: Vec<u8> = (0..length).map(|n: u8| n.wrapping_mul(37)).collect();
            let text = String::from_utf8(encode(&bytes)).unwrap();
            assert_eq!(streamed(&text), Ok(bytes.clone()));
            for padded in [false, true] {
                let mut encoder = Encoder::default();
                let mut out = b"before".to_vec();
                for piece in bytes.chunks(usize::from(length % 5) + 1) {
                    let start = out.len();
                    out.extend(piece);
                    encoder.encode(&mut out, start);
                }
                assert_eq!(encoder.held(), bytes.len() % 3);
                encoder.finish(padded, &mut out);
                let padding = if padded { (3 - bytes.len() % 3) % 3 } else { 0 };
                assert_eq!(
                    out,
                    [b"before", text.as_bytes(), &b"=="[..padding]].concat()
                );
            }
        }
        assert_eq!(streamed("Zg==Zm8=Zm9v"), Ok(b"ffofoo".to_vec()));
        for text in ["Z", "Zm9vZ", "=", "Zg=v", "Zg===", "Zm9v=", "Zm-v", "Zm v"] {
            assert_eq!(streamed(text), Err(NotBase64), "{text}");
        }
    }
}
