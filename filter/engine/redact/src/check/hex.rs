//! Tokens that end with the CRC-32, in eight hexadecimal digits, of the part between their prefix and it: Zuplo's `zpka_`, Cloudflare's `cfut_`, `cfat_` and `cfk_`.
//!
//! Source: published vectors, on which it was confirmed, of Cloudflare's one only. A `_` before the checksum belongs to neither.

use super::digits::{are_hex, are_plain, hex};
use crate::rules::crc32;

const SUM: usize = 8;

pub(super) fn check(value: &[u8]) -> Option<bool> {
    let (begun, sum) = value.split_last_chunk::<SUM>()?;
    let expected = self::sum(begun)?;
    are_hex(sum).then(|| expected == *sum)
}

pub(super) fn sum(begun: &[u8]) -> Option<[u8; SUM]> {
    let prefix = begun.iter().position(|byte| *byte == b'_')?;
    let (_, part) = begun.split_at_checked(prefix + 1)?;
    // Of Zuplo 32 and a `_`, of Cloudflare 40.
    let part = match part {
        [part @ .., b'_'] if part.len() == 32 => part,
        part if part.len() == 40 => part,
        _ => return None,
    };
    are_plain(part, b"").then(|| hex(crc32(part)))
}
