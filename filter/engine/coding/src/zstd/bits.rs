//! The two ways in which bits are read.

/// From the first bit on, the low bits of each byte first: descriptions of FSE tables.
pub(super) struct Forward<'b> {
    bytes: &'b [u8],
    /// Bits taken.
    at: usize,
}

impl<'b> Forward<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Forward<'b> {
        Forward { bytes, at: 0 }
    }

    /// The next bits, at most 16, without taking them. Beyond the end there are zeros.
    pub(super) fn peek(&self, count: u32) -> u32 {
        let byte = |offset| u32::from(*self.bytes.get(self.at / 8 + offset).unwrap_or(&0));
        let word = byte(0) | byte(1) << 8 | byte(2) << 16;
        word >> (self.at % 8) & ((1 << count) - 1)
    }

    pub(super) fn take(&mut self, count: u32) {
        self.at += count as usize;
    }

    /// What follows the byte in which the last bit taken is. None when more bits were taken than there were.
    pub(super) fn rest(self) -> Option<&'b [u8]> {
        self.bytes.get(self.at.div_ceil(8)..)
    }
}

/// From the last bit on, which is a mark: everything that is entropy-coded.
pub(super) struct Backward<'b> {
    /// Bytes that are not in `word` yet.
    bytes: &'b [u8],
    /// The next bits, at the high end.
    word: u64,
    /// How many of them there are.
    count: u32,
    /// Bits that were taken and were not there.
    missing: u32,
}

impl<'b> Backward<'b> {
    /// None when there is no mark.
    pub(super) fn new(bytes: &'b [u8]) -> Option<Backward<'b>> {
        let last = bytes.last().filter(|byte| **byte != 0)?;
        let mut bits = Backward {
            bytes,
            word: 0,
            count: 0,
            missing: 0,
        };
        bits.refill();
        bits.take(last.leading_zeros() + 1);
        Some(bits)
    }

    /// Makes at least 56 bits ready, if there are so many.
    #[inline]
    pub(super) fn refill(&mut self) {
        if let Some((rest, last)) = self.bytes.split_last_chunk::<8>() {
            let taken = (63 - self.count) / 8;
            self.word |= u64::from_le_bytes(*last) >> self.count;
            self.count += taken * 8;
            let kept = rest.len() + 8 - taken as usize;
            self.bytes = self.bytes.get(..kept).unwrap_or_default();
            return;
        }
        self.refill_slowly();
    }

    /// The same where at least eight bytes are left; tells whether they are, so that 56 bits are ready.
    #[inline]
    pub(super) fn refill_whole(&mut self) -> bool {
        let whole = self.bytes.len() >= 8;
        if whole {
            self.refill();
        }
        whole
    }

    fn refill_slowly(&mut self) {
        while self.count <= 56
            && let Some((last, rest)) = self.bytes.split_last()
        {
            self.word |= u64::from(*last) << (56 - self.count);
            self.count += 8;
            self.bytes = rest;
        }
    }

    /// The next bits, 1 to 56, without taking them. Beyond the end there are zeros.
    #[inline]
    pub(super) fn peek(&self, count: u32) -> u64 {
        self.word >> (64 - count)
    }

    /// Takes bits that are ready, at most 56.
    #[inline]
    pub(super) fn take(&mut self, count: u32) {
        self.word <<= count;
        self.missing += count.saturating_sub(self.count);
        self.count = self.count.saturating_sub(count);
    }

    /// Takes bits that are known to be there.
    #[inline]
    pub(super) fn take_ready(&mut self, count: u32) {
        self.word <<= count;
        self.count = self.count.wrapping_sub(count);
    }

    /// Takes up to 56 bits that are ready.
    #[inline]
    pub(super) fn read(&mut self, count: u32) -> u64 {
        if count == 0 {
            return 0;
        }
        let bits = self.peek(count);
        self.take(count);
        bits
    }

    /// Whether more bits were taken than there were.
    #[inline]
    pub(super) fn is_overdrawn(&self) -> bool {
        self.missing > 0
    }

    /// Whether exactly all bits were taken.
    pub(super) fn is_spent(&self) -> bool {
        self.bytes.is_empty() && self.count == 0 && self.missing == 0
    }
}
