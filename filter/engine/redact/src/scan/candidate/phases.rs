//! Through a rule: its lead, its value, its tail.

use crate::rules::{Automaton, Matcher, Part};
use crate::scan::escape::Escape;
use crate::scan::runs::Runs;

use super::parts::Until;
use super::{Candidate, Outcome, Phase, Text, UNKNOWN, Went};

impl Candidate {
    /// Through the lead, up to where the value starts.
    pub(super) fn follow_lead(
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
                Some(Part::Context) | None => Went::Stuck,
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
            Some(Part::Context) => self.look_behind_context(text),
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

    pub(super) fn follow_value(
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
                    let is_bound = longest <= limit && longest < text.window.end();
                    let limit = limit.min(longest);
                    match self.follow_part(matcher, part, last, text, limit, runs) {
                        Went::Unfinished if is_bound => Went::Stuck,
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

    pub(super) fn enter(&mut self, matcher: &Matcher, phase: Phase) {
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
            // Of leads only.
            Part::Context => Went::Stuck,
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
            if self.pending {
                match self.next(text, limit) {
                    Some(next) if may_follow(matcher, next) => self.end = Some(self.position),
                    Some(_) => {}
                    None => return Went::Unfinished,
                }
                self.pending = false;
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
            self.pending = true;
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
                    self.pending = true;
                    return Went::Unfinished;
                }
            }
        }
        self.pending = false;
        self.end = Some(self.position);
        Went::Stuck
    }

    /// The byte behind what was read, as it is meant; none if it is not known.
    fn next(&self, text: Text<'_>, limit: u64) -> Option<u8> {
        let byte = text
            .window
            .byte(self.position)
            .filter(|_| self.position < limit)?;
        if self.written_with != Some(byte) {
            return Some(byte);
        }
        match self.escape(text) {
            Escape::Byte(meant, _) => Some(meant),
            Escape::No => Some(byte),
            Escape::Unfinished => None,
        }
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
            // Of leads only.
            Part::Context => Went::Stuck,
        }
    }
}

fn may_follow(matcher: &Matcher, byte: u8) -> bool {
    matcher.after.is_none_or(|after| after.contains(byte))
}
