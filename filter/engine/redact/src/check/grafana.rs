//! Service account tokens of Grafana: `glsa_`, 32 letters and digits, `_`, and the CRC-32 of `glsa_` and the 32, its lowest byte first, in hexadecimal digits.
//!
//! Source: published vectors, on which it was confirmed.

use super::digits::{are_hex, are_plain, hex};
use crate::rules::crc32;

const SUM: usize = 8;

pub(super) fn check(value: &[u8]) -> Option<bool> {
    let (begun, sum) = value.split_last_chunk::<SUM>()?;
    let expected = self::sum(begun)?;
    are_hex(sum).then(|| expected.eq_ignore_ascii_case(sum))
}

pub(super) fn sum(begun: &[u8]) -> Option<[u8; SUM]> {
    let [token @ .., b'_'] = begun else {
        return None;
    };
    let body = token.strip_prefix(b"glsa_")?;
    let is_known = body.len() == 32 && are_plain(body, b"");
    is_known.then(|| hex(crc32(token).swap_bytes()))
}
