//! Blocks: stored, in the fixed code, or in one of their own, whichever is shortest.

use super::{
    bits::Bits,
    code::{Code, codes, lengths},
    matches::{Read, Token},
};

const LITERALS: usize = 286;
const DISTANCES: usize = 30;
const END_OF_BLOCK: usize = 256;

/// Writes a block that is not the last.
pub(super) fn write(tokens: &[Token], raw: &[u8], bits: &mut Bits, out: &mut Vec<u8>) {
    let used = Frequencies::of(tokens);
    let own = Own::new(&used);
    let own_bits = own.header_bits() + used.bits(&own.literals, &own.distances);
    let fixed_bits = used.bits(&FIXED_LITERALS, &FIXED_DISTANCES);
    let stored_bits = bits.to_align() as usize + 32 + 8 * raw.len();
    if stored_bits <= own_bits.min(fixed_bits) {
        write_stored(raw, bits, out);
    } else if fixed_bits <= own_bits {
        bits.write(0b010, 3, out);
        write_tokens(
            tokens,
            &codes(&FIXED_LITERALS),
            &codes(&FIXED_DISTANCES),
            bits,
            out,
        );
    } else {
        bits.write(0b100, 3, out);
        own.write_header(bits, out);
        write_tokens(
            tokens,
            &codes(&own.literals),
            &codes(&own.distances),
            bits,
            out,
        );
    }
}

/// Writes bytes as they are, at most 65,535.
pub(super) fn write_stored(raw: &[u8], bits: &mut Bits, out: &mut Vec<u8>) {
    bits.write(0b000, 3, out);
    bits.align(out);
    #[expect(clippy::cast_possible_truncation, reason = "a block is shorter")]
    let length = raw.len() as u16;
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&(!length).to_le_bytes());
    out.extend_from_slice(raw);
}

/// Writes an empty block, the last.
pub(super) fn write_last(bits: &mut Bits, out: &mut Vec<u8>) {
    bits.write(0b011, 3, out);
    bits.write(0, 7, out);
    bits.align(out);
}

#[inline(never)]
fn write_tokens<const L: usize, const D: usize>(
    tokens: &[Token],
    literals: &[Code; L],
    distances: &[Code; D],
    bits: &mut Bits,
    out: &mut Vec<u8>,
) {
    let code = |codes: &[Code], symbol: usize| codes.get(symbol).copied().unwrap_or_default();
    for token in tokens {
        match token.read() {
            Read::Literal(byte) => {
                let literal = code(literals, usize::from(byte));
                bits.write(u32::from(literal.bits), u32::from(literal.length), out);
            }
            Read::Match { length, distance } => {
                let (symbol, extra, width) = length_symbol(length);
                let literal = code(literals, symbol);
                let both = u32::from(literal.bits) | extra << literal.length;
                bits.write(both, u32::from(literal.length) + width, out);
                let (symbol, extra, width) = distance_symbol(distance);
                let distance = code(distances, symbol);
                let both = u32::from(distance.bits) | extra << distance.length;
                bits.write(both, u32::from(distance.length) + width, out);
            }
        }
    }
    let end = code(literals, END_OF_BLOCK);
    bits.write(u32::from(end.bits), u32::from(end.length), out);
}

/// How often each symbol occurs in a block.
struct Frequencies {
    literals: [u32; LITERALS],
    distances: [u32; DISTANCES],
    /// Bits that follow symbols of lengths and distances.
    extra: usize,
}

impl Frequencies {
    fn of(tokens: &[Token]) -> Frequencies {
        let mut used = Frequencies {
            literals: [0; LITERALS],
            distances: [0; DISTANCES],
            extra: 0,
        };
        let count = |counts: &mut [u32], symbol: usize| {
            if let Some(count) = counts.get_mut(symbol) {
                *count += 1;
            }
        };
        for token in tokens {
            match token.read() {
                Read::Literal(byte) => count(&mut used.literals, usize::from(byte)),
                Read::Match { length, distance } => {
                    let (symbol, _, width) = length_symbol(length);
                    count(&mut used.literals, symbol);
                    used.extra += width as usize;
                    let (symbol, _, width) = distance_symbol(distance);
                    count(&mut used.distances, symbol);
                    used.extra += width as usize;
                }
            }
        }
        count(&mut used.literals, END_OF_BLOCK);
        used
    }

    /// Bits of the block in a code of these lengths.
    fn bits(&self, literals: &[u8], distances: &[u8]) -> usize {
        let sum = |counts: &[u32], lengths: &[u8]| -> usize {
            let each = counts.iter().zip(lengths);
            each.map(|(count, length)| *count as usize * usize::from(*length))
                .sum()
        };
        3 + self.extra + sum(&self.literals, literals) + sum(&self.distances, distances)
    }
}

/// A code of the block's own.
struct Own {
    literals: [u8; LITERALS],
    distances: [u8; DISTANCES],
    /// How many of both are written.
    counts: (usize, usize),
    /// The lengths as symbols of a third code, each with its extra bits.
    description: Vec<(usize, u32)>,
    lengths: [u8; 19],
}

