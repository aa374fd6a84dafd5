//! Finds where a rule may start: the literals of all rules in one automaton, one transition per byte.
//!
//! Why not one search per chunk with a ready-made stream searcher: those keep a fixed window of the longest literal and report
//! only the first of two literals that overlap. Here the state is carried over, every literal is reported, and the state also tells how many of
//! the last bytes can still become a literal, which is all that must be held back.

use std::collections::{BTreeSet, HashMap};

use aho_corasick::automaton::Automaton as _;
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, MatchKind, StartKind};

use super::bytes::ByteSet;
use super::rule::Rule;
use crate::RuleError;

/// Where the anchor automaton is.
pub(crate) type AnchorState = aho_corasick::automaton::StateID;

pub(crate) struct Anchors {
    dfa: DFA,
    start: AnchorState,
    literals: Vec<Literal>,
    /// By state number shifted right by `shift`.
    pending: Vec<Pending>,
    shift: u32,
}

/// One literal and the rules that start with it.
pub(crate) struct Literal {
    pub(crate) length: u64,
    pub(crate) rules: Vec<u16>,
}

/// How many of the last bytes are the start of a literal.
#[derive(Clone, Default)]
struct Pending {
    any: u8,
    /// Of a literal that is itself a part of a value, not of a lead: these bytes must not be given out yet.
    value: u8,
    /// The same, longest first, of rules that ask for a boundary before it.
    bounded: Box<[(u8, ByteSet)]>,
}

impl Anchors {
    pub(super) fn compile(rules: &[Rule]) -> Result<Self, RuleError> {
        let mut by_text: Vec<(&[u8], Vec<u16>)> = Vec::new();
        let mut index: HashMap<&[u8], usize> = HashMap::new();
        for (id, rule) in (0u16..).zip(rules) {
            for anchor in &rule.matcher.anchors {
                let slot = *index.entry(anchor).or_insert_with(|| {
                    by_text.push((anchor, Vec::new()));
                    by_text.len() - 1
                });
                if let Some((_, rules)) = by_text.get_mut(slot) {
                    rules.push(id);
                }
            }
        }
        let dfa = DFA::builder()
            .match_kind(MatchKind::Standard)
            .start_kind(StartKind::Unanchored)
            .ascii_case_insensitive(true)
            .prefilter(false)
            .build(by_text.iter().map(|(text, _)| text))
            .map_err(|error| RuleError::Anchors(error.to_string()))?;
        let start = dfa
            .start_state(Anchored::No)
            .map_err(|error| RuleError::Anchors(error.to_string()))?;
        // Any other byte leads back to the start.
        let bytes: BTreeSet<u8> = by_text
            .iter()
            .flat_map(|(text, _)| text.iter().copied())
            .collect();
        let (pending, shift) = pending(&dfa, start, &bytes, &starts(rules));
        let literals = by_text
            .iter()
            .map(|(text, rules)| Literal {
                length: text.len() as u64,
                rules: rules.clone(),
            })
            .collect();
        Ok(Self {
            dfa,
            start,
            literals,
            pending,
            shift,
        })
    }

    pub(crate) fn start(&self) -> AnchorState {
        self.start
    }

    #[inline]
    pub(crate) fn step(&self, state: AnchorState, byte: u8) -> AnchorState {
        self.dfa.next_state(Anchored::No, state, byte)
    }

    #[inline]
    pub(crate) fn is_match(&self, state: AnchorState) -> bool {
        self.dfa.is_match(state)
    }

    /// The literals that end at this state.
    pub(crate) fn found(&self, state: AnchorState) -> impl Iterator<Item = &Literal> {
        (0..self.dfa.match_len(state)).filter_map(move |nth| {
            self.literals
                .get(self.dfa.match_pattern(state, nth).as_usize())
        })
    }

    /// How many of the last bytes may be the start of a literal not complete yet.
    pub(crate) fn pending(&self, state: AnchorState) -> u64 {
        self.pending_at(state)
            .map_or(0, |pending| u64::from(pending.any))
    }

    /// The same, of literals that are part of a value. `allowed` says whether a value may start that many bytes back, given what must stand before it.
    pub(crate) fn pending_value(
        &self,
        state: AnchorState,
        allowed: impl Fn(u64, &ByteSet) -> bool,
    ) -> u64 {
        let Some(pending) = self.pending_at(state) else {
            return 0;
        };
        let bounded = pending
            .bounded
            .iter()
            .find(|(length, before)| allowed(u64::from(*length), before));
        u64::from(bounded.map_or(pending.value, |(length, _)| pending.value.max(*length)))
    }

    fn pending_at(&self, state: AnchorState) -> Option<&Pending> {
        self.pending.get(state.as_usize() >> self.shift)
    }
}

/// All starts of the literals that values begin with, and what must stand before them; none if a rule does not care.
fn starts(rules: &[Rule]) -> HashMap<&[u8], Option<ByteSet>> {
    let mut starts: HashMap<&[u8], Option<ByteSet>> = HashMap::new();
    for matcher in rules
        .iter()
        .map(|rule| &rule.matcher)
        .filter(|matcher| matcher.lead.is_none())
    {
        for start in matcher
            .anchors
            .iter()
            .flat_map(|anchor| (1..=anchor.len()).filter_map(|length| anchor.get(..length)))
        {
            let before = starts.entry(start).or_insert(matcher.before);
            *before = before
                .zip(matcher.before)
                .map(|(one, other)| one.union(other));
        }
    }
    starts
}

/// Walks the automaton breadth first: the shortest way to a state spells the longest literal start that it stands for.
fn pending(
    dfa: &DFA,
    start: AnchorState,
    bytes: &BTreeSet<u8>,
    starts: &HashMap<&[u8], Option<ByteSet>>,
) -> (Vec<Pending>, u32) {
    let mut spelled: HashMap<AnchorState, Vec<u8>> = HashMap::from([(start, Vec::new())]);
    let mut wave = vec![start];
    while !wave.is_empty() {
        let mut next = Vec::new();
        for state in wave {
            let path = spelled.get(&state).cloned().unwrap_or_default();
            for byte in bytes.iter().copied() {
                let to = dfa.next_state(Anchored::No, state, byte);
                spelled.entry(to).or_insert_with(|| {
                    next.push(to);
                    path.iter().copied().chain([byte]).collect()
                });
            }
        }
        wave = next;
    }
    let shift = spelled
        .keys()
        .fold(0, |bits, state| bits | state.as_usize())
        .trailing_zeros()
        .min(31);
    let states = spelled
        .keys()
        .map(|state| state.as_usize() >> shift)
        .max()
        .unwrap_or(0)
        + 1;
    let mut table = vec![Pending::default(); states];
    for (state, path) in &spelled {
        let length = |length: usize| u8::try_from(length).unwrap_or(u8::MAX);
        let suffixes = || {
            (0..path.len())
                .filter_map(|from| path.get(from..))
                .filter_map(|suffix| Some((length(suffix.len()), *starts.get(suffix)?)))
        };
        if let Some(slot) = table.get_mut(state.as_usize() >> shift) {
            *slot = Pending {
                any: length(path.len()),
                value: suffixes()
                    .find(|(_, before)| before.is_none())
                    .map_or(0, |(length, _)| length),
                bounded: suffixes()
                    .filter_map(|(length, before)| Some((length, before?)))
                    .collect(),
            };
        }
    }
    (table, shift)
}
