//! The scanner: one text in, the same text with its credentials treated out, in pieces of any size.
//!
//! A filter finds the words that may start a rule; each rule to try there is followed at once as far as the text is known. What fails is forgotten, what
//! finds something waits until nothing before it can, and what the text's end interrupts goes on with the next piece. Every decision is a
//! function of the bytes up to there, which is why the output cannot depend on how the text was cut: a chunk's end decides nothing, it only asks how
//! much can be given out.

mod deferred;
mod encoded;
mod escaped;
mod hold;
mod known;
mod look_up;
mod overflow;
mod treatment;
mod whole;

use std::sync::Arc;

use crate::{Judge, Limits, Masker, RedactError, RuleSet};

use super::candidate::{Candidate, Outcome, Text, UNKNOWN};
use super::encoded::PIECE as DECODED;
use super::escaped::BEFORE;
use super::known::Search;
use super::open::Open;
use super::runs::Runs;
use super::window::{HISTORY, Window};
use deferred::Deferred;
use encoded::Decoding;
use look_up::Found;

/// Bytes looked at before what is free to go is given out: bounds the window, whatever the chunk size.
pub(super) const PIECE: usize = 2048;
/// The same where so much is held that there is no room for more.
const LITTLE: usize = PIECE / 2;

pub(crate) struct Scanner {
    rules: Arc<RuleSet>,
    masker: Arc<Masker>,
    strictness: Strictness,
    limits: Limits,
    window: Window,
    /// Offset up to which words were looked up.
    position: u64,
    /// Candidates that the end of what is known interrupted.
    live: Vec<Candidate>,
    /// Candidates that found something and wait for those that started earlier.
    ready: Vec<Candidate>,
    deferred: Deferred,
    /// How many candidates were live before the last ones were settled.
    most_live: usize,
    /// Whether one of the candidates may have an end by now: without one, none is certain.
    ended: bool,
    /// The value that outgrew `limits.held`, if any: it starts before all candidates.
    open: Option<Open>,
    /// The rest of the stream is dropped.
    muted: bool,
    /// Where the text began that is being read.
    text_start: u64,
    /// Behind the last value that was treated.
    settled: u64,
    runs: Runs,
    /// Anchors found and not looked into yet.
    hits: Vec<Found>,
    steps: u64,
    decoding: Decoding,
    known: Search,
    /// What was found, if nobody is to be asked: the text is what another text holds encoded.
    collected: Option<Vec<Candidate>>,
}

