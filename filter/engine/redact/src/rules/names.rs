//! Names under which credentials travel in bodies: how the scanner finds them, and which of their look-alikes it leaves alone.
//!
//! Names differ between stacks in case and in what joins their words, so a name stands for all its spellings. An identifier counts if it ends with a
//! name at the start of a word: `db_password`, `dbPassword`, not `password_hint`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::rule::{Category, Rule};
use crate::{Confidence, RuleError};

/// Fewer letters would make every other word a candidate.
const SHORTEST: usize = 3;
/// What joins the words of a name, a space included: `API key: ...`.
const JOINTS: [&str; 5] = ["", "_", "-", ".", " "];

/// All names of fields, and what values under them are called.
#[derive(Default)]
pub(crate) struct FieldNames {
    fields: Vec<Field>,
    names: BTreeMap<String, u16>,
    exclude: Exclusions,
}

/// What a value under a name is.
pub(crate) struct Field {
    pub(crate) kind: String,
    pub(crate) category: Category,
    pub(crate) confidence: Confidence,
    pub(crate) holds: Holds,
}

/// What the value under a name can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Holds {
    /// A scalar, or a container whose members belong to it.
    #[default]
    Anything,
    /// A scalar; of a container the members speak for themselves.
    Scalar,
    /// A scalar that a machine made: a short word is none.
    Minted,
    /// A scalar whose first word may name a scheme: `Bearer ...`.
    Scheme,
    /// What looks random: names that tell little, such as `stripe_key`. Without a word before it the name tells nothing.
    Random,
    /// A UUID: whatever else is there identifies something.
    Uuid,
}

/// One `[[field]]` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldEntry {
    kind: String,
    category: Category,
    confidence: Confidence,
    #[serde(default)]
    holds: Holds,
    names: Vec<String>,
}

impl FieldNames {
    /// Adds the names of one entry. A name that is known already keeps its first meaning.
    pub(crate) fn add(&mut self, file: &str, entry: FieldEntry) -> Result<(), RuleError> {
        let problem = |problem: String| RuleError::Field {
            file: file.to_owned(),
            rule: entry.kind.clone(),
            field: "names",
            problem,
        };
        let id = u16::try_from(self.fields.len())
            .map_err(|_| problem("belong to more than 65535 entries; join some".to_owned()))?;
        for name in &entry.names {
            let words = words(name);
            if words.join("").len() < SHORTEST
                || !words
                    .iter()
                    .all(|word| word.bytes().all(|byte| byte.is_ascii_alphanumeric()))
            {
                return Err(problem(format!(
                    "include `{name}`, which is not made of at least {SHORTEST} ASCII letters and digits in words joined by `_`"
                )));
            }
            self.names.entry(words.join("_")).or_insert(id);
        }
        self.fields.push(Field {
            kind: entry.kind,
            category: entry.category,
            confidence: entry.confidence,
            holds: entry.holds,
        });
        Ok(())
    }

    /// Leaves alone identifiers that end with this name at the start of a word or, if it ends in `*`, hold words that start so.
    pub(crate) fn exclude(&mut self, name: &str) {
        self.exclude.add(name);
    }

    /// What the numbers of [`spellings`](Self::spellings) stand for.
    pub(super) fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// One rule for each kind, with an example under the first of its names.
    pub(super) fn rules(&self) -> impl Iterator<Item = Rule> {
        let named = self.names.iter().filter_map(|(name, id)| {
            let field = self.fields.get(usize::from(*id))?;
            Some((name, field))
        });
        let mut first: BTreeMap<&str, (&str, &Field)> = BTreeMap::new();
        for (name, field) in named {
            first.entry(&field.kind).or_insert((name, field));
        }
        first
            .into_values()
            .map(|(name, field)| Rule::of_field("carriers.toml", name, field))
    }

    /// Forgets the names of one kind. False if there are none.
    pub(super) fn disable(&mut self, kind: &str) -> bool {
        let known = self.names.len();
        self.retain(|field| field.kind != kind);
        self.names.len() < known
    }

    /// Forgets the names of all other fields.
    pub(super) fn retain(&mut self, stays: impl Fn(&Field) -> bool) {
        let fields = &self.fields;
        self.names
            .retain(|_, id| fields.get(usize::from(*id)).is_none_or(&stays));
    }

    /// Every spelling, in lower case, by which a name is found where a word starts, with the number of its field; sorted, each once.
    ///
    /// One whose last words are a spelling of the same field is left out: the shorter one finds it as well.
    pub(crate) fn spellings(&self) -> Vec<(Vec<u8>, u16)> {
        let mut spellings: Vec<(Vec<u8>, u16)> = Vec::new();
        for (name, id) in &self.names {
            let ends_with_another = name.match_indices('_').any(|(at, _)| {
                let rest = name.get(at + 1..).unwrap_or_default();
                self.names.get(rest) == Some(id)
            });
            for joint in JOINTS {
                if joint.is_empty() || name.contains('_') && !ends_with_another {
                    spellings.push((name.replace('_', joint).into_bytes(), *id));
                }
            }
        }
        spellings.sort();
        spellings.dedup_by(|later, earlier| later.0 == earlier.0);
        spellings
    }

    /// Whether this whole identifier is a look-alike. O(length), no allocation.
    pub(crate) fn excluded(&self, identifier: &[u8]) -> bool {
        self.exclude.contains(identifier)
    }
}

