//! Bytes by what they are: a bitmap for each class, a block at a time.

use super::lane::Lane;
use super::{BEFORE, BLOCK, Block};

/// One bit for each byte of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Classes {
    /// Letters and digits.
    pub(super) word: u64,
    /// Letters, and the digit that was asked for.
    pub(super) head: u64,
    /// Capitals.
    pub(super) upper: u64,
    pub(super) slash: u64,
    /// Whether there is one of [`escapes`].
    pub(super) has_escapes: bool,
}

/// Classifies the bytes of a block, of which `digit` counts as a head like a letter.
#[inline(always)]
pub(super) fn classify<L: Lane>(block: &Block, digit: u8) -> Classes {
    let mut classes = Classes::default();
    let mut rare = L::NOTHING;
    for nth in 0..BLOCK / L::BYTES {
        let bytes: L = lane(block, nth);
        let letters = bytes.fold().between(b'a', b'z');
        let digits = bytes.between(b'0', b'9');
        classes.word = join::<L>(classes.word, letters.or(digits));
        classes.head = join::<L>(classes.head, letters.or(bytes.equal(digit)));
        classes.upper = join::<L>(classes.upper, bytes.between(b'A', b'Z'));
        classes.slash = join::<L>(classes.slash, bytes.equal(b'/'));
        rare = rare.or(is_escape(bytes));
    }
    classes.has_escapes = rare.any();
    classes
}

/// `\`, `%` and `#`, which follows the `&` of entities.
#[inline(always)]
pub(super) fn escapes<L: Lane>(block: &Block) -> u64 {
    let lanes = 0..BLOCK / L::BYTES;
    lanes.fold(0, |escapes, nth| {
        escapes | is_escape::<L>(lane(block, nth)).mask() << (L::BYTES * nth)
    })
}

/// The first slash or colon from a place in a block on, as far as it is looked at in one step or two.
#[inline(always)]
pub(super) fn slash_or_colon<L: Lane>(block: &Block, from: usize) -> Option<u8> {
    let rest = block.get(BEFORE + from..)?;
    rest.chunks_exact(L::BYTES).take(2).find_map(|bytes| {
        let lane = L::load(bytes);
        let found = lane.equal(b'/').or(lane.equal(b':')).mask();
        (found != 0).then(|| bytes.get(found.trailing_zeros() as usize).copied())?
    })
}

/// The byte behind a host that starts at a place in a block, as far as it is looked at.
#[inline(always)]
pub(super) fn end_of_host<L: Lane>(block: &Block, from: usize) -> Option<u8> {
    let rest = block.get(BEFORE + from..)?;
    rest.chunks_exact(L::BYTES).find_map(|bytes| {
        let lane = L::load(bytes);
        let letters = lane.fold().between(b'a', b'z');
        let others = lane.between(b'0', b'9').or(lane.between(b'-', b'.'));
        let length = letters.or(others).mask().trailing_ones() as usize;
        bytes.get(length).copied()
    })
}

/// Letters that the first three quarters of ASCII start with in base64: `A` to `Z` and `a` to `f`.
#[inline(always)]
pub(super) fn heads<L: Lane>(bytes: &[u8; BLOCK]) -> u64 {
    bitmap(bytes, |lane: L| {
        lane.between(b'A', b'Z').or(lane.between(b'a', b'f'))
    })
}

/// Decimal digits.
#[inline(always)]
pub(super) fn digits<L: Lane>(bytes: &[u8; BLOCK]) -> u64 {
    bitmap(bytes, |lane: L| lane.between(b'0', b'9'))
}

#[inline(always)]
fn bitmap<L: Lane>(bytes: &[u8; BLOCK], is: impl Fn(L) -> L) -> u64 {
    let lanes = bytes.chunks_exact(L::BYTES).map(L::load);
    lanes.fold(0, |bits, lane| join::<L>(bits, is(lane)))
}

/// Adds the bits of the next lane of a block.
#[inline(always)]
fn join<L: Lane>(bits: u64, next: L) -> u64 {
    bits >> L::BYTES | next.mask() << (BLOCK - L::BYTES)
}

#[inline(always)]
fn is_escape<L: Lane>(bytes: L) -> L {
    let others = bytes.equal(b'%').or(bytes.equal(b'#'));
    bytes.equal(b'\\').or(others)
}

/// The bytes of a lane.
#[inline(always)]
fn lane<L: Lane>(block: &Block, nth: usize) -> L {
    let at = BEFORE + L::BYTES * nth;
    block
        .get(at..at + L::BYTES)
        .map_or(L::NOTHING, |bytes| L::load(bytes))
}