/// What is known of a text, beside what comes with the next call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// A piece, and there is another one at hand.
    More,
    /// A piece.
    Piece,
    /// All up to its end.
    All,
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
        Self {
            rules,
            masker,
            strictness,
            limits,
            window: Window::default(),
            position: 0,
            live: Vec::new(),
            ready: Vec::new(),
            deferred: Deferred::default(),
            most_live: 0,
            ended: false,
            open: None,
            muted: false,
            text_start: 0,
            settled: 0,
            runs: Runs::default(),
            hits: Vec::new(),
            steps: 0,
            decoding: Decoding::new(0),
            known: Search::default(),
            collected: None,
        }
    }

    /// Takes a piece of the text. O(length) times the number of rules that can run through the same bytes at once, which the rules bound.
    pub(crate) fn write(
        &mut self,
        chunk: &[u8],
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        let mut rest = chunk;
        while !rest.is_empty() {
            // More is looked at at once where little is held: the window is to have room for both.
            let most = if self.held() < PIECE / 2 {
                2 * PIECE
            } else {
                let room = self.most_kept().saturating_sub(self.window.length());
                room.clamp(LITTLE, PIECE)
            };
            let (piece, behind) = rest.split_at(most.min(rest.len()));
            rest = behind;
            self.window.push(piece, self.most_kept());
            if rest.is_empty() {
                self.read(Known::Piece, judge, out)?;
                self.release(out);
            } else {
                self.read(Known::More, judge, out)?;
                self.release_most(out);
            }
        }
        Ok(())
    }

    /// The text ends here: whatever is complete is settled, all else is given out, and the next byte starts a new text.
    pub(crate) fn flush(
        &mut self,
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        self.read(Known::All, judge, out)?;
        self.text_start = self.window.end();
        self.runs = Runs::default();
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
        let rules = Arc::clone(&self.rules);
        loop {
            self.end_candidates(&rules);
            let waiting = self.deferred.len();
            self.try_deferred(&rules, false);
            if self.deferred.len() == waiting {
                break;
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
        self.decode(true);
        self.find_known(&rules, false, true);
        self.settle(self.unseen(), false, judge, out)?;
        self.release(out);
        Ok(())
    }

    /// The same of what is live: what is found is complete, and a lead leads nowhere.
    fn end_candidates(&mut self, rules: &RuleSet) {
        for mut candidate in std::mem::take(&mut self.live) {
            let in_lead = candidate.in_lead();
            if in_lead && let Some(rule) = rules.rules.get(usize::from(candidate.rule)) {
                candidate.follow(
                    &rule.matcher,
                    text(
                        &self.window,
                        true,
                        self.settled,
                        self.strictness,
                        self.limits,
                    ),
                    &mut self.runs,
                );
            }
            if candidate.end.is_some() {
                self.ended = true;
                self.ready.push(candidate);
            } else if !in_lead {
                self.live.push(candidate);
            }
        }
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
        self.known.restart(self.position);
        Ok(())
    }

    /// Bytes of the window that are enough for whatever comes.
    fn most_kept(&self) -> usize {
        let held = usize::try_from(self.limits.most_held()).unwrap_or(usize::MAX / 2);
        // What is decoded comes in smaller pieces.
        let piece = if self.decoding.is_inner() {
            DECODED
        } else {
            LITTLE
        };
        held.saturating_add(piece + 2 * HISTORY as usize)
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

    /// Bytes read by candidates so far: the work beyond the filter.
    #[cfg(test)]
    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    /// Reads what is new, and treats what is certain.
    fn read(
        &mut self,
        known: Known,
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        if self.muted {
            return Ok(());
        }
        let complete = known == Known::All;
        let rules = Arc::clone(&self.rules);
        self.go_on(&rules, complete);
        self.decode(complete);
        self.find_known(&rules, complete, complete);
        self.look_up(&rules, complete, judge, out)?;
        self.most_live = self.live.len();
        if known != Known::More {
            self.begin(complete);
        }
        let unseen = if complete { UNKNOWN } else { self.unseen() };
        self.settle(unseen, complete, judge, out)?;
        // Nobody waits for what comes next: there is nothing.
        while complete && self.deferred.floor() != UNKNOWN && !self.muted {
            self.try_deferred(&rules, complete);
            self.settle(unseen, complete, judge, out)?;
        }
        Ok(())
    }

    /// Candidates that were interrupted take what is new.
    fn go_on(&mut self, rules: &RuleSet, complete: bool) {
        if let Some(open) = &mut self.open {
            let text = text(
                &self.window,
                complete,
                self.settled,
                self.strictness,
                self.limits,
            );
            open.follow(rules, text, &mut self.runs);
        }
        self.follow_live(rules, complete);
        if complete || self.live.len() < self.most_live {
            self.try_deferred(rules, complete);
        }
    }

    fn follow_live(&mut self, rules: &RuleSet, complete: bool) {
        if self.live.is_empty() {
            return;
        }
        let mut live = std::mem::take(&mut self.live);
        live.retain_mut(|candidate| {
            let Some(rule) = rules.rules.get(usize::from(candidate.rule)) else {
                return false;
            };
            candidate.overlong || self.follow(candidate, rule, complete) == Outcome::Unfinished
        });
        live.append(&mut self.live);
        self.live = live;
        let mut all = self.live.iter().chain(&self.ready);
        self.ended = all.any(|candidate| candidate.end.is_some());
    }

    /// The text as far as it is known.
    fn text(&self, complete: bool) -> Text<'_> {
        text(
            &self.window,
            complete,
            self.settled,
            self.strictness,
            self.limits,
        )
    }

    /// Where the first word may start that was not looked up, with what an anchor may have before it.
    fn unseen(&self) -> u64 {
        self.unseen_before(self.position)
    }

    /// The same where words up to a place were looked up: those with an escape only behind the first escape.
    fn unseen_before(&self, at: u64) -> u64 {
        at.saturating_sub((self.rules.index.reach() + BEFORE) as u64)
    }
}

/// The same, for those who change another part of the scanner meanwhile.
fn text(
    window: &Window,
    complete: bool,
    settled: u64,
    strictness: Strictness,
    limits: Limits,
) -> Text<'_> {
    Text {
        window,
        complete,
        settled,
        strict: strictness == Strictness::Text,
        most_open: limits.most_open(),
    }
}
