//! One anchored automaton, run byte by byte.
//!
//! Why a DFA per rule instead of one regex engine over all of them: a DFA's state is one integer, so a candidate can pause at
//! the end of a chunk and go on with the next; it never backtracks; and since every rule is anchored to where its literal was found, each
//! automaton stays small (an unanchored union of the same rules does not fit a gigabyte).

use std::borrow::Cow;

use super::pattern::{self, ACCEPTS, DEAD, Table};
use super::prebuilt::Prebuilt;

/// Where an [`Automaton`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State(u16);

/// A [`Table`], either in the program's data or compiled here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Automaton {
    classes: Cow<'static, [u8]>,
    width: usize,
    cells: Cow<'static, [u8]>,
    start: State,
}

/// What a pattern says about its matches; needed while a rule is checked, not while it runs.
pub(super) struct Shape {
    pub(super) min_length: usize,
    pub(super) max_length: Option<usize>,
    pattern: String,
    /// The anchors, if they were prebuilt.
    anchors: &'static [&'static [u8]],
}

impl Automaton {
    /// The automaton of a pattern; the error says what is wrong with it. Free of cost for the patterns of shipped rules.
    pub(super) fn compile(pattern: &str) -> Result<(Self, Shape), String> {
        match Prebuilt::find(pattern) {
            Some(prebuilt) => Ok(Self::load(prebuilt)),
            None => Self::build(pattern),
        }
    }

    pub(crate) fn start(&self) -> State {
        self.start
    }

    /// The state after one more byte; none once no further byte can lead to a match.
    #[inline]
    pub(crate) fn step(&self, state: State, byte: u8) -> Option<State> {
        let class = usize::from(*self.classes.get(usize::from(byte))?);
        let row = usize::from(state.0 & !ACCEPTS) * self.width;
        let cell = self.cells.get(2 * (row + class)..)?.first_chunk()?;
        let next = u16::from_le_bytes(*cell);
        (next != DEAD).then_some(State(next))
    }

    /// Whether the bytes so far are a match.
    pub(crate) fn accepts(&self, state: State) -> bool {
        state.0 & ACCEPTS != 0
    }

    fn load(prebuilt: &'static Prebuilt) -> (Self, Shape) {
        let automaton = Self {
            classes: Cow::Borrowed(prebuilt.classes()),
            width: prebuilt.width,
            cells: Cow::Borrowed(prebuilt.cells()),
            start: State(prebuilt.start),
        };
        let shape = Shape {
            min_length: prebuilt.min_length,
            max_length: prebuilt.max_length,
            pattern: prebuilt.pattern.to_owned(),
            anchors: prebuilt.anchors,
        };
        (automaton, shape)
    }

    fn build(pattern: &str) -> Result<(Self, Shape), String> {
        let table = Table::compile(pattern)?;
        let shape = Shape {
            min_length: table.min_length,
            max_length: table.max_length,
            pattern: pattern.to_owned(),
            anchors: &[],
        };
        let automaton = Self {
            classes: Cow::Owned(table.classes),
            width: table.width,
            cells: Cow::Owned(table.cells),
            start: State(table.start),
        };
        Ok((automaton, shape))
    }
}

impl Shape {
    /// The lower-case literals one of which every match starts with.
    pub(super) fn anchors(&self) -> Result<Vec<Vec<u8>>, String> {
        if self.anchors.is_empty() {
            return pattern::anchors(&self.pattern);
        }
        Ok(self.anchors.iter().map(|anchor| anchor.to_vec()).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::RuleSet;
    use crate::rules::prebuilt::PREBUILT;

    #[test]
    fn what_was_built_before_is_what_would_be_built_now() {
        assert!(PREBUILT.is_sorted_by(|one, other| one.pattern < other.pattern));
        for prebuilt in PREBUILT {
            let (loaded, shape) = Automaton::load(prebuilt);
            let (built, fresh) = Automaton::build(prebuilt.pattern).unwrap();
            assert_eq!(loaded, built, "{}", prebuilt.pattern);
            assert_eq!(
                (shape.min_length, shape.max_length, shape.anchors().ok()),
                (fresh.min_length, fresh.max_length, fresh.anchors().ok()),
                "{}",
                prebuilt.pattern
            );
        }
    }

    #[test]
    fn every_shipped_rule_is_prebuilt() {
        let rules = RuleSet::builtin().unwrap();
        for rule in rules.rules() {
            let matcher = &rule.matcher;
            for automaton in [
                Some(&matcher.value),
                matcher.lead.as_ref(),
                matcher.tail.as_ref(),
            ] {
                assert!(
                    automaton.is_none_or(|it| matches!(it.cells, Cow::Borrowed(_))),
                    "{}",
                    rule.kind()
                );
            }
        }
    }

    /// Beside a plain regex, on the text of every example.
    #[test]
    fn automata_match_what_their_patterns_match() {
        use regex_automata::dfa::{Automaton as _, StartKind, dense};
        use regex_automata::{Anchored, Input, MatchKind};
        let samples = Arc::new(RuleSet::builtin().unwrap()).corpus();
        for prebuilt in PREBUILT {
            let (automaton, _) = Automaton::load(prebuilt);
            let regex = dense::Builder::new()
                .configure(
                    dense::Config::new()
                        .start_kind(StartKind::Anchored)
                        .match_kind(MatchKind::All),
                )
                .syntax(
                    regex_automata::util::syntax::Config::new()
                        .unicode(false)
                        .utf8(false),
                )
                .thompson(regex_automata::nfa::thompson::Config::new().utf8(false))
                .build(prebuilt.pattern)
                .unwrap();
            for text in samples
                .iter()
                .flat_map(|sample| [&sample.text, &sample.secret])
            {
                let mut state = Some(automaton.start());
                let mut longest = state.filter(|it| automaton.accepts(*it)).map(|_| 0);
                for (at, byte) in text.bytes().enumerate() {
                    state = state.and_then(|state| automaton.step(state, byte));
                    if state.is_some_and(|state| automaton.accepts(state)) {
                        longest = Some(at + 1);
                    }
                }
                let input = Input::new(text).anchored(Anchored::Yes);
                let expected = regex.try_search_fwd(&input).unwrap();
                assert_eq!(
                    longest,
                    expected.map(|found| found.offset()),
                    "{} on {text}",
                    prebuilt.pattern
                );
            }
        }
    }
}
