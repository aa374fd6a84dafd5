//! Secrets of Confluent Cloud: `cflt`, 54 digits of base64, and the CRC-32 of those 54, its lowest byte first, in six digits of base64.
//!
//! Source: a published vector, on which it was confirmed.

use super::digits::are_plain;
use crate::base64;
use crate::rules::crc32;

const SUM: usize = 6;

pub(super) fn check(value: &[u8]) -> Option<bool> {
    let (begun, sum) = value.split_last_chunk::<SUM>()?;
    Some(self::sum(begun)? == sum)
}

pub(super) fn sum(begun: &[u8]) -> Option<Vec<u8>> {
    let body = begun.strip_prefix(b"cflt")?;
    let is_known = body.len() == 54 && are_plain(body, b"+/");
    is_known.then(|| base64::encode(&crc32(body).to_le_bytes()))
}
