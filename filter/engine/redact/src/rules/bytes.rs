//! A set of bytes: the classes that may stand before or after a credential.

use regex_syntax::hir::HirKind;

use super::pattern;

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ByteSet([u64; 4]);

impl ByteSet {
    /// Reads one class such as `[^0-9A-Za-z]`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let hir = pattern::parse(text)?;
        let mut set = Self([0; 4]);
        match hir.kind() {
            HirKind::Class(regex_syntax::hir::Class::Bytes(class)) => {
                for range in class.ranges() {
                    (range.start()..=range.end()).for_each(|byte| set.insert(byte));
                }
            }
            HirKind::Literal(literal) if literal.0.len() == 1 => {
                literal.0.iter().for_each(|byte| set.insert(*byte));
            }
            _ => return Err("is not a class of single bytes such as `[^0-9A-Za-z]`".to_owned()),
        }
        Ok(set)
    }

    pub(crate) fn contains(&self, byte: u8) -> bool {
        self.0
            .get(usize::from(byte >> 6))
            .is_some_and(|word| word >> (byte & 63) & 1 == 1)
    }

    pub(super) fn union(self, other: Self) -> Self {
        let mut words = self.0;
        words
            .iter_mut()
            .zip(other.0)
            .for_each(|(word, other)| *word |= other);
        Self(words)
    }

    fn insert(&mut self, byte: u8) {
        if let Some(word) = self.0.get_mut(usize::from(byte >> 6)) {
            *word |= 1 << (byte & 63);
        }
    }
}
