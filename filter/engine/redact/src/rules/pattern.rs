//! From the patterns of a rule to what recognises them. The build script runs this for the shipped rules, the filter for an operator's own.
//!
//! Why not run the DFA of the regex crate as it is: it counts its alphabet in powers of two and four bytes a cell, some eight times of what these
//! small automata need; and as a plain array of bytes a table can stand in the program's data, where every VM of a proxy finds it without any work.

use std::collections::{BTreeSet, HashMap};

use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// A set of bytes, one bit each.
pub(crate) type Bytes = [u64; 4];

/// An anchored automaton over bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// For each byte the column that it has in `cells`.
    pub(crate) classes: Vec<u8>,
    /// Columns.
    pub(crate) width: usize,
    /// One row for each state, [`DEAD`] first: the states that follow, [`ACCEPTS`] set where the bytes so far match. As little-endian 16-bit numbers, or
    /// as bytes with [`ACCEPTS_NARROW`] in its place.
    pub(crate) cells: Vec<u8>,
    /// Whether a cell is a byte: where there are few states.
    pub(crate) narrow: bool,
    pub(crate) start: u16,
}

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Anything.
    Table(Table),
    /// One class of bytes, repeated: as many as there are, up to `most`.
    Run { class: Bytes, least: u32, most: u32 },
    /// What may stand between a word of the context and the value.
    Context,
}

/// One pattern: its parts in order, and what it says about its matches.
pub(crate) struct Pattern {
    pub(crate) parts: Vec<Part>,
    pub(crate) min_length: usize,
    pub(crate) max_length: Option<usize>,
    hir: Hir,
}

/// The state behind which nothing can match.
pub(crate) const DEAD: u16 = 0;
/// Set in the number of a state in which the bytes so far are a match.
pub(crate) const ACCEPTS: u16 = 0x8000;
/// The same where states are bytes.
pub(crate) const ACCEPTS_NARROW: u16 = 0x80;

/// A bound on what one rule may cost: some 60 times the usual automaton.
const SIZE_LIMIT: usize = 256 * 1024;
/// A repetition that can be this long is counted, not spelled out in states.
const LONG_RUN: u32 = 16;

impl Pattern {
    /// Compiles a pattern; the error says what is wrong with it. `after` is the class of bytes that must follow a match, if one must.
    pub(crate) fn compile(pattern: &str, after: Option<&Bytes>) -> Result<Self, String> {
        let hir = parse(pattern)?;
        let parts = match split(&hir, after) {
            Some(parts) => parts,
            None => vec![Part::Table(Table::compile(&hir)?)],
        };
        Ok(Self {
            parts,
            min_length: hir.properties().minimum_len().unwrap_or(0),
            max_length: hir.properties().maximum_len(),
            hir,
        })
    }

    /// The whole pattern as one automaton.
    pub(crate) fn table(&self) -> Result<Table, String> {
        match self.parts.as_slice() {
            [Part::Table(table)] => Ok(table.clone()),
            _ => Table::compile(&self.hir),
        }
    }
}

impl Table {
    fn compile(hir: &Hir) -> Result<Self, String> {
        let too_large = |error: String| format!("is too large ({error}); shorten its repetitions");
        let nfa = thompson::Compiler::new()
            .configure(
                thompson::Config::new()
                    .utf8(false)
                    .nfa_size_limit(Some(8 * SIZE_LIMIT)),
            )
            .build_from_hir(hir)
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
        let cells = rows
            .iter()
            .flat_map(|row| representatives.iter().filter_map(|byte| row.get(*byte)));
        let narrow = rows.len() <= usize::from(ACCEPTS_NARROW);
        Ok(Self {
            width: representatives.len(),
            cells: if narrow {
                cells.map(|cell| narrowed(*cell)).collect()
            } else {
                cells.flat_map(|cell| cell.to_le_bytes()).collect()
            },
            narrow,
            classes,
            start,
        })
    }

    /// The state after one more byte, as it stands in the table.
    pub(crate) fn step(&self, state: u16, byte: u8) -> u16 {
        let class = self.classes.get(usize::from(byte)).copied().unwrap_or(0);
        let cell = usize::from(state & !ACCEPTS) * self.width + usize::from(class);
        self.states().nth(cell).unwrap_or(DEAD)
    }

    /// What the cells hold, in order.
    fn states(&self) -> impl Iterator<Item = u16> + '_ {
        let size = if self.narrow { 1 } else { 2 };
        self.cells.chunks_exact(size).map(|cell| match cell {
            [low, high] => u16::from_le_bytes([*low, *high]),
            [state] => widened(*state),
            _ => DEAD,
        })
    }

    /// Whether a match ends wherever it can end, and never goes on: the part behind it then starts at one place only.
    fn is_prefix_free(&self) -> bool {
        let accepting: BTreeSet<u16> = self
            .states()
            .chain([self.start])
            .filter(|state| state & ACCEPTS != 0)
            .collect();
        accepting
            .into_iter()
            .all(|state| (0..=u8::MAX).all(|byte| self.step(state, byte) == DEAD))
    }
}

/// A state as a byte, of fewer than 128.
fn narrowed(state: u16) -> u8 {
    let accepts = if state & ACCEPTS == 0 {
        0
    } else {
        ACCEPTS_NARROW
    };
    u8::try_from(state & !ACCEPTS | accepts).unwrap_or(0)
}

fn widened(state: u8) -> u16 {
    let state = u16::from(state);
    state & !ACCEPTS_NARROW | (state & ACCEPTS_NARROW) << 8
}

