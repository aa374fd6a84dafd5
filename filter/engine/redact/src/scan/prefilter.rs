//! Rejects clean bytes: finds the words that may start a rule, 64 bytes at a time.
//!
//! Words start at a letter or digit behind something else, at a capital behind a small letter, and behind an escape (`\n`, `%20`, `\u000a`). One pass classifies bytes into bitmaps, where all of this is a few shifts; then four bytes of each word are looked up in a bitmap of hashes,
//! without a branch that depends on the text. Why not a literal matcher such as Teddy: a few hundred literals in both cases saturate its masks, and
//! an Aho-Corasick automaton takes each byte through memory, at a tenth of the speed.

mod encoded;
mod escapes;
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

pub(super) use encoded::{BASE64, Encoded, HEX};
pub(super) use escapes::Escapes;

use crate::rules::Filter;
use encoded::Trail;

/// Bytes classified at once.
const BLOCK: usize = 64;
/// Bytes read behind a block: the start of a word, and most hosts.
const AHEAD: usize = 32;
/// Bytes before a place that decide about it: an escape such as `\u000a` before a word, or what is written in hexadecimal and ends there.
const CONTEXT: usize = 32;

/// One bit for each byte of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Classes {
    /// Letters and digits.
    word: u64,
    /// Capitals.
    upper: u64,
    /// Letters that the first three quarters of ASCII start with in base64: `A` to `Z` and `a` to `f`.
    head: u64,
    /// `\`, `%` and `#`, which follows the `&` of entities.
    escape: u64,
    colon: u64,
    slash: u64,
}

/// Where words of interest start, and where what may be encoded text: offsets into a text of less than 32 KiB, [`SPECIAL`] set behind `://` and colons.
pub(super) struct Starts {
    found: [u16; MOST],
    count: usize,
    pub(super) encoded: Encoded,
    pub(super) escapes: Escapes,
}

/// Set where the scan stops whatever the word is.
const SPECIAL: u16 = 0x8000;
/// Words found at once.
const MOST: usize = 256;

impl Starts {
    pub(super) fn new() -> Self {
        Self {
            found: [0; MOST],
            count: 0,
            encoded: Encoded::new(),
            escapes: Escapes::new(),
        }
    }

