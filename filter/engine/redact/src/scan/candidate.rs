//! One place where one rule may match, followed as far as the text goes.

mod context;
mod named;
mod parts;
mod phases;
#[cfg(feature = "authoring")]
mod stage;

use crate::rules::{Matcher, Ran, State};

use super::assignment::{Assignment, ValueShape};
use super::encoded::Layers;
use super::runs::Runs;
use super::window::Window;

/// A rule that was started at an anchor and has not failed yet.
#[derive(Clone, Copy)]
pub(super) struct Candidate {
    pub(super) rule: u16,
    /// Where the value starts. In the lead: where it would start if the lead ended now; [`UNKNOWN`] while it could not.
    pub(super) start: u64,
    /// Behind the value, once it is complete.
    pub(super) end: Option<u64>,
    phase: Phase,
    /// Of the automaton of this phase.
    state: State,
    /// Bytes of the run of this phase.
    count: u32,
    /// The next byte to look at.
    position: u64,
    /// Whether the value would end here, if the next byte allows it.
    pending: bool,
    /// What follows a name, if a name is what started it.
    assignment: Option<Assignment>,
    /// The first byte of the escapes that this text is written with, once its lead was seen to be: from there on escapes come before bytes.
    written_with: Option<u8>,
    /// Bytes looked at.
    pub(super) steps: u32,
    /// It reached the limit before its end was known.
    pub(super) overlong: bool,
    /// It was found in what is encoded here.
    pub(super) encoded: Option<Layers>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Behind a name.
    Name,
    /// A part of the lead, by number.
    Lead(u8),
    /// A part of the value, by number.
    Value(u8),
    Tail,
}

/// A start that is not known yet, and cannot be before the next byte.
pub(super) const UNKNOWN: u64 = u64::MAX;

/// The text as far as it is known.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) window: &'a Window,
    /// Nothing follows.
    pub(super) complete: bool,
    /// Values may not start before this: what lies there was masked already.
    pub(super) settled: u64,
    /// Whether the byte behind a value matters, and escapes are what they stand for.
    pub(super) strict: bool,
    /// Most bytes of a value whose end is not known.
    pub(super) most_open: u64,
}

/// What became of a candidate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// Nothing more can come of it; its `end` says whether it found something.
    Done,
    /// The text ends before it does.
    Unfinished,
}

/// How far one part went.
enum Went {
    /// It is complete, or cannot go on.
    Through,
    Stuck,
    Unfinished,
}

impl Candidate {
    pub(super) fn new(rule: u16, start: u64, matcher: &Matcher) -> Self {
        let (phase, start_of_value) = if matcher.lead.is_empty() {
            (Phase::Value(0), start)
        } else {
            (Phase::Lead(0), UNKNOWN)
        };
        let mut candidate = Self {
            rule,
            start: start_of_value,
            end: None,
            phase,
            state: State::default(),
            count: 0,
            position: start,
            pending: false,
            assignment: None,
            written_with: None,
            steps: 0,
            overlong: false,
            encoded: None,
        };
        candidate.enter(matcher, phase);
        candidate
    }

    /// Takes what the first part was run on already.
    #[inline]
    pub(super) fn resume(&mut self, matcher: &Matcher, begun: &Ran) {
        if begun.taken == 0 {
            return;
        }
        self.state = begun.state;
        self.position += begun.taken as u64;
        self.walk(begun.taken as u64);
        if begun.matched.is_none() || matcher.lead.is_empty() {
            return;
        }
        if matcher.lead.len() > 1 {
            self.enter(matcher, Phase::Lead(1));
        } else {
            self.start = self.position;
        }
    }

    /// A name that ends at `end`, and what may follow it.
    pub(super) fn named(rule: u16, end: u64, assignment: Assignment) -> Self {
        Self {
            rule,
            start: UNKNOWN,
            end: None,
            phase: Phase::Name,
            state: State::default(),
            count: 0,
            position: end,
            pending: false,
            assignment: Some(assignment),
            written_with: None,
            steps: 0,
            overlong: false,
            encoded: None,
        }
    }

    /// A value that is known as a whole.
    pub(super) fn complete(rule: u16, start: u64, end: u64) -> Self {
        Self {
            start,
            end: Some(end),
            phase: Phase::Tail,
            ..Self::new(rule, end, &Matcher::default())
        }
    }

    /// One that was found in what is encoded from `start` to `end`.
    pub(super) fn encoded_in(self, start: u64, end: u64, layers: Layers) -> Self {
        Self {
            start,
            end: Some(end),
            phase: Phase::Tail,
            encoded: Some(layers),
            ..self
        }
    }

