//! Where text may stand that is written in base64 or hexadecimal.
//!
//! ASCII has its first bit clear, so the first of each four digits of base64 is one of 32 letters, and the first of each two of hexadecimal is a decimal digit;
//! and in base64 of ASCII the two digits that are neither letters nor digits come of `>`, `?` and `~` only. So text starts with a long word, of which
//! six such letters or sixteen such digits stand at the right distance, which is rare in anything else. Of what is left each group of digits is decoded
//! once, whatever the number of places that it belongs to.

use super::classes::{Classes, heads};
use super::lane::Usual;
use super::{BLOCK, behind};
use crate::scan::encoded::{Codec, is_text};

/// Digits of base64 that have to be there, four of them for three bytes.
pub(in crate::scan) const BASE64: usize = 24;
/// Digits of hexadecimal that have to be there, two of them for a byte.
pub(in crate::scan) const HEX: usize = 32;
/// Blocks with places found at once.
const MOST: usize = 16;

/// Places where enough digits come to text, in the order in which they are sure, which for one encoding is that of the text.
pub(in crate::scan) struct Encoded {
    found: [Found; MOST],
    count: usize,
}

/// Where in a block the last digits stand that are looked at.
#[derive(Clone, Copy)]
struct Found {
    base: u16,
    base64: u64,
    hex: u64,
}

/// What the block before says about the next one.
#[derive(Default)]
pub(super) struct Trail {
    /// [`full_bytes`] of its words.
    full: u64,
    has_long_word: bool,
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

    /// Each place, and whether it is hexadecimal that stands there.
    pub(in crate::scan) fn iter(&self) -> impl Iterator<Item = (usize, bool)> {
        let found = self.found.get(..self.count).unwrap_or_default();
        found.iter().flat_map(|found| {
            bits(found.base64 | found.hex).flat_map(move |bit| {
                let end = usize::from(found.base) + bit + 1;
                let base64 = (found.base64 >> bit & 1 == 1).then_some((BASE64, false));
                let hex = (found.hex >> bit & 1 == 1).then_some((HEX, true));
                [base64, hex]
                    .into_iter()
                    .flatten()
                    .filter_map(move |(length, hex)| Some((end.checked_sub(length)?, hex)))
            })
        })
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    /// Looks for places whose last digit is in a block. False if there is no room for those of another block.
    #[inline]
    pub(super) fn look(
        &mut self,
        text: &[u8],
        now: Classes,
        before: Classes,
        trail: &mut Trail,
        base: usize,
    ) -> bool {
        // Wherever 24 letters or digits stand side by side, they fill two bytes of the bitmap.
        let full = full_bytes(now.word);
        let has_long_word = full & behind(full, trail.full, 8) != 0;
        let is_nothing = !(has_long_word | trail.has_long_word);
        *trail = Trail {
            full,
            has_long_word,
        };
        is_nothing || self.add(text, now, before, base)
    }

    #[cold]
    #[inline(never)]
    fn add(&mut self, text: &[u8], now: Classes, before: Classes, base: usize) -> bool {
        let long = long_words(both(now.word, before.word));
        let (long_enough, for_hex) = (upper(long), upper(long & long << (HEX - BASE64)));
        if long_enough == 0 {
            return true;
        }
        let bytes = |at: Option<usize>| at.and_then(|at| text.get(at..)?.first_chunk().copied());
        let heads_of = |at| heads::<Usual>(&bytes(at).unwrap_or_else(|| last(text, at)));
        let heads = both(heads_of(Some(base)), heads_of(base.checked_sub(BLOCK)));
        let base64 = long_enough & upper(six_heads(heads) << 3);
        let hex = if for_hex == 0 {
            0
        } else {
            let digits = both(now.digit, before.digit);
            for_hex & upper(sixteen_digits(digits) << 1)
        };
        let is_group = |codec: Codec, last: usize| {
            let digits = (last + 1).checked_sub(codec.digits());
            digits.is_some_and(|from| is_text(codec, text.get(from..=last).unwrap_or_default()))
        };
        let base64 = of_text::<BASE64, 4>(base64, base, |last| is_group(Codec::Base64, last));
        let hex = of_text::<HEX, 2>(hex, base, |last| is_group(Codec::Hex, last));
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
        self.count < MOST
    }
}

/// Of the places in the block at `base`, by their last digit, those of which each group comes to text. A group that does not, speaks against all places that
/// it belongs to.
fn of_text<const LENGTH: usize, const GROUP: usize>(
    mut places: u64,
    base: usize,
    is_text: impl Fn(usize) -> bool,
) -> u64 {
    let groups = || (0..LENGTH).step_by(GROUP);
    let (mut kept, mut known) = (0, 0u64);
    while places != 0 {
        let at = places.trailing_zeros() as usize;
        let other = groups().find(|back| {
            let bit = at.checked_sub(*back).map_or(0, |at| 1 << at);
            if known & bit != 0 {
                return false;
            }
            let is_text = (base + at).checked_sub(*back).is_some_and(&is_text);
            known |= if is_text { bit } else { 0 };
            !is_text
        });
        match other {
            Some(back) => {
                let all = groups().fold(0u64, |all, nth| all | 1 << nth);
                let shifted = at.checked_sub(back).map(|by| all << by);
                places &= !shifted.unwrap_or(all >> back.saturating_sub(at));
            }
            None => {
                kept |= 1 << at;
                places &= places - 1;
            }
        }
    }
    kept
}

/// The numbers of the bits that are set.
fn bits(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (bits != 0).then(|| bits.trailing_zeros() as usize);
        bits &= bits.wrapping_sub(1);
        bit
    })
}

/// The block before and this one.
fn both(now: u64, before: u64) -> u128 {
    u128::from(now) << BLOCK | u128::from(before)
}

/// Of both blocks this one.
fn upper(both: u128) -> u64 {
    (both >> BLOCK) as u64
}

/// Bytes that are all ones have their highest bit set, and few others.
#[inline]
fn full_bytes(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    (!word).wrapping_sub(EACH) & word & EACH << 7
}

/// The last of each [`BASE64`] letters and digits side by side.
fn long_words(words: u128) -> u128 {
    let eight = [1, 2, 4].into_iter().fold(words, |run, by| run & run << by);
    eight & eight << 8 & eight << 16
}

/// The last of six letters at a distance of four.
fn six_heads(heads: u128) -> u128 {
    let pairs = heads & heads << 4;
    pairs & pairs << 8 & pairs << 16
}

/// The last of sixteen digits at a distance of two.
fn sixteen_digits(digits: u128) -> u128 {
    let steps = [2, 4, 8, 16].into_iter();
    steps.fold(digits, |run, by| run & run << by)
}

/// What there is of the last block of a text.
#[cold]
fn last(text: &[u8], at: Option<usize>) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let rest = at.and_then(|at| text.get(at..)).unwrap_or_default();
    block
        .iter_mut()
        .zip(rest)
        .for_each(|(to, from)| *to = *from);
    block
}
