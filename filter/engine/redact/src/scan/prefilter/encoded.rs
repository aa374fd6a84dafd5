//! Where text may stand that is written in base64 or hexadecimal.
//!
//! ASCII has its first bit clear, so the first of each four digits of base64 is one of 32 letters, and the first of each two of hexadecimal is a decimal digit;
//! and in base64 of ASCII the two digits that are neither letters nor digits come of `>`, `?` and `~` only. So text starts with a long word, of which
//! six such letters or sixteen such digits stand at the right distance, which is rare in anything else. Of what is left each group of digits is decoded
//! once, whatever the number of places that it belongs to.

use super::BLOCK;
use super::classes::{digits, heads};
use super::lane::Usual;
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

    /// Looks for places whose last digit is in a block, by the letters and digits of it and the block before. False if there is no room for those of another block.
    #[cold]
    #[inline(never)]
    pub(super) fn add(&mut self, text: &[u8], (now, before): (u64, u64), base: usize) -> bool {
        let long = Halves::of(now, before).map(long_words);
        if long.is_empty() {
            return true;
        }
        let blocks = [Some(base), base.checked_sub(BLOCK)].map(|at| {
            let whole = at.and_then(|at| text.get(at..)?.first_chunk().copied());
            whole.unwrap_or_else(|| last(text, at))
        });
        let both = |of: fn(&[u8; BLOCK]) -> u64| {
            let [now, before] = blocks.each_ref().map(of);
            Halves::of(now, before)
        };
        let base64 = long.and(both(heads::<Usual>).map(six_heads)).bits();
        let longer = long.map(|long| long & long << (HEX - BASE64));
        let hex = if longer.is_empty() {
            0
        } else {
            longer.and(both(digits::<Usual>).map(sixteen_digits)).bits()
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

/// The bits of a block in two halves, each behind the 32 bits before it: nothing looks back further, and words of a machine are faster than two of them.
#[derive(Clone, Copy)]
struct Halves([u64; 2]);

impl Halves {
    fn of(now: u64, before: u64) -> Self {
        Self([now << 32 | before >> 32, now])
    }

    fn map(self, step: impl Fn(u64) -> u64) -> Self {
        Self(self.0.map(step))
    }

    fn and(self, other: Self) -> Self {
        let ([first, second], [a, b]) = (self.0, other.0);
        Self([first & a, second & b])
    }

    /// Those of the block.
    fn bits(self) -> u64 {
        let [first, second] = self.0;
        first >> 32 | second & u64::MAX << 32
    }

    fn is_empty(self) -> bool {
        self.bits() == 0
    }
}

/// Whether [`BASE64`] letters and digits stand side by side of which the last is in a block.
#[inline(always)]
pub(super) fn has_long_word(now: u64, before: u64) -> bool {
    let (here, there) = (now.trailing_ones(), before.leading_ones());
    let across = here != 0 && here + there >= BASE64 as u32;
    long_words(now) != 0 || across
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

/// The last of each [`BASE64`] letters and digits side by side.
#[inline(always)]
fn long_words(words: u64) -> u64 {
    let eight = [1, 2, 4].into_iter().fold(words, |run, by| run & run << by);
    eight & eight << 8 & eight << 16
}

/// Three behind the last of six letters at a distance of four.
fn six_heads(heads: u64) -> u64 {
    let pairs = heads & heads << 4;
    (pairs & pairs << 8 & pairs << 16) << 3
}

/// One behind the last of sixteen digits at a distance of two.
fn sixteen_digits(digits: u64) -> u64 {
    let steps = [2, 4, 8, 16].into_iter();
    steps.fold(digits, |run, by| run & run << by) << 1
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
