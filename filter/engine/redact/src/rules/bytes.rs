//! A set of bytes: the classes that may stand before, in or after a credential.

use super::pattern::Bytes;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ByteSet(pub(super) Bytes);

impl ByteSet {
    #[inline]
    pub(crate) fn contains(&self, byte: u8) -> bool {
        self.0
            .get(usize::from(byte >> 6))
            .is_some_and(|word| word >> (byte & 63) & 1 == 1)
    }

    /// A number that tells most sets apart.
    pub(crate) fn slot(&self) -> usize {
        let mixed = self.0.iter().fold(0u64, |mixed, word| {
            (mixed ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        });
        usize::from((mixed >> 56) as u8)
    }

    /// How many of these bytes, from the first on, belong to the set.
    #[inline]
    pub(crate) fn run(&self, bytes: &[u8]) -> usize {
        bytes
            .iter()
            .position(|byte| !self.contains(*byte))
            .unwrap_or(bytes.len())
    }
}

impl FromIterator<u8> for ByteSet {
    fn from_iter<I: IntoIterator<Item = u8>>(bytes: I) -> Self {
        let mut set = Self::default();
        for byte in bytes {
            if let Some(word) = set.0.get_mut(usize::from(byte >> 6)) {
                *word |= 1 << (byte & 63);
            }
        }
        set
    }
}
