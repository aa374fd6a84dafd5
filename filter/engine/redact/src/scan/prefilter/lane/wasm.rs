//! Sixteen bytes at a time, with the vectors of WebAssembly.

use std::arch::wasm32 as arch;

const BYTES: usize = 16;

#[derive(Clone, Copy)]
pub(in super::super) struct Lane(arch::v128);

impl super::Lane for Lane {
    const BYTES: usize = BYTES;
    const NOTHING: Self = Self(arch::i64x2(0, 0));

    #[inline(always)]
    fn load(bytes: &[u8]) -> Self {
        let bytes: &[u8; BYTES] = bytes.first_chunk().unwrap_or(&[0; BYTES]);
        #[expect(unsafe_code, reason = "the only way to load a vector")]
        // SAFETY: the pointer is to 16 readable bytes; the instruction has no alignment to keep.
        Self(unsafe { arch::v128_load(bytes.as_ptr().cast()) })
    }

    #[inline(always)]
    fn fold(self) -> Self {
        Self(arch::v128_or(self.0, arch::u8x16_splat(0x20)))
    }

    #[inline(always)]
    fn between(self, low: u8, high: u8) -> Self {
        // Moved up to where the last byte of the range is the highest there is, one comparison tells, as long as it is one with a sign.
        let (up, last) = (127 - high, 127 - (high - low) - 1);
        let moved = arch::u8x16_add(self.0, arch::u8x16_splat(up));
        Self(arch::i8x16_gt(moved, arch::u8x16_splat(last)))
    }

    #[inline(always)]
    fn equal(self, byte: u8) -> Self {
        Self(arch::u8x16_eq(self.0, arch::u8x16_splat(byte)))
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        Self(arch::v128_or(self.0, other.0))
    }

    #[inline(always)]
    fn mask(self) -> u64 {
        u64::from(arch::u8x16_bitmask(self.0))
    }

    #[inline(always)]
    fn any(self) -> bool {
        arch::v128_any_true(self.0)
    }
}
