//! Finds any of some hundred literals in passing bytes, wherever they stand: a value in clear has no word start to rely on, least of all within base64.
//!
//! Of a literal of at least seven bytes, one of any four neighbouring quadruples of bytes starts at a multiple of four. So every fourth quadruple of the text is looked up
//! in a bitmap of hashes, which turns nearly all away.

use std::ops::Range;

use super::forms::Form;

/// All literals.
pub(crate) struct Literals {
    /// One bit for each hash of a quadruple.
    filter: Box<[u64; WORDS]>,
    /// Sorted by their bytes.
    quadruples: Vec<Quadruple>,
    /// Sorted by their bytes.
    literals: Vec<Literal>,
}

/// Four bytes near the start of a literal.
struct Quadruple {
    bytes: u32,
    offset: usize,
    literal: usize,
}

struct Literal {
    bytes: Vec<u8>,
    has_rest: bool,
    rule: u16,
}

/// What stands at a place.
enum Read {
    Other,
    /// Too little is known.
    Unfinished,
    /// The literal, of so many bytes with its rest.
    Found(usize),
}

/// 4 KiB.
const WORDS: usize = 512;
/// Quadruples of each literal, and bytes of the text between two that are looked up.
const STEP: usize = 4;

impl Literals {
    /// The forms of values, with the numbers of their rules.
    pub(super) fn new(forms: impl Iterator<Item = (Form, u16)>) -> Self {
        let mut literals: Vec<Literal> = forms
            .map(|(form, rule)| Literal {
                bytes: form.literal,
                has_rest: form.has_rest,
                rule,
            })
            .collect();
        literals.sort_by(|one, other| one.bytes.cmp(&other.bytes));
        let mut quadruples: Vec<Quadruple> = literals
            .iter()
            .enumerate()
            .flat_map(|(nth, literal)| {
                let four = literal.bytes.windows(4).enumerate().take(STEP);
                four.filter_map(move |(offset, bytes)| {
                    Some(Quadruple {
                        bytes: u32::from_le_bytes(*bytes.first_chunk()?),
                        offset,
                        literal: nth,
                    })
                })
            })
            .collect();
        quadruples.sort_by_key(|quadruple| quadruple.bytes);
        let mut filter = Box::new([0; WORDS]);
        for quadruple in &quadruples {
            let (word, bit) = place(quadruple.bytes);
            if let Some(word) = filter.get_mut(word) {
                *word |= bit;
            }
        }
        Self {
            filter,
            quadruples,
            literals,
        }
    }

    /// Bytes of the longest, with its rest; 0 if there is none.
    pub(crate) fn longest(&self) -> usize {
        let lengths = self
            .literals
            .iter()
            .map(|it| it.bytes.len() + usize::from(it.has_rest));
        lengths.max().unwrap_or(0)
    }

    /// Finds all that start in `text` at `from` or behind it, up to the place it returns: there more has to be known. `complete` says that nothing follows.
    ///
    /// O(length), but for texts that repeat the start of a value.
    pub(crate) fn find(
        &self,
        text: &[u8],
        from: usize,
        complete: bool,
        mut found: impl FnMut(u16, Range<usize>),
    ) -> usize {
        let new = text.get(from..).unwrap_or_default();
        let (steps, _) = new.as_chunks::<STEP>();
        for (nth, four) in steps.iter().enumerate() {
            let bytes = u32::from_le_bytes(*four);
            if self.admits(bytes) {
                let at = from + nth * STEP;
                if let Some(unfinished) =
                    self.look_up(bytes, text, (from, at), complete, &mut found)
                {
                    return unfinished;
                }
            }
        }
        if complete {
            return text.len();
        }
        // Those whose quadruple was looked up started before.
        let next = from + steps.len() * STEP;
        next.saturating_sub(STEP - 1).max(from)
    }

    /// Whether any is in a text that is at hand as a whole.
    pub(super) fn is_in(&self, text: &[u8]) -> bool {
        let mut any = false;
        self.find(text, 0, true, |_, _| any = true);
        any
    }

    /// The first place from `from` on where one may start, if the text goes on.
    pub(crate) fn beginning(&self, text: &[u8], from: usize) -> Option<usize> {
        (from..text.len()).find(|at| {
            let known = text.get(*at..).unwrap_or_default();
            let nth = self
                .literals
                .partition_point(|literal| literal.bytes.as_slice() < known);
            let next = self.literals.get(nth);
            next.is_some_and(|literal| literal.bytes.starts_with(known))
        })
    }

    #[inline]
    fn admits(&self, bytes: u32) -> bool {
        let (word, bit) = place(bytes);
        self.filter.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Reports what has these bytes `at`, up to where too little is known.
    #[cold]
    fn look_up(
        &self,
        bytes: u32,
        text: &[u8],
        (from, at): (usize, usize),
        complete: bool,
        found: &mut impl FnMut(u16, Range<usize>),
    ) -> Option<usize> {
        let first = self.quadruples.partition_point(|it| it.bytes < bytes);
        let read = || {
            let same = self.quadruples.get(first..).unwrap_or_default().iter();
            let same = same.take_while(|it| it.bytes == bytes);
            same.filter_map(|quadruple| {
                let start = at.checked_sub(quadruple.offset).filter(|it| *it >= from)?;
                let literal = self.literals.get(quadruple.literal)?;
                let known = text.get(start..).unwrap_or_default();
                Some((start, literal.rule, literal.read(known, complete)))
            })
        };
        let unfinished = read()
            .filter(|(.., read)| matches!(read, Read::Unfinished))
            .map(|(start, ..)| start)
            .min();
        for (start, rule, read) in read() {
            if let Read::Found(length) = read
                && unfinished.is_none_or(|unfinished| start < unfinished)
            {
                found(rule, start..start + length);
            }
        }
        unfinished
    }
}

impl Literal {
    fn read(&self, text: &[u8], complete: bool) -> Read {
        let length = self.bytes.len();
        let known = text.get(..length).unwrap_or(text);
        if !self.bytes.starts_with(known) {
            return Read::Other;
        }
        match text.get(length) {
            _ if known.len() < length && complete => Read::Other,
            _ if known.len() < length => Read::Unfinished,
            Some(next) if self.has_rest && is_digit(*next) => Read::Found(length + 1),
            None if self.has_rest && !complete => Read::Unfinished,
            _ => Read::Found(length),
        }
    }
}

/// Of base64, in either alphabet.
fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// The bit of a quadruple in the filter.
#[inline]
fn place(bytes: u32) -> (usize, u64) {
    let hash = bytes.wrapping_mul(0x9e37_79b1) >> 17;
    ((hash >> 6) as usize % WORDS, 1 << (hash & 63))
}
