//! Tables of names, looked up without allocation and whatever the case.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Longest name that is looked at; what is longer is compared by its start.
const LONGEST: usize = 128;

/// A name in the form in which names are compared.
pub(super) struct Folded {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Folded {
    /// In lower case.
    pub(super) fn lower(name: &[u8]) -> Self {
        Self::collect(name.iter().copied())
    }

    /// In lower case and without `-`, `_` and `.`: names of parameters differ between stacks in those only.
    pub(super) fn plain(name: &[u8]) -> Self {
        let kept = |byte: &u8| !matches!(byte, b'-' | b'_' | b'.');
        Self::collect(name.iter().copied().filter(kept))
    }

    fn collect(name: impl Iterator<Item = u8>) -> Self {
        let mut folded = Self {
            bytes: [0; LONGEST],
            length: 0,
        };
        for (slot, byte) in folded.bytes.iter_mut().zip(name) {
            *slot = byte.to_ascii_lowercase();
            folded.length += 1;
        }
        folded
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// What names stand for; some names end in `*`.
pub(super) struct Names<T> {
    exact: HashMap<Box<[u8]>, T, BuildHasherDefault<Fnv>>,
    prefixes: Vec<(Box<[u8]>, T)>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self {
            exact: HashMap::default(),
            prefixes: Vec::new(),
        }
    }
}

impl<T> Names<T> {
    /// Adds a name that is folded already.
    pub(super) fn insert(&mut self, name: &[u8], value: T) {
        match name.strip_suffix(b"*") {
            Some(prefix) => self.prefixes.push((prefix.into(), value)),
            None => drop(self.exact.insert(name.into(), value)),
        }
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<&T> {
        self.exact.get(name).or_else(|| {
            self.prefixes
                .iter()
                .find(|(prefix, _)| name.starts_with(prefix))
                .map(|(_, value)| value)
        })
    }
}

/// The hash of Fowler, Noll and Vo. Keys come from the operator, so nobody can make them collide.
pub(super) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn write_usize(&mut self, length: usize) {
        self.0 ^= length as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
