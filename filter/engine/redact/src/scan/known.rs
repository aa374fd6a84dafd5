//! Looks for values from the configuration in what is new of a text.
//!
//! Unlike what a rule says, such a value is complete as soon as it is seen: there is nothing to follow. What has to be remembered between two pieces is only from where on more
//! has to be known.

use crate::rules::{KnownHashes, KnownValues, Length, is_delimiter, is_separator};

use super::window::Window;

/// How far one text was searched.
#[derive(Default)]
pub(super) struct Search {
    /// Values in clear that start before were found.
    literals: u64,
    words: Words,
    /// Where the first value may start that is not found yet, if any.
    floor: Option<u64>,
}

/// How far a text was searched for words.
#[derive(Default)]
struct Words {
    /// Where the run of bytes starts that has no delimiters, or the text in which nothing delimits.
    start: u64,
    /// Bytes before were looked at.
    position: u64,
    /// Bytes before are in the registers.
    rolled: u64,
    /// One for each length.
    registers: Vec<u32>,
}

/// What is known of a text.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) window: &'a Window,
    /// Nothing follows.
    pub(super) complete: bool,
    /// Nothing that follows belongs to a word.
    pub(super) ends_word: bool,
    /// Whether words have to be delimited.
    pub(super) delimited: bool,
}

/// The rule of a value, where it starts, and where it ends.
pub(super) type Found = (u16, u64, u64);

impl Search {
    /// Goes on behind what is gone.
    pub(super) fn restart(&mut self, at: u64) {
        self.literals = at;
        self.words.restart(at);
        self.floor = None;
    }

    /// Where the first value may start that is not found yet.
    pub(super) fn floor(&self) -> Option<u64> {
        self.floor
    }

    /// Reports what is in the text as far as it is known, each value once.
    pub(super) fn find(
        &mut self,
        values: &KnownValues,
        text: Known<'_>,
        mut found: impl FnMut(Found),
    ) {
        let base = text.window.base();
        let bytes = text.window.slice(base, text.window.end());
        let offset = |at: u64| usize::try_from(at.saturating_sub(base)).unwrap_or(usize::MAX);
        let from = offset(self.literals);
        let literals = &values.literals;
        let next = literals.find(bytes, from, text.complete, |rule, range| {
            found((rule, base + range.start as u64, base + range.end as u64));
        });
        self.literals = base + next as u64;
        self.floor = literals.beginning(bytes, next).map(|at| base + at as u64);
        if !values.hashes.is_empty() {
            self.words.find(&values.hashes, text, &mut found);
            let word = self.words.beginning(&values.hashes, text);
            self.floor = self.floor.into_iter().chain(word).min();
        }
    }
}

impl Words {
    fn restart(&mut self, at: u64) {
        self.start = at;
        self.position = at;
        self.rolled = at;
        self.registers.fill(0);
    }

    fn find(&mut self, values: &KnownHashes, text: Known<'_>, found: &mut impl FnMut(Found)) {
        self.registers.resize(values.lengths().len(), 0);
        let (end, shortest) = (text.window.end(), values.shortest() as u64);
        let delimits = |byte: &u8| text.delimited && is_delimiter(*byte);
        while self.position < end {
            if self.rolled == self.start {
                // Nearly all words are too short: from the end of one that is not back to the last delimiter, most bytes need no look.
                let to = end.min(self.start + shortest);
                let new = text.window.slice(self.position, to);
                if let Some(last) = new.iter().rposition(delimits) {
                    self.restart(self.position + last as u64 + 1);
                    self.position = to;
                    continue;
                }
                self.position = to;
                if to < self.start + shortest {
                    break;
                }
            }
            let new = text.window.slice(self.position, end);
            let stop = new.iter().position(delimits);
            let to = stop.map_or(end, |stop| self.position + stop as u64);
            self.roll(values, text, to, found);
            self.position = to;
            if stop.is_some() {
                self.check_all(values, text, found);
                self.restart(to + 1);
            }
        }
        if text.ends_word {
            self.check_all(values, text, found);
            self.restart(end);
        }
    }

    /// Takes bytes that delimit nothing, and reports the words that end before one of them.
    fn roll(
        &mut self,
        values: &KnownHashes,
        text: Known<'_>,
        to: u64,
        found: &mut impl FnMut(Found),
    ) {
        let from = self.rolled;
        let mut registers = std::mem::take(&mut self.registers);
        for (register, length) in registers.iter_mut().zip(values.lengths()) {
            let bytes = length.bytes as u64;
            // From here on a byte leaves the register for each that comes.
            let full = to.min(from.max(self.start + bytes));
            for byte in text.window.slice(from, full) {
                *register = length.roll(*register, *byte, None);
            }
            let new = text.window.slice(full, to);
            let old = text
                .window
                .slice(full.saturating_sub(bytes), to.saturating_sub(bytes));
            for (at, (byte, oldest)) in (full..).zip(new.iter().zip(old)) {
                if !text.delimited || is_separator(*byte) {
                    self.check((values, length, *register), text, at, found);
                }
                *register = length.roll(*register, *byte, Some(*oldest));
            }
        }
        self.registers = registers;
        self.rolled = to;
    }

    /// Reports the words that end with all that is in the registers.
    fn check_all(&self, values: &KnownHashes, text: Known<'_>, found: &mut impl FnMut(Found)) {
        for (register, length) in self.registers.iter().zip(values.lengths()) {
            self.check((values, length, *register), text, self.rolled, found);
        }
    }

    /// Reports the word that ends here, if it is a value; the register is what it comes to.
    #[inline]
    fn check(
        &self,
        (values, length, register): (&KnownHashes, &Length, u32),
        text: Known<'_>,
        end: u64,
        found: &mut impl FnMut(Found),
    ) {
        if !length.admits(register) {
            return;
        }
        let start = end.checked_sub(length.bytes as u64);
        if let Some(start) = start.filter(|start| self.may_start(text, *start)) {
            let word = text.window.slice(start, end);
            if let Some(rule) = values.known(length, register, word) {
                found((rule, start, end));
            }
        }
    }

    fn may_start(&self, text: Known<'_>, at: u64) -> bool {
        let before = || text.window.byte(at.checked_sub(1)?);
        at == self.start
            || at > self.start && (!text.delimited || before().is_some_and(is_separator))
    }

    /// Where the first word starts that may be a value, as far as it is known.
    fn beginning(&self, values: &KnownHashes, text: Known<'_>) -> Option<u64> {
        let end = text.window.end();
        let first = end.saturating_sub(values.longest() as u64).max(self.start);
        (first..end).find(|at| self.may_start(text, *at))
    }
}
