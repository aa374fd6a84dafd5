//! Values known from the configuration: the credential that is injected upstream, say. They are masked wherever they turn up, in whatever form.
//!
//! A value is registered in clear, and then found in every usual encoding ([`forms`]), whatever stands beside it ([`Literals`]); or by its length and hashes, and then
//! found as a word of its own ([`KnownHashes`]): the configuration need not hold it.

mod forms;
mod hashes;
mod literals;

use std::fmt;

use serde::Deserialize;

pub(crate) use hashes::{KnownHashes, Length, crc32, is_delimiter, is_separator};
pub(crate) use literals::Literals;

use forms::forms;

use crate::RuleError;

/// Fewer bytes turn up by chance.
const SHORTEST: usize = 8;
/// What may have to be held back for it.
const LONGEST: usize = 1024;
/// How far the scan can look back at a word.
const LONGEST_HASHED: usize = 256;
/// One made of fewer bytes turns up by chance, such as `00000000`.
const DIFFERENT: usize = 3;

/// One value that is masked wherever it turns up: in clear, or by its length and hashes.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownValue {
    /// What masks, policies and audit records call it, as a kind: small letters, digits and `-`.
    pub name: String,
    /// The value itself, 8 to 1024 bytes.
    #[serde(default)]
    pub value: Option<String>,
    /// How many bytes it has, 8 to 256.
    #[serde(default)]
    pub length: Option<usize>,
    /// 64 hexadecimal digits: its HMAC-SHA256, as `printf %s "$VALUE" | openssl dgst -sha256 -hmac "$KEY" -r` prints it.
    #[serde(default)]
    pub hmac_sha256: Option<String>,
    /// Four hexadecimal digits: the low half of its CRC-32, low byte first, as `printf %s "$VALUE" | gzip -c | tail -c 8 | head -c 2 | xxd -p` prints it. It spares
    /// nearly every word the other hash, and tells whoever reads the configuration 16 bits of the value without the key: nothing for a generated token, too
    /// much for a password that someone chose.
    #[serde(default)]
    pub crc: Option<String>,
}

/// All values, ready to be looked for.
pub(crate) struct KnownValues {
    pub(crate) literals: Literals,
    pub(crate) hashes: KnownHashes,
    /// Those in clear, by the number of their rule; the rules of known values come first.
    clear: Vec<Option<Vec<u8>>>,
}

/// An entry, checked.
pub(super) enum Known {
    /// To be found in every form.
    Clear(Vec<u8>),
    /// To be found by its hashes.
    Hashed(Hashed),
}

pub(super) struct Hashed {
    length: usize,
    hmac: [u8; 32],
    crc: [u8; 2],
}

impl KnownValues {
    /// `values` in the order of their rules, which are the first of all; `key` is that of the hashes. None if there are no values.
    pub(super) fn new(values: Vec<Known>, key: &[u8]) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        let (mut hashes, mut clear) = (KnownHashes::new(key), Vec::new());
        for (value, number) in values.into_iter().zip(0..) {
            clear.push(match value {
                Known::Clear(value) => Some(value),
                Known::Hashed(hashed) => {
                    hashes.add(&hashed, number);
                    None
                }
            });
        }
        let values = clear.iter().zip(0..);
        let forms = values.filter_map(|(value, number)| Some((forms(value.as_deref()?), number)));
        let literals =
            forms.flat_map(|(forms, number)| forms.into_iter().map(move |it| (it, number)));
        Some(Self {
            literals: Literals::new(literals),
            hashes,
            clear,
        })
    }

    /// Whether a rule is that of a known value.
    pub(crate) fn has_rule(&self, rule: u16) -> bool {
        usize::from(rule) < self.clear.len()
    }

    /// The value behind a rule, if it is known in clear.
    pub(crate) fn value(&self, rule: u16) -> Option<&[u8]> {
        self.clear.get(usize::from(rule))?.as_deref()
    }

    /// Most bytes that have to be held for one.
    pub(crate) fn longest(&self) -> usize {
        self.literals.longest().max(self.hashes.longest())
    }

    /// Whether one may be in a text that is at hand as a whole. Never false of a text that has one.
    pub(crate) fn may_be_in(&self, text: &[u8]) -> bool {
        let hashed = !self.hashes.is_empty() && text.len() >= self.hashes.shortest();
        hashed || self.literals.is_in(text)
    }
}

impl KnownValue {
    /// Checks the entry. The error never holds the value.
    pub(super) fn read(&self) -> Result<Known, RuleError> {
        self.check_name()?;
        match (&self.value, self.length, &self.hmac_sha256, &self.crc) {
            (Some(value), None, None, None) => {
                self.check_length("value", value.len(), LONGEST)?;
                self.check_variety(value.as_bytes())?;
                Ok(Known::Clear(value.as_bytes().to_vec()))
            }
            (None, Some(length), Some(hmac), Some(crc)) => {
                self.check_length("length", length, LONGEST_HASHED)?;
                let hmac = digits(hmac).ok_or_else(|| {
                    self.problem("hmac_sha256", "is not 64 hexadecimal digits".to_owned())
                })?;
                let crc = digits(crc)
                    .ok_or_else(|| self.problem("crc", "is not 4 hexadecimal digits".to_owned()))?;
                Ok(Known::Hashed(Hashed { length, hmac, crc }))
            }
            (Some(_), ..) => Err(self.problem(
                "value",
                "stands beside `length`, `hmac_sha256` or `crc`; state the value alone, or leave it out".to_owned(),
            )),
            (None, None, ..) => Err(self.problem(
                "length",
                "is missing; state `value`, or `length`, `hmac_sha256` and `crc`".to_owned(),
            )),
            (None, _, None, _) => Err(self.problem(
                "hmac_sha256",
                "is missing; a length alone says nothing".to_owned(),
            )),
            (None, .., None) => Err(self.problem(
                "crc",
                "is missing; without it every word of that length would cost a hash".to_owned(),
            )),
        }
    }

    fn check_name(&self) -> Result<(), RuleError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=48).contains(&self.name.len()) && self.name.bytes().all(plain) {
            return Ok(());
        }
        Err(RuleError::Known {
            name: "?".to_owned(),
            field: "name",
            problem: "is not made of 1 to 48 small letters, digits and `-`".to_owned(),
        })
    }

    fn check_length(
        &self,
        field: &'static str,
        length: usize,
        most: usize,
    ) -> Result<(), RuleError> {
        if (SHORTEST..=most).contains(&length) {
            return Ok(());
        }
        Err(self.problem(
            field,
            format!("is of {length} bytes; fewer than {SHORTEST} turn up by chance, and more than {most} would have to be held back"),
        ))
    }

    fn check_variety(&self, value: &[u8]) -> Result<(), RuleError> {
        let mut different = value.to_vec();
        different.sort_unstable();
        different.dedup();
        if different.len() >= DIFFERENT {
            return Ok(());
        }
        Err(self.problem(
            "value",
            format!("is made of fewer than {DIFFERENT} different bytes, and turns up by chance"),
        ))
    }

    pub(super) fn problem(&self, field: &'static str, problem: String) -> RuleError {
        RuleError::Known {
            name: self.name.clone(),
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
