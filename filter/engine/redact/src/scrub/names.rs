//! Tables of names, looked up without allocation and whatever the case.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Longest name that is looked at; what is longer is compared by its start.
const LONGEST: usize = 64;

/// A name in the form in which names are compared.
pub(super) struct Folded {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Folded {
    /// In lower case.
    pub(super) fn lower(name: &[u8]) -> Self {
        let length = name.len().min(LONGEST);
        let mut bytes = [0; LONGEST];
        if let (Some(to), Some(from)) = (bytes.get_mut(..length), name.get(..length)) {
            to.copy_from_slice(from);
            to.make_ascii_lowercase();
        }
        Self { bytes, length }
    }

    /// In lower case and without `-`, `_` and `.`: names of parameters differ between stacks in those only.
    pub(super) fn plain(name: &[u8]) -> Self {
        let kept = name
            .iter()
            .filter(|byte| !matches!(byte, b'-' | b'_' | b'.'));
        let mut folded = Self {
            bytes: [0; LONGEST],
            length: 0,
        };
        for (slot, byte) in folded.bytes.iter_mut().zip(kept) {
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
    exact: HashMap<Box<[u8]>, T, BuildHasherDefault<Words>>,
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

/// A hash of eight bytes at a time. Keys come from the operator, so nobody can make them collide.
#[derive(Default)]
pub(super) struct Words(u64);

impl Hasher for Words {
    fn write(&mut self, bytes: &[u8]) {
        for bytes in bytes.chunks(8) {
            let mut word = [0; 8];
            word.iter_mut()
                .zip(bytes)
                .for_each(|(to, from)| *to = *from);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_usize(&mut self, length: usize) {
        self.write_u64(length as u64);
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}
