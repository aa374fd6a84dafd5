//! The prefix code of literals.

use super::{bits::Backward, fse::Table};

/// Longest code.
const MAX_BITS: u32 = 11;

/// A decoding table: for each sequence of as many bits as the longest code has, the symbol it begins with.
#[derive(Clone, Debug)]
pub(super) struct Code {
    bits: u32,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    symbol: u8,
    bits: u8,
}

impl Code {
    /// Reads a description; gives what follows it too.
    pub(super) fn read(bytes: &[u8]) -> Option<(Code, &[u8])> {
        let (header, bytes) = bytes.split_first()?;
        let mut weights = Vec::with_capacity(256);
        let rest = if *header < 128 {
            let (coded, rest) = bytes.split_at_checked(usize::from(*header))?;
            decode_weights(coded, &mut weights)?;
            rest
        } else {
            let count = usize::from(*header) - 127;
            let (pairs, rest) = bytes.split_at_checked(count.div_ceil(2))?;
            weights.extend(pairs.iter().flat_map(|pair| [pair >> 4, pair & 15]));
            weights.truncate(count);
            rest
        };
        Some((Code::new(weights)?, rest))
    }

    /// The code of symbols with these weights. The last symbol's weight is what is missing to a power of two.
    fn new(mut weights: Vec<u8>) -> Option<Code> {
        let share = |weight: u8| {
            if weight == 0 {
                0
            } else {
                1_u32 << (weight - 1)
            }
        };
        if weights.len() > 255 || weights.iter().any(|weight| u32::from(*weight) > MAX_BITS) {
            return None;
        }
        let sum: u32 = weights.iter().map(|weight| share(*weight)).sum();
        let bits = sum.checked_ilog2()? + 1;
        let missing = (1 << bits) - sum;
        if bits > MAX_BITS || !missing.is_power_of_two() {
            return None;
        }
        weights.push(u8::try_from(missing.ilog2() + 1).ok()?);
        let mut entries = Vec::with_capacity(1 << bits);
        for weight in 1..=u8::try_from(bits).ok()? {
            for (symbol, _) in (0..).zip(&weights).filter(|(_, other)| **other == weight) {
                let entry = Entry {
                    symbol,
                    bits: u8::try_from(bits + 1).ok()?.checked_sub(weight)?,
                };
                entries.extend(std::iter::repeat_n(entry, share(weight) as usize));
            }
        }
        (entries.len() == 1 << bits).then_some(Code { bits, entries })
    }

    /// Decodes a stream of exactly `count` symbols.
    pub(super) fn decode(&self, stream: &[u8], count: usize, out: &mut Vec<u8>) -> Option<()> {
        let mut bits = Backward::new(stream)?;
        let mut left = count;
        while left > 0 {
            bits.refill();
            // Five of the longest codes are ready.
            let burst = left.min(5);
            for _ in 0..burst {
                let index = usize::try_from(bits.peek(self.bits)).ok()?;
                let entry = self.entries.get(index)?;
                bits.take(u32::from(entry.bits));
                out.push(entry.symbol);
            }
            left -= burst;
            if bits.is_overdrawn() {
                return None;
            }
        }
        bits.is_spent().then_some(())
    }

    /// Decodes four streams, which a table of three lengths precedes.
    pub(super) fn decode_four(&self, bytes: &[u8], count: usize, out: &mut Vec<u8>) -> Option<()> {
        let (lengths, mut streams) = bytes.split_first_chunk::<6>()?;
        let (lengths, _) = lengths.as_chunks::<2>();
        let part = count.div_ceil(4);
        let last = count.checked_sub(3 * part)?;
        for length in lengths {
            let length = usize::from(u16::from_le_bytes(*length));
            let (stream, rest) = streams.split_at_checked(length)?;
            self.decode(stream, part, out)?;
            streams = rest;
        }
        self.decode(streams, last, out)
    }
}

/// Decodes weights that are themselves coded, by two states that take turns.
fn decode_weights(bytes: &[u8], weights: &mut Vec<u8>) -> Option<()> {
    let (table, stream) = Table::read(bytes, 6, 255)?;
    let mut bits = Backward::new(stream)?;
    let mut states = [table.start(&mut bits)?, table.start(&mut bits)?];
    if bits.is_overdrawn() {
        return None;
    }
    loop {
        let [this, other] = states;
        weights.push(this.symbol());
        if weights.len() > 254 {
            return None;
        }
        bits.refill();
        let next = table.next(this, &mut bits)?;
        if bits.is_overdrawn() {
            weights.push(other.symbol());
            return Some(());
        }
        states = [other, next];
    }
}
