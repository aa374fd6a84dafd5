//! What can be given out, and what must be held back.

use super::{Candidate, Outcome, Scanner, Strictness, UNKNOWN, text};
use crate::scan::runs::Runs;

impl Scanner {
    /// Gives out what can be given out, and forgets it.
    pub(super) fn release(&mut self, out: &mut Vec<u8>) {
        if self.muted {
            self.position = self.window.end();
            self.window.skip(self.position);
        } else {
            self.take_up_to(self.free(), out);
        }
        self.window.trim();
    }

    pub(super) fn take_up_to(&mut self, to: u64, out: &mut Vec<u8>) {
        match &mut self.open {
            Some(open) => {
                open.take(&self.window, out);
                self.window.skip(to);
            }
            None => self.window.emit(to, out),
        }
    }

    /// The offset up to which no credential can start any more.
    pub(super) fn free(&self) -> u64 {
        if let Some(open) = &self.open {
            return open.end();
        }
        let candidates = self
            .live
            .iter()
            .chain(&self.ready)
            .map(|candidate| candidate.start)
            .min()
            .unwrap_or(UNKNOWN);
        candidates.min(self.beginning())
    }

    /// Where the first value starts of which too little is known to look it up; the end of what is known if there is none.
    fn beginning(&self) -> u64 {
        let end = self.window.end();
        let from = self.unseen().max(self.text_start).min(end);
        (from..)
            .zip(self.window.slice(from, end))
            .filter(|(at, byte)| self.is_start(*at, **byte))
            .flat_map(|(at, byte)| {
                let tried = self.rules.index.starting_with(*byte);
                tried.iter().filter_map(move |id| self.value(*id, at))
            })
            .min()
            .unwrap_or(end)
            .min(end)
    }

    /// Whether a value can start here: anywhere but within a word.
    fn is_start(&self, at: u64, byte: u8) -> bool {
        if self.strictness == Strictness::Field || !byte.is_ascii_alphanumeric() {
            return true;
        }
        let before = self
            .window
            .slice(at.saturating_sub(6).max(self.text_start), at);
        let escape = |by: usize| {
            let at = before.len().checked_sub(by);
            at.and_then(|at| before.get(at))
                .is_some_and(|byte| matches!(byte, b'\\' | b'%'))
        };
        before.last().is_none_or(|before| {
            !before.is_ascii_alphanumeric()
                || byte.is_ascii_uppercase() && !before.is_ascii_uppercase()
        }) || [2, 3, 6].into_iter().any(escape)
    }

    /// Where the value of this rule would start, if the rule started here and what is known does not speak against it.
    fn value(&self, id: u16, at: u64) -> Option<u64> {
        let rule = self.rules.rules.get(usize::from(id))?;
        if !self.may_start(rule, at) {
            return None;
        }
        let text = text(
            &self.window,
            false,
            self.settled,
            self.strictness,
            self.limits,
        );
        let mut candidate = Candidate::new(id, at, &rule.matcher);
        let outcome = candidate.follow(&rule.matcher, text, &mut Runs::default());
        let possible = outcome == Outcome::Unfinished || candidate.end.is_some();
        possible.then_some(candidate.start)
    }
}
