//! Identities of age: `AGE-SECRET-KEY-1`, 52 characters of 32 bytes, and the six of a checksum: Bech32 as in BIP 173, in capitals.
//!
//! Source: <https://age-encryption.org/v1>, <https://github.com/bitcoin/bips/blob/master/bip-0173.mediawiki>; confirmed on a published vector. Of the
//! post-quantum form, `AGE-SECRET-KEY-PQ-1`, no vector was found: of that it cannot tell.

use super::digits::are_plain;

const PREFIX: &[u8] = b"AGE-SECRET-KEY-";
const CHARACTERS: &[u8] = b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";
const SUM: usize = 6;

pub(super) fn check(value: &[u8]) -> Option<bool> {
    let data = value.strip_prefix(PREFIX)?.strip_prefix(b"1")?;
    let values = (data.len() == 58).then(|| values(data));
    // A character that Bech32 does not have is a typing error, unless it begins an escape.
    match values? {
        Some(values) => Some(register(values) == 1),
        None => are_plain(data, b"").then_some(false),
    }
}

pub(super) fn sum(begun: &[u8]) -> Option<Vec<u8>> {
    let data = begun.strip_prefix(PREFIX)?.strip_prefix(b"1")?;
    let values = values(data)?.into_iter().chain([0; SUM]);
    let sum = register(values) ^ 1;
    let digits = (0..SUM).rev().map(|nth| sum >> (5 * nth) & 31);
    digits
        .map(|digit| CHARACTERS.get(digit as usize).copied())
        .collect()
}

/// What the characters stand for; none if one stands for nothing.
fn values(data: &[u8]) -> Option<Vec<u8>> {
    let value = |byte: &u8| CHARACTERS.iter().position(|it| it == byte);
    data.iter()
        .map(|byte| value(byte).and_then(|value| u8::try_from(value).ok()))
        .collect()
}

/// The register of the checksum behind the prefix and these values.
fn register(values: impl IntoIterator<Item = u8>) -> u32 {
    let prefix = || PREFIX.iter().map(u8::to_ascii_lowercase);
    let high = prefix().map(|byte| byte >> 5);
    let low = prefix().map(|byte| byte & 31);
    let all = high.chain([0]).chain(low).chain(values);
    all.fold(1, |register: u32, value| {
        let top = register >> 25;
        let next = (register & 0x1ff_ffff) << 5 ^ u32::from(value);
        GENERATOR
            .iter()
            .enumerate()
            .filter(|(bit, _)| top >> bit & 1 == 1)
            .fold(next, |next, (_, term)| next ^ term)
    })
}

const GENERATOR: [u32; 5] = [
    0x3b6a_57b2,
    0x2650_8e6d,
    0x1ea1_19fa,
    0x3d42_33dd,
    0x2a14_62b3,
];
