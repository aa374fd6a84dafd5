//! From bytes to credentials: words, candidates, and which of them win.

mod assignment;
mod candidate;
mod context;
mod encoded;
mod escape;
mod escaped;
mod known;
mod open;
mod placeholder;
mod prefilter;
mod random;
mod runs;
mod scanner;
#[cfg(feature = "authoring")]
mod trace;
mod window;

pub(crate) use assignment::Assignment;
pub(crate) use encoded::Layers as Encoded;
pub(crate) use escape::introduces;
pub(crate) use scanner::{Scanner, Strictness};
#[cfg(feature = "authoring")]
pub use trace::{Stopped, Trace};

#[cfg(test)]
mod tests;