    /// Where they are, and whether they are special.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, bool)> {
        let found = self.found.get(..self.count).unwrap_or_default();
        found
            .iter()
            .map(|at| (usize::from(at & !SPECIAL), at & SPECIAL != 0))
    }

    /// Finds the words in `text` that start from `from` on and before `to`, and that the filter admits; and the places behind `://`, and capitals behind
    /// a colon. What stands before `from` is looked back at. With `every`, each letter and digit counts as the start of a word. Returns how far it came:
    /// not always to `to`.
    pub(super) fn find(
        &mut self,
        text: &[u8],
        from: usize,
        to: usize,
        every: bool,
        filter: &Filter,
    ) -> usize {
        self.count = 0;
        self.encoded.clear();
        self.escapes.clear();
        let (mut before, mut trail) = (Classes::default(), Trail::default());
        let mut at = from.saturating_sub(CONTEXT);
        while at < to && self.count <= MOST - BLOCK {
            let rest = text.get(at..).unwrap_or_default();
            let mut padded = [0; BLOCK + AHEAD];
            let block = rest.first_chunk().unwrap_or_else(|| {
                padded
                    .iter_mut()
                    .zip(rest)
                    .for_each(|(to, from)| *to = *from);
                &padded
            });
            let now = classify(block);
            let mut wanted = if at < from {
                u64::MAX << (from - at)
            } else {
                u64::MAX
            };
            if to - at < BLOCK {
                wanted &= !(u64::MAX << (to - at));
            }
            let words = if every { now.word } else { words(now, before) };
            let authority = authority(now, before) & wanted;
            let mut special = behind(now.colon, before.colon, 1) & now.upper & wanted;
            if authority != 0 {
                special |= with_password(authority, now, block);
            }
            if special == 0 {
                self.admit(block, words & wanted, at, filter);
            } else {
                self.admit_special(block, words & wanted, special, at, filter);
            }
            let mut has_room = self.encoded.look(now, before, &mut trail, at);
            if now.escape != 0 {
                has_room &= self.escapes.add(text, now.escape, at);
            }
            before = now;
            at += BLOCK;
            if !has_room {
                break;
            }
        }
        at.min(to)
    }

    /// Adds the words that the filter admits.
    #[inline]
    fn admit(&mut self, block: &[u8; BLOCK + AHEAD], mut words: u64, base: usize, filter: &Filter) {
        while words != 0 {
            let at = words.trailing_zeros() as usize;
            words &= words - 1;
            self.push(base + at, filter.admits(four(block, at)));
        }
    }

    /// The same, where there are special places among them.
    #[cold]
    fn admit_special(
        &mut self,
        block: &[u8; BLOCK + AHEAD],
        words: u64,
        special: u64,
        base: usize,
        filter: &Filter,
    ) {
        let mut starts = words | special;
        while starts != 0 {
            let at = starts.trailing_zeros() as usize;
            starts &= starts - 1;
            let holds = |bits: u64| bits >> at & 1 == 1;
            let wanted = holds(special) || holds(words) && filter.admits(four(block, at));
            let mark = if holds(special) { SPECIAL } else { 0 };
            self.push((base + at) | usize::from(mark), wanted);
        }
    }

    /// Adds a place, if it is wanted, without a branch that would be mispredicted.
    #[inline]
    fn push(&mut self, at: usize, wanted: bool) {
        if let Some(slot) = self.found.get_mut(self.count % MOST) {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "texts are shorter than 32 KiB"
            )]
            let at = at as u16;
            *slot = at;
        }
        self.count += usize::from(wanted);
    }
}

/// Four bytes from a place in a block on.
#[inline]
fn four(block: &[u8; BLOCK + AHEAD], at: usize) -> u32 {
    let four = block.get(at % BLOCK..).and_then(|rest| rest.first_chunk());
    four.map_or(0, |four| u32::from_le_bytes(*four))
}

/// Those of the places behind `://` where a user and a password may stand: not where a slash comes before a colon, or the host ends at a quote.
fn with_password(mut authority: u64, now: Classes, block: &[u8; BLOCK + AHEAD]) -> u64 {
    let mut left = authority;
    while authority != 0 {
        let here = authority & authority.wrapping_neg();
        authority ^= here;
        // All bits from here on.
        let rest = !(here - 1);
        let (colon, slash) = (now.colon & rest, now.slash & rest);
        let before_slash = (slash & slash.wrapping_neg()).wrapping_sub(1);
        let host = || {
            let bytes = block.iter().skip(here.trailing_zeros() as usize);
            bytes.copied().find(|byte| !is_host(*byte))
        };
        if colon & before_slash == 0 && (slash != 0 || matches!(host(), Some(b'/' | b'"'))) {
            left ^= here;
        }
    }
    left
}

fn is_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')
}

/// Where words start in a block, given the block before it.
#[inline]
fn words(now: Classes, before: Classes) -> u64 {
    let word = behind(now.word, before.word, 1);
    let upper = behind(now.upper, before.upper, 1);
    let escape = behind(now.escape, before.escape, 2)
        | behind(now.escape, before.escape, 3)
        | behind(now.escape, before.escape, 6);
    now.word & (!word | escape) | now.upper & !upper
}

/// Behind `://`, whatever stands there.
#[inline]
fn authority(now: Classes, before: Classes) -> u64 {
    behind(now.colon, before.colon, 3)
        & behind(now.slash, before.slash, 2)
        & behind(now.slash, before.slash, 1)
}

/// The bits of two blocks, so many bytes later.
#[inline]
fn behind(now: u64, before: u64, by: u32) -> u64 {
    now << by | before >> (64 - by)
}

#[cfg(test)]
mod tests;
