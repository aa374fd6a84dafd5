//! Sixteen bytes at a time, on every x86-64 processor.

use std::arch::x86_64 as arch;

const BYTES: usize = 16;

#[derive(Clone, Copy)]
pub(in super::super) struct Lane(arch::__m128i);

#[expect(
    unsafe_code,
    reason = "SSE2 is part of x86-64, which the language does not know of calls to its intrinsics"
)]
impl super::Lane for Lane {
    const BYTES: usize = BYTES;
    // SAFETY: any bits are a vector.
    const NOTHING: Self = Self(unsafe { std::mem::zeroed() });

    #[inline(always)]
    fn load(bytes: &[u8]) -> Self {
        let bytes: &[u8; BYTES] = bytes.first_chunk().unwrap_or(&[0; BYTES]);
        // SAFETY: the pointer is to as many readable bytes; the instruction has no alignment to keep.
        Self(unsafe { arch::_mm_loadu_si128(bytes.as_ptr().cast()) })
    }

    #[inline(always)]
    fn fold(self) -> Self {
        Self(unsafe { arch::_mm_or_si128(self.0, arch::_mm_set1_epi8(0x20)) })
    }

    #[inline(always)]
    fn between(self, low: u8, high: u8) -> Self {
        // Moved up to where the last byte of the range is the highest there is, one comparison tells, as long as it is one with a sign.
        let (up, last) = (127 - high, 127 - (high - low) - 1);
        unsafe {
            let moved = arch::_mm_add_epi8(self.0, splat(up));
            Self(arch::_mm_cmpgt_epi8(moved, splat(last)))
        }
    }

    #[inline(always)]
    fn equal(self, byte: u8) -> Self {
        Self(unsafe { arch::_mm_cmpeq_epi8(self.0, splat(byte)) })
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        Self(unsafe { arch::_mm_or_si128(self.0, other.0) })
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        Self(unsafe { arch::_mm_and_si128(self.0, other.0) })
    }

    #[inline(always)]
    fn mask(self) -> u64 {
        u64::from(unsafe { arch::_mm_movemask_epi8(self.0) }.cast_unsigned())
    }
}

#[inline(always)]
fn splat(byte: u8) -> arch::__m128i {
    #[expect(unsafe_code, reason = "as above")]
    // SAFETY: as above.
    unsafe {
        arch::_mm_set1_epi8(byte.cast_signed())
    }
}