/// In which order the lengths of the third code are written, and how many bits follow its symbols.
const ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];
const REPEAT: usize = 16;
const FEW_ZEROS: usize = 17;
const ZEROS: usize = 18;

impl Own {
    fn new(used: &Frequencies) -> Own {
        let literals = lengths(&used.literals, 15);
        let distances = lengths(&used.distances, 15);
        let count = |lengths: &[u8], least: usize| {
            let last = lengths.iter().rposition(|length| *length > 0);
            last.map_or(least, |last| least.max(last + 1))
        };
        let counts = (count(&literals, 257), count(&distances, 1));
        let written: Vec<u8> = literals
            .iter()
            .take(counts.0)
            .chain(distances.iter().take(counts.1))
            .copied()
            .collect();
        let description = describe(&written);
        let mut frequencies = [0; 19];
        for (symbol, _) in &description {
            if let Some(count) = frequencies.get_mut(*symbol) {
                *count += 1;
            }
        }
        Own {
            literals,
            distances,
            counts,
            description,
            lengths: lengths(&frequencies, 7),
        }
    }

    fn ordered(&self) -> Vec<u8> {
        let mut ordered: Vec<u8> = ORDER
            .iter()
            .filter_map(|symbol| self.lengths.get(*symbol))
            .copied()
            .collect();
        while ordered.len() > 4 && ordered.last() == Some(&0) {
            ordered.pop();
        }
        ordered
    }

    fn header_bits(&self) -> usize {
        let each = self.description.iter().map(|(symbol, _)| {
            let length = self.lengths.get(*symbol).copied().unwrap_or_default();
            usize::from(length) + extra_width(*symbol) as usize
        });
        14 + 3 * self.ordered().len() + each.sum::<usize>()
    }

    #[expect(clippy::cast_possible_truncation, reason = "counts of at most 286")]
    fn write_header(&self, bits: &mut Bits, out: &mut Vec<u8>) {
        let (literals, distances) = self.counts;
        let ordered = self.ordered();
        bits.write(literals as u32 - 257, 5, out);
        bits.write(distances as u32 - 1, 5, out);
        bits.write(ordered.len() as u32 - 4, 4, out);
        for length in ordered {
            bits.write(u32::from(length), 3, out);
        }
        let codes = codes(&self.lengths);
        for (symbol, extra) in &self.description {
            let code = codes.get(*symbol).copied().unwrap_or_default();
            bits.write(u32::from(code.bits), u32::from(code.length), out);
            bits.write(*extra, extra_width(*symbol), out);
        }
    }
}

fn extra_width(symbol: usize) -> u32 {
    match symbol {
        REPEAT => 2,
        FEW_ZEROS => 3,
        ZEROS => 7,
        _ => 0,
    }
}

/// Lengths in runs.
#[expect(clippy::cast_possible_truncation, reason = "runs of at most 138")]
fn describe(lengths: &[u8]) -> Vec<(usize, u32)> {
    let mut description = Vec::new();
    for run in lengths.chunk_by(|a, b| a == b) {
        let length = usize::from(run.first().copied().unwrap_or_default());
        let mut left = run.len();
        if length > 0 {
            description.push((length, 0));
            left -= 1;
        }
        while left > 0 {
            let (symbol, taken, least) = match (length, left) {
                (0, 11..) => (ZEROS, left.min(138), 11),
                (0, 3..) => (FEW_ZEROS, left, 3),
                (1.., 3..) => (REPEAT, left.min(6), 3),
                _ => (length, 1, 1),
            };
            description.push((symbol, (taken - least) as u32));
            left -= taken;
        }
    }
    description
}

/// The symbol of a match's length, and the bits that follow it.
#[inline]
fn length_symbol(length: u16) -> (usize, u32, u32) {
    let beyond = u32::from(length) - 3;
    match beyond {
        255.. => (285, 0, 0),
        8.. => {
            let width = beyond.ilog2() - 2;
            let symbol = 261 + 4 * width + (beyond >> width & 3);
            (symbol as usize, beyond & ((1 << width) - 1), width)
        }
        _ => (257 + beyond as usize, 0, 0),
    }
}

/// The symbol of a distance, which is given less one, and the bits that follow it.
#[inline]
fn distance_symbol(distance: u16) -> (usize, u32, u32) {
    let beyond = u32::from(distance);
    if beyond < 4 {
        return (beyond as usize, 0, 0);
    }
    let width = beyond.ilog2() - 1;
    let symbol = 2 * width + (beyond >> width);
    (symbol as usize, beyond & ((1 << width) - 1), width)
}

const FIXED_LITERALS: [u8; 288] = {
    let mut lengths = [8; 288];
    let mut symbol = 144;
    while symbol < 280 {
        #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
        let length = &mut lengths[symbol];
        *length = if symbol < 256 { 9 } else { 7 };
        symbol += 1;
    }
    lengths
};

const FIXED_DISTANCES: [u8; DISTANCES] = [5; DISTANCES];
