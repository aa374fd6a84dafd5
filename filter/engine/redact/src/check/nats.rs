//! Seeds of NATS: 58 digits of base 32 of 36 bytes, of which the last two are the CRC-16 of the others, its lowest byte first.
//!
//! Source: `strkey.go` and `crc16.go` of <https://github.com/nats-io/nkeys>, whose test vector it was confirmed on.

/// Digits of a seed.
const DIGITS: usize = 58;

pub(super) fn check(value: &[u8]) -> Option<bool> {
    if value.len() != DIGITS {
        return None;
    }
    let mut bytes = Vec::with_capacity(DIGITS * 5 / 8);
    let (mut bits, mut count) = (0_u32, 0);
    for digit in value {
        bits = bits << 5 & 0xfff | value_of(*digit)?;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.extend((bits >> count).to_le_bytes().first());
        }
    }
    let (begun, sum) = bytes.split_last_chunk::<2>()?;
    Some(crc16(begun) == u16::from_le_bytes(*sum))
}

fn value_of(digit: u8) -> Option<u32> {
    match digit {
        b'A'..=b'Z' => Some(u32::from(digit - b'A')),
        b'2'..=b'7' => Some(u32::from(digit - b'2') + 26),
        _ => None,
    }
}

/// CRC-16/XMODEM.
pub(super) fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |register, byte| {
        (0..8).fold(register ^ u16::from(*byte) << 8, |register, _| {
            let over = register >> 15;
            (register << 1) ^ (over * 0x1021)
        })
    })
}
