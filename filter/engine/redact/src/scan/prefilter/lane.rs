//! Some bytes that are looked at in one step: the vectors of a machine, or a word of any.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(any(
    test,
    not(any(
        all(target_arch = "wasm32", target_feature = "simd128"),
        target_arch = "x86_64"
    ))
))]
mod scalar;
#[cfg(target_arch = "x86_64")]
mod sse2;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(target_arch = "x86_64")]
pub(super) use avx2::{Lane as Wide, Widely};
#[cfg(any(
    test,
    not(any(
        all(target_arch = "wasm32", target_feature = "simd128"),
        target_arch = "x86_64"
    ))
))]
pub(super) use scalar::Lane as Scalar;

#[cfg(not(any(
    all(target_arch = "wasm32", target_feature = "simd128"),
    target_arch = "x86_64"
)))]
pub(super) use Scalar as Usual;
/// What every machine of this kind has.
#[cfg(target_arch = "x86_64")]
pub(super) use sse2::Lane as Usual;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(super) use wasm::Lane as Usual;

/// [`BYTES`](Lane::BYTES) bytes, or as many answers: all ones or nothing for each.
pub(super) trait Lane: Copy {
    const BYTES: usize;
    const NOTHING: Self;

    /// Of exactly [`BYTES`](Lane::BYTES) bytes.
    fn load(bytes: &[u8]) -> Self;
    /// Makes both cases of a letter the same.
    fn fold(self) -> Self;
    /// Where a byte lies between two ASCII bytes, inclusive.
    fn between(self, low: u8, high: u8) -> Self;
    fn equal(self, byte: u8) -> Self;
    fn or(self, other: Self) -> Self;
    /// A bit for each answer.
    fn mask(self) -> u64;

    /// Whether there is one.
    #[inline(always)]
    fn any(self) -> bool {
        self.mask() != 0
    }
}
