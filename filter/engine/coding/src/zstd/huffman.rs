//! The prefix code of literals.

use super::{bits::Backward, fse::Table};

/// Longest code.
const MAX_BITS: u32 = 11;

/// So many codes fit into what is ready after a refill.
const BURST: usize = 5;

/// A decoding table: for each sequence of as many bits as a code may have, the symbol it begins with.
#[derive(Clone, Debug)]
pub(super) struct Code(Box<[Entry; 1 << MAX_BITS]>);

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
        let mut entries = Vec::with_capacity(1 << MAX_BITS);
        for weight in 1..=u8::try_from(bits).ok()? {
            for (symbol, _) in (0..).zip(&weights).filter(|(_, other)| **other == weight) {
                let entry = Entry {
                    symbol,
                    bits: u8::try_from(bits + 1).ok()?.checked_sub(weight)?,
                };
                let count = share(weight) << (MAX_BITS - bits);
                entries.extend(std::iter::repeat_n(entry, count as usize));
            }
        }
        let entries: Box<[Entry]> = entries.into_boxed_slice();
        Some(Code(entries.try_into().ok()?))
    }

    /// Decodes a stream that fills `out` exactly.
    pub(super) fn decode(&self, stream: &[u8], out: &mut [u8]) -> Option<()> {
        self.finish(Backward::new(stream)?, out)
    }

    /// Decodes four streams, which a table of three lengths precedes. They are independent of each other, so that a processor can work at all at once.
    pub(super) fn decode_four(&self, bytes: &[u8], out: &mut [u8]) -> Option<()> {
        let (lengths, bytes) = bytes.split_first_chunk::<6>()?;
        let [a, b, c] = {
            let [a, b, c, d, e, f] = *lengths;
            [[a, b], [c, d], [e, f]].map(|length| usize::from(u16::from_le_bytes(length)))
        };
        let (stream_a, bytes) = bytes.split_at_checked(a)?;
        let (stream_b, bytes) = bytes.split_at_checked(b)?;
        let (stream_c, stream_d) = bytes.split_at_checked(c)?;
        let mut bits_a = Backward::new(stream_a)?;
        let mut bits_b = Backward::new(stream_b)?;
        let mut bits_c = Backward::new(stream_c)?;
        let mut bits_d = Backward::new(stream_d)?;
        let part = out.len().div_ceil(4);
        let (out_a, out) = out.split_at_mut_checked(part)?;
        let (out_b, out) = out.split_at_mut_checked(part)?;
        let (out_c, out_d) = out.split_at_mut_checked(part)?;
        let mut done = 0;
        let a = out_a.as_chunks_mut::<BURST>().0;
        let b = out_b.as_chunks_mut::<BURST>().0;
        let c = out_c.as_chunks_mut::<BURST>().0;
        let d = out_d.as_chunks_mut::<BURST>().0;
        for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
            let ready = bits_a.refill_whole()
                & bits_b.refill_whole()
                & bits_c.refill_whole()
                & bits_d.refill_whole();
            if !ready {
                break;
            }
            for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
                *a = self.symbol_ready(&mut bits_a);
                *b = self.symbol_ready(&mut bits_b);
                *c = self.symbol_ready(&mut bits_c);
                *d = self.symbol_ready(&mut bits_d);
            }
            done += BURST;
        }
        self.finish(bits_a, out_a.get_mut(done..)?)?;
        self.finish(bits_b, out_b.get_mut(done..)?)?;
        self.finish(bits_c, out_c.get_mut(done..)?)?;
        self.finish(bits_d, out_d.get_mut(done..)?)
    }

    /// Decodes the rest of a stream, which must end where `out` does.
    fn finish(&self, mut bits: Backward<'_>, out: &mut [u8]) -> Option<()> {
        for burst in out.chunks_mut(BURST) {
            bits.refill();
            for slot in burst {
                let entry = self.entry(&bits);
                bits.take(u32::from(entry.bits));
                *slot = entry.symbol;
            }
            if bits.is_overdrawn() {
                return None;
            }
        }
        bits.is_spent().then_some(())
    }

    /// The next symbol, whose bits are known to be ready.
    #[inline]
    fn symbol_ready(&self, bits: &mut Backward<'_>) -> u8 {
        let entry = self.entry(bits);
        bits.take_ready(u32::from(entry.bits));
        entry.symbol
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "eleven bits")]
    fn entry(&self, bits: &Backward<'_>) -> Entry {
        let index = bits.peek(MAX_BITS) as usize;
        self.0.get(index).copied().unwrap_or_default()
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
