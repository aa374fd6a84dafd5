//! The automata of the shipped rules, as the build script left them.

use std::ops::Range;

include!(concat!(env!("OUT_DIR"), "/automata.rs"));

/// All bytes of all tables, one behind the other.
static TABLES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/automata.bin"));

/// One pattern and its table.
pub(super) struct Prebuilt {
    pub(super) pattern: &'static str,
    pub(super) min_length: usize,
    pub(super) max_length: Option<usize>,
    /// Empty if the pattern has none.
    pub(super) anchors: &'static [&'static [u8]],
    pub(super) start: u16,
    pub(super) width: usize,
    classes: usize,
    cells: Range<usize>,
}

impl Prebuilt {
    pub(super) fn find(pattern: &str) -> Option<&'static Self> {
        let nth = PREBUILT.binary_search_by(|prebuilt| prebuilt.pattern.cmp(pattern));
        PREBUILT.get(nth.ok()?)
    }

    pub(super) fn classes(&self) -> &'static [u8] {
        TABLES
            .get(self.classes..self.classes + 256)
            .unwrap_or_default()
    }

    pub(super) fn cells(&self) -> &'static [u8] {
        TABLES.get(self.cells.clone()).unwrap_or_default()
    }
}
