//! Tokens of GitHub and npm: `ghp_`, thirty letters and digits, and the CRC-32 of those thirty in six digits of base 62.
//!
//! Source: <https://github.blog/engineering/behind-githubs-new-authentication-token-formats/>; alphabet and padding were confirmed on published vectors. The
//! longer `ghr_` has seventy before its checksum. Other lengths, and the tokens of before 2021, have none.

use super::digits::{BASE62, are_plain, digits};
use crate::rules::crc32;

const SUM: usize = 6;

pub(super) fn check(value: &[u8]) -> Option<bool> {
    let (begun, sum) = value.split_last_chunk::<SUM>()?;
    Some(self::sum(begun)? == *sum)
}

/// Of a prefix, a `_`, and a body of one of the known lengths.
pub(super) fn sum(begun: &[u8]) -> Option<[u8; SUM]> {
    let prefix = begun.iter().position(|byte| *byte == b'_')?;
    let (prefix, body) = begun.split_at_checked(prefix + 1)?;
    let is_known = body.len() == 30 || body.len() == 70 && prefix == b"ghr_";
    (is_known && are_plain(body, b"")).then(|| digits(crc32(body), BASE62))
}
