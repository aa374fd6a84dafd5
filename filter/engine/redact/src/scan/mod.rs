//! From bytes to credentials: words, candidates, and which of them win.

#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the scanner does not start it yet")
)]
mod assignment;
mod candidate;
mod escape;
mod open;
mod prefilter;
mod runs;
mod scanner;
mod window;

pub(crate) use scanner::{Scanner, Strictness};

#[cfg(test)]
mod tests;
