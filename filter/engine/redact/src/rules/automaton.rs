//! One anchored automaton, run byte by byte.
//!
//! Why a DFA per rule instead of one regex engine over all of them: a DFA's state is one integer, so a candidate can pause at
//! the end of a chunk and go on with the next; it never backtracks; and since every rule is anchored to where its literal was found, each
//! automaton stays small (an unanchored union of the same rules does not fit a gigabyte).

use regex_automata::Anchored;
use regex_automata::MatchKind;
use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;
use regex_syntax::hir::literal::{ExtractKind, Extractor};

/// Where an [`Automaton`] is.
pub(crate) type State = StateID;

pub(crate) struct Automaton {
    dfa: dense::DFA<Vec<u32>>,
    start: State,
}

/// What a pattern says about its matches; needed while a rule is checked, not while it runs.
pub(super) struct Shape(Hir);

/// A bound on what one rule may cost: some 60 times the usual automaton.
const SIZE_LIMIT: usize = 256 * 1024;
/// Fewer fixed bytes make every other word a candidate.
const SHORTEST_ANCHOR: usize = 3;
/// More bytes only add states.
const LONGEST_ANCHOR: usize = 12;

impl Automaton {
    /// Compiles a pattern; the error says what is wrong with it.
    pub(super) fn compile(pattern: &str) -> Result<(Self, Shape), String> {
        let hir = parse(pattern)?;
        let nfa = thompson::Compiler::new()
            .configure(
                thompson::Config::new()
                    .utf8(false)
                    .nfa_size_limit(Some(8 * SIZE_LIMIT)),
            )
            .build_from_hir(&hir)
            .map_err(|error| format!("is too large ({error}); shorten its repetitions"))?;
        let dfa = dense::Builder::new()
            .configure(
                dense::Config::new()
                    .start_kind(StartKind::Anchored)
                    .match_kind(MatchKind::All)
                    .accelerate(false)
                    .dfa_size_limit(Some(SIZE_LIMIT))
                    .determinize_size_limit(Some(8 * SIZE_LIMIT)),
            )
            .build_from_nfa(&nfa)
            .map_err(|error| format!("is too large ({error}); shorten its repetitions"))?;
        let start = dfa
            .start_state(&start::Config::new().anchored(Anchored::Yes))
            .map_err(|error| format!("cannot be started ({error})"))?;
        Ok((Self { dfa, start }, Shape(hir)))
    }

    pub(crate) fn start(&self) -> State {
        self.start
    }

    /// The state after one more byte; none once no further byte can lead to a match.
    pub(crate) fn step(&self, state: State, byte: u8) -> Option<State> {
        let next = self.dfa.next_state(state, byte);
        (!self.dfa.is_dead_state(next)).then_some(next)
    }

    /// Whether the bytes so far are a match. The DFA itself reports a match one byte late; looking at the end-of-input transition
    /// instead says it at once, so nothing waits for a byte it does not need.
    pub(crate) fn accepts(&self, state: State) -> bool {
        self.dfa.is_match_state(self.dfa.next_eoi_state(state))
    }
}

impl Shape {
    pub(super) fn min_length(&self) -> usize {
        self.0.properties().minimum_len().unwrap_or(0)
    }

    pub(super) fn max_length(&self) -> Option<usize> {
        self.0.properties().maximum_len()
    }

    /// The lower-case literals one of which every match starts with.
    pub(super) fn anchors(&self) -> Result<Vec<Vec<u8>>, String> {
        let mut sequence = Extractor::new()
            .kind(ExtractKind::Prefix)
            .limit_class(10)
            .limit_repeat(8)
            .limit_total(2048)
            .extract(&self.0);
        sequence.keep_first_bytes(LONGEST_ANCHOR);
        let mut found: Vec<Vec<u8>> = sequence
            .literals()
            .filter(|literals| !literals.is_empty() && literals.iter().all(|literal| literal.len() >= SHORTEST_ANCHOR))
            .ok_or_else(|| format!("does not start with at least {SHORTEST_ANCHOR} fixed bytes, by which it can be found; a `lead` can provide them"))?
            .iter()
            .map(|literal| literal.as_bytes().to_ascii_lowercase())
            .collect();
        found.sort();
        // A literal that extends another adds nothing: the shorter one is always met first.
        found.dedup_by(|longer, shorter| longer.starts_with(shorter));
        Ok(found)
    }
}

/// Parses a pattern over bytes; assertions are refused, since they would look at bytes that the stream may not hold any more.
pub(super) fn parse(pattern: &str) -> Result<Hir, String> {
    let hir = ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(pattern)
        .map_err(|error| {
            let reason = error.to_string();
            format!(
                "is not a valid pattern: {}",
                reason.lines().last().unwrap_or_default().trim()
            )
        })?;
    if !hir.properties().look_set().is_empty() {
        return Err("uses `^`, `$` or `\\b`; state `before` or `after` instead".to_owned());
    }
    Ok(hir)
}
