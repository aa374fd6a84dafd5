//! One anchored automaton, run byte by byte.
//!
//! Why a DFA per rule instead of one regex engine over all of them: a DFA's state is one integer, so a candidate can pause at
//! the end of a chunk and go on with the next; it never backtracks; and since every rule is anchored to where its literal was found, each
//! automaton stays small (an unanchored union of the same rules does not fit a gigabyte).

use std::borrow::Cow;

use super::pattern::{ACCEPTS, DEAD, Table};

/// Where an [`Automaton`] is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct State(u16);

/// A [`Table`], either in the program's data or compiled here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Automaton {
    classes: Cow<'static, [u8]>,
    width: usize,
    cells: Cow<'static, [u8]>,
    start: State,
}

/// The same at hand, wherever it stands.
#[derive(Clone, Copy)]
struct Rows<'a> {
    classes: &'a [u8; 256],
    width: usize,
    cells: &'a [[u8; 2]],
}

impl Rows<'_> {
    #[inline]
    fn step(self, state: State, byte: u8) -> Option<State> {
        let class = self.classes.get(usize::from(byte))?;
        let row = usize::from(state.0 & !ACCEPTS) * self.width;
        let next = u16::from_le_bytes(*self.cells.get(row + usize::from(*class))?);
        (next != DEAD).then_some(State(next))
    }
}

/// How far an [`Automaton`] came.
#[derive(Default)]
pub(crate) struct Ran {
    pub(crate) state: State,
    /// Bytes taken.
    pub(crate) taken: usize,
    /// Bytes taken up to the last match, or up to the first if that is where it stopped.
    pub(crate) matched: Option<usize>,
}

impl Automaton {
    /// An automaton whose table stands in the program's data.
    pub(super) const fn borrowed(
        classes: &'static [u8],
        width: usize,
        cells: &'static [u8],
        start: u16,
    ) -> Self {
        Self {
            classes: Cow::Borrowed(classes),
            width,
            cells: Cow::Borrowed(cells),
            start: State(start),
        }
    }

    pub(crate) fn start(&self) -> State {
        self.start
    }

    /// The state after one more byte; none once no further byte can lead to a match.
    #[inline]
    pub(crate) fn step(&self, state: State, byte: u8) -> Option<State> {
        self.rows().step(state, byte)
    }

    fn rows(&self) -> Rows<'_> {
        Rows {
            classes: self.classes.first_chunk().unwrap_or(&[0; 256]),
            width: self.width,
            cells: self.cells.as_chunks().0,
        }
    }

    /// Takes bytes until none can follow, or until the first match if only that is wanted, or before a byte that is `barrier`.
    #[inline]
    pub(crate) fn run(
        &self,
        mut state: State,
        bytes: &[u8],
        first: bool,
        barrier: Option<u8>,
    ) -> Ran {
        let rows = self.rows();
        // No byte where there is none.
        let barrier = barrier.map_or(u16::MAX, u16::from);
        let (mut taken, mut matched) = (0, None);
        while let Some(byte) = bytes.get(taken)
            && u16::from(*byte) != barrier
            && let Some(next) = rows.step(state, *byte)
        {
            taken += 1;
            if next == state && !first && barrier == u16::MAX {
                // The bytes of a long tail keep the state, and then need not wait for each other.
                let stay = |byte: &u8| rows.step(state, *byte) != Some(state);
                let rest = bytes.get(taken..).unwrap_or_default();
                taken += rest.iter().position(stay).unwrap_or(rest.len());
            }
            state = next;
            if self.accepts(next) {
                matched = Some(taken);
                if first {
                    break;
                }
            }
        }
        Ran {
            state,
            taken,
            matched,
        }
    }

    #[cfg(test)]
    pub(super) fn is_borrowed(&self) -> bool {
        matches!(
            (&self.classes, &self.cells),
            (Cow::Borrowed(_), Cow::Borrowed(_))
        )
    }

    /// Whether the bytes so far are a match.
    #[inline]
    pub(crate) fn accepts(&self, state: State) -> bool {
        state.0 & ACCEPTS != 0
    }
}

impl From<Table> for Automaton {
    fn from(table: Table) -> Self {
        Self {
            classes: Cow::Owned(table.classes),
            width: table.width,
            cells: Cow::Owned(table.cells),
            start: State(table.start),
        }
    }
}
