//! One anchored automaton, run byte by byte.
//!
//! Why a DFA per rule instead of one regex engine over all of them: a DFA's state is one integer, so a candidate can pause at
//! the end of a chunk and go on with the next; it never backtracks; and since every rule is anchored to where its literal was found, each
//! automaton stays small (an unanchored union of the same rules does not fit a gigabyte).

use std::borrow::Cow;

use super::pattern::{ACCEPTS, ACCEPTS_NARROW, DEAD, Table};

/// Where an [`Automaton`] is: a state as its cells have it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct State(u16);

impl State {
    const fn first(start: u16, narrow: bool) -> Self {
        let accepts = start & ACCEPTS != 0;
        if narrow && accepts {
            Self(start & !ACCEPTS | ACCEPTS_NARROW)
        } else {
            Self(start)
        }
    }
}

/// A [`Table`], either in the program's data or compiled here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Automaton {
    classes: Cow<'static, [u8]>,
    width: usize,
    cells: Cow<'static, [u8]>,
    narrow: bool,
    start: State,
}

/// The same at hand, wherever it stands.
#[derive(Clone, Copy)]
struct Rows<'a, C> {
    classes: &'a [u8; 256],
    width: usize,
    cells: &'a [C],
}

/// A cell of a table.
trait Cell: Copy {
    /// Set where the bytes so far are a match.
    const ACCEPTS: u16;

    fn state(self) -> u16;
}

impl Cell for [u8; 2] {
    const ACCEPTS: u16 = ACCEPTS;

    #[inline]
    fn state(self) -> u16 {
        u16::from_le_bytes(self)
    }
}

impl Cell for u8 {
    const ACCEPTS: u16 = ACCEPTS_NARROW;

    #[inline]
    fn state(self) -> u16 {
        u16::from(self)
    }
}

impl<C: Cell> Rows<'_, C> {
    #[inline]
    fn step(self, state: State, byte: u8) -> Option<State> {
        let class = self.classes.get(usize::from(byte))?;
        let row = usize::from(state.0 & !C::ACCEPTS) * self.width;
        let next = self.cells.get(row + usize::from(*class))?.state();
        (next != DEAD).then_some(State(next))
    }

    /// Takes bytes until none can follow, or until the first match if only that is wanted, or before a byte that is `barrier`.
    #[inline]
    fn run(self, mut state: State, bytes: &[u8], first: bool, barrier: Option<u8>) -> Ran {
        // No byte where there is none.
        let barrier = barrier.map_or(u16::MAX, u16::from);
        let (mut taken, mut matched) = (0, None);
        while let Some(byte) = bytes.get(taken)
            && u16::from(*byte) != barrier
            && let Some(next) = self.step(state, *byte)
        {
            taken += 1;
            if next == state && !first && barrier == u16::MAX {
                // The bytes of a long tail keep the state, and then need not wait for each other.
                let stay = |byte: &u8| self.step(state, *byte) != Some(state);
                let rest = bytes.get(taken..).unwrap_or_default();
                taken += rest.iter().position(stay).unwrap_or(rest.len());
            }
            state = next;
            if next.0 & C::ACCEPTS != 0 {
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
        narrow: bool,
        start: u16,
    ) -> Self {
        Self {
            classes: Cow::Borrowed(classes),
            width,
            cells: Cow::Borrowed(cells),
            narrow,
            start: State::first(start, narrow),
        }
    }

    pub(crate) fn start(&self) -> State {
        self.start
    }

    /// The state after one more byte; none once no further byte can lead to a match.
    #[inline]
    pub(crate) fn step(&self, state: State, byte: u8) -> Option<State> {
        if self.narrow {
            self.rows(&self.cells).step(state, byte)
        } else {
            self.rows(self.cells.as_chunks().0).step(state, byte)
        }
    }

    fn rows<'a, C: Cell>(&'a self, cells: &'a [C]) -> Rows<'a, C> {
        Rows {
            classes: self.classes.first_chunk().unwrap_or(&[0; 256]),
            width: self.width,
            cells,
        }
    }

    /// Takes bytes until none can follow, or until the first match if only that is wanted, or before a byte that is `barrier`.
    #[inline]
    pub(crate) fn run(&self, state: State, bytes: &[u8], first: bool, barrier: Option<u8>) -> Ran {
        if self.narrow {
            self.rows(&self.cells).run(state, bytes, first, barrier)
        } else {
            let rows = self.rows(self.cells.as_chunks().0);
            rows.run(state, bytes, first, barrier)
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
        let accepts = if self.narrow { ACCEPTS_NARROW } else { ACCEPTS };
        state.0 & accepts != 0
    }
}

impl From<Table> for Automaton {
    fn from(table: Table) -> Self {
        Self {
            classes: Cow::Owned(table.classes),
            width: table.width,
            cells: Cow::Owned(table.cells),
            narrow: table.narrow,
            start: State::first(table.start, table.narrow),
        }
    }
}
