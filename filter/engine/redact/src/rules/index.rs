//! Which rules to try where: all anchors of a rule set, found by the first bytes of a word.
//!
//! A bitmap over a hash of four bytes turns nearly every word away; what it lets through is compared with the few anchors of the same hash, eight
//! bytes at once. Building it costs one insertion for each anchor, so every VM of a proxy builds its own.

use std::collections::BTreeMap;

use super::anchor::{AUTHORITY, LONGEST, SHORTEST, fold};
use super::rule::Rule;
use crate::RuleError;

/// All anchors of a rule set.
pub(crate) struct Index {
    filter: Filter,
    /// Second look: whether a word goes on like one of the anchors that start like it.
    second: Second,
    /// By [`Second::buckets`]: where its entries start.
    buckets: Vec<u16>,
    entries: Vec<Entry>,
    /// The rules of all entries, one list behind the other.
    rules: Vec<u16>,
    /// Rules that start with two slashes, by the byte before them.
    slashed: Vec<(u8, (u16, u16))>,
    /// For each byte, folded: what can follow it at the start of which rule.
    firsts: Vec<Vec<([u8; NEXT], u16)>>,
    /// Most bytes before a word's start that belong to an anchor.
    reach: usize,
    numbers: Numbers,
}

/// One bit for each hash of four folded bytes.
pub(crate) struct Filter(Box<[u64; WORDS]>);

/// 16 KiB: small enough for the fastest cache, large enough that few words are admitted by chance.
const WORDS: usize = 2048;

/// Tells words by as many bytes as the shortest anchor has of those with the same first four.
struct Second {
    /// Bits of eight bytes that the shortest anchor does not have, by the hash of its first four. Anchors of no more than four bytes count elsewhere.
    missing: Box<[u8; FOURS]>,
    bits: Box<[u64; SECOND]>,
    /// Of anchors of four bytes.
    four: Box<[u64; FOUR]>,
}

/// 4 KiB.
const FOURS: usize = 4096;
/// 8 KiB.
const SECOND: usize = 1024;
/// 8 KiB.
const FOUR: usize = 1024;

/// An anchor that was found.
#[derive(Clone, Copy)]
pub(crate) struct Hit {
    /// Bytes before the word's start.
    pub(crate) offset: u8,
    rules: (u16, u16),
}

/// One anchor.
struct Entry {
    /// From the word's start, folded, zeros behind the last.
    key: u64,
    /// Ones where a byte counts.
    mask: u64,
    /// Bytes before the word's start.
    offset: u8,
    /// The last of these, folded.
    before: u8,
    rules: (u16, u16),
    /// What may stand behind eight bytes: one bit for each [`following`].
    next: u64,
}

/// An anchor on its way into the index: sorted by where it goes.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Placed {
    bucket: usize,
    key: u64,
    length: u8,
    offset: u8,
    before: u8,
    id: u16,
    next: u64,
}

impl Placed {
    fn is_long(&self) -> bool {
        usize::from(self.length) > SHORTEST
    }
}

/// With which digits anchors start: most numbers in a text then need no look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Numbers {
    #[default]
    None,
    Only(u8),
    Any,
}

impl Numbers {
    fn add(&mut self, word: &[u8]) {
        if let Some(digit) = word.first().filter(|first| first.is_ascii_digit()) {
            *self = match *self {
                Self::None => Self::Only(*digit),
                Self::Only(other) if other == *digit => *self,
                Self::Only(_) | Self::Any => Self::Any,
            };
        }
    }

    /// The digit, or a letter if there is not one alone.
    pub(crate) fn digit(self) -> u8 {
        match self {
            Self::Only(digit) => digit,
            Self::None | Self::Any => b'a',
        }
    }
}

/// Set where a number is not that of a rule, but of a name.
pub(crate) const NAME: u16 = 0x8000;
/// Bytes behind the first that are compared before a rule is tried on the end of a text.
const NEXT: usize = 2;
/// No folded byte: whatever follows.
const ANY: u8 = 0;
const BUCKETS: usize = 4096;
const FOLD: u32 = 0x2020_2020;

impl Filter {
    fn new() -> Self {
        Self(Box::new([0; WORDS]))
    }

