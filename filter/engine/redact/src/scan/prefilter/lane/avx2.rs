//! 32 bytes at a time, on x86-64 processors of the last ten years.

use std::arch::x86_64 as arch;

const BYTES: usize = 32;

/// That the processor has what [`Lane`] needs.
pub(in super::super) struct Widely(());

impl Widely {
    pub(in super::super) fn on_this_processor() -> Option<Self> {
        let known = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2");
        known.then_some(Self(()))
    }

    /// Runs code that is compiled for such processors, all that is inlined into it.
    #[inline]
    pub(in super::super) fn run<T>(&self, code: impl FnOnce() -> T) -> T {
        #[target_feature(enable = "avx2,bmi1,bmi2")]
        fn run<T>(code: impl FnOnce() -> T) -> T {
            code()
        }
        #[expect(
            unsafe_code,
            reason = "what the processor has is known at run time only"
        )]
        // SAFETY: nobody has a `Widely` but where the processor has all of these.
        unsafe {
            run(code)
        }
    }
}

#[derive(Clone, Copy)]
pub(in super::super) struct Lane(arch::__m256i);

#[expect(
    unsafe_code,
    reason = "only code runs this that was told that the processor has AVX2"
)]
impl super::Lane for Lane {
    const BYTES: usize = BYTES;
    // SAFETY: any bits are a vector.
    const NOTHING: Self = Self(unsafe { std::mem::zeroed() });

    #[inline(always)]
    fn load(bytes: &[u8]) -> Self {
        let bytes: &[u8; BYTES] = bytes.first_chunk().unwrap_or(&[0; BYTES]);
        // SAFETY: the pointer is to as many readable bytes; the instruction has no alignment to keep.
        Self(unsafe { arch::_mm256_loadu_si256(bytes.as_ptr().cast()) })
    }

    #[inline(always)]
    fn fold(self) -> Self {
        Self(unsafe { arch::_mm256_or_si256(self.0, arch::_mm256_set1_epi8(0x20)) })
    }

    #[inline(always)]
    fn between(self, low: u8, high: u8) -> Self {
        // Moved up to where the last byte of the range is the highest there is, one comparison tells, as long as it is one with a sign.
        let (up, last) = (127 - high, 127 - (high - low) - 1);
        unsafe {
            let moved = arch::_mm256_add_epi8(self.0, splat(up));
            Self(arch::_mm256_cmpgt_epi8(moved, splat(last)))
        }
    }

    #[inline(always)]
    fn equal(self, byte: u8) -> Self {
        Self(unsafe { arch::_mm256_cmpeq_epi8(self.0, splat(byte)) })
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        Self(unsafe { arch::_mm256_or_si256(self.0, other.0) })
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        Self(unsafe { arch::_mm256_and_si256(self.0, other.0) })
    }

    #[inline(always)]
    fn mask(self) -> u64 {
        u64::from(unsafe { arch::_mm256_movemask_epi8(self.0) }.cast_unsigned())
    }
}

#[inline(always)]
fn splat(byte: u8) -> arch::__m256i {
    #[expect(unsafe_code, reason = "as above")]
    // SAFETY: as above.
    unsafe {
        arch::_mm256_set1_epi8(byte.cast_signed())
    }
}
