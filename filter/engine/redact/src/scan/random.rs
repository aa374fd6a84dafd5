//! Values that look random: what a name or a blank before them is too little for, if they do not.

use super::escape::{self, Escape};

/// Bytes that are looked at.
const LONGEST: usize = 64;
/// Fewer bytes may be anything.
const SHORTEST: usize = 16;
/// Fewer bytes between separators are a word with a number.
const SHORTEST_PART: usize = 10;
/// Runs of letters and of digits that a random part has at least.
const RUNS: usize = 3;
/// Fewer letters are those of a date.
const LETTERS: usize = 3;

/// Whether a value looks as if it was drawn, not named: one part of it mixes letters and digits, or all of it is a UUID. Escapes are read.
///
/// O(length), once for each value; what is written to look random is taken for it.
pub(super) fn is_random(value: &[u8]) -> bool {
    let mut plain = [0; LONGEST];
    let read = read_plain(value, &mut plain);
    let value = plain.get(..read).unwrap_or_default();
    let is_separator = |byte: u8| matches!(byte, b'-' | b'_' | b'.' | b'+' | b'/' | b'~' | b'=');
    let all = value
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || is_separator(*byte));
    let is_long = value.len() >= SHORTEST;
    is_long && all && (is_uuid(value) || value.split(|byte| is_separator(*byte)).any(is_mixed))
}

/// Reads the first bytes of a value, and says how many.
fn read_plain(mut value: &[u8], plain: &mut [u8]) -> usize {
    let mut read = 0;
    for slot in plain {
        let Some(first) = value.first() else {
            break;
        };
        let (byte, length) = match escape::read(value) {
            Escape::Byte(byte, length) => (byte, length),
            Escape::Unfinished | Escape::No => (*first, 1),
        };
        *slot = byte;
        read += 1;
        value = value.get(length..).unwrap_or_default();
    }
    read
}

fn is_mixed(part: &[u8]) -> bool {
    let digit = |byte: &u8| byte.is_ascii_digit();
    let changes = part
        .windows(2)
        .filter(|pair| matches!(pair, [one, other] if digit(one) != digit(other)));
    let letters = part.iter().filter(|byte| !digit(byte)).count();
    part.len() >= SHORTEST_PART && letters >= LETTERS && changes.count() + 1 >= RUNS
}

fn is_uuid(value: &[u8]) -> bool {
    let lengths = value.split(|byte| *byte == b'-').map(<[u8]>::len);
    let hex = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b'-';
    lengths.eq([8, 4, 4, 4, 12]) && value.iter().all(hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mixes_letters_and_digits_looks_random() {
        for text in [
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "r0a2fs79e44jom2_k3sumovh2oajrv79",
            "key-9A1B2C3D4E5F6G7H8I9J",
            "dXNlcjpwYXNzd29yZDEyMzQ1Njc4OTAx/x==",
            "123e4567-e89b-12d3-a456-426614174000",
        ] {
            assert!(is_random(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn names_dates_and_versions_do_not() {
        for text in [
            "a1b2c3d4e5",
            "web-tls-certificate-2024a",
            "20260504T101112Z",
            "2026-05-04T10:11:12Z",
            "prod-eu-west-1a-db01x",
            "abcdefghijklmnopqrstuvwxyz0123",
            "https://a1b2c3d4e5f6.example",
        ] {
            assert!(!is_random(text.as_bytes()), "{text}");
        }
    }
}