    /// Whether a word with these first four bytes may start a rule. Never wrong about a word that does.
    #[inline]
    pub(crate) fn admits(&self, four: u32) -> bool {
        let hash = hash(four | FOLD);
        // The remainder changes nothing where all bits are used: it tells the compiler that no index is out of bounds.
        let word = self.0.get((hash >> 21) as usize % WORDS);
        word.is_some_and(|word| word.wrapping_shr(hash >> 15) & 1 == 1)
    }

    fn insert(&mut self, four: u32) {
        let hash = hash(four | FOLD);
        if let Some(word) = self.0.get_mut((hash >> 21) as usize % WORDS) {
            *word |= 1u64.wrapping_shl(hash >> 15);
        }
    }
}

impl Second {
    fn new(anchors: &[Placed]) -> Self {
        let mut second = Self {
            missing: Box::new([0; FOURS]),
            bits: Box::new([0; SECOND]),
            four: Box::new([0; FOUR]),
        };
        for anchor in anchors.iter().filter(|anchor| anchor.is_long()) {
            let slot = Self::hash_of_four(anchor.key) >> 20;
            if let Some(most) = second.missing.get_mut(slot as usize % FOURS) {
                *most = (64 - 8 * anchor.length.min(8)).max(*most);
            }
        }
        for anchor in anchors {
            if anchor.is_long() {
                let hash = second.hash(anchor.key);
                set(
                    second.bits.get_mut((hash >> 54) as usize),
                    (hash >> 48) as u32,
                );
            } else {
                let hash = Self::hash_of_four(anchor.key);
                set(second.four.get_mut((hash >> 22) as usize), hash >> 16);
            }
        }
        second
    }

    #[inline]
    fn may_hold(&self, folded: u64) -> bool {
        let (hash, four) = (self.hash(folded), Self::hash_of_four(folded));
        self.holds_long(hash) | self.holds_four(four)
    }

    /// Where to look for a word as a longer anchor, and as one of four bytes, as far as it may be one.
    #[inline]
    fn buckets(&self, folded: u64) -> [Option<usize>; 2] {
        let (hash, four) = (self.hash(folded), Self::hash_of_four(folded));
        let places = [(hash >> 53) as usize, BUCKETS / 2 + (four >> 21) as usize];
        [
            self.holds_long(hash).then_some(places[0]),
            self.holds_four(four).then_some(places[1]),
        ]
    }

    #[inline]
    fn holds_long(&self, hash: u64) -> bool {
        is_set(
            self.bits.get((hash >> 54) as usize % SECOND),
            (hash >> 48) as u32,
        )
    }

    #[inline]
    fn holds_four(&self, hash: u32) -> bool {
        is_set(self.four.get((hash >> 22) as usize % FOUR), hash >> 16)
    }

    #[inline]
    fn hash(&self, folded: u64) -> u64 {
        let slot = Self::hash_of_four(folded) >> 20;
        let missing = self
            .missing
            .get(slot as usize % FOURS)
            .copied()
            .unwrap_or(0);
        folded
            .wrapping_shl(u32::from(missing))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    #[inline]
    fn hash_of_four(folded: u64) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "the first four bytes")]
        let four = folded as u32;
        hash(four)
    }
}

fn set(word: Option<&mut u64>, bit: u32) {
    if let Some(word) = word {
        *word |= 1u64.wrapping_shl(bit);
    }
}

#[inline]
fn is_set(word: Option<&u64>, bit: u32) -> bool {
    word.is_some_and(|word| word.wrapping_shr(bit) & 1 == 1)
}

/// Its upper bits are the good ones.
#[inline]
fn hash(four: u32) -> u32 {
    four.wrapping_mul(0x9e37_79b1)
}

