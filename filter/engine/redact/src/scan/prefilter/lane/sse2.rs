//! Sixteen bytes at a time, on every x86-64 processor.

super::x86::lane!(
    16 bytes in __m128i,
    "SSE2 is part of x86-64, which the language does not know of calls to its intrinsics",
    _mm_loadu_si128, _mm_set1_epi8, _mm_or_si128, _mm_add_epi8, _mm_cmpgt_epi8, _mm_cmpeq_epi8, _mm_movemask_epi8
);
