//! Header maps as the ABI lays them out: a count, the length of every name and value, then the bytes, each followed by
//! a NUL. All numbers are 32-bit little-endian.

use crate::abi::{HostError, Pairs};

/// Reads a map. Memory is bounded by the input: lengths are checked before anything is copied.
///
/// # Errors
/// [`HostError::Malformed`] when the bytes end early.
pub fn decode(bytes: &[u8]) -> Result<Pairs, HostError> {
    if bytes.is_empty() {
        return Ok(Pairs::new());
    }
    let (count, lengths) = split_u32(bytes)?;
    let lengths_size = usize::try_from(count)
        .ok()
        .and_then(|count| count.checked_mul(8))
        .ok_or(HostError::Malformed)?;
    let (mut lengths, mut data) = lengths
        .split_at_checked(lengths_size)
        .ok_or(HostError::Malformed)?;
    let mut pairs = Pairs::with_capacity(lengths_size / 8);
    while !lengths.is_empty() {
        let (name_length, rest) = split_u32(lengths)?;
        let (value_length, rest) = split_u32(rest)?;
        lengths = rest;
        let (name, rest) = split_terminated(data, name_length)?;
        let (value, rest) = split_terminated(rest, value_length)?;
        data = rest;
        pairs.push((name.to_vec(), value.to_vec()));
    }
    Ok(pairs)
}

/// Writes a map. A name or value longer than the format can say is cut off there; no host accepts headers of 4 GiB.
pub fn encode(pairs: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let data: usize = pairs
        .iter()
        .map(|(name, value)| 8 + name.len() + value.len() + 2)
        .sum();
    let mut bytes = Vec::with_capacity(4 + data);
    bytes.extend_from_slice(&length(pairs.len()).to_le_bytes());
    for (name, value) in pairs {
        bytes.extend_from_slice(&length(name.len()).to_le_bytes());
        bytes.extend_from_slice(&length(value.len()).to_le_bytes());
    }
    for (name, value) in pairs {
        for part in [name, value] {
            bytes.extend_from_slice(part);
            bytes.push(0);
        }
    }
    bytes
}

fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn split_u32(bytes: &[u8]) -> Result<(u32, &[u8]), HostError> {
    let (number, rest) = bytes.split_first_chunk::<4>().ok_or(HostError::Malformed)?;
    Ok((u32::from_le_bytes(*number), rest))
}

fn split_terminated(bytes: &[u8], length: u32) -> Result<(&[u8], &[u8]), HostError> {
    let length = usize::try_from(length).map_err(|_| HostError::Malformed)?;
    let (part, rest) = bytes.split_at_checked(length).ok_or(HostError::Malformed)?;
    let (_nul, rest) = rest.split_first().ok_or(HostError::Malformed)?;
    Ok((part, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Pairs {
        vec![
            (b":path".to_vec(), b"/".to_vec()),
            (b"x".to_vec(), vec![]),
            (b"x".to_vec(), vec![0xff, 0, b'a']),
        ]
    }

    #[test]
    fn what_is_written_is_read_back() {
        assert_eq!(decode(&encode(&sample())), Ok(sample()));
        assert_eq!(decode(&encode(&[])), Ok(vec![]));
        assert_eq!(decode(b""), Ok(vec![]));
    }

    #[test]
    fn the_layout_is_the_one_hosts_use() {
        let bytes = encode(&[(b"ab".to_vec(), b"c".to_vec())]);
        assert_eq!(bytes, b"\x01\0\0\0\x02\0\0\0\x01\0\0\0ab\0c\0");
    }

    #[test]
    fn every_truncation_is_an_error() {
        let whole = encode(&sample());
        for cut in 1..whole.len() {
            assert_eq!(
                decode(&whole[..cut]),
                Err(HostError::Malformed),
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn a_lying_count_allocates_nothing() {
        assert_eq!(decode(&[0xff; 4]), Err(HostError::Malformed));
        assert_eq!(decode(&[0xff; 64]), Err(HostError::Malformed));
    }
}
