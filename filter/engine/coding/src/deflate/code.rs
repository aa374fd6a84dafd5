//! Prefix codes: lengths from frequencies, codes from lengths.

/// A symbol's code, its bits in the order in which they are written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Code {
    pub(super) bits: u16,
    pub(super) length: u8,
}

/// Lengths of a complete code for symbols that occur so often, none longer than `limit`. A code of fewer than two symbols is given others, as not every
/// decoder knows what to do with it.
pub(super) fn lengths<const N: usize>(frequencies: &[u32; N], limit: usize) -> [u8; N] {
    let mut used: Vec<(u32, usize)> = frequencies
        .iter()
        .enumerate()
        .filter(|(_, frequency)| **frequency > 0)
        .map(|(symbol, frequency)| (*frequency, symbol))
        .collect();
    let mut spare = (0..N).filter(|symbol| frequencies.get(*symbol) == Some(&0));
    while used.len() < 2 {
        used.extend(spare.next().map(|symbol| (0, symbol)));
    }
    used.sort_unstable();
    let counts = limited(depths(&used), limit);
    let mut lengths = [0; N];
    let longest_first = (1_u8..=15).zip(counts).rev();
    let each = longest_first.flat_map(|(length, count)| std::iter::repeat_n(length, count));
    for ((_, symbol), length) in used.iter().zip(each) {
        if let Some(slot) = lengths.get_mut(*symbol) {
            *slot = length;
        }
    }
    lengths
}

/// The codes that go with lengths of at most 15: the shorter first, and those of one length in the order of their symbols.
pub(super) fn codes<const N: usize>(lengths: &[u8; N]) -> [Code; N] {
    let mut next = [0_u16; 17];
    let mut code = 0;
    for (length, first) in (0_u8..).zip(&mut next).skip(1) {
        *first = code;
        let count = lengths.iter().filter(|other| **other == length).count();
        #[expect(clippy::cast_possible_truncation, reason = "at most 288 symbols")]
        let count = count as u16;
        code = (code + count) << 1;
    }
    lengths.map(|length| {
        let Some(next) = next.get_mut(usize::from(length)).filter(|_| length > 0) else {
            return Code::default();
        };
        let bits = next.reverse_bits() >> (16 - u16::from(length));
        *next += 1;
        Code { bits, length }
    })
}

/// How deep each symbol would be in an optimal tree; the symbols come in order of their frequencies.
fn depths(used: &[(u32, usize)]) -> Vec<usize> {
    // Two queues, both in order: the symbols, and the nodes made of the two least of either.
    let mut symbols = used
        .iter()
        .map(|(frequency, _)| *frequency)
        .enumerate()
        .peekable();
    let mut nodes: Vec<u32> = Vec::with_capacity(used.len());
    let mut taken = 0;
    let mut parents = vec![0; used.len()];
    let mut node_parents = Vec::with_capacity(used.len());
    for node in 0..used.len().saturating_sub(1) {
        let mut sum = 0_u32;
        for _ in 0..2 {
            let waiting = nodes.get(taken).copied();
            match (symbols.peek(), waiting) {
                (Some((_, symbol)), Some(least)) if least < *symbol => {
                    sum = sum.saturating_add(least);
                    node_parents.push(node);
                    taken += 1;
                }
                (Some((index, frequency)), _) => {
                    sum = sum.saturating_add(*frequency);
                    if let Some(parent) = parents.get_mut(*index) {
                        *parent = node;
                    }
                    symbols.next();
                }
                (None, Some(least)) => {
                    sum = sum.saturating_add(least);
                    node_parents.push(node);
                    taken += 1;
                }
                (None, None) => {}
            }
        }
        nodes.push(sum);
    }
    // The last node is the root; nodes were taken in the order in which they were made.
    let mut node_depths = vec![0; nodes.len()];
    for index in (0..node_parents.len()).rev() {
        let parent = node_parents
            .get(index)
            .and_then(|parent| node_depths.get(*parent));
        let depth = parent.map_or(0, |depth| depth + 1);
        if let Some(slot) = node_depths.get_mut(index) {
            *slot = depth;
        }
    }
    parents
        .iter()
        .map(|parent| node_depths.get(*parent).map_or(1, |depth| depth + 1))
        .collect()
}

/// How many codes there are of each length from 1 on, when none may be longer than `limit`.
fn limited(depths: Vec<usize>, limit: usize) -> [usize; 15] {
    let mut counts = [0; 15];
    for depth in depths {
        if let Some(count) = counts.get_mut(depth.clamp(1, limit) - 1) {
            *count += 1;
        }
    }
    // In units of the longest code's share, until the shares add up to one.
    let share = |length: usize| 1_usize << (limit - length);
    let mut sum: usize = counts
        .iter()
        .zip(1..=limit)
        .map(|(count, length)| count * share(length))
        .sum();
    while sum > share(0) {
        // A code of the greatest length goes, one shorter than that becomes two that are longer by one.
        let Some(length) = (1..limit)
            .rev()
            .find(|length| counts.get(length - 1) > Some(&0))
        else {
            break;
        };
        for (at, change) in [(limit, -1), (length, -1), (length + 1, 2)] {
            if let Some(count) = counts.get_mut(at - 1) {
                *count = count.saturating_add_signed(change);
            }
        }
        sum -= 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_complete(lengths: &[u8], limit: u32) -> bool {
        let share = |length: &u8| 1_u32 << (limit - u32::from(*length));
        lengths
            .iter()
            .filter(|length| **length > 0)
            .map(share)
            .sum::<u32>()
            == 1 << limit
    }

    #[test]
    fn codes_are_complete_and_within_their_limit() {
        let mut fibonacci = [1_u32; 30];
        for index in 2..30 {
            fibonacci[index] = fibonacci[index - 1] + fibonacci[index - 2];
        }
        for limit in [7, 9, 15] {
            let lengths = lengths(&fibonacci, limit);
            assert!(is_complete(&lengths, limit as u32), "{lengths:?}");
            assert!(lengths.iter().all(|length| usize::from(*length) <= limit));
            assert!(lengths.is_sorted_by(|a, b| a >= b));
        }
        assert_eq!(lengths(&[5, 1, 1, 2], 15), [1, 3, 3, 2]);
    }

    #[test]
    fn a_code_has_at_least_two_symbols() {
        for frequencies in [[0, 0, 0], [0, 9, 0], [9, 0, 0]] {
            assert!(is_complete(&lengths(&frequencies, 15), 15));
        }
    }

    #[test]
    fn codes_follow_from_lengths() {
        let codes = codes(&[2, 1, 3, 3, 0]);
        let bits: Vec<_> = codes.iter().map(|code| (code.bits, code.length)).collect();
        assert_eq!(bits, [(0b01, 2), (0b0, 1), (0b011, 3), (0b111, 3), (0, 0)]);
    }
}