    /// Whether its value was found by its name.
    pub(super) fn is_named(&self) -> bool {
        self.assignment.is_some()
    }

    /// Whether a short word is no value.
    pub(super) fn is_minted(&self) -> bool {
        let assignment = self.assignment.as_ref();
        assignment.is_some_and(Assignment::is_minted)
    }

    /// Whether only a value that looks random is one.
    pub(super) fn asks_for_randomness(&self) -> bool {
        let assignment = self.assignment.as_ref();
        assignment.is_some_and(Assignment::asks_for_randomness)
    }

    /// The quotes that a mask needs where there were none, with the backslashes before them.
    pub(super) fn missing_quotes(&self) -> Option<(u8, u8)> {
        let assignment = self.assignment.as_ref()?;
        // Among escapes a quote that is none would end more than a value.
        let plain = self.written_with.is_none();
        let unquoted = matches!(
            assignment.shape(),
            ValueShape::Number | ValueShape::Container
        );
        (plain && unquoted).then(|| assignment.quote())
    }

    /// Counts bytes that were looked at.
    fn walk(&mut self, bytes: u64) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.steps = self.steps.saturating_add(bytes);
    }

    /// The next byte that it will look at.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Whether it is a credential for certain, and only its end is open.
    pub(super) fn in_tail(&self) -> bool {
        let named = self.assignment.as_ref().is_some_and(Assignment::is_certain);
        self.phase == Phase::Tail || named
    }

    pub(super) fn in_lead(&self) -> bool {
        matches!(self.phase, Phase::Lead(_)) || self.phase == Phase::Name && self.start == UNKNOWN
    }

    /// Whether it is known where its value starts: not in a lead, and not in what may be the name of a scheme before the value, or a prefix of its quotes.
    pub(super) fn has_start(&self) -> bool {
        let named = self.assignment.as_ref().is_none_or(Assignment::is_certain);
        !self.in_lead() && (self.end.is_some() || named)
    }

    /// Whether from here on both would do the same: two leads, since a value also matters for where it started.
    pub(super) fn same_lead(&self, other: &Self) -> bool {
        self.rule == other.rule
            && matches!(self.phase, Phase::Lead(_))
            && self.phase == other.phase
            && (self.state, self.count) == (other.state, other.count)
            && (self.start, self.position) == (other.start, other.position)
    }

    /// Goes on through the text. O(length), but a run of one class that was walked before is not walked again.
    pub(super) fn follow(&mut self, matcher: &Matcher, text: Text<'_>, runs: &mut Runs) -> Outcome {
        if self.phase == Phase::Name {
            return self.follow_name(text, text.most_open);
        }
        if let Phase::Lead(part) = self.phase {
            match self.follow_lead(matcher, part, text, runs) {
                Went::Through => {}
                Went::Stuck => return Outcome::Done,
                Went::Unfinished if text.complete => return Outcome::Done,
                Went::Unfinished => return Outcome::Unfinished,
            }
        }
        let limit = text
            .window
            .end()
            .min(self.start.saturating_add(text.most_open + 1));
        let outcome = self.follow_value(matcher, text, limit, runs);
        self.conclude(outcome, text)
    }

    /// Whether it was not clear before its end that it is a credential.
    pub(super) fn is_open_to_doubt(&self, matcher: &Matcher) -> bool {
        match &self.assignment {
            Some(assignment) => !assignment.is_certain(),
            None => matcher.refuses_placeholders,
        }
    }

    /// Goes on through a tail, without a limit.
    pub(super) fn follow_tail(
        &mut self,
        matcher: &Matcher,
        text: Text<'_>,
        runs: &mut Runs,
    ) -> Outcome {
        self.overlong = false;
        if self.phase == Phase::Name {
            return self.follow_name(text, u64::MAX);
        }
        match self.follow_value(matcher, text, text.window.end(), runs) {
            Outcome::Unfinished if !text.complete => Outcome::Unfinished,
            _ => Outcome::Done,
        }
    }

    fn conclude(&mut self, outcome: Outcome, text: Text<'_>) -> Outcome {
        if outcome == Outcome::Done {
            return Outcome::Done;
        }
        // An escape of which too little is known may end it before.
        if self.position - self.start > text.most_open {
            self.overlong = true;
            return Outcome::Unfinished;
        }
        if text.complete {
            if std::mem::take(&mut self.pending) {
                self.end = Some(self.position);
            }
            return Outcome::Done;
        }
        Outcome::Unfinished
    }
}
