//! Sixteen bytes at a time, with the vectors of WebAssembly or of every x86-64 processor.

#[cfg(target_arch = "wasm32")]
use std::arch::wasm32 as arch;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64 as arch;

use super::{AHEAD, BLOCK, Classes};

/// Classifies the bytes of a block.
#[inline]
pub(super) fn classify(block: &[u8; BLOCK + AHEAD]) -> Classes {
    let mut classes = Classes::default();
    let lanes = block.as_chunks::<16>().0;
    for (nth, lane) in (0u32..).zip(lanes.iter().take(BLOCK / 16)) {
        let bytes = Lane::load(lane);
        let letters = bytes.fold().at_most_above(b'a', 25);
        let upper = bytes.at_most_above(b'A', 25);
        let digits = bytes.at_most_above(b'0', 9);
        let escapes = bytes
            .equal(b'\\')
            .or(bytes.equal(b'%'))
            .or(bytes.equal(b'#'));
        let head = bytes.without_above(letters, b'f');
        classes.head |= head.mask() << (16 * nth);
        classes.word |= letters.or(digits).mask() << (16 * nth);
        classes.upper |= upper.mask() << (16 * nth);
        classes.escape |= escapes.mask() << (16 * nth);
        classes.colon |= bytes.equal(b':').mask() << (16 * nth);
        classes.slash |= bytes.equal(b'/').mask() << (16 * nth);
    }
    classes
}

#[cfg(target_arch = "wasm32")]
#[derive(Clone, Copy)]
struct Lane(arch::v128);

#[cfg(target_arch = "wasm32")]
impl Lane {
    #[inline(always)]
    fn load(bytes: &[u8; 16]) -> Self {
        #[expect(unsafe_code, reason = "the only way to load a vector")]
        // SAFETY: the pointer is to 16 readable bytes; the instruction has no alignment to keep.
        Self(unsafe { arch::v128_load(bytes.as_ptr().cast()) })
    }

    #[inline(always)]
    fn fold(self) -> Self {
        Self(arch::v128_or(self.0, arch::u8x16_splat(0x20)))
    }

    /// All ones where a byte is `low` or up to `span` above it.
    #[inline(always)]
    fn at_most_above(self, low: u8, span: u8) -> Self {
        // Moved up to where the last byte of the range is the highest there is, one comparison tells, as long as it is one with a sign.
        let up = arch::u8x16_splat(i8::MAX.cast_unsigned() - low - span);
        let last = arch::i8x16_splat(i8::MAX - span.cast_signed() - 1);
        Self(arch::i8x16_gt(arch::u8x16_add(self.0, up), last))
    }

    /// Those of `lanes` where a byte is not above an ASCII byte.
    #[inline(always)]
    fn without_above(self, lanes: Self, byte: u8) -> Self {
        let above = arch::i8x16_gt(self.0, arch::i8x16_splat(byte.cast_signed()));
        Self(arch::v128_andnot(lanes.0, above))
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
}

#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Lane(arch::__m128i);

#[cfg(target_arch = "x86_64")]
#[expect(
    unsafe_code,
    reason = "SSE2 is part of x86-64, which the language does not know of calls to its intrinsics"
)]
impl Lane {
    #[inline(always)]
    fn load(bytes: &[u8; 16]) -> Self {
        // SAFETY: the pointer is to 16 readable bytes; the instruction has no alignment to keep.
        Self(unsafe { arch::_mm_loadu_si128(bytes.as_ptr().cast()) })
    }

    #[inline(always)]
    fn fold(self) -> Self {
        Self(unsafe { arch::_mm_or_si128(self.0, arch::_mm_set1_epi8(0x20)) })
    }

    /// All ones where a byte is `low` or up to `span` above it.
    #[inline(always)]
    fn at_most_above(self, low: u8, span: u8) -> Self {
        unsafe {
            // Moved up to where the last byte of the range is the highest there is, one comparison tells, as long as it is one with a sign.
            let up = splat(i8::MAX.cast_unsigned() - low - span);
            let last = splat((i8::MAX - span.cast_signed() - 1).cast_unsigned());
            Self(arch::_mm_cmpgt_epi8(arch::_mm_add_epi8(self.0, up), last))
        }
    }

    /// Those of `lanes` where a byte is not above an ASCII byte.
    #[inline(always)]
    fn without_above(self, lanes: Self, byte: u8) -> Self {
        unsafe {
            let above = arch::_mm_cmpgt_epi8(self.0, splat(byte));
            Self(arch::_mm_andnot_si128(above, lanes.0))
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
    fn mask(self) -> u64 {
        u64::from(unsafe { arch::_mm_movemask_epi8(self.0) }.cast_unsigned())
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn splat(byte: u8) -> arch::__m128i {
    #[expect(unsafe_code, reason = "as above")]
    // SAFETY: SSE2 is part of x86-64.
    unsafe {
        arch::_mm_set1_epi8(byte.cast_signed())
    }
}
