//! Eight bytes at a time in a 64-bit word, for machines without vectors.

const BYTES: usize = 8;
const EACH: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * EACH;

/// An answer is the high bit of its byte.
#[derive(Clone, Copy)]
pub(in super::super) struct Lane(u64);

impl super::Lane for Lane {
    const BYTES: usize = BYTES;
    const NOTHING: Self = Self(0);

    fn load(bytes: &[u8]) -> Self {
        Self(
            bytes
                .first_chunk()
                .map_or(0, |bytes| u64::from_le_bytes(*bytes)),
        )
    }

    fn fold(self) -> Self {
        Self(self.0 | (0x20 * EACH))
    }

    fn between(self, low: u8, high: u8) -> Self {
        let seven = self.0 & !HIGH;
        let at_least = seven + (0x80 - u64::from(low)) * EACH;
        let above = seven + (0x7f - u64::from(high)) * EACH;
        Self(at_least & !above & !self.0 & HIGH)
    }

    fn equal(self, byte: u8) -> Self {
        self.between(byte, byte)
    }

    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The high bits of eight bytes, side by side.
    fn mask(self) -> u64 {
        (self.0 >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
    }
}
