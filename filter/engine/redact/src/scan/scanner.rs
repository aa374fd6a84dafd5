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
mod overflow;
mod treatment;
mod whole;

use std::sync::Arc;

use crate::rules::{Hit, NAME, Name, Named, Rule, fold};
use crate::{Judge, Limits, Masker, RedactError, RuleSet};

use super::assignment::{Assignment, identifier};
use super::candidate::{Candidate, Outcome, Text, UNKNOWN};
use super::escaped::{self as words, BEFORE};
use super::known::Search;
use super::open::Open;
use super::prefilter::{Starts, word};
use super::runs::Runs;
use super::window::{HISTORY, Window};
use deferred::Deferred;
use encoded::Decoding;

/// Bytes looked at before what is free to go is given out: bounds the window, whatever the chunk size.
pub(super) const PIECE: usize = 2048;
/// Bytes of a word that must be known before it is looked up.
const WORD: u64 = 8;
/// Bytes before a name that may belong to its identifier.
const IDENTIFIER: u64 = 128;
/// Under this many candidates a look for those that do the same costs more than it saves.
const FEW: usize = 8;

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

/// An anchor that was found.
struct Found {
    /// Where its word starts, from [`LOOK_BACK`] before the words that are looked up.
    at: u16,
    /// The escape by which it was found, if it is written with one, or [`PLAIN`].
    place: u16,
    hit: Hit,
}

/// No place of an escape.
const PLAIN: u16 = u16::MAX;
/// Bytes before the words that are looked up that belong to anchors and escapes.
const LOOK_BACK: u64 = 512;

