//! 32 bytes at a time, on x86-64 processors of the last ten years.

super::x86::lane!(
    32 bytes in __m256i,
    "only code runs this that was told that the processor has AVX2",
    _mm256_loadu_si256, _mm256_set1_epi8, _mm256_or_si256, _mm256_add_epi8, _mm256_cmpgt_epi8, _mm256_cmpeq_epi8, _mm256_movemask_epi8
);

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
