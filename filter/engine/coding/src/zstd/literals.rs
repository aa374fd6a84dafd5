//! The literals of a block.

use super::huffman::Code;

/// Reads the section; gives what follows it too. Literals are left in the block where they are plain, and otherwise decoded into `buffer`.
///
/// `code` is that of an earlier block, and of this one afterwards.
pub(super) fn read<'b>(
    bytes: &'b [u8],
    limit: usize,
    code: &mut Option<Code>,
    buffer: &'b mut Vec<u8>,
) -> Option<(&'b [u8], &'b [u8])> {
    let first = *bytes.first()?;
    let kind = first & 3;
    let format = first >> 2 & 3;
    if kind < 2 {
        let (size, length) = match format {
            0 | 2 => (usize::from(first >> 3), 1),
            1 => (field(bytes, 2, 4, 12)?, 2),
            _ => (field(bytes, 3, 4, 20)?, 3),
        };
        if size > limit {
            return None;
        }
        let rest = bytes.get(length..)?;
        if kind == 0 {
            return rest.split_at_checked(size);
        }
        let (byte, rest) = rest.split_first()?;
        buffer.resize(size, *byte);
        return Some((buffer, rest));
    }
    let (length, width) = match format {
        0 | 1 => (3, 10),
        2 => (4, 14),
        _ => (5, 18),
    };
    let size = field(bytes, length, 4, width)?;
    let coded = field(bytes, length, 4 + width, width)?;
    if size > limit {
        return None;
    }
    let (mut coded, rest) = bytes.get(length..)?.split_at_checked(coded)?;
    if kind == 2 {
        let (read, streams) = Code::read(coded)?;
        *code = Some(read);
        coded = streams;
    }
    let code = code.as_ref()?;
    buffer.resize(size, 0);
    if format == 0 {
        code.decode(coded, buffer)?;
    } else {
        code.decode_four(coded, buffer)?;
    }
    Some((buffer, rest))
}

/// A field of `width` bits, `from` bits into the first `length` bytes.
fn field(bytes: &[u8], length: usize, from: u32, width: u32) -> Option<usize> {
    let word = bytes
        .get(..length)?
        .iter()
        .rev()
        .fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
    usize::try_from(word >> from & ((1 << width) - 1)).ok()
}
