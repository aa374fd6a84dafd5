//! The literals by which a rule is found in passing bytes.
//!
//! A search that looks at every byte costs one table look-up per byte at best; one that looks only where a word starts has six times less to do, and
//! credentials start where words start: behind a quote, a separator, an escape. So each rule must have a few fixed bytes at such a place. Both
//! cases of a letter are one here: the automaton behind decides.

use std::collections::BTreeMap;

use super::pattern::{ACCEPTS, DEAD, Table};

/// A literal that every match of a rule starts with, folded with [`fold`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Anchor {
    /// From the start of the lead, or of the value if there is none; up to [`LONGEST`] bytes behind `offset`.
    pub(crate) bytes: Vec<u8>,
    /// Where in it the word starts by which it is found. Behind [`AUTHORITY`] any byte is one, and nothing more is asked of the word.
    pub(crate) offset: usize,
}

/// What stands before a user and a password in a URL.
pub(crate) const AUTHORITY: &[u8] = b"://";

/// Bytes from a word's start that are hashed.
pub(crate) const SHORTEST: usize = 4;
/// Bytes from a word's start that are compared.
pub(crate) const LONGEST: usize = 8;
/// Bytes that may stand before the word's start.
pub(crate) const FARTHEST: usize = 12;

/// Literals of one rule; more make the filter let too much through.
const MOST: usize = 1536;
/// A byte that can be one of more is not worth another literal each.
const FORKS: usize = 4;

/// Makes both cases of a letter the same; other bytes may fall together too.
pub(crate) fn fold(byte: u8) -> u8 {
    byte | 0x20
}

/// Whether a word starts at `byte` behind `before`, as the scan sees it.
fn starts_word(before: Option<u8>, byte: u8) -> bool {
    byte.is_ascii_alphanumeric() && before.is_none_or(|it| !it.is_ascii_alphanumeric())
}

/// The anchors of a pattern; the error says what it lacks.
pub(crate) fn anchors(table: &Table) -> Result<Vec<Anchor>, String> {
    let mut open = vec![Prefix {
        bytes: Vec::new(),
        last: None,
        offset: None,
        states: vec![table.start],
    }];
    let mut found = Vec::new();
    while let Some(prefix) = open.pop() {
        if prefix.is_special(table) {
            found.push(prefix.anchor());
            continue;
        }
        let longer = prefix.extend(table);
        if prefix.is_long_enough() && (prefix.is_long() || prefix.may_end() || longer.len() > FORKS)
        {
            found.push(prefix.anchor());
        } else if prefix.may_end() || prefix.is_lost() || longer.is_empty() {
            return Err(format!(
                "does not start with {SHORTEST} fixed bytes at the start of a word, by which it can be found; a `lead` can provide them"
            ));
        } else {
            open.extend(longer);
        }
        if found.len() + open.len() > MOST {
            return Err(format!(
                "can start in more than {MOST} ways; state more fixed bytes at its start, or a `lead`"
            ));
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// How a match can start, both cases of a letter together.
struct Prefix {
    bytes: Vec<u8>,
    /// The last byte, not folded.
    last: Option<u8>,
    offset: Option<usize>,
    states: Vec<u16>,
}

impl Prefix {
    /// All ways to go on by one byte.
    fn extend(&self, table: &Table) -> Vec<Self> {
        let mut longer: BTreeMap<(u8, bool, bool), Self> = BTreeMap::new();
        for byte in 0..=u8::MAX {
            let starts = self.offset.is_none() && starts_word(self.last, byte);
            let states = self
                .states
                .iter()
                .map(|state| table.step(*state, byte))
                .filter(|state| *state != DEAD);
            for state in states {
                let prefix = longer
                    .entry((fold(byte), starts, byte.is_ascii_alphanumeric()))
                    .or_insert_with(|| Self {
                        bytes: self.bytes.iter().copied().chain([fold(byte)]).collect(),
                        last: Some(byte),
                        offset: self.offset.or(starts.then_some(self.bytes.len())),
                        states: Vec::new(),
                    });
                if !prefix.states.contains(&state) {
                    prefix.states.push(state);
                }
            }
        }
        longer.into_values().collect()
    }

    /// Whether the scan stops at every such place.
    fn is_special(&self, table: &Table) -> bool {
        // Folding leaves these bytes as they are; that others become the same costs nothing but time.
        self.bytes == AUTHORITY && self.asks_for_password(table)
    }

    /// Whether there is no match with a slash before the next colon, or with a quote: there the scan does not stop.
    fn asks_for_password(&self, table: &Table) -> bool {
        let mut states = self.states.clone();
        let mut nth = 0;
        while let Some(state) = states.get(nth).copied() {
            nth += 1;
            if [b'/', b'"']
                .iter()
                .any(|byte| table.step(state, *byte) != DEAD)
            {
                return false;
            }
            let host =
                (0..=u8::MAX).filter(|it| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'-'));
            for next in host.map(|byte| table.step(state, byte)) {
                if next != DEAD && !states.contains(&next) {
                    states.push(next);
                }
            }
        }
        true
    }

    fn behind_offset(&self) -> usize {
        self.offset.map_or(0, |offset| self.bytes.len() - offset)
    }

    fn is_long_enough(&self) -> bool {
        self.behind_offset() >= SHORTEST
    }

    fn is_long(&self) -> bool {
        self.behind_offset() >= LONGEST
    }

    /// Whether no word starts near enough.
    fn is_lost(&self) -> bool {
        self.offset.is_none() && self.bytes.len() >= FARTHEST
    }

    fn may_end(&self) -> bool {
        self.states.iter().any(|state| state & ACCEPTS != 0)
    }

    fn anchor(self) -> Anchor {
        Anchor {
            // Behind `://` the word is yet to come.
            offset: self.offset.unwrap_or(self.bytes.len()),
            bytes: self.bytes,
        }
    }
}
