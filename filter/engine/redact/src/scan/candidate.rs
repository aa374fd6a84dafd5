//! One place where one rule may match, followed as far as the text goes.

use crate::rules::{Automaton, ByteSet, Matcher, Part, State};

use super::assignment::{Assignment, Step, ValueShape};
use super::encoded::Layers;
use super::escape::{self, Escape};
use super::escaped;
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
    /// Where the value would end, if the next byte allows it.
    pending: Option<u64>,
    /// What follows a name, if a name is what started it.
    assignment: Option<Assignment>,
    /// The first byte of the escapes that this text is written with, once its lead was seen to be: from there on escapes come before bytes.
    written_with: Option<u8>,
    /// Bytes looked at.
    pub(super) steps: u64,
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
    pub(super) most_held: u64,
}

/// What became of a candidate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// Nothing more can come of it; its `end` says whether it found something.
    Done,
    /// The text ends before it does.
    Unfinished,
}

/// Where an automaton stops.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    FirstMatch,
    Stuck,
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
            pending: None,
            assignment: None,
            written_with: None,
            steps: 0,
            overlong: false,
            encoded: None,
        };
        candidate.enter(matcher, phase);
        candidate
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
            pending: None,
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
            return self.follow_name(text, text.most_held);
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
            .min(self.start.saturating_add(text.most_held + 1));
        let outcome = self.follow_value(matcher, text, limit, runs);
        self.conclude(outcome, text, limit)
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

    fn conclude(&mut self, outcome: Outcome, text: Text<'_>, limit: u64) -> Outcome {
        if outcome == Outcome::Done {
            return Outcome::Done;
        }
        if limit < text.window.end() || self.position - self.start > text.most_held {
            self.overlong = true;
            return Outcome::Unfinished;
        }
        if text.complete {
            if let Some(end) = self.pending.take() {
                self.end = Some(end);
            }
            return Outcome::Done;
        }
        Outcome::Unfinished
    }

    /// From behind a name to the end of its value, of which no more than `most` bytes are taken before its end is known.
    pub(super) fn follow_name(&mut self, text: Text<'_>, most: u64) -> Outcome {
        let Some(mut assignment) = self.assignment else {
            return Outcome::Done;
        };
        let outcome = self.assign(&mut assignment, text, most);
        self.assignment = Some(assignment);
        if outcome == Outcome::Unfinished && assignment.is_certain() {
            let certain = self.back(text, self.position, assignment.doubtful());
            self.end = Some(certain.max(self.start));
        }
        outcome
    }

    fn assign(&mut self, assignment: &mut Assignment, text: Text<'_>, most: u64) -> Outcome {
        let from = self.position;
        let bytes = text.window.slice(from, text.window.end());
        let introduced = matches!(bytes.first(), Some(b'%' | b'&'));
        if self.written_with.is_some() || introduced && assignment.is_behind_name() {
            return self.assign_escaped(assignment, text, most);
        }
        let mut taken = 0;
        while let Some(byte) = bytes.get(taken) {
            let at = from + taken as u64;
            if self.start != UNKNOWN {
                if at - self.start > most {
                    self.position = at;
                    self.overlong = true;
                    return Outcome::Unfinished;
                }
                if assignment.is_certain() {
                    let to = usize::try_from(self.start.saturating_add(most) - from);
                    let to = to.unwrap_or(usize::MAX).min(bytes.len());
                    let idle = assignment.idle(bytes.get(taken..to).unwrap_or_default());
                    if idle > 0 {
                        taken += idle;
                        self.steps += 1;
                        continue;
                    }
                }
            }
            taken += 1;
            let end = match assignment.step(*byte) {
                Step::InValue => continue,
                Step::More => {
                    self.start = UNKNOWN;
                    continue;
                }
                Step::Starts if at >= text.settled => {
                    self.start = at;
                    continue;
                }
                Step::Ends(before) => Some(at.saturating_sub(u64::from(before))),
                Step::EndsHere => Some(at + 1),
                Step::Starts | Step::Fails => None,
            };
            self.end = end;
            self.position = at + 1;
            self.steps += taken as u64;
            return Outcome::Done;
        }
        self.steps += taken as u64;
        self.position = from + taken as u64;
        self.finish_assignment(assignment, text)
    }

    /// The same where bytes may be written as escapes.
    #[cold]
    fn assign_escaped(
        &mut self,
        assignment: &mut Assignment,
        text: Text<'_>,
        most: u64,
    ) -> Outcome {
        while let Some(byte) = text.window.byte(self.position) {
            let at = self.position;
            if self.start != UNKNOWN && at - self.start > most {
                self.overlong = true;
                return Outcome::Unfinished;
            }
            let Some((meant, length)) = self.meant(assignment, text, at, byte) else {
                return Outcome::Unfinished;
            };
            self.position += length as u64;
            self.steps += length as u64;
            self.end = match assignment.step(meant) {
                Step::InValue => None,
                Step::More => {
                    self.start = UNKNOWN;
                    None
                }
                Step::Starts if at >= text.settled => {
                    self.start = at;
                    None
                }
                Step::Ends(before) => {
                    self.end = Some(self.back(text, at, before));
                    return Outcome::Done;
                }
                Step::EndsHere => {
                    self.end = Some(self.position);
                    return Outcome::Done;
                }
                Step::Starts | Step::Fails => return Outcome::Done,
            };
            if self.written_with.is_none() {
                return self.assign(assignment, text, most);
            }
        }
        self.finish_assignment(assignment, text)
    }

    /// All that is known was read.
    fn finish_assignment(&mut self, assignment: &mut Assignment, text: Text<'_>) -> Outcome {
        if !text.complete {
            return Outcome::Unfinished;
        }
        self.end = match assignment.finish() {
            // The end of the last line ends the text, not the value.
            Step::Ends(0) => {
                let last = self.start.max(self.position.saturating_sub(2));
                let last = text.window.slice(last, self.position);
                Some(self.position - line_end(last) as u64)
            }
            Step::Ends(before) => Some(self.back(text, self.position, before)),
            Step::EndsHere => Some(self.position),
            Step::More | Step::Starts | Step::InValue | Step::Fails => None,
        };
        Outcome::Done
    }

    /// What the next byte behind a name means, and how many bytes that takes; none if too little is known. Where the quote behind the name is written as an escape
    /// of a form or of XML, so is all that follows: then the escape's own delimiters end a value in the midst of it.
    fn meant(
        &mut self,
        assignment: &Assignment,
        text: Text<'_>,
        at: u64,
        byte: u8,
    ) -> Option<(u8, usize)> {
        let with = self.written_with;
        if matches!(byte, b'%' | b'&') && with.is_none_or(|with| with == byte) {
            match self.escape_at(at, text) {
                Escape::Byte(quote @ (b'"' | b'\'' | b'\\'), length) if with.is_none() => {
                    self.written_with = Some(byte);
                    return Some((quote, length));
                }
                Escape::Byte(byte, length) if with.is_some() => return Some((byte, length)),
                Escape::Unfinished => return None,
                Escape::Byte(..) | Escape::No => {}
            }
        }
        let meant = match (with, byte) {
            (Some(b'%'), b'+') if assignment.is_in_lead() => b' ',
            (Some(b'%'), b'&') | (Some(b'&'), b'<') => b'\n',
            _ => byte,
        };
        Some((meant, 1))
    }

    /// Where the last `count` bytes before a place start, as they are written.
    fn back(&self, text: Text<'_>, at: u64, count: u8) -> u64 {
        let raw = at.saturating_sub(u64::from(count));
        if self.written_with.is_none() || count == 0 {
            return raw;
        }
        let from = self.start.min(at);
        let back = escaped::back(text.window.slice(from, at), count);
        back.map_or(from, |back| from + back as u64)
    }

    /// Through the lead, up to where the value starts.
    fn follow_lead(
        &mut self,
        matcher: &Matcher,
        mut nth: u8,
        text: Text<'_>,
        runs: &mut Runs,
    ) -> Went {
        let end = text.window.end();
        while usize::from(nth) + 1 < matcher.lead.len() {
            let went = match matcher.lead.get(usize::from(nth)) {
                Some(Part::Run { class, least, most }) => {
                    match self.run_class(class, *most, text, end, runs) {
                        Went::Through if self.count < *least => Went::Stuck,
                        went => went,
                    }
                }
                Some(Part::Automaton(automaton)) => {
                    self.run_automaton(automaton, text, end, Until::FirstMatch)
                        .0
                }
                None => Went::Stuck,
            };
            if !matches!(went, Went::Through) {
                return went;
            }
            nth += 1;
            self.enter(matcher, Phase::Lead(nth));
        }
        let went = match matcher.lead.get(usize::from(nth)) {
            Some(Part::Automaton(lead)) => {
                let (went, matched) = self.run_automaton(lead, text, end, Until::Stuck);
                self.start = matched.unwrap_or(self.start);
                went
            }
            Some(Part::Run { class, least, most }) => {
                let went = self.run_class(class, *most, text, end, runs);
                if self.count >= *least {
                    self.start = self.position;
                }
                went
            }
            None => Went::Stuck,
        };
        if matches!(went, Went::Unfinished) && !text.complete {
            return Went::Unfinished;
        }
        // The lead takes all it can; what it could not take back belongs to the value.
        if self.start == UNKNOWN || self.start < text.settled {
            return Went::Stuck;
        }
        self.position = self.start;
        self.enter(matcher, Phase::Value(0));
        Went::Through
    }

    fn follow_value(
        &mut self,
        matcher: &Matcher,
        text: Text<'_>,
        limit: u64,
        runs: &mut Runs,
    ) -> Outcome {
        loop {
            let went = match self.phase {
                Phase::Name | Phase::Lead(_) => return Outcome::Done,
                Phase::Value(nth) => {
                    let last = usize::from(nth) + 1 == matcher.value.len();
                    let Some(part) = matcher.value.get(usize::from(nth)) else {
                        return Outcome::Done;
                    };
                    let longest = self.longest(matcher);
                    let limit = limit.min(longest);
                    match self.follow_part(matcher, part, last, text, limit, runs) {
                        Went::Unfinished if text.window.end() > longest => Went::Stuck,
                        went => went,
                    }
                }
                Phase::Tail => match &matcher.tail {
                    Some(tail) => self.follow_tail_part(tail, text, limit, runs),
                    None => return Outcome::Done,
                },
            };
            match (went, self.phase) {
                (Went::Unfinished, _) => return Outcome::Unfinished,
                (Went::Stuck, _) | (Went::Through, Phase::Tail) => return Outcome::Done,
                (Went::Through, Phase::Value(nth))
                    if usize::from(nth) + 1 < matcher.value.len() =>
                {
                    self.enter(matcher, Phase::Value(nth + 1));
                }
                (Went::Through, _) => {
                    self.end = Some(self.position);
                    self.enter(matcher, Phase::Tail);
                }
            }
        }
    }

    /// Where a value must be complete that has no end of its own.
    fn longest(&self, matcher: &Matcher) -> u64 {
        if matcher.open {
            self.start.saturating_add(matcher.max_length)
        } else {
            u64::MAX
        }
    }

    fn enter(&mut self, matcher: &Matcher, phase: Phase) {
        let automaton = match phase {
            Phase::Name => None,
            Phase::Lead(nth) => matcher.lead.get(usize::from(nth)).and_then(Part::automaton),
            Phase::Value(nth) => matcher
                .value
                .get(usize::from(nth))
                .and_then(Part::automaton),
            Phase::Tail => matcher.tail.as_ref().and_then(Part::automaton),
        };
        self.phase = phase;
        self.count = 0;
        self.state = automaton.map(Automaton::start).unwrap_or_default();
    }

    /// Through one part of the value.
    fn follow_part(
        &mut self,
        matcher: &Matcher,
        part: &Part,
        last: bool,
        text: Text<'_>,
        limit: u64,
        runs: &mut Runs,
    ) -> Went {
        let free = last && matcher.tail.is_none();
        match part {
            Part::Automaton(automaton) if free => {
                self.follow_to_longest(matcher, automaton, text, limit)
            }
            // It cannot go on behind a match, or the tail does from there.
            Part::Automaton(automaton) if self.count == 0 && automaton.accepts(self.state) => {
                Went::Through
            }
            Part::Automaton(automaton) => {
                self.count = 1;
                let (went, _) = self.run_automaton(automaton, text, limit, Until::FirstMatch);
                match went {
                    Went::Through if automaton.accepts(self.state) => Went::Through,
                    Went::Unfinished => Went::Unfinished,
                    Went::Through | Went::Stuck => Went::Stuck,
                }
            }
            Part::Run { class, least, most } => {
                let most = if last && matcher.tail.is_some() {
                    *least
                } else {
                    *most
                };
                let went = self.run_class(class, most, text, limit, runs);
                match went {
                    Went::Unfinished if free && self.count >= *least => {
                        self.may_end(self.position, matcher, text);
                        Went::Unfinished
                    }
                    Went::Unfinished => Went::Unfinished,
                    _ if self.count < *least => Went::Stuck,
                    _ if free => self.accept_if_free(matcher, text, limit),
                    _ => Went::Through,
                }
            }
        }
    }

    /// Through the last part of a value without a tail, which may end in several places.
    fn follow_to_longest(
        &mut self,
        matcher: &Matcher,
        automaton: &Automaton,
        text: Text<'_>,
        limit: u64,
    ) -> Went {
        if self.count == 0 && automaton.accepts(self.state) {
            self.may_end(self.position, matcher, text);
        }
        self.count = 1;
        loop {
            if let Some(end) = self.pending {
                match self.next(text, limit) {
                    Some(next) if may_follow(matcher, next) => self.end = Some(end),
                    Some(_) => {}
                    None => return Went::Unfinished,
                }
                self.pending = None;
            }
            // Each end is looked at that the byte behind it has to allow.
            let until = if matcher.after.is_some() && text.strict {
                Until::FirstMatch
            } else {
                Until::Stuck
            };
            let (went, matched) = self.run_automaton(automaton, text, limit, until);
            if let Some(end) = matched {
                self.may_end(end, matcher, text);
            }
            match went {
                Went::Through => {}
                other => return other,
            }
        }
    }

    /// A value can end here, if the byte behind it, where one is asked for, allows it.
    fn may_end(&mut self, at: u64, matcher: &Matcher, text: Text<'_>) {
        if matcher.after.is_some() && text.strict {
            self.pending = Some(at);
        } else {
            self.end = Some(at);
        }
    }

    /// The value is complete if the byte behind it allows it.
    fn accept_if_free(&mut self, matcher: &Matcher, text: Text<'_>, limit: u64) -> Went {
        if matcher.after.is_some() && text.strict {
            match self.next(text, limit) {
                Some(next) if may_follow(matcher, next) => {}
                Some(_) => return Went::Stuck,
                None => {
                    self.pending = Some(self.position);
                    return Went::Unfinished;
                }
            }
        }
        self.pending = None;
        self.end = Some(self.position);
        Went::Stuck
    }

    fn next(&self, text: Text<'_>, limit: u64) -> Option<u8> {
        (self.position < limit).then(|| text.window.byte(self.position))?
    }

    fn follow_tail_part(
        &mut self,
        tail: &Part,
        text: Text<'_>,
        limit: u64,
        runs: &mut Runs,
    ) -> Went {
        match tail {
            Part::Automaton(automaton) => {
                let (went, matched) = self.run_automaton(automaton, text, limit, Until::Stuck);
                self.end = matched.or(self.end);
                went
            }
            Part::Run { class, most, .. } => {
                let went = self.run_class(class, *most, text, limit, runs);
                self.end = Some(self.position);
                went
            }
        }
    }

    /// Runs an automaton, and says where its last match ended.
    fn run_automaton(
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
            self.steps += ran.taken as u64 + 1;
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
    fn run_class(
        &mut self,
        class: &ByteSet,
        most: u32,
        text: Text<'_>,
        limit: u64,
        runs: &mut Runs,
    ) -> Went {
        loop {
            let wanted = limit.min(self.position.saturating_add(u64::from(most - self.count)));
            let (end, walked) = self.run_end(class, wanted, text, runs);
            self.steps += walked + 1;
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
    fn escape(&self, text: Text<'_>) -> Escape {
        self.escape_at(self.position, text)
    }

    fn escape_at(&self, at: u64, text: Text<'_>) -> Escape {
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

/// Bytes of the line's end that a text ends with.
fn line_end(text: &[u8]) -> usize {
    match text {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n'] => 1,
        _ => 0,
    }
}

fn may_follow(matcher: &Matcher, byte: u8) -> bool {
    matcher.after.is_none_or(|after| after.contains(byte))
}
