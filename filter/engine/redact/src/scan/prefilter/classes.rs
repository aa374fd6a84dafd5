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
    /// Whether [`Rare`] has anything to say.
    pub(super) is_rare: bool,
    /// Whether there is anything behind two slashes.
    pub(super) has_slashes: bool,
}

/// One bit for each byte of a block, of what most blocks do not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rare {
    /// `\`, `%` and `#`, which follows the `&` of entities.
    pub(super) escape: u64,
    /// Capitals behind a colon.
    pub(super) capital: u64,
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
        classes.word |= letters.or(digits).mask() << (L::BYTES * nth);
        classes.upper |= upper.mask() << (L::BYTES * nth);
        classes.digit |= digits.mask() << (L::BYTES * nth);
        rare = rare.or(escapes(bytes)).or(capital(block, nth, upper));
        slashes = slashes.or(behind_two_slashes(block, nth));
    }
    classes.is_rare = rare.mask() != 0;
    classes.has_slashes = slashes.mask() != 0;
    classes
}

/// Classifies those that [`classify`] found to be rare.
#[inline(always)]
pub(super) fn rare<L: Lane>(block: &Block) -> Rare {
    let mut rare = Rare::default();
    for nth in 0..BLOCK / L::BYTES {
        let bytes: L = lane(block, nth, 0);
        let upper = bytes.between(b'A', b'Z');
        rare.escape |= escapes(bytes).mask() << (L::BYTES * nth);
        rare.capital |= capital(block, nth, upper).mask() << (L::BYTES * nth);
    }
    rare
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

#[inline(always)]
fn escapes<L: Lane>(bytes: L) -> L {
    let others = bytes.equal(b'%').or(bytes.equal(b'#'));
    bytes.equal(b'\\').or(others)
}

/// Capitals behind a colon.
#[inline(always)]
fn capital<L: Lane>(block: &Block, nth: usize, upper: L) -> L {
    lane::<L>(block, nth, 1).equal(b':').and(upper)
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