impl Index {
    /// `names` are the folded first bytes of names, with their numbers and what may stand behind eight bytes.
    pub(super) fn new(
        rules: &[Rule],
        names: impl Iterator<Item = (u16, Vec<u8>, u64)>,
    ) -> Result<Self, RuleError> {
        let mut anchors: Vec<Placed> = Vec::new();
        let mut filter = Filter::new();
        let mut firsts = vec![Vec::new(); 256];
        let mut slashed: BTreeMap<u8, Vec<u16>> = BTreeMap::new();
        let mut numbers = Numbers::default();
        for (id, rule) in (0u16..).zip(rules) {
            for anchor in &rule.matcher.anchors {
                if let [first, next @ ..] = anchor.bytes.as_slice()
                    && let Some(rules) = firsts.get_mut(usize::from(*first))
                {
                    let next = next.first_chunk().copied().unwrap_or([ANY; NEXT]);
                    if !rules.contains(&(next, id)) {
                        rules.push((next, id));
                    }
                }
                if let [before, b'/', b'/', ..] = anchor.bytes.as_slice() {
                    slashed.entry(*before).or_default().push(id);
                    if anchor.bytes == AUTHORITY {
                        continue;
                    }
                }
                let word = anchor.bytes.get(anchor.offset..).unwrap_or_default();
                let (key, four) = (key(word), four(word));
                filter.insert(four);
                // Those with two slashes are found by these.
                if !matches!(anchor.bytes.as_slice(), [_, b'/', b'/', ..]) {
                    numbers.add(word);
                }
                let length = u8::try_from(word.len().min(LONGEST)).unwrap_or(u8::MAX);
                let offset = u8::try_from(anchor.offset).unwrap_or(u8::MAX);
                let before = anchor.offset.checked_sub(1);
                let before = before.and_then(|at| anchor.bytes.get(at));
                anchors.push(Placed {
                    key,
                    length,
                    offset,
                    before: before.copied().unwrap_or(0),
                    id,
                    bucket: 0,
                    next: u64::MAX,
                });
            }
        }
        for (id, word, next) in names {
            let (key, four) = (key(&word), four(&word));
            filter.insert(four);
            numbers.add(&word);
            let length = u8::try_from(word.len().min(LONGEST)).unwrap_or(u8::MAX);
            let id = NAME | id;
            anchors.push(Placed {
                key,
                length,
                offset: 0,
                before: 0,
                id,
                bucket: 0,
                next,
            });
        }
        let second = Second::new(&anchors);
        for anchor in &mut anchors {
            let [long, four] = second.buckets(anchor.key);
            let bucket = if anchor.is_long() { long } else { four };
            anchor.bucket = bucket.unwrap_or(0);
        }
        anchors.sort_unstable();
        anchors.dedup();
        let mut index = Self {
            filter,
            second,
            buckets: Vec::with_capacity(BUCKETS + 1),
            entries: Vec::with_capacity(anchors.len()),
            rules: Vec::new(),
            slashed: Vec::with_capacity(slashed.len()),
            firsts,
            reach: AUTHORITY.len(),
            numbers,
        };
        let same = |one: &Placed, other: &Placed| {
            (one.key, one.length, one.offset, one.before)
                == (other.key, other.length, other.offset, other.before)
        };
        for alike in anchors.chunk_by(same) {
            let Some(first) = alike.first() else { continue };
            index.fill_buckets(first.bucket)?;
            let rules = index.list(alike.iter().map(|anchor| anchor.id))?;
            index.entries.push(Entry {
                key: first.key,
                mask: u64::MAX >> (64 - 8 * u32::from(first.length)),
                offset: first.offset,
                before: first.before,
                rules,
                next: alike.iter().fold(0, |next, anchor| next | anchor.next),
            });
            index.reach = index.reach.max(usize::from(first.offset));
        }
        index.fill_buckets(BUCKETS)?;
        for (before, rules) in slashed {
            let rules = index.list(rules.into_iter())?;
            index.slashed.push((before, rules));
        }
        Ok(index)
    }

    /// Adds a list of rules.
    fn list(&mut self, rules: impl Iterator<Item = u16>) -> Result<(u16, u16), RuleError> {
        let from = number(self.rules.len())?;
        self.rules.extend(rules);
        Ok((from, number(self.rules.len())?))
    }

    /// Whether four bytes are those that an anchor starts with, of all words the first question.
    pub(crate) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// The second question: whether eight bytes may be those that an anchor starts with. Of a word that the filter does not admit it says nothing.
    #[inline]
    pub(crate) fn may_hold(&self, word: u64) -> bool {
        self.second.may_hold(folded(word))
    }

