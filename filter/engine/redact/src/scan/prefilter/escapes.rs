//! Where a letter or digit may stand that is written as an escape.

/// Places found at once.
const MOST: usize = 192;
/// Places in one block.
const BLOCK: usize = 64;

/// Escapes that may stand for letters, in the order of the text: by their first byte, those of entities by the second.
pub(in crate::scan) struct Escapes {
    found: [u16; MOST],
    count: usize,
}

impl Escapes {
    pub(super) fn new() -> Self {
        Self {
            found: [0; MOST],
            count: 0,
        }
    }

    pub(in crate::scan) fn iter(&self) -> impl Iterator<Item = usize> {
        let found = self.found.get(..self.count).unwrap_or_default();
        found.iter().map(|at| usize::from(*at))
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    /// Looks at the bytes of a block that may belong to one. False if there is no room for those of another block.
    #[cold]
    #[inline(never)]
    pub(super) fn add(&mut self, text: &[u8], mut places: u64, base: usize) -> bool {
        while places != 0 {
            let at = base + places.trailing_zeros() as usize;
            places &= places - 1;
            let before = at.checked_sub(1).and_then(|at| text.get(at));
            let next = text.get(at + 1).copied();
            let may_be = match text.get(at) {
                // Of many backslashes the first one.
                Some(b'\\') if before != Some(&b'\\') => {
                    next.is_none_or(|next| matches!(next, b'u' | b'\\'))
                }
                // Two layers, and what is written with two digits of which the first is one of these.
                Some(b'%') => next.is_none_or(|next| matches!(next, b'2'..=b'7')),
                Some(b'#') => before == Some(&b'&'),
                _ => false,
            };
            if let Some(slot) = self.found.get_mut(self.count) {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "texts are shorter than 64 KiB"
                )]
                let at = at as u16;
                *slot = at;
                self.count += usize::from(may_be);
            }
        }
        self.count + BLOCK <= MOST
    }
}
