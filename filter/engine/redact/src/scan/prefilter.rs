//! Rejects clean bytes: finds the words that may start a rule, 64 bytes at a time.
//!
//! Words start at a letter behind something else, at a capital behind a small letter, and behind an escape (`\n`, `%20`, `\u000a`); of numbers only those count that an anchor
//! starts like, since a quarter of what starts in JSON are numbers. One pass classifies bytes into bitmaps, where all of this is a few shifts; then four bytes of each word are
//! looked up in a bitmap of hashes, without a branch that depends on the text. Why not a literal matcher such as Teddy: a few hundred literals in both cases saturate its
//! masks (the first three bytes let half of all words through), and an Aho-Corasick automaton takes each byte through memory, at a tenth of the speed.

mod classes;
mod encoded;
mod escapes;
mod lane;

pub(super) use encoded::{BASE64, Encoded, HEX};
pub(super) use escapes::Escapes;

use crate::rules::{Index, Numbers};
use classes::{Classes, classify, end_of_host, escapes, slash_or_colon};
use encoded::has_long_word;
#[cfg(target_arch = "x86_64")]
use lane::Wide;
use lane::{Lane, Usual};

/// Bytes classified at once.
const BLOCK: usize = 64;
/// Bytes read behind a block: the start of a word, and most hosts.
const AHEAD: usize = 32;
/// Bytes read before a block: two slashes.
const BEFORE: usize = 2;
/// Bytes before a place that decide about it: an escape such as `\u000a` before a word, or what is written in hexadecimal and ends there.
const CONTEXT: usize = 32;

/// A block with what is read around it.
type Block = [u8; BEFORE + BLOCK + AHEAD];

/// Where words of interest start, and where what may be encoded text: offsets into a text of less than 32 KiB, [`SPECIAL`] set behind `//`.
pub(super) struct Starts {
    found: [u16; MOST],
    count: usize,
    pub(super) encoded: Encoded,
    pub(super) escapes: Escapes,
}

/// What a closer look at a block shows.
struct Closer {
    /// Words behind escapes.
    words: u64,
    escapes: u64,
    has_room: bool,
}

/// Set where the scan stops whatever the word is.
const SPECIAL: u16 = 0x8000;
/// Of the escapes of a block those behind which words may start in the next one.
const LAST_ESCAPES: u64 = u64::MAX << (BLOCK - 6);
/// Words found at once.
const MOST: usize = 256;
/// So many are enough to go on with: hits take memory.
const ENOUGH: usize = 96;

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

    /// Finds the words in `text` that start from `from` on and before `to`, and that the index may know; and the places behind `//`. What stands before `from` is looked back at. With `every`, each letter and digit counts as the start of a word. Returns how far
    /// it came: not always to `to`.
    pub(super) fn find(
        &mut self,
        text: &[u8],
        from: usize,
        to: usize,
        every: bool,
        index: &Index,
    ) -> usize {
        #[cfg(target_arch = "x86_64")]
        if let Some(widely) = lane::Widely::on_this_processor() {
            return widely.run(|| self.find_with::<Wide>(text, (from, to), every, index));
        }
        self.find_with::<Usual>(text, (from, to), every, index)
    }

    #[inline(always)]
    fn find_with<L: Lane>(
        &mut self,
        text: &[u8],
        (from, to): (usize, usize),
        every: bool,
        index: &Index,
    ) -> usize {
        self.count = 0;
        self.encoded.clear();
        self.escapes.clear();
        let numbers = index.numbers();
        let (whole, digit) = (every || numbers == Numbers::Any, numbers.digit());
        let mut before = Classes::default();
        let mut escapes_before = 0;
        let mut at = from.saturating_sub(CONTEXT);
        while at < to && self.count <= ENOUGH {
            let padded;
            let known = at
                .checked_sub(BEFORE)
                .and_then(|at| text.get(at..)?.first_chunk());
            let block = match known {
                Some(block) => block,
                None => {
                    padded = pad(text, at);
                    &padded
                }
            };
            let now = classify::<L>(block, digit);
            let wanted = within(from, to, at);
            let heads = if whole { now.word } else { now.head };
            let mut words = if every {
                heads
            } else {
                words(heads, now, before)
            };
            let pairs = behind(now.slash, before.slash, 1) & behind(now.slash, before.slash, 2);
            let is_long = has_long_word(now.word, before.word);
            let mut has_room = true;
            if pairs | escapes_before != 0 || now.has_escapes | is_long {
                let places =
                    self.look_closer(text, block, at, (now.word, before.word), escapes_before);
                has_room = places.has_room;
                escapes_before = places.escapes & LAST_ESCAPES;
                words |= if every { 0 } else { places.words };
                let special = match pairs {
                    0 => 0,
                    _ => wanted & behind_slashes(text, block, (at, pairs), index),
                };
                if special != 0 {
                    self.admit_special(block, (words & wanted, special), at, index);
                    words = 0;
                }
            }
            self.admit(block, words & wanted, at, index);
            before = now;
            at += BLOCK;
            if !has_room {
                break;
            }
        }
        self.narrow(text, index);
        at.min(to)
    }

    /// Looks for what is rare in a block: escapes, and what may be encoded.
    #[cold]
    #[inline(never)]
    fn look_closer(
        &mut self,
        text: &[u8],
        block: &Block,
        at: usize,
        (word, word_before): (u64, u64),
        escapes_before: u64,
    ) -> Closer {
        let escapes = escapes::<Usual>(block);
        Closer {
            words: word & behind_escapes(escapes, escapes_before),
            escapes,
            has_room: self.escapes.add(text, escapes, at)
                & self.encoded.add(text, (word, word_before), at),
        }
    }

    /// Adds the words that the index's filter admits.
    #[inline(always)]
    fn admit(&mut self, block: &Block, mut words: u64, base: usize, index: &Index) {
        let filter = index.filter();
        let mut count = self.count;
        while words != 0 {
            let at = words.trailing_zeros() as usize;
            words &= words - 1;
            count = self.put(count, base + at, filter.admits(four(block, at)));
        }
        self.count = count;
    }

    /// The same, where there are special places among them.
    #[cold]
    #[inline(never)]
    fn admit_special(
        &mut self,
        block: &Block,
        (words, special): (u64, u64),
        base: usize,
        index: &Index,
    ) {
        let mut starts = words | special;
        while starts != 0 {
            let at = starts.trailing_zeros() as usize;
            starts &= starts - 1;
            let holds = |bits: u64| bits >> at & 1 == 1;
            let wanted = holds(special) || holds(words) && index.filter().admits(four(block, at));
            let mark = if holds(special) { SPECIAL } else { 0 };
            self.count = self.put(self.count, (base + at) | usize::from(mark), wanted);
        }
    }

    /// Adds a place behind so many, if it is wanted, without a branch that would be mispredicted. How many there are now.
    #[inline(always)]
    fn put(&mut self, count: usize, at: usize, wanted: bool) -> usize {
        if let Some(slot) = self.found.get_mut(count % MOST) {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "texts are shorter than 32 KiB"
            )]
            let at = at as u16;
            *slot = at;
        }
        count + usize::from(wanted)
    }

    /// Drops the words that only start like one that the index knows, without a branch too.
    #[inline]
    fn narrow(&mut self, text: &[u8], index: &Index) {
        let mut count = 0;
        for nth in 0..self.count.min(MOST) {
            let place = self.found.get(nth).copied().unwrap_or(0);
            let at = usize::from(place & !SPECIAL);
            let may_hold = index.may_hold(word(text.get(at..).unwrap_or_default()));
            count = self.put(count, usize::from(place), may_hold | (place & SPECIAL != 0));
        }
        self.count = count;
    }
}

