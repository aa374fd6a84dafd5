//! A value longer than may be held: followed to its end in constant memory.

use crate::mask::{Hash, quote};
use crate::{Masker, RuleSet, Treatment};

use super::candidate::{Candidate, Outcome, Text};
use super::runs::Runs;
use super::window::Window;

/// A value that was judged before its end: its bytes are let through, or hashed and dropped, as they come.
pub(super) struct Open {
    pub(super) candidate: Candidate,
    pub(super) start: u64,
    /// Nothing more belongs to it.
    pub(super) done: bool,
    treatment: Treatment,
    /// Masked byte for byte instead of by a label at the end.
    stars: bool,
    /// Bytes given out in place of as many of the value, if it is masked byte for byte.
    starred: u64,
    /// What a mask needs around it, where the value had none.
    quotes: Option<(u8, u8)>,
    hash: Option<Hash>,
    taken: u64,
    last: [u8; 4],
}

impl Open {
    pub(super) fn new(
        candidate: Candidate,
        treatment: Treatment,
        stars: bool,
        hash: Option<Hash>,
    ) -> Self {
        Self {
            quotes: candidate.missing_quotes(),
            candidate,
            start: candidate.start,
            done: false,
            treatment,
            stars,
            hash,
            taken: candidate.start,
            starred: 0,
            last: [0; 4],
        }
    }

    /// Goes on through the text.
    pub(super) fn follow(&mut self, rules: &RuleSet, text: Text<'_>, runs: &mut Runs) {
        let rule = rules.rules.get(usize::from(self.candidate.rule));
        self.done |= rule.is_none_or(|rule| {
            self.candidate.follow_tail(&rule.matcher, text, runs) == Outcome::Done
        });
    }

    /// Behind the last byte that belongs to it for certain.
    pub(super) fn end(&self) -> u64 {
        self.candidate.end.unwrap_or(self.start)
    }

    /// Takes what belongs to it by now.
    pub(super) fn take(&mut self, window: &Window, out: &mut Vec<u8>) {
        let end = self.end();
        let bytes = window.slice(self.taken, end);
        match self.treatment {
            Treatment::Reveal => out.extend_from_slice(bytes),
            Treatment::Mask | Treatment::Block if self.stars => {
                // The last bytes wait: a closing quote may have to come in their place.
                let quotes = self
                    .quotes
                    .map_or(0, |(backslashes, _)| u64::from(backslashes) + 1);
                if let Some(quotes) = self
                    .quotes
                    .filter(|_| self.taken == self.start && end > self.start)
                {
                    quote(quotes, out);
                    self.starred = u64::from(quotes.0) + 1;
                }
                let free = (end - self.start).saturating_sub(quotes);
                Masker::stars(free.saturating_sub(self.starred), out);
                self.starred = self.starred.max(free);
            }
            Treatment::Mask | Treatment::Block => {
                if let Some(hash) = &mut self.hash {
                    hash.update(bytes);
                }
                for byte in bytes.iter().skip(bytes.len().saturating_sub(4)) {
                    self.last.rotate_left(1);
                    self.last[3] = *byte;
                }
            }
        }
        self.taken = end;
    }

    /// Sets its mask, or what is left of it.
    pub(super) fn finish(self, kind: &str, masker: &Masker, out: &mut Vec<u8>) {
        if self.treatment == Treatment::Reveal {
            return;
        }
        if let Some(quotes) = self.quotes.filter(|_| !self.stars) {
            quote(quotes, out);
        }
        if !self.stars {
            masker.mask_parts(
                kind,
                self.end() - self.start,
                Some(self.last),
                self.hash.map(Hash::fingerprint),
                out,
            );
        }
        if let Some(quotes) = self.quotes {
            quote(quotes, out);
        }
    }
}
