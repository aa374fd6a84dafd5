//! The sequences of a block: how many literals, and then what to repeat.

use super::{bits::Backward, fse::Table, window::Window};

/// What one block leaves to the next.
#[derive(Debug)]
pub(super) struct Sequences {
    literal_lengths: Option<Table>,
    offsets: Option<Table>,
    match_lengths: Option<Table>,
    recent: [usize; 3],
}

impl Default for Sequences {
    fn default() -> Self {
        Sequences {
            literal_lengths: None,
            offsets: None,
            match_lengths: None,
            recent: [1, 4, 8],
        }
    }
}

impl Sequences {
    /// Reads the section, which is the rest of a block, and carries it out.
    pub(super) fn execute(
        &mut self,
        bytes: &[u8],
        mut literals: &[u8],
        limit: usize,
        window: &mut Window,
    ) -> Option<()> {
        window.claim(limit)?;
        let (count, bytes) = read_count(bytes)?;
        if count == 0 {
            return if bytes.is_empty() {
                window.push(literals)
            } else {
                None
            };
        }
        let stream = self.read_tables(bytes)?;
        let mut left = limit.checked_sub(literals.len())?;
        let Sequences {
            literal_lengths,
            offsets,
            match_lengths,
            recent,
        } = self;
        let (ll, of, ml) = (
            literal_lengths.as_ref()?,
            offsets.as_ref()?,
            match_lengths.as_ref()?,
        );
        let mut bits = Backward::new(stream)?;
        let mut ll_state = ll.start(&mut bits)?;
        let mut of_state = of.start(&mut bits)?;
        let mut ml_state = ml.start(&mut bits)?;
        for index in 0..count {
            if index > 0 {
                bits.refill();
                ll_state = ll.next(ll_state, &mut bits)?;
                ml_state = ml.next(ml_state, &mut bits)?;
                of_state = of.next(of_state, &mut bits)?;
            }
            bits.refill();
            let offset = read_offset(of_state.symbol(), &mut bits)?;
            bits.refill();
            let matched = read_length(&MATCH_LENGTHS, ml_state.symbol(), &mut bits)?;
            let copied = read_length(&LITERAL_LENGTHS, ll_state.symbol(), &mut bits)?;
            if bits.is_overdrawn() {
                return None;
            }
            let distance = resolve(recent, offset, copied == 0)?;
            left = left.checked_sub(matched)?;
            window.push_some(literals, copied)?;
            literals = literals.get(copied..)?;
            window.copy(distance, matched)?;
        }
        if !bits.is_spent() {
            return None;
        }
        window.push(literals)
    }

    /// Reads which tables the block uses; gives what follows.
    fn read_tables<'b>(&mut self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let (modes, bytes) = bytes.split_first()?;
        if modes & 3 != 0 {
            return None;
        }
        let bytes = update(
            &mut self.literal_lengths,
            modes >> 6,
            bytes,
            9,
            35,
            (6, &LITERAL_LENGTH_SHARES),
        )?;
        let bytes = update(
            &mut self.offsets,
            modes >> 4 & 3,
            bytes,
            8,
            31,
            (5, &OFFSET_SHARES),
        )?;
        update(
            &mut self.match_lengths,
            modes >> 2 & 3,
            bytes,
            9,
            52,
            (6, &MATCH_LENGTH_SHARES),
        )
    }
}

fn read_count(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [0, rest @ ..] => Some((0, rest)),
        [few @ ..=127, rest @ ..] => Some((usize::from(*few), rest)),
        [255, low, high, rest @ ..] => Some((
            usize::from(u16::from_le_bytes([*low, *high])) + 0x7f00,
            rest,
        )),
        [high, low, rest @ ..] => {
            Some((usize::from(u16::from_be_bytes([*high - 128, *low])), rest))
        }
        _ => None,
    }
}

fn update<'b>(
    table: &mut Option<Table>,
    mode: u8,
    bytes: &'b [u8],
    max_log: u32,
    max_symbol: u8,
    (log, shares): (u32, &[i16]),
) -> Option<&'b [u8]> {
    match mode {
        0 => {
            *table = Some(Table::new(log, shares)?);
            Some(bytes)
        }
        1 => {
            let (symbol, rest) = bytes.split_first()?;
            if *symbol > max_symbol {
                return None;
            }
            *table = Some(Table::of_one(*symbol));
            Some(rest)
        }
        2 => {
            let (read, rest) = Table::read(bytes, max_log, max_symbol)?;
            *table = Some(read);
            Some(rest)
        }
        _ => table.is_some().then_some(bytes),
    }
}

/// An offset as it is written: 1 to 3 name a recent one.
#[inline]
fn read_offset(code: u8, bits: &mut Backward<'_>) -> Option<usize> {
    let extra = usize::try_from(bits.read(u32::from(code))).ok()?;
    1_usize.checked_shl(u32::from(code))?.checked_add(extra)
}

/// The distance that an offset means, which becomes the most recent one.
#[inline]
fn resolve(recent: &mut [usize; 3], offset: usize, no_literals: bool) -> Option<usize> {
    let [first, second, third] = *recent;
    let distance = match (offset, no_literals) {
        (1, false) => return Some(first),
        (2, false) | (1, true) => {
            *recent = [second, first, third];
            return Some(second);
        }
        (3, false) | (2, true) => third,
        (3, true) => first.checked_sub(1)?,
        (offset, _) => offset.checked_sub(3)?,
    };
    *recent = [distance, first, second];
    Some(distance)
}

#[inline]
fn read_length(codes: &[(u32, u8)], code: u8, bits: &mut Backward<'_>) -> Option<usize> {
    let (base, extra) = codes.get(usize::from(code))?;
    usize::try_from(u64::from(*base) + bits.read(u32::from(*extra))).ok()
}

/// By code: the least length, and how many bits add to it.
const LITERAL_LENGTHS: [(u32, u8); 36] = [
    (0, 0),
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 0),
    (12, 0),
    (13, 0),
    (14, 0),
    (15, 0),
    (16, 1),
    (18, 1),
    (20, 1),
    (22, 1),
    (24, 2),
    (28, 2),
    (32, 3),
    (40, 3),
    (48, 4),
    (64, 6),
    (128, 7),
    (256, 8),
    (512, 9),
    (1024, 10),
    (2048, 11),
    (4096, 12),
    (8192, 13),
    (16384, 14),
    (32768, 15),
    (65536, 16),
];

const MATCH_LENGTHS: [(u32, u8); 53] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 0),
    (12, 0),
    (13, 0),
    (14, 0),
    (15, 0),
    (16, 0),
    (17, 0),
    (18, 0),
    (19, 0),
    (20, 0),
    (21, 0),
    (22, 0),
    (23, 0),
    (24, 0),
    (25, 0),
    (26, 0),
    (27, 0),
    (28, 0),
    (29, 0),
    (30, 0),
    (31, 0),
    (32, 0),
    (33, 0),
    (34, 0),
    (35, 1),
    (37, 1),
    (39, 1),
    (41, 1),
    (43, 2),
    (47, 2),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 5),
    (131, 7),
    (259, 8),
    (515, 9),
    (1027, 10),
    (2051, 11),
    (4099, 12),
    (8195, 13),
    (16387, 14),
    (32771, 15),
    (65539, 16),
];

/// The distributions of blocks that bring none.
const LITERAL_LENGTH_SHARES: [i16; 36] = [
    4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1,
    -1, -1, -1, -1,
];

const MATCH_LENGTH_SHARES: [i16; 53] = [
    1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
];

const OFFSET_SHARES: [i16; 29] = [
    1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
];
