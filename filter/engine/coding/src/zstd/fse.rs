//! Finite state entropy: tables whose states each stand for a symbol and a range of next states.

use super::bits::{Backward, Forward};

/// A decoding table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    log: u32,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// The first of the next states.
    base: u16,
    /// How many bits choose among them.
    bits: u8,
    symbol: u8,
}

/// A place in a table.
#[derive(Clone, Copy)]
pub(super) struct State(Entry);

/// A probability that is less than one state's share.
const LESS_THAN_ONE: i16 = -1;

impl Table {
    /// Reads a description; gives what follows it too. None for one that is not valid, is finer than `max_log`, or names a symbol beyond
    /// `max_symbol`.
    pub(super) fn read(bytes: &[u8], max_log: u32, max_symbol: u8) -> Option<(Table, &[u8])> {
        let mut bits = Forward::new(bytes);
        let log = bits.peek(4) + 5;
        bits.take(4);
        if log > max_log {
            return None;
        }
        let mut shares: Vec<i16> = Vec::new();
        let mut left: u32 = 1 << log;
        while left > 0 {
            if shares.len() > usize::from(max_symbol) {
                return None;
            }
            let share = read_share(&mut bits, left);
            left = left.checked_sub(u32::from(share.unsigned_abs()))?;
            shares.push(share);
            if share == 0 {
                read_zeros(&mut bits, &mut shares, max_symbol)?;
            }
        }
        if shares.len() > usize::from(max_symbol) + 1 {
            return None;
        }
        Some((Table::new(log, &shares)?, bits.rest()?))
    }

    /// The table of a distribution whose shares add up to `1 << log`.
    pub(super) fn new(log: u32, shares: &[i16]) -> Option<Table> {
        let size = 1_usize << log;
        let mut entries = vec![Entry::default(); size];
        // Symbols with less than one share have the last states.
        let mut high = size;
        for (symbol, _) in (0..)
            .zip(shares)
            .filter(|(_, share)| **share == LESS_THAN_ONE)
        {
            high = high.checked_sub(1)?;
            entries.get_mut(high)?.symbol = symbol;
        }
        let step = (size >> 1) + (size >> 3) + 3;
        let mut at = 0;
        for (symbol, share) in (0..).zip(shares) {
            for _ in 0..(*share).max(0) {
                entries.get_mut(at)?.symbol = symbol;
                loop {
                    at = (at + step) & (size - 1);
                    if at < high {
                        break;
                    }
                }
            }
        }
        if at != 0 {
            return None;
        }
        let mut next: Vec<u16> = shares.iter().map(|share| share.unsigned_abs()).collect();
        for entry in &mut entries {
            let next = next.get_mut(usize::from(entry.symbol))?;
            let bits = log.checked_sub(next.checked_ilog2()?)?;
            entry.bits = u8::try_from(bits).ok()?;
            entry.base = u16::try_from((usize::from(*next) << bits).checked_sub(size)?).ok()?;
            *next += 1;
        }
        Some(Table { log, entries })
    }

    /// The table of a symbol that is the only one.
    pub(super) fn of_one(symbol: u8) -> Table {
        let entry = Entry {
            base: 0,
            bits: 0,
            symbol,
        };
        Table {
            log: 0,
            entries: vec![entry],
        }
    }

    /// The state that the next bits name.
    pub(super) fn start(&self, bits: &mut Backward<'_>) -> Option<State> {
        bits.refill();
        self.at(bits.read(self.log))
    }

    /// The state after `state`. Its bits, at most 9, must be ready.
    #[inline]
    pub(super) fn next(&self, state: State, bits: &mut Backward<'_>) -> Option<State> {
        let State(entry) = state;
        self.at(u64::from(entry.base) + bits.read(u32::from(entry.bits)))
    }

    #[inline]
    fn at(&self, index: u64) -> Option<State> {
        let index = usize::try_from(index).ok()?;
        self.entries.get(index).copied().map(State)
    }
}

impl State {
    #[inline]
    pub(super) fn symbol(self) -> u8 {
        self.0.symbol
    }
}

/// One share out of `left`, in as few bits as tell it.
fn read_share(bits: &mut Forward<'_>, left: u32) -> i16 {
    let width = (left + 1).ilog2() + 1;
    let value = bits.peek(width);
    let low = value & ((1 << (width - 1)) - 1);
    let threshold = (1 << width) - 1 - (left + 1);
    let value = if low < threshold {
        bits.take(width - 1);
        low
    } else {
        bits.take(width);
        if value == low {
            value
        } else {
            value - threshold
        }
    };
    i16::try_from(value).unwrap_or(i16::MAX) - 1
}

/// How many more shares are zero after one that is.
fn read_zeros(bits: &mut Forward<'_>, shares: &mut Vec<i16>, max_symbol: u8) -> Option<()> {
    loop {
        let count = bits.peek(2);
        bits.take(2);
        shares.extend(std::iter::repeat_n(0, count as usize));
        if shares.len() > usize::from(max_symbol) + 1 {
            return None;
        }
        if count < 3 {
            return Some(());
        }
    }
}
