//! Bytes by what they are: a bitmap for each class, a block at a time.

use super::lane::Lane;
use super::{BEFORE, BLOCK, Block};

/// One bit for each byte of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Classes {
    /// Letters and digits.
    pub(super) word: u64,
    /// Capitals.
    pub(super) upper: u64,
    pub(super) digit: u64,
    /// Whether there is one of [`escapes`].
    pub(super) has_escapes: bool,
    /// Whether there is anything behind two slashes.
    pub(super) has_slashes: bool,
}

/// Classifies the bytes of a block.
#[inline(always)]
pub(super) fn classify<L: Lane>(block: &Block) -> Classes {
    let mut classes = Classes::default();
    let (mut rare, mut slashes) = (L::NOTHING, L::NOTHING);
    for nth in 0..BLOCK / L::BYTES {
        let bytes: L = lane(block, nth, 0);
        let letters = bytes.fold().between(b'a', b'z');
        let upper = bytes.between(b'A', b'Z');
        let digits = bytes.between(b'0', b'9');
        classes.word = join::<L>(classes.word, letters.or(digits));
        classes.upper = join::<L>(classes.upper, upper);
        classes.digit = join::<L>(classes.digit, digits);
        rare = rare.or(is_escape(bytes));
        slashes = slashes.or(behind_two_slashes(block, nth));
    }
    classes.has_escapes = rare.any();
    classes.has_slashes = slashes.any();
    classes
}

/// `\`, `%` and `#`, which follows the `&` of entities.
#[inline(always)]
pub(super) fn escapes<L: Lane>(block: &Block) -> u64 {
    let lanes = 0..BLOCK / L::BYTES;
    lanes.fold(0, |escapes, nth| {
        escapes | is_escape::<L>(lane(block, nth, 0)).mask() << (L::BYTES * nth)
    })
}

/// Whatever stands behind two slashes.
#[inline(always)]
pub(super) fn slashes<L: Lane>(block: &Block) -> u64 {
    let lanes = 0..BLOCK / L::BYTES;
    lanes.fold(0, |slashes, nth| {
        slashes | behind_two_slashes::<L>(block, nth).mask() << (L::BYTES * nth)
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

/// Letters that the first three quarters of ASCII start with in base64: `A` to `Z` and `a` to `f`.
#[inline(always)]
pub(super) fn heads<L: Lane>(bytes: &[u8; BLOCK]) -> u64 {
    let lanes = bytes.chunks_exact(L::BYTES).map(L::load);
    lanes.rev().fold(0, |heads, bytes| {
        let is_head = bytes.between(b'A', b'Z').or(bytes.between(b'a', b'f'));
        heads.wrapping_shl(L::BYTES as u32) | is_head.mask()
    })
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

#[inline(always)]
fn behind_two_slashes<L: Lane>(block: &Block, nth: usize) -> L {
    let (before, far): (L, L) = (lane(block, nth, 1), lane(block, nth, 2));
    before.equal(b'/').and(far.equal(b'/'))
}

/// The bytes of a lane, or those so many before them.
#[inline(always)]
fn lane<L: Lane>(block: &Block, nth: usize, before: usize) -> L {
    let at = BEFORE + L::BYTES * nth - before;
    block
        .get(at..at + L::BYTES)
        .map_or(L::NOTHING, |bytes| L::load(bytes))
}