impl Found {
    fn new(at: usize, place: Option<usize>, hit: Hit) -> Self {
        let short = |at: usize| u16::try_from(at).unwrap_or(PLAIN);
        Self {
            at: short(at),
            place: place.map_or(PLAIN, short),
            hit,
        }
    }
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
                PIECE
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
        self.decode(true, out)?;
        self.find_known(&rules, false, true);
        self.settle(self.unseen(), judge, out)?;
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
        held.saturating_add(PIECE + 2 * HISTORY as usize)
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
        self.decode(complete, out)?;
        self.find_known(&rules, complete, complete);
        self.look_up(&rules, complete, judge, out)?;
        self.most_live = self.live.len();
        if known != Known::More {
            self.begin(complete);
        }
        let unseen = if complete { UNKNOWN } else { self.unseen() };
        self.settle(unseen, judge, out)?;
        // Nobody waits for what comes next: there is nothing.
        while complete && self.deferred.floor() != UNKNOWN && !self.muted {
            self.try_deferred(&rules, complete);
            self.settle(unseen, judge, out)?;
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

    /// Looks up every word that is new.
    fn look_up(
        &mut self,
        rules: &RuleSet,
        complete: bool,
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        let (index, end) = (&rules.index, self.window.end());
        let to = if complete {
            end
        } else {
            end.saturating_sub(WORD - 1).max(self.position)
        };
        let base = self.window.base().max(self.text_start);
        let base = base.max(self.position.saturating_sub(LOOK_BACK));
        let (mut starts, mut hits) = (Starts::new(), std::mem::take(&mut self.hits));
        self.decoding.not_before(self.position);
        while self.position < to && !self.muted {
            let from = self.position.max(base);
            self.position = find(
                &mut starts,
                &self.window,
                (base, from, to),
                self.strictness,
                rules,
                &mut hits,
            );
            let mut postponed = self.find_escaped(&starts, (base, from, to), complete, &mut hits);
            self.decode_from(base, &starts.encoded, complete, out)?;
            self.decoding.not_before(self.position);
            let mut meant = None;
            for Found { at, place, hit } in hits.drain(..) {
                let at = base + u64::from(at);
                let place = (place != PLAIN).then(|| base + u64::from(place));
                if postponed.is_some_and(|postponed| at >= postponed) {
                    break;
                }
                if !self.ready.is_empty() {
                    self.settle(self.unseen_before(at), judge, out)?;
                }
                let start = self.start_before(at, hit.offset, base);
                if start < base || self.muted {
                    continue;
                }
                for id in index.rules(hit) {
                    if id & NAME == 0 {
                        self.attempt(rules, *id, start, at, complete);
                    } else if let Some(place) = place {
                        if !self.attempt_escaped_name(rules, id & !NAME, (at, &mut meant), complete)
                        {
                            postponed = Some(postponed.map_or(place, |it: u64| it.min(place)));
                        }
                    } else if !self.attempt_name(rules, id & !NAME, at, complete) {
                        // Too little is known of the name: it is looked up once more, and so is all behind it.
                        postponed = Some(at);
                    }
                }
            }
            if let Some(at) = postponed {
                self.position = at;
                break;
            }
        }
        self.hits = hits;
        Ok(())
    }

    /// Follows a rule from where it may start, for the sake of the word at `at`.
    fn attempt(&mut self, rules: &RuleSet, id: u16, start: u64, at: u64, complete: bool) {
        let Some(rule) = rules.rules.get(usize::from(id)) else {
            return;
        };
        let has_lead = !rule.matcher.lead.is_empty();
        if !self.may_start(rule, start)
            || !has_lead && self.is_taken(start, at)
            || self.defer(id, start)
        {
            return;
        }
        let mut candidate = Candidate::new(id, start, &rule.matcher);
        if self.follow(&mut candidate, rule, complete) == Outcome::Unfinished {
            let same = |other: &Candidate| other.same_lead(&candidate);
            let many = self.live.len() >= FEW && candidate.in_lead();
            if !many || !self.live.iter().any(same) {
                self.ended |= candidate.end.is_some();
                self.live.push(candidate);
            }
        }
    }

    /// Follows what stands behind a name that may be at a place. False if too little is known of it.
    fn attempt_name(&mut self, rules: &RuleSet, id: u16, at: u64, complete: bool) -> bool {
        let known = self.window.slice(at, self.window.end());
        let name = match rules.spellings.get(id, known) {
            Some(Name::Known(name)) => name,
            Some(Name::Unfinished) => return complete,
            None => return true,
        };
        self.attempt_named(rules, name, at, complete);
        true
    }

    /// Follows what stands behind a name.
    fn attempt_named(&mut self, rules: &RuleSet, name: Named, at: u64, complete: bool) {
        // A value that starts in one that is certain cannot win.
        let unseen = self.unseen_before(at).min(self.floor());
        let taken = self.certain(unseen).map_or(0, |(_, end)| end);
        let text = text(
            &self.window,
            complete,
            self.settled.max(taken),
            self.strictness,
            self.limits,
        );
        let mut candidate = self.candidate(at, name);
        let outcome = candidate.follow_name(text, text.most_held);
        self.steps += candidate.steps + 1;
        let possible = outcome == Outcome::Unfinished || candidate.end.is_some();
        if possible && !self.is_look_alike(rules, at, name) {
            self.ended |= candidate.end.is_some();
            match outcome {
                Outcome::Unfinished => self.live.push(candidate),
                Outcome::Done => self.ready.push(candidate),
            }
        }
    }

    /// What may follow a name.
    fn candidate(&self, at: u64, name: Named) -> Candidate {
        let end = at + name.length as u64;
        let (text, at) = self.identifier(at, name);
        let (_, before) = identifier(text, at);
        let assignment = Assignment::new(before, name.holds);
        Candidate::named(name.rule, end, assignment)
    }

    /// Whether the identifier that a name belongs to carries no credentials.
    fn is_look_alike(&self, rules: &RuleSet, at: u64, name: Named) -> bool {
        let (text, name) = self.identifier(at, name);
        let (from, _) = identifier(text, name);
        let whole = text.get(from..).unwrap_or_default();
        rules.carriers.fields.excluded(whole)
    }

    /// The text up to the end of a name, as far as its identifier may reach, and where in it the name starts.
    fn identifier(&self, at: u64, name: Named) -> (&[u8], usize) {
        let base = at.saturating_sub(IDENTIFIER).max(self.text_start);
        let text = self.window.slice(base, at + name.length as u64);
        (text, text.len().saturating_sub(name.length))
    }

    /// Whether a value that starts here could not win.
    fn is_taken(&self, start: u64, at: u64) -> bool {
        let unseen = self.unseen_before(at).min(self.floor());
        let certain = self.certain(unseen);
        start < self.settled
            || certain.is_some_and(|(first, end)| (first + 1..end).contains(&start))
    }

    /// Follows a candidate; what it found is put aside.
    fn follow(&mut self, candidate: &mut Candidate, rule: &Rule, complete: bool) -> Outcome {
        let text = text(
            &self.window,
            complete,
            self.settled,
            self.strictness,
            self.limits,
        );
        let from = candidate.steps;
        let outcome = candidate.follow(&rule.matcher, text, &mut self.runs);
        self.steps += candidate.steps - from + 1;
        if outcome == Outcome::Done && candidate.end.is_some() {
            self.ended = true;
            self.ready.push(*candidate);
        }
        outcome
    }

    /// Whether what stands before `start` allows a value of this rule there.
    fn may_start(&self, rule: &Rule, start: u64) -> bool {
        let Some(before) = &rule.matcher.before else {
            return true;
        };
        let last = start.checked_sub(1).filter(|at| *at >= self.text_start);
        let last = last.and_then(|at| self.window.byte(at));
        last.is_none_or(|last| before.contains(last))
            || self.strictness == Strictness::Field
            || may_precede(&self.window, self.text_start, start)
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
        most_held: limits.most_held(),
    }
}

/// Finds the anchors of words from `from` up to `to` in the text that starts at `base`, and says how far it came.
fn find(
    starts: &mut Starts,
    window: &Window,
    (base, from, to): (u64, u64, u64),
    strictness: Strictness,
    RuleSet {
        index, spellings, ..
    }: &RuleSet,
    hits: &mut Vec<Found>,
) -> u64 {
    let offset = |at: u64| usize::try_from(at.saturating_sub(base)).unwrap_or(usize::MAX);
    let bytes = window.slice(base, window.end());
    let every = strictness == Strictness::Field;
    let reached = starts.find(bytes, offset(from), offset(to), every, index);
    for (at, special) in starts.iter() {
        let (before, rest) = bytes.split_at_checked(at).unwrap_or_default();
        // Most of what starts like a name is none.
        let is_name = |id: &u16| id & NAME == 0 || spellings.get(id & !NAME, rest).is_some();
        let mut add = |hit: Hit| {
            if index.rules(hit).iter().any(is_name) {
                hits.push(Found::new(at, None, hit));
            }
        };
        let follows = |byte: u8| {
            let last = before.last().copied();
            last.is_some_and(|last| fold(last) == byte) || words::may_end(before)
        };
        index.find(word(rest), rest.get(8).copied(), follows, &mut add);
        if special && let Some(hit) = index.find_behind(before) {
            add(hit);
        }
    }
    base + reached as u64
}

/// Whether an escape of JSON or of a URL ends before `start`, whose last letter is not the letter it looks like.
#[cold]
fn may_precede(window: &Window, text_start: u64, start: u64) -> bool {
    match window.slice(start.saturating_sub(6).max(text_start), start) {
        [.., b'\\', b'b' | b'f' | b'n' | b'r' | b't'] => true,
        [.., b'%', a, b] => a.is_ascii_hexdigit() && b.is_ascii_hexdigit(),
        [b'\\', b'u', digits @ ..] => digits.iter().all(u8::is_ascii_hexdigit),
        _ => false,
    }
}
