//! What the fuzz targets share: how bytes become an input, and what must be true of every output.
//!
//! An input is a few bytes that say how it is cut, and then a text. In a text `FF`, an example's number (two bytes, low byte first) and a byte for its
//! encoding plant that example of a rule. So seeds are written easily, and mutation need not guess tokens.

mod encoding;
mod input;
mod oracle;

pub use encoding::Encoding;
use encoding::encode;
pub use input::{Input, Planted};
pub use oracle::{Outcome, assert_survives_nothing, check_stream, masker, rules, run, run_with};
