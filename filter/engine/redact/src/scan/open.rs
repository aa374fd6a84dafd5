//! A value longer than may be held: followed to its end in constant memory.

use crate::mask::Hash;
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
            candidate,
            start: candidate.start,
            done: false,
            treatment,
            stars,
            hash,
            taken: candidate.start,
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
                Masker::stars(bytes.len() as u64, out);
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

    /// Sets its mask, if that was not done on the way.
    pub(super) fn finish(self, kind: &str, masker: &Masker, out: &mut Vec<u8>) {
        if self.treatment != Treatment::Reveal && !self.stars {
            masker.mask_parts(
                kind,
                self.end() - self.start,
                Some(self.last),
                self.hash.map(Hash::fingerprint),
                out,
            );
        }
    }
}
