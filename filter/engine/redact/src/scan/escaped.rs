//! Words in which a letter is written as an escape: `gh\u0070_...`, `%67hp_...`, `&#103;hp_...`.
//!
//! Anchors are looked up by the bytes of a word. Where an escape stands for one of these, the word is put together from what the escapes stand for, and looked up
//! once more. What follows it is read by the candidates, which see through escapes themselves.

use crate::rules::{AUTHORITY, Hit, Index};

use super::escape::{self, Escape};

/// Bytes of a word by which it is found.
const WORD: usize = 8;
/// Most bytes from the start of a word to where the first escape in it is seen: the second byte of an entity.
pub(super) const BEFORE: usize = WORD;

/// A text as it is meant, from a place on, as far as it is asked for.
pub(super) struct Meant<const MOST: usize> {
    bytes: [u8; MOST],
    /// Behind each of them, from the start.
    ends: [u16; MOST],
    count: usize,
    /// Nothing more can be known of it.
    unfinished: bool,
}

impl<const MOST: usize> Meant<MOST> {
    /// Reads from the start of `text`. O(`MOST`).
    pub(super) fn read(text: &[u8], complete: bool) -> Self {
        let mut meant = Self {
            bytes: [0; MOST],
            ends: [0; MOST],
            count: 0,
            unfinished: false,
        };
        let mut at = 0;
        while meant.count < MOST {
            let Some((byte, length)) = unit(text.get(at..).unwrap_or_default(), complete) else {
                meant.unfinished = !complete;
                break;
            };
            at += length;
            if let Some(slot) = meant.bytes.get_mut(meant.count) {
                *slot = byte;
            }
            if let Some(slot) = meant.ends.get_mut(meant.count) {
                *slot = u16::try_from(at).unwrap_or(u16::MAX);
            }
            meant.count += 1;
        }
        meant
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.count).unwrap_or_default()
    }

    /// Bytes with which the first `count` of it are written.
    pub(super) fn written(&self, count: usize) -> usize {
        let end = count.checked_sub(1).and_then(|last| self.ends.get(last));
        usize::from(end.copied().unwrap_or(0))
    }

    /// Whether more of it may be known later.
    pub(super) fn is_unfinished(&self) -> bool {
        self.unfinished
    }
}

impl Meant<WORD> {
    fn word(&self) -> u64 {
        u64::from_le_bytes(self.bytes)
    }
}

/// The byte that a text starts with, and how many it is written with; none if too little is known.
fn unit(text: &[u8], complete: bool) -> Option<(u8, usize)> {
    let first = *text.first()?;
    if !escape::introduces(first) {
        return Some((first, 1));
    }
    match escape::read(text) {
        Escape::Byte(byte, length) => Some((byte, length)),
        Escape::Unfinished if !complete => None,
        Escape::Unfinished | Escape::No => Some((first, 1)),
    }
}

/// An escape that was read, by where it ends.
pub(super) type Last = Option<(usize, u8)>;

/// Finds the anchors of words with escapes in `text`. `places` are those of escapes, as the filter tells them; words of escapes in `from..to` are looked up. Says from which place
/// on all has to be looked up again, once more is known.
pub(super) fn find(
    text: &[u8],
    places: impl Iterator<Item = usize>,
    (from, to): (usize, usize),
    complete: bool,
    index: &Index,
    mut found: impl FnMut(usize, usize, Hit),
) -> Option<usize> {
    let mut last = None;
    for place in places.take_while(|place| *place < to) {
        let at = place - usize::from(text.get(place) == Some(&b'#'));
        let escaped = escape::read(text.get(at..).unwrap_or_default());
        let (byte, length) = match escaped {
            Escape::Byte(byte, length) => (byte, length),
            Escape::Unfinished if !complete && place >= from => return Some(place),
            _ => continue,
        };
        if place >= from && byte == AUTHORITY.first().copied().unwrap_or(0) {
            let start =
                Meant::<{ AUTHORITY.len() }>::read(text.get(at..).unwrap_or_default(), complete);
            let behind = at + start.written(AUTHORITY.len());
            if start.bytes() == AUTHORITY {
                index
                    .find_behind(AUTHORITY)
                    .into_iter()
                    .for_each(|hit| found(place, behind, hit));
            } else if start.is_unfinished() {
                return Some(place);
            }
        }
        if place >= from && is_word(byte) {
            for start in starts(text, at, byte, last) {
                let word = Meant::<WORD>::read(text.get(start..).unwrap_or_default(), complete);
                if word.is_unfinished() {
                    return Some(place);
                }
                let word = word.word();
                #[expect(clippy::cast_possible_truncation, reason = "the first four bytes")]
                if index.filter().admits(word as u32) {
                    index.find(word, None, |_| true, |hit| found(place, start, hit));
                }
            }
        }
        last = Some((at + length, byte));
    }
    None
}

