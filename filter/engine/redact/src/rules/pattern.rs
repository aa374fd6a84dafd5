//! From a pattern to the table that recognises it. The build script runs this for the shipped rules, the filter for an operator's own.
//!
//! Why not run the DFA of the regex crate as it is: it counts its alphabet in powers of two and four bytes a cell, some eight times of what these
//! small automata need; and as a plain array of bytes a table can stand in the program's data, where every VM of a proxy finds it without any work.

use std::collections::HashMap;

use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;
use regex_syntax::hir::literal::{ExtractKind, Extractor};

/// An anchored automaton over bytes.
pub(crate) struct Table {
    /// For each byte the column that it has in `cells`.
    pub(crate) classes: Vec<u8>,
    /// Columns.
    pub(crate) width: usize,
    /// One row for each state, [`DEAD`] first: the states that follow, as little-endian 16-bit numbers, [`ACCEPTS`] set where the bytes so far match.
    pub(crate) cells: Vec<u8>,
    pub(crate) start: u16,
    pub(crate) min_length: usize,
    pub(crate) max_length: Option<usize>,
}

/// The state behind which nothing can match.
pub(crate) const DEAD: u16 = 0;
/// Set in the number of a state in which the bytes so far are a match.
pub(crate) const ACCEPTS: u16 = 0x8000;

/// A bound on what one rule may cost: some 60 times the usual automaton.
const SIZE_LIMIT: usize = 256 * 1024;
/// Fewer fixed bytes make every other word a candidate.
const SHORTEST_ANCHOR: usize = 3;
/// More bytes only add states.
const LONGEST_ANCHOR: usize = 12;

impl Table {
    /// Compiles a pattern; the error says what is wrong with it.
    pub(crate) fn compile(pattern: &str) -> Result<Self, String> {
        let too_large = |error: String| format!("is too large ({error}); shorten its repetitions");
        let hir = parse(pattern)?;
        let nfa = thompson::Compiler::new()
            .configure(
                thompson::Config::new()
                    .utf8(false)
                    .nfa_size_limit(Some(8 * SIZE_LIMIT)),
            )
            .build_from_hir(&hir)
            .map_err(|error| too_large(error.to_string()))?;
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
            .map_err(|error| too_large(error.to_string()))?;
        let start = dfa
            .start_state(&start::Config::new().anchored(Anchored::Yes))
            .map_err(|error| format!("cannot be started ({error})"))?;
        let (rows, start) =
            rows(&dfa, start).ok_or_else(|| too_large("over 32767 states".to_owned()))?;
        let (classes, representatives) = classes(&rows);
        Ok(Self {
            width: representatives.len(),
            cells: rows
                .iter()
                .flat_map(|row| {
                    let cells = representatives.iter().filter_map(|byte| row.get(*byte));
                    cells.flat_map(|cell| cell.to_le_bytes())
                })
                .collect(),
            classes,
            start,
            min_length: hir.properties().minimum_len().unwrap_or(0),
            max_length: hir.properties().maximum_len(),
        })
    }
}

/// The lower-case literals one of which every match of the pattern starts with.
pub(crate) fn anchors(pattern: &str) -> Result<Vec<Vec<u8>>, String> {
    let mut sequence = Extractor::new()
        .kind(ExtractKind::Prefix)
        .limit_class(10)
        .limit_repeat(8)
        .limit_total(2048)
        .extract(&parse(pattern)?);
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

/// Parses a pattern over bytes; assertions are refused, since they would look at bytes that the stream may not hold any more.
pub(crate) fn parse(pattern: &str) -> Result<Hir, String> {
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

type Row = [u16; 256];

/// What follows each state upon each byte, states numbered as they are met. None if there are too many.
fn rows(dfa: &dense::DFA<Vec<u32>>, start: StateID) -> Option<(Vec<Row>, u16)> {
    // The DFA itself reports a match one byte late; looking at the end-of-input transition instead says it at once, so nothing waits for a
    // byte it does not need.
    let accepts = |state| dfa.is_match_state(dfa.next_eoi_state(state));
    let mut order = vec![start];
    let mut numbers = HashMap::from([(start, 1)]);
    let mut number = |state: StateID, order: &mut Vec<StateID>| {
        if dfa.is_dead_state(state) {
            return Some(DEAD);
        }
        let fresh = u16::try_from(order.len() + 1).ok().filter(|n| *n < ACCEPTS);
        let number = match numbers.get(&state) {
            Some(number) => *number,
            None => {
                order.push(state);
                numbers.insert(state, fresh?);
                fresh?
            }
        };
        Some(if accepts(state) {
            number | ACCEPTS
        } else {
            number
        })
    };
    let first = number(start, &mut order)?;
    let mut rows: Vec<Row> = vec![[DEAD; 256]];
    while let Some(state) = order.get(rows.len() - 1).copied() {
        let mut row = [DEAD; 256];
        for (byte, cell) in (0..=u8::MAX).zip(&mut row) {
            *cell = number(dfa.next_state(state, byte), &mut order)?;
        }
        rows.push(row);
    }
    Some((rows, first))
}

/// Bytes that no row tells apart share a class; with one byte of each.
fn classes(rows: &[Row]) -> (Vec<u8>, Vec<usize>) {
    let mut representatives = Vec::new();
    let mut index: HashMap<Vec<u16>, u8> = HashMap::new();
    let classes = (0..256)
        .map(|byte| {
            let column = rows
                .iter()
                .filter_map(|row| row.get(byte).copied())
                .collect();
            *index.entry(column).or_insert_with(|| {
                representatives.push(byte);
                u8::try_from(representatives.len() - 1).unwrap_or(u8::MAX)
            })
        })
        .collect();
    (classes, representatives)
}
