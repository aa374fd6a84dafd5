//! From bytes to credentials: words, candidates, and which of them win.

mod assignment;
mod candidate;
mod escape;
mod open;
mod prefilter;
mod runs;
mod scanner;
mod window;

pub(crate) use assignment::Assignment;
pub(crate) use scanner::{Scanner, Strictness};

#[cfg(test)]
mod tests;
