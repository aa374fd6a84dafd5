//! What can be given out, and what must be held back.

use super::{Candidate, Outcome, Scanner, Strictness, UNKNOWN};
use crate::rules::{Name, Named};
use crate::scan::runs::Runs;

/// Nothing starts further before the first word that was not looked up.
const NEAR: u64 = 128;

impl Scanner {
    /// Gives out what can be given out, and forgets it.
    pub(super) fn release(&mut self, out: &mut Vec<u8>) {
        if self.muted {
            self.position = self.window.end();
            self.window.skip(self.position);
        } else {
            let free = self.free();
            self.take_up_to(free, out);
        }
        self.window.trim();
        self.window.shrink();
    }

    /// The same without asking where exactly the next value may start, which costs as much as reading some thousand bytes.
    pub(super) fn release_most(&mut self, out: &mut Vec<u8>) {
        if self.muted || self.open.is_some() {
            return self.release(out);
        }
        let unseen = self.position.saturating_sub(NEAR);
        self.window.emit(self.settled_before(unseen), out);
        self.window.trim();
    }

    fn take_up_to(&mut self, to: u64, out: &mut Vec<u8>) {
        match &mut self.open {
            Some(open) => {
                open.take(&self.window, out);
                self.window.skip(to);
            }
            None => self.window.emit(to, out),
        }
    }

    /// The offset up to which no credential can start any more.
    fn free(&mut self) -> u64 {
        if let Some(open) = &self.open {
            return open.end();
        }
        let beginning = self.beginning();
        self.settled_before(beginning)
    }

    /// The offset up to which no candidate and nothing that is being decoded reaches, nor what starts at `unseen`.
    fn settled_before(&self, unseen: u64) -> u64 {
        let candidates = self.live.iter().chain(&self.ready);
        let first = candidates.map(|candidate| candidate.start).min();
        first
            .unwrap_or(UNKNOWN)
            .min(unseen)
            .min(self.floor())
            .min(self.decoding.unread())
    }

    /// Where the first value starts of which too little is known to look it up; the end of what is known if there is none.
    fn beginning(&mut self) -> u64 {
        let end = self.window.end();
        let reach = self.rules.index.reach() as u64;
        let from = self.position.saturating_sub(reach);
        let from = from.max(self.text_start).min(end);
        let mut beginning = self.escaped_beginning().unwrap_or(end);
        let mut runs = std::mem::take(&mut self.runs);
        for at in from..end {
            let bytes = self.window.slice(at, end);
            // Of words only those that were not looked up are of interest.
            let first = bytes.first().filter(|byte| byte.is_ascii_alphanumeric());
            let word = first.is_some();
            let looked_up =
                |first: &u8| at < self.position && !self.rules.index.has_slashed(*first);
            if first.is_some_and(looked_up) || word && !self.starts_word(at) {
                continue;
            }
            if word {
                let value = self.value_of_name(at, bytes);
                beginning = value.unwrap_or(end).min(beginning);
            }
            for id in self.rules.index.starting_with(bytes) {
                let value = self.value(id, at, &mut runs);
                beginning = value.unwrap_or(end).min(beginning);
            }
        }
        self.runs = runs;
        beginning
    }

    /// Whether a word can start here: anywhere but within one.
    fn starts_word(&self, at: u64) -> bool {
        if self.strictness == Strictness::Field {
            return true;
        }
        let capital = |at: u64| {
            self.window
                .byte(at)
                .is_some_and(|it| it.is_ascii_uppercase())
        };
        let before = self
            .window
            .slice(at.saturating_sub(6).max(self.text_start), at);
        let escape = |by: usize| {
            let at = before.len().checked_sub(by);
            at.and_then(|at| before.get(at))
                .is_some_and(|byte| matches!(byte, b'\\' | b'%' | b'#'))
        };
        before.last().is_none_or(|before| {
            !before.is_ascii_alphanumeric() || capital(at) && !before.is_ascii_uppercase()
        }) || [2, 3, 6].into_iter().any(escape)
    }

    /// Where the value behind a name would start that starts here.
    fn value_of_name(&self, at: u64, bytes: &[u8]) -> Option<u64> {
        let names = self.rules.spellings.find(bytes);
        let starts = names.filter_map(|name| match name {
            Name::Known(name) => self.value_of(name, at),
            Name::Unfinished => None,
        });
        starts.min()
    }

    /// Where the value of this name would start.
    fn value_of(&self, name: Named, at: u64) -> Option<u64> {
        let mut candidate = self.candidate(at, name);
        let text = self.text(false);
        let outcome = candidate.follow_name(text, text.most_open);
        let possible = outcome == Outcome::Unfinished || candidate.end.is_some();
        possible.then_some(candidate.start)
    }

    /// Where the value of this rule would start, if the rule started here and what is known does not speak against it.
    pub(super) fn value(&self, id: u16, at: u64, runs: &mut Runs) -> Option<u64> {
        let rule = self.rules.rules.get(usize::from(id))?;
        if !self.may_start(rule, at) {
            return None;
        }
        let text = self.text(false);
        let mut candidate = Candidate::new(id, at, &rule.matcher);
        let outcome = candidate.follow(&rule.matcher, text, runs);
        let possible = outcome == Outcome::Unfinished || candidate.end.is_some();
        possible.then_some(candidate.start)
    }
}