/// The words of a name, in lower case.
fn words(name: &str) -> Vec<String> {
    name.split(['_', '-', '.', ' '])
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect()
}

/// Look-alikes, folded.
#[derive(Default)]
struct Exclusions {
    /// With their hashes, by which they are sorted.
    endings: Vec<(u64, Vec<u8>)>,
    /// A bit for each of the hashes.
    hashes: [u64; HASHES],
    beginnings: Vec<Vec<u8>>,
    /// A bit for each of their first letters.
    firsts: u32,
}

/// Words of 64 bits: a tenth of the bits is set with the look-alikes that are known.
const HASHES: usize = 16;

impl Exclusions {
    fn add(&mut self, name: &str) {
        let letters: Vec<u8> = folded(name.trim_end_matches('*').as_bytes()).collect();
        if letters.is_empty() {
            return;
        }
        if name.ends_with('*') {
            let first = letters.first().map_or(0, |letter| letter & 0x1f);
            self.firsts |= 1 << first;
            self.beginnings.push(letters);
            return;
        }
        let hash = letters
            .iter()
            .rev()
            .fold(BASIS, |hash, letter| hashed(hash, *letter));
        let [word, bit] = place(hash);
        if let Some(word) = self.hashes.get_mut(word) {
            *word |= 1 << bit;
        }
        let entry = (hash, letters);
        if let Err(at) = self.endings.binary_search(&entry) {
            self.endings.insert(at, entry);
        }
    }

    /// From its end on, since that is where the endings are: one hash grows letter by letter, and is looked up where a word starts.
    fn contains(&self, identifier: &[u8]) -> bool {
        let mut hash = BASIS;
        let mut kind = identifier.last().map_or(0, |last| kind_of(*last));
        let mut rest = identifier;
        while let [before @ .., byte] = rest {
            let kind_before = before.last().map_or(0, |before| kind_of(*before));
            if kind & LETTER != 0 {
                hash = hashed(hash, byte | kind & UPPER);
                if starts_word(kind_before, kind) && self.holds(hash, *byte, identifier, before) {
                    return true;
                }
            }
            (kind, rest) = (kind_before, before);
        }
        false
    }

    /// Whether what follows `before` in an identifier is an ending, by its hash, or has a beginning.
    fn holds(&self, hash: u64, first: u8, identifier: &[u8], before: &[u8]) -> bool {
        let rest = || identifier.get(before.len()..).unwrap_or_default();
        self.may_end(hash) && self.ends(hash, rest())
            || self.may_begin(first) && self.begins(rest())
    }

    /// A cheap look before [`ends`](Self::ends).
    fn may_end(&self, hash: u64) -> bool {
        let [word, bit] = place(hash);
        let word = self.hashes.get(word);
        word.is_some_and(|word| word >> bit & 1 == 1)
    }

    /// A cheap look before [`begins`](Self::begins).
    fn may_begin(&self, letter: u8) -> bool {
        self.firsts >> (letter & 0x1f) & 1 == 1
    }

    fn ends(&self, hash: u64, rest: &[u8]) -> bool {
        let from = self.endings.partition_point(|(other, _)| *other < hash);
        self.endings
            .get(from..)
            .unwrap_or_default()
            .iter()
            .take_while(|(other, _)| *other == hash)
            .any(|(_, ending)| folded(rest).eq(ending.iter().copied()))
    }

    fn begins(&self, rest: &[u8]) -> bool {
        self.beginnings.iter().any(|beginning| {
            let mut letters = folded(rest);
            beginning
                .iter()
                .all(|letter| letters.next() == Some(*letter))
        })
    }
}

/// The bit of a hash: which word, and where in it.
fn place(hash: u64) -> [usize; 2] {
    let top = (hash >> 54) as usize;
    [top / 64 % HASHES, top % 64]
}

/// Where [`hashed`] begins.
const BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// One step of FNV-1a. Letters are compared as well, so a collision gains nothing.
fn hashed(hash: u64, letter: u8) -> u64 {
    (hash ^ u64::from(letter)).wrapping_mul(0x0100_0000_01b3)
}

/// Case and joints do not count.
fn folded(name: &[u8]) -> impl Iterator<Item = u8> {
    name.iter()
        .filter(|byte| is_letter(**byte))
        .map(u8::to_ascii_lowercase)
}

fn is_letter(byte: u8) -> bool {
    kind_of(byte) & LETTER != 0
}

/// Whether a word starts at a byte of one kind behind one of another: behind what is no letter or digit, or with a capital behind a letter that is none.
fn starts_word(before: u8, kind: u8) -> bool {
    before & PLAIN == 0 || kind & UPPER & !before != 0
}

/// What does not join words.
const LETTER: u8 = 1;
/// A letter or digit.
const PLAIN: u8 = 2;
/// A capital: what its small letter has and it has not.
const UPPER: u8 = 0x20;

fn kind_of(byte: u8) -> u8 {
    KINDS.get(usize::from(byte)).copied().unwrap_or(0)
}

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated when compiling: an index out of bounds would not compile"
)]
static KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = match byte as u8 {
            b'-' | b'_' | b'.' | b' ' => 0,
            b'A'..=b'Z' => LETTER | PLAIN | UPPER,
            b'a'..=b'z' | b'0'..=b'9' => LETTER | PLAIN,
            _ => LETTER,
        };
        byte += 1;
    }
    kinds
};

#[cfg(test)]
mod tests;