/// Bytes that what an anchor has before its word takes, where no escape is among them, with the longest before that.
const FAR: usize = 32;

/// Where the last `count` bytes before the end of a text start, each as it is written.
pub(super) fn back(text: &[u8], count: u8) -> Option<usize> {
    // Nearly always none is near.
    if !may_reach::<FAR>(text) && usize::from(count) + escape::LONGEST <= FAR {
        return text.len().checked_sub(usize::from(count));
    }
    let mut end = text.len();
    for _ in 0..count {
        let known = text.get(..end)?;
        let raw = end.checked_sub(1)?;
        let last = known.get(raw)?;
        // No escape ends with anything else.
        let may_be_escape = last.is_ascii_hexdigit() || matches!(last, b';' | b'/');
        let from = end.saturating_sub(escape::LONGEST);
        let escape = (from..raw).find(|start| {
            let escape = known.get(*start..).unwrap_or_default();
            may_be_escape
                && escape
                    .first()
                    .is_some_and(|first| escape::introduces(*first))
                && matches!(escape::read(escape), Escape::Byte(_, length) if start + length == end)
        });
        end = escape.unwrap_or(raw);
    }
    Some(end)
}

/// Whether an escape may end at the end of a text.
pub(super) fn may_end(text: &[u8]) -> bool {
    may_reach::<{ escape::LONGEST }>(text)
}

/// Whether an escape may start in the last bytes of a text.
#[inline]
fn may_reach<const NEAR: usize>(text: &[u8]) -> bool {
    // All of them are looked at, which takes a few instructions.
    let any = |near: &[u8]| {
        let all = near.iter().map(|byte| u8::from(escape::introduces(*byte)));
        all.fold(0, |any, one| any | one) != 0
    };
    text.last_chunk::<NEAR>()
        .map_or_else(|| any(text), |near| any(near))
}

/// Where the words start of which the escape at `at` may be the first that tells; `byte` is what it stands for, `last` the one before it.
pub(super) fn starts(
    text: &[u8],
    at: usize,
    byte: u8,
    last: Last,
) -> impl Iterator<Item = usize> + '_ {
    let first = behind(last).max(at.saturating_sub(WORD - 1));
    let starts_with_escape = match last {
        Some((end, before)) if end == at => starts_word(Some(before), byte),
        _ => starts_behind(text, at, byte),
    };
    let raw = (first..at).filter(move |start| {
        let byte = text.get(*start).copied().unwrap_or(0);
        starts_behind(text, *start, byte)
    });
    raw.chain(starts_with_escape.then_some(at))
}

/// The same for what an anchor has before its word, at most `reach` bytes: anything but letters and digits.
pub(super) fn others(
    text: &[u8],
    at: usize,
    byte: u8,
    last: Last,
    reach: usize,
) -> impl Iterator<Item = usize> + '_ {
    let first = behind(last).max(at.saturating_sub(WORD - 1 + reach));
    let is_other = |at: usize| text.get(at).is_some_and(|it| !it.is_ascii_alphanumeric());
    let raw = (first..at).filter(move |start| is_other(*start));
    raw.chain((!byte.is_ascii_alphanumeric()).then_some(at))
}

/// Words that start before another escape of a letter are looked up behind that one.
fn behind(last: Last) -> usize {
    last.filter(|(_, byte)| is_word(*byte))
        .map_or(0, |(end, _)| end)
}

/// Whether an escape may stand for a part of a word.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Whether a word starts with `byte` behind what stands before a place, as the filter sees it.
pub(super) fn starts_behind(text: &[u8], at: usize, byte: u8) -> bool {
    let before = |by: usize| at.checked_sub(by).and_then(|at| text.get(at)).copied();
    let behind_escape = [2, 3, 6]
        .into_iter()
        .any(|by| matches!(before(by), Some(b'\\' | b'%' | b'#')));
    starts_word(before(1), byte) || byte.is_ascii_alphanumeric() && behind_escape
}

fn starts_word(before: Option<u8>, byte: u8) -> bool {
    byte.is_ascii_alphanumeric() && before.is_none_or(|it| !it.is_ascii_alphanumeric())
        || byte.is_ascii_uppercase() && before.is_none_or(|it| !it.is_ascii_uppercase())
}