/// The parts of a pattern with long runs of one class, if it can be cut there: a run must end at one place only, whatever follows.
fn split(hir: &Hir, after: Option<&Bytes>) -> Option<Vec<Part>> {
    let items = flatten(hir);
    let mut parts = Vec::new();
    let mut fixed: Vec<Hir> = Vec::new();
    for (nth, item) in items.iter().enumerate() {
        let Some((class, least, most)) = run(item).filter(|(_, _, most)| *most >= LONG_RUN) else {
            fixed.push(item.clone());
            continue;
        };
        let exact = least == most;
        let rest = items.get(nth + 1..).unwrap_or_default();
        let free = if rest.is_empty() {
            after.is_none_or(|after| disjoint(after, &class))
        } else {
            first(&Hir::concat(rest.to_vec())).is_some_and(|next| disjoint(&next, &class))
        };
        if !exact && !free {
            fixed.push(item.clone());
            continue;
        }
        parts.extend(table(&mut fixed)?);
        parts.push(Part::Run { class, least, most });
    }
    // The last part may end in several places; the longest one counts.
    if !fixed.is_empty() {
        parts.push(Part::Table(Table::compile(&Hir::concat(fixed)).ok()?));
    }
    Some(parts)
}

/// The automaton of what stands before a run.
fn table(fixed: &mut Vec<Hir>) -> Option<Option<Part>> {
    if fixed.is_empty() {
        return Some(None);
    }
    let table = Table::compile(&Hir::concat(std::mem::take(fixed))).ok()?;
    table.is_prefix_free().then_some(Some(Part::Table(table)))
}

/// What stands one behind the other at the top of a pattern.
fn flatten(hir: &Hir) -> Vec<Hir> {
    match hir.kind() {
        HirKind::Concat(items) => items.iter().flat_map(flatten).collect(),
        HirKind::Capture(capture) => flatten(&capture.sub),
        _ => vec![hir.clone()],
    }
}

/// Whether this is one class of bytes, repeated.
fn run(hir: &Hir) -> Option<(Bytes, u32, u32)> {
    match hir.kind() {
        HirKind::Repetition(repetition) => Some((
            set(&repetition.sub)?,
            repetition.min,
            repetition.max.unwrap_or(u32::MAX),
        )),
        _ => None,
    }
}

/// The bytes of a single class or byte.
pub(crate) fn set(hir: &Hir) -> Option<Bytes> {
    let mut bytes = [0; 4];
    match hir.kind() {
        HirKind::Class(Class::Bytes(class)) => {
            for range in class.ranges() {
                (range.start()..=range.end()).for_each(|byte| insert(&mut bytes, byte));
            }
        }
        HirKind::Literal(literal) if literal.0.len() == 1 => {
            literal.0.iter().for_each(|byte| insert(&mut bytes, *byte));
        }
        HirKind::Capture(capture) => return set(&capture.sub),
        _ => return None,
    }
    Some(bytes)
}

/// The bytes that a match can start with, if it cannot be empty.
fn first(hir: &Hir) -> Option<Bytes> {
    if hir.properties().minimum_len().unwrap_or(0) == 0 {
        return None;
    }
    let table = Table::compile(hir).ok()?;
    let mut bytes = [0; 4];
    (0..=u8::MAX)
        .filter(|byte| table.step(table.start, *byte) != DEAD)
        .for_each(|byte| insert(&mut bytes, byte));
    Some(bytes)
}

fn insert(bytes: &mut Bytes, byte: u8) {
    if let Some(word) = bytes.get_mut(usize::from(byte >> 6)) {
        *word |= 1 << (byte & 63);
    }
}

fn disjoint(one: &Bytes, other: &Bytes) -> bool {
    one.iter().zip(other).all(|(one, other)| one & other == 0)
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
    Some(prune(&rows, first))
}

/// Makes every state dead from which no match can be reached, and numbers the others anew. There are such states: a DFA that reports a match one byte
/// late has to be somewhere during that byte.
fn prune(rows: &[Row], start: u16) -> (Vec<Row>, u16) {
    let index = |cell: u16| usize::from(cell & !ACCEPTS);
    let mut useful = vec![false; rows.len()];
    let accepting = rows.iter().flatten().chain([&start]);
    for cell in accepting.filter(|cell| **cell & ACCEPTS != 0) {
        if let Some(useful) = useful.get_mut(index(*cell)) {
            *useful = true;
        }
    }
    let is_useful = |useful: &[bool], cell: u16| useful.get(index(cell)).is_some_and(|it| *it);
    loop {
        let found: Vec<usize> = (1..rows.len())
            .filter(|state| !useful.get(*state).is_some_and(|it| *it))
            .filter(|state| {
                let row = rows.get(*state);
                row.is_some_and(|row| row.iter().any(|cell| is_useful(&useful, *cell)))
            })
            .collect();
        if found.is_empty() {
            break;
        }
        for state in found {
            if let Some(useful) = useful.get_mut(state) {
                *useful = true;
            }
        }
    }
    let mut count = 0;
    let numbers: Vec<u16> = useful
        .iter()
        .map(|useful| {
            count += u16::from(*useful);
            if *useful { count } else { DEAD }
        })
        .collect();
    let renumber = |cell: u16| match numbers.get(index(cell)) {
        Some(&DEAD) | None => DEAD,
        Some(number) => number | cell & ACCEPTS,
    };
    let kept = rows.iter().zip(&useful).filter(|(_, useful)| **useful);
    let kept = kept.map(|(row, _)| row.map(renumber));
    let pruned = std::iter::once([DEAD; 256]).chain(kept).collect();
    (pruned, renumber(start))
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