    /// What a word may start with beside letters.
    pub(crate) fn numbers(&self) -> Numbers {
        self.numbers
    }

    /// Most bytes that an anchor has before the start of the word by which it is found.
    pub(crate) fn reach(&self) -> usize {
        self.reach
    }

    /// Says which anchors these bytes, read from a word's start, complete, before `next`, if that is known. `follows` says whether a folded byte may stand before them.
    #[inline]
    pub(crate) fn find(
        &self,
        word: u64,
        next: Option<u8>,
        follows: impl Fn(u8) -> bool,
        mut found: impl FnMut(Hit),
    ) {
        let folded = folded(word);
        let next = next.map_or(u64::MAX, following);
        for bucket in self.second.buckets(folded).into_iter().flatten() {
            let from = self.buckets.get(bucket).copied().unwrap_or(0);
            let to = self.buckets.get(bucket + 1).copied().unwrap_or(0);
            let entries = self.entries.get(usize::from(from)..usize::from(to));
            for entry in entries.unwrap_or_default() {
                if (folded ^ entry.key) & entry.mask == 0
                    && entry.next & next != 0
                    && (entry.before == 0 || follows(entry.before))
                {
                    found(Hit {
                        offset: entry.offset,
                        rules: entry.rules,
                    });
                }
            }
        }
    }

    /// The same behind `//`, where the scan stops whatever the word is.
    #[inline]
    pub(crate) fn find_behind(&self, before: &[u8]) -> Option<Hit> {
        let [.., first, b'/', b'/'] = before else {
            return None;
        };
        let mut slashed = self.slashed.iter();
        let (_, rules) = slashed.find(|(byte, _)| *byte == fold(*first))?;
        Some(Hit {
            offset: 3,
            rules: *rules,
        })
    }

    /// Whether rules start with this byte before two slashes.
    pub(crate) fn has_slashed(&self, first: u8) -> bool {
        self.slashed.iter().any(|(byte, _)| *byte == fold(first))
    }

    /// The rules to try.
    pub(crate) fn rules(&self, hit: Hit) -> &[u16] {
        let rules = usize::from(hit.rules.0)..usize::from(hit.rules.1);
        self.rules.get(rules).unwrap_or_default()
    }

    /// The rules whose lead, or value if they have none, can start with these bytes, or with more of them.
    pub(crate) fn starting_with(&self, bytes: &[u8]) -> impl Iterator<Item = u16> {
        let (first, next) = bytes.split_first().unwrap_or((&0, &[]));
        let firsts = self.firsts.get(usize::from(fold(*first)));
        let may_follow = move |expected: &[u8; NEXT]| {
            let mut pairs = expected.iter().zip(next);
            pairs.all(|(expected, byte)| *expected == ANY || *expected == fold(*byte))
        };
        firsts
            .into_iter()
            .flatten()
            .filter(move |(expected, _)| may_follow(expected))
            .map(|(_, id)| *id)
    }

    fn fill_buckets(&mut self, up_to: usize) -> Result<(), RuleError> {
        while self.buckets.len() <= up_to {
            self.buckets.push(number(self.entries.len())?);
        }
        Ok(())
    }
}

/// The bit that stands for a byte where there are less bits than bytes.
#[inline]
pub(super) fn following(byte: u8) -> u64 {
    1 << (fold(byte) & 0x3f)
}

#[inline]
fn folded(word: u64) -> u64 {
    word | u64::from(FOLD) | u64::from(FOLD) << 32
}

fn key(word: &[u8]) -> u64 {
    let mut bytes = [0; LONGEST];
    bytes
        .iter_mut()
        .zip(word)
        .for_each(|(to, from)| *to = *from);
    u64::from_le_bytes(bytes)
}

fn four(word: &[u8]) -> u32 {
    word.first_chunk::<SHORTEST>()
        .map_or(0, |four| u32::from_le_bytes(*four))
}

fn number(count: usize) -> Result<u16, RuleError> {
    u16::try_from(count).map_err(|_| RuleError::Anchors(format!("{count} are too many")))
}
