//! Content codings as streams: `gzip`, `deflate`, `br` and `zstd`, off and on again.
//!
//! ```
//! use veilgate_coding::{Budget, Coding, DecodeError, Decoder, Encoder, Limits};
//!
//! # fn main() -> Result<(), DecodeError> {
//! let budget = Budget::new(16 << 20);
//! let mut encoder = Encoder::new(&[Coding::Gzip], &budget)?;
//! let mut encoded = Vec::new();
//! encoder.write(b"a body", &mut encoded);
//! encoder.end(&mut encoded);
//!
//! let mut decoder = Decoder::new(&[Coding::Gzip], Limits::default(), &budget)?;
//! let mut decoded = Vec::new();
//! for byte in encoded {
//!     decoder.write(&[byte], &mut |piece: &[u8]| {
//!         decoded.extend_from_slice(piece);
//!         Ok::<(), DecodeError>(())
//!     })?;
//! }
//! decoder.end()?;
//! assert_eq!(decoded, b"a body");
//! # Ok(())
//! # }
//! ```
//!
//! Sans-I/O: bytes cut anywhere in, bytes out, no I/O, no clock, no unsafe code. Decoded bytes are handed on in pieces as they come to be, so that a body
//! which expands a thousandfold is never in memory as a whole. What an encoder has been flushed of, the receiver can decode: a stream of events stays one.
//!
//! # Memory
//!
//! Held by an open stream, all of it out of a [`Budget`] that a process shares:
//!
//! | | decoder | encoder |
//! |---|---|---|
//! | `gzip`, `deflate` | 43 KiB | at most 80 KiB, 17 KiB to begin with |
//! | `br` | some 25 KiB, as much of the window as the body fills, and tables (typically 50 KiB, at worst 4 MiB) | none |
//! | `zstd` | as much of the window as the body fills, and at most 400 KiB for a block | none |
//!
//! # Untrusted input
//!
//! * **Size**: [`Limits`] bound what a body may become, by its ratio to what came in and absolutely. Nested codings are held against the bytes that came
//!   over the wire, so a bomb inside a bomb gains nothing.
//! * **Time** is linear in the bytes that come in and go out. The worst that a byte of input can cost besides output is a table of `br`, some microseconds.
//! * **Memory** is the table above; a stream that would exceed the budget is an error.
//! * **Panics**: none is reachable here, as indexing, slicing and unwrapping are lint errors. Of the two decoders that are taken from crates, both without
//!   unsafe code, `miniz_oxide` has been fuzzed for years and `brotli-decompressor` returns errors where it used to assert.
//! * **Evasion**: what cannot be decoded is an error, never a piece of output. Bytes after the end of a body are dropped: no receiver sees what nobody has
//!   looked at.
//! * **Integrity**: checksums are verified, because what is encoded again gets a right one.

mod accept;
#[cfg(feature = "brotli")]
mod brotli;
mod coding;
mod decoder;
mod deflate;
mod encoder;
mod error;
mod inflate;
mod limits;
mod stage;
#[cfg(feature = "zstd")]
mod zstd;

pub use accept::{Accepted, decodable};
pub use coding::{Coding, MAX_CODINGS, Unsupported};
pub use decoder::Decoder;
pub use encoder::Encoder;
pub use error::DecodeError;
pub use limits::{Budget, Limits, Reserved};
