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
    /// The same for anchors of at least six bytes, by these: many more words start like an anchor than go on like one.
    long: Filter<SMALL>,
    /// For shorter ones, by four bytes.
    short: Filter<SMALL>,
    /// By the upper bits of the hash: where its entries start.
    buckets: Vec<u16>,
    entries: Vec<Entry>,
    /// The rules of all entries, one list behind the other.
    rules: Vec<u16>,
    /// Rules that start with `://`.
    authority: (u16, u16),
    /// Rules that start with a colon and a capital.
    colon: (u16, u16),
    /// For each byte, folded: what can follow it at the start of which rule.
    firsts: Vec<Vec<([u8; NEXT], u16)>>,
    /// Most bytes before a word's start that belong to an anchor.
    reach: usize,
}

/// One bit for each hash of a few folded bytes.
pub(crate) struct Filter<const N: usize = WORDS>(Box<[u64; N]>);

/// 16 KiB: small enough for the fastest cache, large enough that few words are admitted by chance.
const WORDS: usize = 2048;
/// 4 KiB.
const SMALL: usize = 512;

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
    rules: (u16, u16),
}

/// Set where a number is not that of a rule, but of a name.
pub(crate) const NAME: u16 = 0x8000;
/// Bytes behind the first that are compared before a rule is tried on the end of a text.
const NEXT: usize = 2;
/// No folded byte: whatever follows.
const ANY: u8 = 0;
/// Bytes of an anchor that is looked for by more than its first four.
const SIX: usize = 6;
const BUCKETS: usize = 2048;
const FOLD: u32 = 0x2020_2020;

impl<const N: usize> Filter<N> {
    fn new() -> Self {
        Self(Box::new([0; N]))
    }

    /// Whether a word with these first four bytes may start a rule. Never wrong about a word that does.
    #[inline]
    pub(crate) fn admits(&self, four: u32) -> bool {
        self.holds(hash(four | FOLD))
    }

    #[inline]
    fn holds(&self, hash: u32) -> bool {
        // The remainder changes nothing where all bits are used: it tells the compiler that no index is out of bounds.
        let word = self.0.get((hash >> 21) as usize % N);
        word.is_some_and(|word| word.wrapping_shr(hash >> 15) & 1 == 1)
    }

    fn insert(&mut self, hash: u32) {
        if let Some(word) = self.0.get_mut((hash >> 21) as usize % N) {
            *word |= 1u64.wrapping_shl(hash >> 15);
        }
    }
}

/// Its upper bits are the good ones.
#[inline]
fn hash(four: u32) -> u32 {
    four.wrapping_mul(0x9e37_79b1)
}

/// Of the first six bytes of a folded word.
#[inline]
fn hash_of_six(folded: u64) -> u32 {
    ((folded << 16).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

fn bucket(four: u32) -> usize {
    (hash(four | FOLD) >> 21) as usize % BUCKETS
}

impl Index {
    /// `names` are the folded first bytes of names, with their numbers.
    pub(super) fn new(
        rules: &[Rule],
        names: impl Iterator<Item = (u16, Vec<u8>)>,
    ) -> Result<Self, RuleError> {
        let mut anchors: BTreeMap<(usize, u64, u8, u8), Vec<u16>> = BTreeMap::new();
        let (mut filter, mut long, mut short) = (Filter::new(), Filter::new(), Filter::new());
        let mut firsts = vec![Vec::new(); 256];
        let (mut authority, mut colon) = (Vec::new(), Vec::new());
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
                if anchor.bytes == AUTHORITY {
                    authority.push(id);
                    continue;
                }
                if anchor.bytes.len() < anchor.offset + SHORTEST {
                    colon.push(id);
                    continue;
                }
                let word = anchor.bytes.get(anchor.offset..).unwrap_or_default();
                let (key, four) = (key(word), four(word));
                filter.insert(hash(four | FOLD));
                if word.len() < SIX {
                    short.insert(hash(four | FOLD));
                } else {
                    long.insert(hash_of_six(key));
                }
                let length = u8::try_from(word.len().min(LONGEST)).unwrap_or(u8::MAX);
                let offset = u8::try_from(anchor.offset).unwrap_or(u8::MAX);
                anchors
                    .entry((bucket(four), key, length, offset))
                    .or_default()
                    .push(id);
            }
        }
        for (id, word) in names {
            let (key, four) = (key(&word), four(&word));
            filter.insert(hash(four | FOLD));
            if word.len() < SIX {
                short.insert(hash(four | FOLD));
            } else {
                long.insert(hash_of_six(key));
            }
            let length = u8::try_from(word.len().min(LONGEST)).unwrap_or(u8::MAX);
            anchors
                .entry((bucket(four), key, length, 0))
                .or_default()
                .push(NAME | id);
        }
        let mut index = Self {
            filter,
            long,
            short,
            buckets: Vec::with_capacity(BUCKETS + 1),
            entries: Vec::with_capacity(anchors.len()),
            rules: Vec::new(),
            authority: (0, 0),
            colon: (0, 0),
            firsts,
            reach: AUTHORITY.len(),
        };
        for ((bucket, key, length, offset), rules) in anchors {
            index.fill_buckets(bucket)?;
            let rules = index.list(rules)?;
            index.entries.push(Entry {
                key,
                mask: u64::MAX >> (64 - 8 * u32::from(length)),
                offset,
                rules,
            });
            index.reach = index.reach.max(usize::from(offset));
        }
        index.fill_buckets(BUCKETS)?;
        index.authority = index.list(authority)?;
        index.colon = index.list(colon)?;
        Ok(index)
    }

    /// Adds a list of rules.
    fn list(&mut self, rules: Vec<u16>) -> Result<(u16, u16), RuleError> {
        let from = number(self.rules.len())?;
        self.rules.extend(rules);
        Ok((from, number(self.rules.len())?))
    }

    pub(crate) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Most bytes that an anchor has before the start of the word by which it is found.
    pub(crate) fn reach(&self) -> usize {
        self.reach
    }

    /// The anchors that these bytes, read from a word's start, complete.
    #[inline]
    pub(crate) fn find(&self, word: u64) -> impl Iterator<Item = Hit> {
        #[expect(clippy::cast_possible_truncation, reason = "the first four bytes")]
        let four = word as u32;
        let folded = word | u64::from(FOLD) | u64::from(FOLD) << 32;
        let (mut from, mut to) = (0, 0);
        if self.long.holds(hash_of_six(folded)) || self.short.admits(four) {
            let bucket = bucket(four);
            from = self.buckets.get(bucket).copied().unwrap_or(0);
            to = self.buckets.get(bucket + 1).copied().unwrap_or(0);
        }
        let entries = self.entries.get(usize::from(from)..usize::from(to));
        entries
            .unwrap_or_default()
            .iter()
            .filter(move |entry| (folded ^ entry.key) & entry.mask == 0)
            .map(|entry| Hit {
                offset: entry.offset,
                rules: entry.rules,
            })
    }

    /// The same where the scan stops whatever the word is: behind `://`, and at a capital behind a colon.
    #[inline]
    pub(crate) fn find_behind(&self, before: &[u8]) -> Option<Hit> {
        match before {
            [.., b':', b'/', b'/'] => Some(Hit {
                offset: 3,
                rules: self.authority,
            }),
            [.., b':'] => Some(Hit {
                offset: 1,
                rules: self.colon,
            }),
            _ => None,
        }
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
