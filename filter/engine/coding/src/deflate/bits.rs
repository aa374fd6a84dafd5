//! Bits on their way out, the low ones of each byte first.

/// The bits that do not fill a byte yet.
#[derive(Default)]
pub(super) struct Bits {
    word: u64,
    count: u32,
}

impl Bits {
    /// Writes the low `count` bits of `bits`, at most 32; the others must be zero.
    #[inline]
    pub(super) fn write(&mut self, bits: u32, count: u32, out: &mut Vec<u8>) {
        self.word |= u64::from(bits) << self.count;
        self.count += count;
        if self.count >= 32 {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the low half is what goes out"
            )]
            let low = self.word as u32;
            out.extend_from_slice(&low.to_le_bytes());
            self.word >>= 32;
            self.count -= 32;
        }
    }

    /// Fills the last byte with zeros, and writes it.
    pub(super) fn align(&mut self, out: &mut Vec<u8>) {
        let bytes = self.count.div_ceil(8) as usize;
        out.extend(self.word.to_le_bytes().iter().take(bytes));
        *self = Bits::default();
    }

    /// Bits to the end of the last byte.
    pub(super) fn to_align(&self) -> u32 {
        self.count.wrapping_neg() & 7
    }
}
