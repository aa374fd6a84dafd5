//! Values from the configuration become matches like any other.

use crate::RuleSet;
use crate::scan::candidate::Candidate;
use crate::scan::known::Known;

use super::{Scanner, Strictness, UNKNOWN};

impl Scanner {
    /// Looks for known values in what is new. `complete` says that nothing follows, `ends_word` that nothing which follows belongs to a word.
    pub(super) fn find_known(&mut self, rules: &RuleSet, complete: bool, ends_word: bool) {
        let Some(values) = &rules.known else {
            return;
        };
        let text = Known {
            window: &self.window,
            complete,
            ends_word,
            delimited: self.strictness == Strictness::Text,
        };
        let (settled, ready) = (self.settled, &mut self.ready);
        let count = ready.len();
        self.known.find(values, text, |(rule, start, end)| {
            if end > settled {
                ready.push(Candidate::complete(rule, start.max(settled), end));
            }
        });
        self.ended |= ready.len() > count;
    }

    /// Where the first value may start that is encoded, known or put aside, and not settled.
    pub(super) fn floor(&self) -> u64 {
        // What starts where digits are that nobody looks into covers them.
        let unread = self.decoding.unread().saturating_add(1);
        self.floor_of_text().min(unread)
    }

    /// The same but for digits that nobody looks into.
    pub(super) fn floor_of_text(&self) -> u64 {
        let known = self.known.floor().unwrap_or(UNKNOWN);
        let waiting = self.deferred.floor();
        known.min(waiting).min(self.decoding.floor())
    }
}
