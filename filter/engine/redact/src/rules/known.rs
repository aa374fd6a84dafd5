//! Values known from the configuration: the credential that is injected upstream, say. They are masked wherever they turn up, in whatever form.
//!
//! A value is registered in clear, and then found in every usual encoding ([`forms`]); or by its length and a keyed hash, and then found as a word of
//! its own ([`KnownHashes`]): the configuration need not hold it.

mod forms;
mod hashes;

use std::fmt;

use serde::Deserialize;

pub(crate) use forms::forms;
pub(crate) use hashes::KnownHashes;
#[cfg(test)]
pub(crate) use hashes::Lookup;

use crate::RuleError;

/// Fewer bytes turn up by chance.
const SHORTEST: usize = 8;
/// What may have to be held back for it.
const LONGEST: usize = 1024;

/// One entry of `redaction.known`: a value in clear, or its `length` and `hmac_sha256`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownValue {
    /// What masks, policies and audit records call it, as a kind: small letters, digits and `-`.
    pub name: String,
    /// The value itself, 8 to 1024 bytes.
    #[serde(default)]
    pub value: Option<String>,
    /// How many bytes it has, 8 to 1024.
    #[serde(default)]
    pub length: Option<usize>,
    /// 64 hexadecimal digits: its HMAC-SHA256 under `redaction.mask.key`, as `printf %s "$VALUE" | openssl dgst -sha256 -hmac "$KEY"` prints it.
    #[serde(default)]
    pub hmac_sha256: Option<String>,
    /// Optional, four hexadecimal digits: the low half of its CRC-32, low byte first, as `printf %s "$VALUE" | gzip -c | tail -c 8 | head -c 2 | xxd -p`
    /// prints it. Without it every word of that length costs a hash, some microsecond. It tells whoever reads the configuration 16 bits of the value without
    /// the key: nothing for a generated token, too much for a password that someone chose.
    #[serde(default)]
    pub crc: Option<String>,
}

/// An entry, checked.
pub(crate) enum Known {
    /// To be found in every form.
    Clear(Vec<u8>),
    /// To be found by its hash.
    Hashed(Hashed),
}

pub(crate) struct Hashed {
    pub(crate) length: usize,
    pub(crate) hmac: [u8; 32],
    pub(crate) crc: Option<[u8; 2]>,
}

impl KnownValue {
    /// Checks the entry. The error never holds the value.
    pub(crate) fn read(&self) -> Result<Known, RuleError> {
        self.check_name()?;
        match (&self.value, self.length, &self.hmac_sha256, &self.crc) {
            (Some(value), None, None, None) => {
                self.check_length("value", value.len())?;
                Ok(Known::Clear(value.as_bytes().to_vec()))
            }
            (None, Some(length), Some(hmac), crc) => {
                self.check_length("length", length)?;
                let hmac = digits(hmac).ok_or_else(|| {
                    self.problem("hmac_sha256", "is not 64 hexadecimal digits".to_owned())
                })?;
                let crc = match crc {
                    Some(crc) => Some(digits(crc).ok_or_else(|| {
                        self.problem("crc", "is not 4 hexadecimal digits".to_owned())
                    })?),
                    None => None,
                };
                Ok(Known::Hashed(Hashed { length, hmac, crc }))
            }
            (Some(_), ..) => Err(self.problem(
                "value",
                "stands beside `length`, `hmac_sha256` or `crc`; state the value alone, or leave it out".to_owned(),
            )),
            (None, None, ..) => Err(self.problem("length", "is missing; state `value`, or `length` and `hmac_sha256`".to_owned())),
            (None, Some(_), None, _) => Err(self.problem("hmac_sha256", "is missing; a length alone says nothing".to_owned())),
        }
    }

    fn check_name(&self) -> Result<(), RuleError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=64).contains(&self.name.len()) && self.name.bytes().all(plain) {
            return Ok(());
        }
        Err(RuleError::Field {
            file: FILE.to_owned(),
            rule: "?".to_owned(),
            field: "name",
            problem: "of an entry is not made of 1 to 64 small letters, digits and `-`".to_owned(),
        })
    }

    fn check_length(&self, field: &'static str, length: usize) -> Result<(), RuleError> {
        if (SHORTEST..=LONGEST).contains(&length) {
            return Ok(());
        }
        Err(self.problem(
            field,
            format!("has {length} bytes; fewer than {SHORTEST} turn up by chance, and more than {LONGEST} would have to be held back"),
        ))
    }

    fn problem(&self, field: &'static str, problem: String) -> RuleError {
        RuleError::Field {
            file: FILE.to_owned(),
            rule: self.name.clone(),
            field,
            problem,
        }
    }
}

impl fmt::Debug for KnownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownValue")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What errors call the place of the entries.
const FILE: &str = "redaction.known";

/// So many bytes in hexadecimal digits, no more and no fewer.
fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        match pair {
            [high, low] => *byte = digit(*high)? << 4 | digit(*low)?,
            _ => return None,
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
