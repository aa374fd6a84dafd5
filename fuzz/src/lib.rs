//! What the fuzz targets share: how bytes become an input, and what must be true of every output.
//!
//! An input is a few bytes that say how it is cut, and then a text. In a text `FF`, an example's number (two bytes, low byte first) and a byte for its
//! encoding plant that example of a rule. So seeds are written easily, and mutation need not guess tokens.

mod coding;
mod encoding;
mod grpc;
mod input;
mod oracle;

pub use coding::check_decoder;
pub use encoding::{Encoding, base64, decoded};
pub use grpc::{Framed, NEXT_FIELD, framed};
pub use input::{Input, Planted};
pub use oracle::{
    Outcome, assert_each_alone, assert_survives_nothing, check_stream, check_stream_within, masker, rules, run, run_with,
};

use encoding::encode;
