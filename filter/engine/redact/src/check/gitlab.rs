//! Routable tokens of GitLab: `glpat-`, a payload, a dot, its length in two digits, and the CRC-32 of all before in seven digits of base 36; in
//! newer ones `01`, a version, and another dot stand before the length.
//!
//! Source: `lib/authn/token_field/generator/routable_token.rb` of GitLab. A token without that end is of the older form, and has no checksum.

use super::digits::{BASE36, are_plain, digits};
use crate::rules::crc32;

const SUM: usize = 7;
/// Longest token that is looked at: the longest payload that GitLab allows has 235 digits. What lies beyond is text that happens to begin like one, and would cost time.
const LONGEST: usize = 400;

pub(super) fn check(value: &[u8]) -> Option<bool> {
    let (begun, sum) = value.split_last_chunk::<SUM>()?;
    let [before @ .., b'.', high, low] = begun else {
        return None;
    };
    let is_digit = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
    let is_routable = value.len() <= LONGEST
        && [high, low].into_iter().chain(sum).all(is_digit)
        && are_plain(before, b"_-.");
    is_routable.then(|| self::sum(begun) == *sum)
}

pub(super) fn sum(begun: &[u8]) -> [u8; SUM] {
    digits(crc32(begun), BASE36)
}
