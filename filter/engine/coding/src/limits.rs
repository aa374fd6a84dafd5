//! What decoding may cost.

use std::{cell::Cell, rc::Rc};

use crate::error::DecodeError;

/// Bounds on what one body may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most decoded bytes for each encoded one, beyond `allowance`. With several codings each is held against the bytes that came over the wire.
    pub ratio: u64,
    /// Decoded bytes to which `ratio` does not apply: a short body may well be a thousand spaces.
    pub allowance: u64,
    /// Most decoded bytes of a body, if there is a bound.
    pub decoded: Option<u64>,
    /// Largest window of a `br` or `zstd` body, in bytes. The decoder keeps that much of the body. A `zstd` frame is held to the window it
    /// declares, a `br` body to the one it comes to need.
    pub window: usize,
}

impl Default for Limits {
    /// 250 times beyond 1 MiB (lists of objects in JSON reach 50 to 100), bodies of any size, windows of 8 MiB (the most that RFC 9659 lets `zstd` have).
    fn default() -> Self {
        Limits {
            ratio: 250,
            allowance: 1 << 20,
            decoded: None,
            window: 8 << 20,
        }
    }
}

impl Limits {
    /// Whether a body may have `decoded` bytes after `encoded` came in.
    pub(crate) fn check(&self, encoded: u64, decoded: u64) -> Result<(), DecodeError> {
        let allowed = self.ratio.saturating_mul(encoded).max(self.allowance);
        let most = self.decoded.unwrap_or(u64::MAX).min(allowed);
        if decoded > most {
            return Err(DecodeError::Expands);
        }
        Ok(())
    }
}

/// Bytes that all open decoders and encoders together may hold. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Budget(Rc<Cell<usize>>);

impl Budget {
    /// A budget of so many bytes.
    pub fn new(bytes: usize) -> Budget {
        Budget(Rc::new(Cell::new(bytes)))
    }

    /// Bytes that are not in use.
    pub fn left(&self) -> usize {
        self.0.get()
    }

    /// Takes bytes out of the budget until what is returned is dropped.
    ///
    /// # Errors
    ///
    /// There are not so many left.
    pub fn reserve(&self, bytes: usize) -> Result<Reserved, DecodeError> {
        let left = self.left().checked_sub(bytes).ok_or(DecodeError::Memory)?;
        self.0.set(left);
        Ok(Reserved {
            budget: self.clone(),
            bytes,
        })
    }
}

/// Bytes taken out of a budget; they go back when this is dropped.
#[derive(Debug)]
pub struct Reserved {
    budget: Budget,
    bytes: usize,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let left = self.budget.left().saturating_add(self.bytes);
        self.budget.0.set(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_applies_beyond_the_allowance() {
        let limits = Limits {
            ratio: 10,
            allowance: 1000,
            decoded: Some(5000),
            window: 0,
        };
        assert_eq!(limits.check(1, 1000), Ok(()));
        assert_eq!(limits.check(1, 1001), Err(DecodeError::Expands));
        assert_eq!(limits.check(101, 1001), Ok(()));
        assert_eq!(limits.check(10_000, 5001), Err(DecodeError::Expands));
        assert_eq!(Limits::default().check(u64::MAX, u64::MAX), Ok(()));
    }

    #[test]
    fn what_is_dropped_goes_back_to_the_budget() {
        let budget = Budget::new(10);
        let first = budget.reserve(7).unwrap();
        assert_eq!(budget.reserve(4).unwrap_err(), DecodeError::Memory);
        let second = budget.reserve(3).unwrap();
        assert_eq!(budget.left(), 0);
        drop((first, second));
        assert_eq!(budget.left(), 10);
    }
}
