//! The names of a rule set, ready to be found: from the start of a word to the name that stands there.

use super::anchor::{LONGEST, SHORTEST, fold};
use super::names::{FieldNames, Holds};
use super::rule::Rule;
use crate::scan::Assignment;

/// All spellings of all names, sorted.
#[derive(Default)]
pub(crate) struct Spellings(Vec<Spelling>);

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
    /// The start of a longer name, as far as the text goes.
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
        Self(spellings)
    }

    /// The first bytes of each, by which it is found where a word starts; with what can follow those that are too short.
    pub(super) fn words(&self) -> Vec<Vec<u8>> {
        let mut words: Vec<Vec<u8>> = self
            .0
            .iter()
            .flat_map(|spelling| {
                let word: Vec<u8> = spelling.bytes.iter().copied().take(LONGEST).collect();
                if word.len() >= SHORTEST {
                    return vec![word];
                }
                let longer = (0..=u8::MAX).filter(|byte| Assignment::can_follow(*byte));
                let longer = longer.map(|byte| word.iter().copied().chain([fold(byte)]).collect());
                longer.collect()
            })
            .collect();
        words.sort();
        words.dedup();
        words
    }

    /// The names that a text starts with.
    pub(crate) fn find<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = Name> + 'a {
        let first = text.get(..SHORTEST - 1).unwrap_or(text);
        let before = |bytes: &[u8]| {
            let bytes = bytes.iter().copied().take(first.len());
            bytes.lt(first.iter().map(|byte| fold(*byte)))
        };
        let from = self.0.partition_point(|it| before(&it.bytes));
        let alike = self.0.get(from..).unwrap_or_default().iter();
        alike
            .take_while(|it| same(&it.bytes, first))
            .filter_map(|it| {
                if !same(&it.bytes, text) {
                    return None;
                }
                Some(if it.bytes.len() > text.len() {
                    Name::Unfinished
                } else {
                    Name::Known(Named {
                        length: it.bytes.len(),
                        rule: it.rule,
                        holds: it.holds,
                    })
                })
            })
    }
}

/// Whether a spelling and a text are the same as far as both go.
fn same(spelling: &[u8], text: &[u8]) -> bool {
    let mut pairs = spelling.iter().zip(text);
    pairs.all(|(expected, byte)| *expected == fold(*byte))
}
