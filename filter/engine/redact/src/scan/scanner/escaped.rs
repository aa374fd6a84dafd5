//! Looks up words that are written with escapes.

use crate::rules::{Name, Named, RuleSet};
use crate::scan::escape::{self, Escape};
use crate::scan::escaped::{self, Meant, is_word, others, starts};
use crate::scan::prefilter::Starts;
use crate::scan::runs::Runs;

use super::look_up::Found;
use super::{Scanner, Strictness};

/// Longest name that is looked for where it is written with escapes, and the byte behind it.
const NAME: usize = 40;
/// What an anchor has before its word, written with escapes.
const PREFIX: u64 = 80;

impl Scanner {
    /// Adds what words with escapes start, in the order of the text. Says where to go on later, if too little is known of one.
    pub(super) fn find_escaped(
        &self,
        starts: &Starts,
        (base, from, to): (u64, u64, u64),
        complete: bool,
        hits: &mut Vec<Found>,
    ) -> Option<u64> {
        if self.strictness == Strictness::Field || starts.escapes.iter().next().is_none() {
            return None;
        }
        let offset = |at: u64| usize::try_from(at.saturating_sub(base)).unwrap_or(usize::MAX);
        let text = self.window.slice(base, self.window.end());
        let known = hits.len();
        let range = (offset(from), offset(to.min(self.position)));
        let places = starts.escapes.iter();
        let index = &self.rules.index;
        let postponed = escaped::find(text, places, range, complete, index, |place, at, hit| {
            hits.push(Found::new(at, Some(place), hit));
        });
        if hits.len() > known {
            hits.sort_by_key(|found| found.at);
        }
        postponed.map(|place| base + place as u64)
    }

    /// Follows what stands behind a name that is written with escapes. False if too little is known of it. `meant` is what was read at the same place for another name.
    pub(super) fn attempt_escaped_name(
        &mut self,
        rules: &RuleSet,
        id: u16,
        (at, meant): (u64, &mut Option<(u64, Meant<NAME>)>),
        complete: bool,
    ) -> bool {
        let read = || {
            let known = self.window.slice(at, self.window.end());
            (at, Meant::read(known, complete))
        };
        if meant.as_ref().is_some_and(|(place, _)| *place != at) {
            *meant = None;
        }
        let (_, meant) = meant.get_or_insert_with(read);
        match rules.spellings.get(id, meant.bytes()) {
            Some(Name::Known(name)) => {
                let length = meant.written(name.length);
                self.attempt_named(rules, Named { length, ..name }, at, complete);
                true
            }
            Some(Name::Unfinished) => !meant.is_unfinished(),
            None => true,
        }
    }

    /// Where an anchor starts that has so many bytes before the word at `at`.
    pub(super) fn start_before(&self, at: u64, offset: u8, base: u64) -> u64 {
        let raw = at.saturating_sub(u64::from(offset));
        if offset == 0 || self.strictness == Strictness::Field {
            return raw;
        }
        let text = self.window.slice(base, at);
        escaped::back(text, offset).map_or(raw, |start| base + start as u64)
    }

    /// Where the first word with escapes starts that was not looked up, or what an anchor may have before one. All of it is held: it may be longer than what stays readable behind
    /// what was given out.
    pub(super) fn escaped_beginning(&self) -> Option<u64> {
        if self.strictness == Strictness::Field {
            return None;
        }
        let base = self.window.base().max(self.text_start);
        let from = self.position.saturating_sub(PREFIX).max(base);
        let text = self.window.slice(base, self.window.end());
        let offset = |at: u64| usize::try_from(at.saturating_sub(base)).unwrap_or(usize::MAX);
        let looked_up = offset(self.position.saturating_sub(1));
        let (mut last, mut beginning) = (None, None);
        let near = text.get(offset(from)..).unwrap_or_default();
        // All of them are looked at, which takes a few instructions.
        if !near
            .iter()
            .fold(false, |any, byte| any | escape::introduces(*byte))
        {
            return None;
        }
        for at in offset(from)..text.len() {
            let rest = text.get(at..).unwrap_or_default();
            if !rest.first().is_some_and(|first| escape::introduces(*first)) {
                continue;
            }
            // What is not known yet may be a capital, at which the most words start.
            let escape = escape::read(rest);
            let (byte, length) = match escape {
                Escape::Byte(byte, length) => (byte, length),
                Escape::Unfinished => (b'A', rest.len()),
                Escape::No => continue,
            };
            let mut words = starts(text, at, byte, last)
                .filter(|_| is_word(byte) && at >= looked_up)
                .map(|start| base + start as u64);
            // The filter stops at no digit, so an anchor may have one before its word.
            let digit = self.rules.index.has_slashed(byte).then_some(at);
            let others = others(text, at, byte, last, self.rules.index.reach())
                .chain(digit)
                .filter_map(|start| self.escaped_value(base + start as u64));
            let word = words.find(|start| self.may_be_escaped(*start));
            let unfinished = (escape == Escape::Unfinished).then_some(base + at as u64);
            beginning = others.chain(word).chain(unfinished).chain(beginning).min();
            last = Some((at + length, byte));
        }
        beginning
    }

    /// Whether a word with escapes may start a rule or a name here, as far as it is known.
    fn may_be_escaped(&self, at: u64) -> bool {
        let meant = self.meant(at);
        let mut runs = Runs::default();
        let mut rules = self.rules.index.starting_with(meant.bytes());
        meant.bytes().is_empty()
            || rules.any(|id| self.value(id, at, &mut runs).is_some())
            || self.rules.spellings.find(meant.bytes()).next().is_some()
    }

    /// Where the first value would start of the rules that may start here.
    fn escaped_value(&self, at: u64) -> Option<u64> {
        let meant = self.meant(at);
        let mut runs = Runs::default();
        let rules = self.rules.index.starting_with(meant.bytes());
        rules.filter_map(|id| self.value(id, at, &mut runs)).min()
    }

    fn meant(&self, at: u64) -> Meant<NAME> {
        Meant::read(self.window.slice(at, self.window.end()), false)
    }
}
