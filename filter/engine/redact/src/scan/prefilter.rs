//! Rejects clean bytes: finds the words that may start a rule, 64 bytes at a time.
//!
//! Words start at a letter or digit behind something else, at a capital behind a small letter, behind an escape (`\n`, `%20`, `\u000a`), and at a
//! colon. One pass classifies bytes into bitmaps, where all of this is a few shifts; then four bytes of each word are looked up in a bitmap of hashes,
//! without a branch that depends on the text. Why not a literal matcher such as Teddy: a few hundred literals in both cases saturate its masks, and
//! an Aho-Corasick automaton takes each byte through memory, at a tenth of the speed.

#[cfg_attr(
    all(
        not(test),
        any(
            all(target_arch = "wasm32", target_feature = "simd128"),
            target_arch = "x86_64"
        )
    ),
    expect(
        dead_code,
        reason = "the twin for machines without vectors, and what tests compare with"
    )
)]
mod scalar;
#[cfg(any(
    all(target_arch = "wasm32", target_feature = "simd128"),
    target_arch = "x86_64"
))]
mod vector;

#[cfg(not(any(
    all(target_arch = "wasm32", target_feature = "simd128"),
    target_arch = "x86_64"
)))]
use scalar::classify;
#[cfg(any(
    all(target_arch = "wasm32", target_feature = "simd128"),
    target_arch = "x86_64"
))]
use vector::classify;

use crate::rules::Filter;

/// Bytes classified at once.
const BLOCK: usize = 64;
/// Bytes read behind a block.
const AHEAD: usize = 8;
/// Bytes before a word that decide whether it is one: an escape such as `\u000a`.
const CONTEXT: usize = 6;

/// One bit for each byte of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Classes {
    /// Letters and digits.
    word: u64,
    /// Capitals.
    upper: u64,
    /// `\` and `%`.
    escape: u64,
    colon: u64,
}

/// Where words of interest start: offsets into a text of at most 64 KiB.
pub(super) struct Starts<const N: usize> {
    found: [u16; N],
    count: usize,
}

impl<const N: usize> Starts<N> {
    pub(super) fn new() -> Self {
        Self {
            found: [0; N],
            count: 0,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        let found = self.found.get(..self.count).unwrap_or_default();
        found.iter().map(|at| usize::from(*at))
    }

    /// Finds all words in `text` that start from `from` on and before `to`, and that the filter admits. What stands before `from` is looked
    /// back at. With `every`, each letter and digit counts as the start of a word. At most `N - 64` bytes can be looked through at once.
    pub(super) fn find(
        &mut self,
        text: &[u8],
        from: usize,
        to: usize,
        every: bool,
        filter: &Filter,
    ) {
        self.count = 0;
        let mut before = Classes::default();
        let mut at = from.saturating_sub(CONTEXT);
        while at < to {
            let rest = text.get(at..).unwrap_or_default();
            let mut padded = [0; BLOCK + AHEAD];
            let block = rest.first_chunk().unwrap_or_else(|| {
                padded
                    .iter_mut()
                    .zip(rest)
                    .for_each(|(to, from)| *to = *from);
                &padded
            });
            let classes = classify(block);
            let mut starts = if every {
                classes.word | classes.colon
            } else {
                starts(classes, before)
            };
            if at < from {
                starts &= u64::MAX << (from - at);
            }
            if to - at < BLOCK {
                starts &= !(u64::MAX << (to - at));
            }
            self.admit(block, starts, at, filter);
            before = classes;
            at += BLOCK;
        }
    }

    /// Adds those of the words in a block that the filter admits.
    #[inline]
    fn admit(
        &mut self,
        block: &[u8; BLOCK + AHEAD],
        mut starts: u64,
        base: usize,
        filter: &Filter,
    ) {
        while starts != 0 {
            let at = starts.trailing_zeros() as usize;
            starts &= starts - 1;
            let four = block.get(at..).and_then(|rest| rest.first_chunk());
            let four = u32::from_le_bytes(*four.unwrap_or(&[0; 4]));
            if let Some(slot) = self.found.get_mut(self.count) {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "texts are shorter than 64 KiB"
                )]
                let offset = (base + at) as u16;
                *slot = offset;
            }
            self.count += usize::from(filter.admits(four));
        }
    }
}

/// Where words start in a block, given the block before it.
#[inline]
fn starts(now: Classes, before: Classes) -> u64 {
    let behind = |now: u64, before: u64, by: u32| now << by | before >> (64 - by);
    let word = behind(now.word, before.word, 1);
    let upper = behind(now.upper, before.upper, 1);
    let escape = behind(now.escape, before.escape, 2)
        | behind(now.escape, before.escape, 3)
        | behind(now.escape, before.escape, 6);
    now.word & !word | now.upper & !upper | now.word & escape | now.colon
}

#[cfg(test)]
mod tests;
