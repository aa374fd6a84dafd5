//! What bytes repeat.

/// How far back a match may reach.
const REACH: usize = 32 * 1024;

/// Bytes kept before those at the front are forgotten: so rarely that moving the rest costs little.
const KEPT: usize = 2 * REACH;

/// Least and most bytes that a match stands for.
const SHORTEST: usize = 4;
const LONGEST: usize = 258;

const TABLE_BITS: u32 = 12;

/// A byte, or a repetition.
#[derive(Clone, Copy)]
pub(super) struct Token(u32);

/// A token, read.
pub(super) enum Read {
    Literal(u8),
    Match { length: u16, distance: u16 },
}

impl Token {
    fn literal(byte: u8) -> Token {
        Token(u32::from(byte))
    }

    /// The distance is kept less one, so that 32,768 fits.
    fn repeat(length: usize, distance: usize) -> Token {
        #[expect(clippy::cast_possible_truncation, reason = "258 and 32,768 at most")]
        let token = (length as u32) << 16 | (distance - 1) as u32;
        Token(token)
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "halves of a word")]
    pub(super) fn read(self) -> Read {
        match (self.0 >> 16) as u16 {
            0 => Read::Literal(self.0 as u8),
            length => Read::Match {
                length,
                distance: self.0 as u16,
            },
        }
    }
}

/// The bytes that matches may reach, and where some of them were seen.
pub(super) struct Matches {
    bytes: Vec<u8>,
    /// Position of the first byte kept, from the beginning of the stream, modulo 2^32.
    origin: u32,
    /// Positions by a hash of the four bytes there.
    table: Box<[u32]>,
}

impl Matches {
    pub(super) const MEMORY: usize = KEPT + (size_of::<u32>() << TABLE_BITS);

    pub(super) fn new() -> Matches {
        Matches {
            bytes: Vec::new(),
            origin: 0,
            table: vec![0; 1 << TABLE_BITS].into_boxed_slice(),
        }
    }

    /// Takes the next bytes of the stream, fewer than [`REACH`], and tells what they repeat.
    pub(super) fn find(&mut self, next: &[u8]) -> Vec<Token> {
        self.append(next);
        let Matches {
            bytes,
            origin,
            table,
        } = self;
        let mut tokens = Vec::with_capacity(next.len() / 2);
        let mut at = bytes.len().saturating_sub(next.len());
        // The longer nothing is found, the less is looked for.
        let mut misses = 0;
        while let Some(four) = bytes.get(at..).and_then(<[u8]>::first_chunk::<SHORTEST>) {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "positions count modulo 2^32"
            )]
            let position = origin.wrapping_add(at as u32);
            let Some(slot) = table.get_mut(hash(*four)) else {
                break;
            };
            let seen = std::mem::replace(slot, position).wrapping_sub(*origin) as usize;
            // An old position may name any place by now; what counts are the bytes there.
            let distance = at.wrapping_sub(seen);
            let length = if distance.wrapping_sub(1) < REACH {
                common(bytes, seen, at)
            } else {
                0
            };
            if length >= SHORTEST {
                misses = 0;
                tokens.push(Token::repeat(length, distance));
                at += length;
            } else {
                let step = 1 + (misses >> 5);
                misses += 1;
                let literals = bytes.get(at..).unwrap_or_default().iter().take(step);
                tokens.extend(literals.map(|byte| Token::literal(*byte)));
                at += step;
            }
        }
        let rest = bytes.get(at..).unwrap_or_default();
        tokens.extend(rest.iter().map(|byte| Token::literal(*byte)));
        tokens
    }

    fn append(&mut self, next: &[u8]) {
        if self.bytes.len() + next.len() > KEPT {
            let forgotten = self.bytes.len().saturating_sub(REACH);
            self.bytes.drain(..forgotten);
            #[expect(
                clippy::cast_possible_truncation,
                reason = "positions count modulo 2^32"
            )]
            let forgotten = forgotten as u32;
            self.origin = self.origin.wrapping_add(forgotten);
        }
        if self.bytes.capacity() < KEPT && self.bytes.len() + next.len() > self.bytes.capacity() {
            let wanted = (2 * (self.bytes.len() + next.len())).min(KEPT);
            self.bytes.reserve_exact(wanted - self.bytes.len());
        }
        self.bytes.extend_from_slice(next);
    }
}

#[inline]
fn hash(four: [u8; SHORTEST]) -> usize {
    (u32::from_le_bytes(four).wrapping_mul(0x9e37_79b1) >> (32 - TABLE_BITS)) as usize
}

/// How many bytes at `seen` are those at `at`.
#[inline]
fn common(bytes: &[u8], seen: usize, at: usize) -> usize {
    let (Some(there), Some(here)) = (bytes.get(seen..), bytes.get(at..)) else {
        return 0;
    };
    let here = here.get(..LONGEST).unwrap_or(here);
    let mut length = 0;
    for (a, b) in there.as_chunks::<8>().0.iter().zip(here.as_chunks::<8>().0) {
        let differ = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if differ != 0 {
            return length + (differ.trailing_zeros() / 8) as usize;
        }
        length += 8;
    }
    let there = there.get(length..).unwrap_or_default();
    let here = here.get(length..).unwrap_or_default();
    length + there.iter().zip(here).take_while(|(a, b)| a == b).count()
}
