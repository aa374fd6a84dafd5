//! What the engine cannot do yet.

/// Cases whose output is not yet the one they name. The test wants each of them to fail, so the list can only shrink.
pub(crate) const PENDING: &[&str] = &[];
