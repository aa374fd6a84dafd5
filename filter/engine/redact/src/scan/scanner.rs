//! The scanner: one text in, the same text with its credentials treated out, in pieces of any size.
//!
//! All candidates advance in lock step with the text, one byte at a time, and every decision is a function of the bytes up to there. That is
//! why the output cannot depend on how the text was cut: a chunk's end decides nothing, it only asks how much can be given out.

mod overflow;
mod treatment;

use std::sync::Arc;

use crate::rules::{AnchorState, Rule};
use crate::{Judge, Limits, Masker, RedactError, RuleSet};

use super::candidate::{Bounds, Candidate, UNKNOWN};
use super::open::Open;
use super::window::Window;

/// Bytes looked at before what is free to go is given out: bounds the window, whatever the chunk size.
const PIECE: usize = 4096;
/// Under this many candidates a look for merges costs more than it saves.
const FEW: usize = 8;

pub(crate) struct Scanner {
    rules: Arc<RuleSet>,
    masker: Arc<Masker>,
    strictness: Strictness,
    limits: Limits,
    window: Window,
    /// Offset up to which the bytes of the window were looked at.
    position: u64,
    anchor: AnchorState,
    /// Candidates still fed.
    live: Vec<Candidate>,
    /// Candidates that found something and wait for those that started earlier.
    ready: Vec<Candidate>,
    /// The value that outgrew `limits.held`, if any: it starts before all candidates.
    open: Option<Open>,
    /// The rest of the stream is dropped.
    muted: bool,
    /// Where the text began that is being read.
    text_start: u64,
    /// Behind the last value that was treated.
    settled: u64,
    merge_at: usize,
    steps: u64,
}

/// What the surroundings of a value may demand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// Text: the bytes beside a value count, and a mask may have any length.
    Text,
    /// A binary message: the bytes beside a value are lengths and tags, and a mask has the value's length.
    Field,
}

impl Scanner {
    pub(crate) fn new(
        rules: Arc<RuleSet>,
        masker: Arc<Masker>,
        limits: Limits,
        strictness: Strictness,
    ) -> Self {
        let anchor = rules.anchors.start();
        Self {
            rules,
            masker,
            strictness,
            limits,
            window: Window::default(),
            position: 0,
            anchor,
            live: Vec::new(),
            ready: Vec::new(),
            open: None,
            muted: false,
            text_start: 0,
            settled: 0,
            merge_at: FEW,
            steps: 0,
        }
    }

    /// Takes a piece of the text. O(length) times the number of candidates alive at once, which the rules bound.
    pub(crate) fn write(
        &mut self,
        chunk: &[u8],
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        for piece in chunk.chunks(PIECE) {
            self.window.push(piece);
            while self.position < self.window.end() && !self.muted {
                if self.live.is_empty() && self.open.is_none() {
                    self.skim();
                } else {
                    self.advance();
                }
                self.settle(judge, out)?;
                self.enforce(judge, out)?;
            }
            self.release(out);
        }
        Ok(())
    }

    /// The text ends here: whatever is complete is settled, all else is given out, and the next byte starts a new text.
    pub(crate) fn flush(
        &mut self,
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        let (end, bounds) = (self.window.end(), self.bounds());
        self.anchor = self.rules.anchors.start();
        for mut candidate in self.live.drain(..) {
            if let Some(rule) = self.rules.rules.get(usize::from(candidate.rule)) {
                candidate.finish(&rule.matcher, end, &self.window, bounds);
            }
            if candidate.end.is_some() {
                self.ready.push(candidate);
            }
        }
        if let Some(open) = &mut self.open {
            open.done = true;
        }
        self.settle(judge, out)?;
        self.text_start = end;
        self.merge_at = FEW;
        self.release(out);
        Ok(())
    }

    /// What is found by now reaches no further than here, and words before a value say nothing about the next field. A value of which nothing
    /// is found yet goes on: the end may be a mistake.
    pub(crate) fn end_field(
        &mut self,
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        let (end, bounds) = (self.window.end(), self.bounds());
        for mut candidate in std::mem::take(&mut self.live) {
            let in_lead = candidate.in_lead();
            if in_lead && let Some(rule) = self.rules.rules.get(usize::from(candidate.rule)) {
                candidate.finish(&rule.matcher, end, &self.window, bounds);
            }
            if candidate.end.is_some() {
                self.ready.push(candidate);
            } else if !in_lead {
                self.live.push(candidate);
            }
        }
        let ready = &self.ready;
        self.live.retain(|candidate| {
            !ready
                .iter()
                .any(|found| found.start <= candidate.start && found.end > Some(candidate.start))
        });
        if let Some(open) = &mut self.open {
            open.done = true;
        }
        self.settle(judge, out)?;
        self.release(out);
        Ok(())
    }

    /// Ends the text, and lets these bytes through unread.
    pub(crate) fn pass(
        &mut self,
        bytes: &[u8],
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        self.drop_bytes(bytes.len(), judge, out)?;
        if !self.muted {
            out.extend_from_slice(bytes);
        }
        Ok(())
    }

    /// Ends the text, and counts bytes that are not given out.
    pub(crate) fn drop_bytes(
        &mut self,
        length: usize,
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        self.flush(judge, out)?;
        self.window.jump(length as u64);
        self.position = self.window.end();
        self.text_start = self.position;
        Ok(())
    }

    /// Whether everything after some point is dropped.
    pub(crate) fn is_muted(&self) -> bool {
        self.muted
    }

