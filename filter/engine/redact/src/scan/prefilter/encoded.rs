//! Where text may stand that is written in base64 or hexadecimal.
//!
//! ASCII has its first bit clear, so the first of each four digits of base64 is one of 32 letters, and the first of each two of hexadecimal is a decimal digit.
//! Six such letters or sixteen such digits at the right distance are rare in anything else, and finding them takes a few shifts of bitmaps that are there already.

use super::{Classes, behind};

/// Digits of base64 that have to be there, four of them for three bytes.
pub(in crate::scan) const BASE64: usize = 24;
/// Digits of hexadecimal that have to be there, two of them for a byte.
pub(in crate::scan) const HEX: usize = 32;
/// Blocks with places found at once.
const MOST: usize = 16;

/// Places in the order in which they are sure, which for one encoding is that of the text.
pub(in crate::scan) struct Encoded {
    found: [Found; MOST],
    count: usize,
}

/// Where in a block the last telling digits stand.
#[derive(Clone, Copy)]
struct Found {
    base: u16,
    base64: u64,
    hex: u64,
}

/// What the block before says about the next one.
#[derive(Default)]
pub(super) struct Trail {
    /// Two of the letters at a distance of four, by the last.
    pairs: u64,
    long_words: u64,
}

impl Encoded {
    pub(super) fn new() -> Self {
        Self {
            found: [Found {
                base: 0,
                base64: 0,
                hex: 0,
            }; MOST],
            count: 0,
        }
    }

    /// Each place, and whether it is hexadecimal that may stand there.
    pub(in crate::scan) fn iter(&self) -> impl Iterator<Item = (usize, bool)> {
        let found = self.found.get(..self.count).unwrap_or_default();
        found.iter().flat_map(|found| {
            bits(found.base64 | found.hex).flat_map(move |bit| {
                let end = usize::from(found.base) + bit;
                let base64 = (found.base64 >> bit & 1 == 1).then_some((BASE64 - 4, false));
                let hex = (found.hex >> bit & 1 == 1).then_some((HEX - 2, true));
                [base64, hex]
                    .into_iter()
                    .flatten()
                    .filter_map(move |(before, hex)| Some((end.checked_sub(before)?, hex)))
            })
        })
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    /// Looks for places whose last telling digit is in a block. False if there is no room for those of another block.
    #[inline]
    pub(super) fn look(
        &mut self,
        now: Classes,
        before: Classes,
        trail: &mut Trail,
        base: usize,
    ) -> bool {
        let pairs = now.head & behind(now.head, before.head, 4);
        let fours = pairs & behind(pairs, trail.pairs, 8);
        let base64 = fours & behind(pairs, trail.pairs, 16);
        let long_words = long_words(now.word);
        let nothing = base64 | long_words | trail.long_words == 0;
        *trail = Trail { pairs, long_words };
        if nothing {
            return true;
        }
        self.add(base64, hex(now, before), base);
        self.count < MOST
    }

    #[cold]
    #[inline(never)]
    fn add(&mut self, base64: u64, hex: u64, base: usize) {
        if base64 | hex != 0
            && let Some(slot) = self.found.get_mut(self.count)
        {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "texts are shorter than 64 KiB"
            )]
            let base = base as u16;
            *slot = Found { base, base64, hex };
            self.count += 1;
        }
    }
}

/// The numbers of the bits that are set.
fn bits(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (bits != 0).then(|| bits.trailing_zeros() as usize);
        bits &= bits.wrapping_sub(1);
        bit
    })
}

/// The last of sixteen digits at a distance of two.
fn hex(now: Classes, before: Classes) -> u64 {
    let (mut digits, mut digits_before) = (now.word & !now.head, before.word & !before.head);
    for by in [2, 4, 8, 16] {
        digits &= behind(digits, digits_before, by);
        digits_before &= digits_before << by;
    }
    digits
}

/// Not zero if sixteen letters or digits stand side by side at a multiple of sixteen, as in every word of 31.
#[inline]
fn long_words(word: u64) -> u64 {
    const EACH: u64 = 0x0001_0001_0001_0001;
    let others = !word;
    others.wrapping_sub(EACH) & !others & EACH << 15
}
