//! One place where one rule may match, advanced byte by byte.

use crate::rules::{Automaton, Matcher, State};

use super::window::Window;

/// A rule that was started at an anchor and has not failed yet.
#[derive(Clone, Copy)]
pub(super) struct Candidate {
    pub(super) rule: u16,
    /// Where the value starts. In the lead: where it would start if the lead ended now; [`UNKNOWN`] while it could not.
    pub(super) start: u64,
    /// Behind the value, once it is complete.
    pub(super) end: Option<u64>,
    /// A later start of the same rule that was merged into this one.
    pub(super) later: Option<u64>,
    phase: Phase,
    state: State,
    /// Where the value would end, if the next byte allows it.
    pending: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Lead,
    Value,
    Tail,
}

/// A start that is not known yet, and cannot be before the next byte.
pub(super) const UNKNOWN: u64 = u64::MAX;

/// What a candidate is told besides the byte.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// Values may not start before this: what lies there was masked already.
    pub(super) settled: u64,
    /// Whether the byte behind a value matters.
    pub(super) strict: bool,
}

impl Candidate {
    pub(super) fn new(rule: u16, start: u64, matcher: &Matcher) -> Self {
        let (phase, state, start) = match &matcher.lead {
            Some(lead) => (Phase::Lead, lead.start(), UNKNOWN),
            None => (Phase::Value, matcher.value.start(), start),
        };
        Self {
            rule,
            start,
            end: None,
            later: None,
            phase,
            state,
            pending: None,
        }
    }

    /// Takes the byte at offset `at`, which the window already holds. False once nothing more can come of it; `end` then says
    /// whether it found something.
    pub(super) fn step(
        &mut self,
        matcher: &Matcher,
        at: u64,
        byte: u8,
        window: &Window,
        bounds: Bounds,
    ) -> bool {
        match self.phase {
            Phase::Lead => self.step_lead(matcher, at, byte, window, bounds),
            Phase::Value => self.step_value(matcher, at, byte, bounds),
            Phase::Tail => self.step_tail(matcher, at, byte),
        }
    }

    /// Takes the end of the text at offset `at`.
    pub(super) fn finish(&mut self, matcher: &Matcher, at: u64, window: &Window, bounds: Bounds) {
        if self.phase == Phase::Lead && self.start != UNKNOWN {
            self.enter_value(matcher, at, window, bounds);
        }
        if let Some(end) = self.pending.take() {
            self.end = Some(end);
        }
    }

    /// Whether `other` can be dropped in favour of this one: from here on both would do the same, and this one started earlier.
    pub(super) fn absorbs(&self, other: &Self) -> bool {
        self.rule == other.rule
            && self.phase == other.phase
            && self.state == other.state
            && self.pending == other.pending
            && match self.phase {
                Phase::Lead => self.start == other.start,
                Phase::Value | Phase::Tail => {
                    self.start <= other.start && (self.end.is_some() || other.end.is_none())
                }
            }
    }

    pub(super) fn absorb(&mut self, other: &Self) {
        self.later = self
            .later
            .max(other.later)
            .max((other.start != UNKNOWN).then_some(other.start))
            .filter(|later| *later != self.start);
    }

    /// Whether it can still be found when everything before `end` is taken.
    pub(super) fn survives(&mut self, end: u64) -> bool {
        if self.start < end
            && let Some(later) = self.later.take_if(|later| *later >= end)
        {
            self.start = later;
        }
        self.start >= end
    }

    pub(super) fn in_tail(&self) -> bool {
        self.phase == Phase::Tail
    }

    pub(super) fn in_lead(&self) -> bool {
        self.phase == Phase::Lead
    }

    fn step_lead(
        &mut self,
        matcher: &Matcher,
        at: u64,
        byte: u8,
        window: &Window,
        bounds: Bounds,
    ) -> bool {
        let Some(lead) = &matcher.lead else {
            return false;
        };
        match lead.step(self.state, byte) {
            Some(next) => {
                self.state = next;
                if lead.accepts(next) {
                    self.start = at + 1;
                }
                true
            }
            // The lead takes all it can; what it could not take back belongs to the value.
            None => self.start != UNKNOWN && self.enter_value(matcher, at + 1, window, bounds),
        }
    }

    /// Runs the value over what was read since the lead's last end, up to `to`.
    fn enter_value(&mut self, matcher: &Matcher, to: u64, window: &Window, bounds: Bounds) -> bool {
        if self.start < bounds.settled {
            return false;
        }
        (self.phase, self.state) = (Phase::Value, matcher.value.start());
        (self.start..)
            .zip(window.slice(self.start, to))
            .all(|(at, byte)| match self.phase {
                Phase::Tail => self.step_tail(matcher, at, *byte),
                Phase::Lead | Phase::Value => self.step_value(matcher, at, *byte, bounds),
            })
    }

    fn step_value(&mut self, matcher: &Matcher, at: u64, byte: u8, bounds: Bounds) -> bool {
        if let Some(end) = self.pending.take()
            && matcher.after.is_none_or(|after| after.contains(byte))
        {
            self.end = Some(end);
        }
        let Some(next) = matcher.value.step(self.state, byte) else {
            return false;
        };
        self.state = next;
        if matcher.value.accepts(next) {
            match &matcher.tail {
                Some(tail) => {
                    (self.phase, self.state, self.end) = (Phase::Tail, tail.start(), Some(at + 1));
                    return true;
                }
                None if matcher.after.is_some() && bounds.strict => self.pending = Some(at + 1),
                None => self.end = Some(at + 1),
            }
        }
        if at + 1 - self.start < matcher.max_length {
            return true;
        }
        // Too long from here; from the latest start merged into this one it may still fit.
        match self.later.take() {
            Some(later) if self.end.is_none() && self.pending.is_none() => {
                self.start = later;
                at + 1 - later < matcher.max_length
            }
            // The byte behind still decides.
            _ => self.pending.is_some(),
        }
    }

    fn step_tail(&mut self, matcher: &Matcher, at: u64, byte: u8) -> bool {
        let Some((next, accepts)) = matcher
            .tail
            .as_ref()
            .and_then(|tail| step(tail, self.state, byte))
        else {
            return false;
        };
        self.state = next;
        if accepts {
            self.end = Some(at + 1);
        }
        true
    }
}

fn step(automaton: &Automaton, state: State, byte: u8) -> Option<(State, bool)> {
    automaton
        .step(state, byte)
        .map(|next| (next, automaton.accepts(next)))
}
