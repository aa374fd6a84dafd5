//! From bytes to credentials: anchors, candidates, and which of them win.

mod candidate;
mod open;
mod scanner;
mod window;

pub(crate) use scanner::{Scanner, Strictness};

#[cfg(test)]
mod tests;
