//! Deflate, for speed and little memory: one pass, a small table of where bytes were seen, a code made for each block.
//!
//! Written here rather than taken from `miniz_oxide`, whose compressor holds a third of a megabyte for each stream.

mod bits;
mod block;
mod code;
mod matches;

use self::{bits::Bits, matches::Matches};

/// Most bytes that become one block.
const BLOCK: usize = 16 * 1024;

/// One deflate stream.
pub(crate) struct Deflate {
    matches: Matches,
    bits: Bits,
}

impl Deflate {
    /// Bytes that a stream holds.
    pub(crate) const MEMORY: usize = Matches::MEMORY;

    pub(crate) fn new() -> Deflate {
        Deflate {
            matches: Matches::new(),
            bits: Bits::default(),
        }
    }

    /// Encodes bytes; up to seven bits of what they become wait for the next.
    pub(crate) fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for raw in bytes.chunks(BLOCK) {
            let tokens = self.matches.find(raw);
            block::write(&tokens, raw, &mut self.bits, out);
        }
    }

    /// Lets a decoder have everything so far, by an empty stored block.
    pub(crate) fn flush(&mut self, out: &mut Vec<u8>) {
        block::write_stored(b"", &mut self.bits, out);
    }

    /// Ends the stream, by an empty last block.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>) {
        block::write_last(&mut self.bits, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inflate(stream: &[u8]) -> Vec<u8> {
        miniz_oxide::inflate::decompress_to_vec(stream).unwrap()
    }

    fn deflate(text: &[u8]) -> Vec<u8> {
        let (mut deflate, mut out) = (Deflate::new(), Vec::new());
        deflate.write(text, &mut out);
        deflate.end(&mut out);
        out
    }

    #[test]
    fn nothing_is_two_bytes() {
        assert_eq!(deflate(b""), [3, 0]);
        assert_eq!(inflate(&deflate(b"")), b"");
    }

    #[test]
    fn every_length_and_distance_is_written_right() {
        for distance in (1..70).chain([255, 256, 257, 4095, 8192, 16_384, 32_767, 32_768, 32_769]) {
            let mut text: Vec<u8> = (0..distance as u32)
                .map(|index| (index.wrapping_mul(0x9e37_79b1) >> 24) as u8)
                .collect();
            for length in 1..=300 {
                text.extend_from_within(
                    text.len() - distance..text.len() - distance + length.min(distance),
                );
            }
            assert_eq!(inflate(&deflate(&text)), text, "{distance}");
        }
    }

    #[test]
    fn what_cannot_be_made_shorter_grows_by_little() {
        let mut state = 1_u32;
        let noise: Vec<u8> = (0..100_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        let out = deflate(&noise);
        assert!(out.len() < noise.len() + 64, "{}", out.len());
        assert_eq!(inflate(&out), noise);
    }

    #[test]
    fn text_becomes_a_fraction() {
        let text: Vec<u8> = (0..5000)
            .flat_map(|index| {
                format!("{{\"id\":{index},\"name\":\"user-{}\"}},\n", index * 7 % 97).into_bytes()
            })
            .collect();
        let out = deflate(&text);
        assert!(
            out.len() * 4 < text.len(),
            "{} of {}",
            out.len(),
            text.len()
        );
        assert_eq!(inflate(&out), text);
    }
}