    /// Bytes held back, and one for a mask still to come.
    pub(crate) fn held(&self) -> usize {
        let bytes = self.window.end().saturating_sub(self.window.emitted());
        usize::try_from(bytes)
            .unwrap_or(usize::MAX)
            .saturating_add(usize::from(self.open.is_some()))
    }

    /// Candidate steps taken so far: the work beyond one transition per byte.
    #[cfg(test)]
    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    /// Looks for the next anchor while there is no candidate to feed: the path of nearly every byte.
    fn skim(&mut self) {
        let (anchors, mut state) = (&self.rules.anchors, self.anchor);
        let found = self
            .window
            .slice(self.position, self.window.end())
            .iter()
            .position(|byte| {
                state = anchors.step(state, *byte);
                anchors.is_match(state)
            });
        self.anchor = state;
        match found {
            Some(index) => {
                self.position += index as u64 + 1;
                self.start_candidates();
            }
            None => self.position = self.window.end(),
        }
    }

    /// Feeds one byte to every candidate, and starts new ones.
    fn advance(&mut self) {
        let at = self.position;
        let Some(byte) = self.window.byte(at) else {
            return;
        };
        let bounds = self.bounds();
        let (rules, window, ready) = (&self.rules, &self.window, &mut self.ready);
        self.steps += self.live.len() as u64 + 1;
        self.live.retain_mut(|candidate| {
            let Some(rule) = rules.rules.get(usize::from(candidate.rule)) else {
                return false;
            };
            let alive = candidate.step(&rule.matcher, at, byte, window, bounds);
            if !alive && candidate.end.is_some() {
                ready.push(*candidate);
            }
            alive
        });
        if let Some(open) = &mut self.open {
            open.done = rules
                .rules
                .get(usize::from(open.candidate.rule))
                .is_none_or(|rule| !open.candidate.step(&rule.matcher, at, byte, window, bounds));
        }
        self.anchor = rules.anchors.step(self.anchor, byte);
        self.position += 1;
        if rules.anchors.is_match(self.anchor) {
            self.start_candidates();
        }
        if self.live.len() > self.merge_at {
            self.merge();
        }
    }

    fn bounds(&self) -> Bounds {
        Bounds {
            settled: self.settled,
            strict: self.strictness == Strictness::Text,
        }
    }

    /// An anchor ends at the position: its rules start, and read again what was read of them already.
    fn start_candidates(&mut self) {
        let bounds = self.bounds();
        let floor = self
            .open
            .as_ref()
            .map_or(self.settled, Open::end)
            .max(self.text_start);
        for literal in self.rules.anchors.found(self.anchor) {
            let start = self.position.saturating_sub(literal.length);
            if start < floor {
                continue;
            }
            for id in &literal.rules {
                let Some(Rule { matcher, .. }) = self.rules.rules.get(usize::from(*id)) else {
                    continue;
                };
                if bounds.strict
                    && matcher.before.is_some_and(|before| {
                        !may_precede(&self.window, self.text_start, start, |byte| {
                            before.contains(byte)
                        })
                    })
                {
                    continue;
                }
                let mut candidate = Candidate::new(*id, start, matcher);
                self.steps += literal.length;
                let alive = (start..)
                    .zip(self.window.slice(start, self.position))
                    .all(|(at, byte)| candidate.step(matcher, at, *byte, &self.window, bounds));
                if alive {
                    self.live.push(candidate);
                } else if candidate.end.is_some() {
                    self.ready.push(candidate);
                }
            }
        }
    }

    /// Drops candidates that can do nothing an earlier one will not do as well. What keeps `glpat-glpat-...` linear: the states of a rule are
    /// finite, so the candidates left are too.
    fn merge(&mut self) {
        let mut kept: Vec<Candidate> = Vec::with_capacity(self.live.len());
        for candidate in self.live.drain(..) {
            match kept.iter_mut().find(|earlier| earlier.absorbs(&candidate)) {
                Some(earlier) => earlier.absorb(&candidate),
                None => kept.push(candidate),
            }
        }
        self.steps += (kept.len() * kept.len()) as u64 / 2;
        self.merge_at = (2 * kept.len()).max(FEW);
        self.live = kept;
    }

    /// The offset up to which no credential can start any more.
    fn free(&self) -> u64 {
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
        let pending = self
            .rules
            .anchors
            .pending_value(self.anchor, |length, before| {
                let start = self.position.saturating_sub(length);
                self.strictness == Strictness::Field
                    || may_precede(&self.window, self.text_start, start, |byte| {
                        before.contains(byte)
                    })
            });
        let literal = self.position - pending.min(self.position);
        candidates.min(literal)
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

    /// Gives out what can be given out, and forgets it.
    fn release(&mut self, out: &mut Vec<u8>) {
        if self.muted {
            self.position = self.window.end();
            self.window.skip(self.position);
        } else {
            self.take_up_to(self.free(), out);
        }
        self.window.trim();
    }
}

/// Whether what stands before `start` allows a value there: nothing, a byte of the class, or an escape of JSON or of a URL, whose last
/// letter is not the letter it looks like.
fn may_precede(window: &Window, text_start: u64, start: u64, allowed: impl Fn(u8) -> bool) -> bool {
    match window.slice(start.saturating_sub(6).max(text_start), start) {
        [] => true,
        [.., byte] if allowed(*byte) => true,
        [.., b'\\', b'b' | b'f' | b'n' | b'r' | b't'] => true,
        [.., b'%', a, b] => a.is_ascii_hexdigit() && b.is_ascii_hexdigit(),
        [b'\\', b'u', digits @ ..] => digits.iter().all(u8::is_ascii_hexdigit),
        _ => false,
    }
}
