//! The names of a rule set, ready to be found: from the start of a word to the name that stands there.

use std::collections::BTreeSet;

use super::anchor::{LONGEST, SHORTEST, fold};
use super::bytes::ByteSet;
use super::index::following;
use super::names::{FieldNames, Holds};
use super::rule::Rule;
use crate::scan::Assignment;

/// All spellings of all names, sorted.
#[derive(Default)]
pub(crate) struct Spellings {
    spellings: Vec<Spelling>,
    /// What can follow a name that has a value.
    following: ByteSet,
}

struct Spelling {
    /// Folded.
    bytes: Vec<u8>,
    rule: u16,
    holds: Holds,
}

/// A name that was found.
#[derive(Clone, Copy)]
pub(crate) struct Named {
    pub(crate) length: usize,
    /// The rule that its value belongs to.
    pub(crate) rule: u16,
    pub(crate) holds: Holds,
}

/// What stands at a place.
pub(crate) enum Name {
    Known(Named),
    /// The text ends too early to tell.
    Unfinished,
}

impl Spellings {
    /// Of the rules, those that stand for fields have the numbers from `first` on.
    pub(super) fn new(names: &FieldNames, rules: &[Rule]) -> Self {
        let rule = |id: u16| {
            let kind = &names.fields().get(usize::from(id))?.kind;
            let at = rules.iter().position(|rule| rule.kind() == kind)?;
            u16::try_from(at).ok()
        };
        let holds = |id: u16| names.fields().get(usize::from(id)).map(|field| field.holds);
        let spellings = names.spellings().into_iter();
        let mut spellings: Vec<Spelling> = spellings
            .filter_map(|(bytes, id)| {
                Some(Spelling {
                    bytes: bytes.into_iter().map(fold).collect(),
                    rule: rule(id)?,
                    holds: holds(id)?,
                })
            })
            .collect();
        spellings.sort_by(|one, other| one.bytes.cmp(&other.bytes));
        Self {
            spellings,
            following: (0..=u8::MAX)
                .filter(|byte| Assignment::can_follow(*byte))
                .collect(),
        }
    }

    /// The first bytes of each, by which it is found where a word starts, with its number and what stands behind them; and with what can follow it, if it
    /// is too short.
    pub(super) fn words(&self) -> impl Iterator<Item = (u16, Vec<u8>, u64)> {
        let bytes = (0..=u8::MAX).filter(|byte| self.following.contains(*byte));
        let may_follow = bytes.fold(0, |bits, byte| bits | following(byte));
        (0u16..)
            .zip(&self.spellings)
            .flat_map(move |(id, spelling)| {
                let word: Vec<u8> = spelling.bytes.iter().copied().take(LONGEST).collect();
                let longer = |byte: u8| word.iter().copied().chain([fold(byte)]).collect();
                let words: BTreeSet<Vec<u8>> = if word.len() < SHORTEST {
                    let following = (0..=u8::MAX).filter(|byte| self.following.contains(*byte));
                    following.map(longer).collect()
                } else {
                    [word].into()
                };
                let next = match spelling.bytes.get(LONGEST) {
                    Some(byte) => following(*byte),
                    None if spelling.bytes.len() == LONGEST => may_follow,
                    None => u64::MAX,
                };
                words.into_iter().map(move |word| (id, word, next))
            })
    }

    /// The name with this number, if a text starts with it whose first word is one of [`words`](Self::words) with this number. Cheap where it does not, or where no value
    /// can follow.
    #[inline]
    pub(crate) fn get(&self, id: u16, text: &[u8]) -> Option<Name> {
        let spelling = self.spellings.get(usize::from(id))?;
        if let [_, _, _, _, _, _, _, _, expected, longer @ ..] = spelling.bytes.as_slice()
            && let Some((byte, rest)) = text.get(LONGEST..).and_then(<[u8]>::split_first)
            && (*expected != fold(*byte) || !same(longer, rest))
        {
            return None;
        }
        match text.get(spelling.bytes.len()) {
            Some(next) if !self.following.contains(*next) => None,
            Some(_) => Some(Name::Known(Named {
                length: spelling.bytes.len(),
                rule: spelling.rule,
                holds: spelling.holds,
            })),
            None => Some(Name::Unfinished),
        }
    }

    /// The names that a text starts with, looked for one by one.
    pub(crate) fn find<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = Name> + 'a {
        let first = text.first().map_or(0, |byte| fold(*byte));
        let from = self
            .spellings
            .partition_point(|it| it.bytes.first() < Some(&first));
        let alike = (0u16..).zip(&self.spellings).skip(from);
        alike
            .take_while(move |(_, it)| it.bytes.first() == Some(&first))
            .filter(|(_, it)| same(&it.bytes, text))
            .filter_map(|(id, _)| self.get(id, text))
    }
}

/// Whether a spelling and a text are the same as far as both go.
fn same(spelling: &[u8], text: &[u8]) -> bool {
    let mut pairs = spelling.iter().zip(text);
    pairs.all(|(expected, byte)| *expected == fold(*byte))
}
