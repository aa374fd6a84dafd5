//! Through one part of a pattern, whose bytes may be written with escapes.

use crate::rules::{Automaton, ByteSet};
use crate::scan::escape::{self, Escape};
use crate::scan::runs::Runs;

use super::{Candidate, Text, Went};

/// Where an automaton stops.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    FirstMatch,
    Stuck,
}

impl Candidate {
    /// Runs an automaton, and says where its last match ended.
    pub(super) fn run_automaton(
        &mut self,
        automaton: &Automaton,
        text: Text<'_>,
        limit: u64,
        until: Until,
    ) -> (Went, Option<u64>) {
        let first = until == Until::FirstMatch;
        let mut matched = None;
        loop {
            let bytes = text.window.slice(self.position, limit);
            let ran = automaton.run(self.state, bytes, first, self.written_with);
            matched = ran.matched.map(|at| self.position + at as u64).or(matched);
            self.state = ran.state;
            self.position += ran.taken as u64;
            self.walk(ran.taken as u64 + 1);
            if first && matched.is_some() {
                return (Went::Through, matched);
            }
            if self.position >= limit {
                return (Went::Unfinished, matched);
            }
            let plain = text.window.byte(self.position).unwrap_or(0);
            let (byte, length) = match self.escape(text) {
                Escape::Byte(byte, length) => (byte, length),
                Escape::Unfinished => return (Went::Unfinished, matched),
                Escape::No if self.written_with == Some(plain) => (plain, 1),
                Escape::No => return (Went::Stuck, matched),
            };
            let Some(state) = automaton.step(self.state, byte) else {
                return (Went::Stuck, matched);
            };
            if self.in_lead() && length > 1 {
                self.written_with = Some(plain);
            }
            self.state = state;
            self.position += length as u64;
            if automaton.accepts(state) {
                matched = Some(self.position);
                if first {
                    return (Went::Through, matched);
                }
            }
        }
    }

    /// Takes bytes of one class, up to `most`.
    pub(super) fn run_class(
        &mut self,
        class: &ByteSet,
        most: u32,
        text: Text<'_>,
        limit: u64,
        runs: &mut Runs,
    ) -> Went {
        loop {
            if self.position >= limit && self.count < most {
                return Went::Unfinished;
            }
            let wanted = limit.min(self.position.saturating_add(u64::from(most - self.count)));
            let (end, walked) = self.run_end(class, wanted, text, runs);
            self.walk(walked + 1);
            self.count += u32::try_from(end - self.position).unwrap_or(0);
            self.position = end;
            if self.count == most {
                return Went::Through;
            }
            if self.position >= limit {
                return Went::Unfinished;
            }
            match self.escape(text) {
                Escape::Byte(byte, length) if class.contains(byte) => {
                    self.count += 1;
                    self.position += length as u64;
                }
                Escape::No if self.at_plain_introducer(class, text) => {
                    self.count += 1;
                    self.position += 1;
                }
                Escape::Unfinished => return Went::Unfinished,
                Escape::Byte(..) | Escape::No => return Went::Through,
            }
        }
    }

    /// Whether the run stopped only to see whether an escape starts here.
    fn at_plain_introducer(&self, class: &ByteSet, text: Text<'_>) -> bool {
        self.written_with.is_some_and(|first| {
            class.contains(first) && text.window.byte(self.position) == Some(first)
        })
    }

    /// Where the run of `class` ends from here, or `to` if that comes first; and how many bytes had to be looked at for it.
    fn run_end(&self, class: &ByteSet, to: u64, text: Text<'_>, runs: &mut Runs) -> (u64, u64) {
        let Some(first) = self.written_with.filter(|first| class.contains(*first)) else {
            return runs.end(class, self.position, to, text.window);
        };
        let bytes = text.window.slice(self.position, to);
        let plain = bytes
            .iter()
            .position(|byte| *byte == first || !class.contains(*byte));
        let plain = plain.unwrap_or(bytes.len()) as u64;
        (self.position + plain, plain)
    }

    /// The escape that the automaton stopped at.
    pub(super) fn escape(&self, text: Text<'_>) -> Escape {
        self.escape_at(self.position, text)
    }

    pub(super) fn escape_at(&self, at: u64, text: Text<'_>) -> Escape {
        let window = text.window;
        if !text.strict || !window.byte(at).is_some_and(escape::introduces) {
            return Escape::No;
        }
        let rest = window.slice(at, at + escape::LONGEST as u64);
        match escape::read(rest) {
            Escape::Unfinished if text.complete => Escape::No,
            other => other,
        }
    }
}
