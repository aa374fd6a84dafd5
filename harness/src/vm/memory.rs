//! Linear memory: how large it may become, and how large it became. It never shrinks.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use wasmtime::ResourceLimiter;

use super::Metrics;

/// A number of bytes, written `16MiB`, `512KiB`, `1GiB`, or as a plain number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub usize);

/// A text that is no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a size: write `16MiB`, `512KiB`, `1GiB` or a number of bytes")]
pub struct ByteSizeError(String);

const UNITS: [(&str, u32); 3] = [("KiB", 10), ("MiB", 20), ("GiB", 30)];

/// The largest linear memory of any VM.
const GAUGE: &str = "wasm.linear_memory_bytes";

/// What one VM may have.
pub(super) struct LinearMemory {
    most: Option<ByteSize>,
    /// What it asked for in vain.
    refused: Option<ByteSize>,
    metrics: Metrics,
}

impl LinearMemory {
    pub(super) fn new(most: Option<ByteSize>, metrics: Metrics) -> LinearMemory {
        LinearMemory {
            most,
            refused: None,
            metrics,
        }
    }

    /// Says, once, that the module wanted more than it may have.
    pub(super) fn complaint(&mut self) -> Option<String> {
        let (wanted, most) = (self.refused.take()?, self.most?);
        Some(format!(
            "the module asked for {wanted} of linear memory and may have {most}"
        ))
    }
}

impl ResourceLimiter for LinearMemory {
    fn memory_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if self.most.is_some_and(|most| desired > most.0) {
            self.refused = Some(ByteSize(desired));
            return Ok(false);
        }
        self.metrics.raise(GAUGE, desired);
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(true)
    }
}

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<ByteSize, ByteSizeError> {
        let (digits, shift) = UNITS
            .iter()
            .find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)))
            .unwrap_or((text, 0));
        let number: usize = digits.trim_end().parse().map_err(|_| wrong(text))?;
        number
            .checked_mul(1 << shift)
            .map(ByteSize)
            .ok_or_else(|| wrong(text))
    }
}

fn wrong(text: &str) -> ByteSizeError {
    ByteSizeError(text.to_owned())
}

/// In the largest unit that divides it.
impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |shift: u32| self.0 > 0 && self.0.trailing_zeros() >= shift;
        match UNITS.iter().rev().find(|(_, shift)| whole(*shift)) {
            Some((unit, shift)) => write!(f, "{}{unit}", self.0 >> shift),
            None => write!(f, "{}", self.0),
        }
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ByteSize, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_and_written_in_units() {
        for (text, bytes) in [
            ("16MiB", 16 << 20),
            ("512KiB", 512 << 10),
            ("3GiB", 3 << 30),
            ("70", 70),
        ] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)));
            assert_eq!(ByteSize(bytes).to_string(), text);
        }
        assert_eq!("16 MiB".parse(), Ok(ByteSize(16 << 20)));
        for text in ["", "MiB", "16MB", "-1", "99999999999GiB"] {
            let error = text.parse::<ByteSize>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
        }
    }
}
