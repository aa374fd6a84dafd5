//! The twin for machines without vectors: eight bytes at a time in a 64-bit word.

use super::{AHEAD, BLOCK, Classes};

const EACH: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * EACH;

/// Classifies the bytes of a block.
pub(super) fn classify(block: &[u8; BLOCK + AHEAD]) -> Classes {
    let mut classes = Classes::default();
    for (nth, eight) in (0u32..).zip(block.as_chunks::<8>().0.iter().take(BLOCK / 8)) {
        let bytes = u64::from_le_bytes(*eight);
        let letters = between(bytes | (0x20 * EACH), b'a', b'z');
        let upper = between(bytes, b'A', b'Z');
        let head = upper | between(bytes, b'a', b'f');
        let digits = between(bytes, b'0', b'9');
        classes.word |= pack(letters | digits) << (8 * nth);
        classes.upper |= pack(upper) << (8 * nth);
        classes.head |= pack(head) << (8 * nth);
        classes.escape |=
            pack(equal(bytes, b'\\') | equal(bytes, b'%') | equal(bytes, b'#')) << (8 * nth);
        classes.colon |= pack(equal(bytes, b':')) << (8 * nth);
        classes.slash |= pack(equal(bytes, b'/')) << (8 * nth);
    }
    classes
}

/// The high bit of each byte that lies between two ASCII bytes, inclusive.
fn between(bytes: u64, low: u8, high: u8) -> u64 {
    let seven = bytes & !HIGH;
    let at_least = seven + (0x80 - u64::from(low)) * EACH;
    let above = seven + (0x7f - u64::from(high)) * EACH;
    at_least & !above & !bytes & HIGH
}

/// The high bit of each byte that is this ASCII byte.
fn equal(bytes: u64, byte: u8) -> u64 {
    between(bytes, byte, byte)
}

/// The high bits of eight bytes, side by side.
fn pack(high: u64) -> u64 {
    (high >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}
