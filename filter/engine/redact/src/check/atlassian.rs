//! Tokens of Atlassian and Bitbucket: `ATATT3` or `ATCTT3`, some 186 digits of base64url, `=`, and the CRC-32 of all before, `=` included, in eight hexadecimal
//! digits of capitals.
//!
//! Source: a published vector, on which it was confirmed.

use super::digits::{BASE62, are_hex, are_plain, digits};
use crate::rules::crc32;

const SUM: usize = 8;
/// Longest token that is looked at.
const LONGEST: usize = 512;

pub(super) fn check(value: &[u8]) -> Option<bool> {
    let (begun, sum) = value.split_last_chunk::<SUM>()?;
    let [token @ .., b'='] = begun else {
        return None;
    };
    let is_known = value.len() <= LONGEST && are_plain(token, b"_-") && are_hex(sum);
    is_known.then(|| self::sum(begun) == *sum)
}

pub(super) fn sum(begun: &[u8]) -> [u8; SUM] {
    digits(crc32(begun), BASE62.get(..16).unwrap_or_default())
}