/// The first eight bytes, zeros behind the last.
#[inline]
pub(super) fn word(bytes: &[u8]) -> u64 {
    match bytes.first_chunk() {
        Some(word) => u64::from_le_bytes(*word),
        None => last_word(bytes),
    }
}

#[cold]
fn last_word(bytes: &[u8]) -> u64 {
    let bytes = bytes.iter().rev();
    bytes.fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// A block where the text begins or ends.
#[cold]
#[inline(never)]
fn pad(text: &[u8], at: usize) -> Block {
    let mut padded = [0; BEFORE + BLOCK + AHEAD];
    let missing = BEFORE.saturating_sub(at);
    let rest = text.get(at.saturating_sub(BEFORE)..).unwrap_or_default();
    let places = padded.iter_mut().skip(missing);
    places.zip(rest).for_each(|(to, from)| *to = *from);
    padded
}

/// The bits of the places from `from` on and before `to` in the block at `at`.
#[inline]
fn within(from: usize, to: usize, at: usize) -> u64 {
    if at >= from && to - at >= BLOCK {
        return u64::MAX;
    }
    let first = u64::MAX << from.saturating_sub(at).min(BLOCK - 1);
    let behind = u64::MAX.checked_shl(u32::try_from(to - at).unwrap_or(u32::MAX));
    first & !behind.unwrap_or(0)
}

/// Four bytes from a place in a block on.
#[inline]
fn four(block: &Block, at: usize) -> u32 {
    let four = block
        .get(BEFORE + at % BLOCK..)
        .and_then(|rest| rest.first_chunk());
    four.map_or(0, |four| u32::from_le_bytes(*four))
}

/// Those of the places behind `//` where a rule may start before it. Behind `://` a user and a password must be able to follow: there are none where a
/// slash comes before a colon, or the host ends at a quote.
#[cold]
#[inline(never)]
fn behind_slashes(
    text: &[u8],
    block: &Block,
    (base, mut places): (usize, u64),
    index: &Index,
) -> u64 {
    let mut special = 0;
    while places != 0 {
        let at = places.trailing_zeros() as usize;
        let here = places & places.wrapping_neg();
        places ^= here;
        let first = (base + at).checked_sub(3).and_then(|at| text.get(at));
        let may_start = match first {
            Some(b':') => match slash_or_colon::<Usual>(block, at) {
                Some(b'/') => false,
                Some(_) => true,
                None => !matches!(end_of_host::<Usual>(block, at), Some(b'/' | b'"')),
            },
            Some(first) => index.has_slashed(*first),
            None => false,
        };
        if may_start {
            special |= here;
        }
    }
    special
}

/// Where words start in a block, given the block before it and the bytes that they may start with.
#[inline(always)]
fn words(heads: u64, now: Classes, before: Classes) -> u64 {
    let word = behind(now.word, before.word, 1);
    let upper = behind(now.upper, before.upper, 1);
    heads & !word | now.upper & !upper
}

/// Places behind escapes, which start words as well.
fn behind_escapes(now: u64, before: u64) -> u64 {
    behind(now, before, 2) | behind(now, before, 3) | behind(now, before, 6)
}

/// The bits of two blocks, so many bytes later.
#[inline]
fn behind(now: u64, before: u64, by: u32) -> u64 {
    now << by | before >> (64 - by)
}

#[cfg(test)]
mod tests;
