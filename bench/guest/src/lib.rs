//! The scan engine alone, behind exports that every WebAssembly runtime can call: what benchmarks measure and conformance tests drive.
//!
//! The exports, all `extern "C"`:
//!
//! | export | meaning |
//! |---|---|
//! | `_initialize()` | once, before anything else |
//! | `input(capacity: u32) -> u32` | address of a buffer of that many bytes for the host to fill; valid until a larger one is asked for |
//! | `stream_open(framing: u32)` | starts a stream: 0 plain, 1 events, 2 gRPC |
//! | `stream_open_as(length: u32) -> i32` | the same, for a body of the content type that the first `length` bytes of the input buffer are; negative if none can be read |
//! | `stream_write(length: u32) -> i32` | feeds the first `length` bytes of the input buffer; how many bytes of output that gave, negative on error |
//! | `stream_end() -> i32` | ends the stream; the same answer |
//! | `output() -> u32`, `output_length() -> u32` | where the output stands that was not yet cleared; valid until the next call of these |
//! | `clear_output()` | forgets it; its memory is kept |
//! | `findings() -> u32` | credentials found since `stream_open` |
//! | `held() -> u32` | bytes the stream holds back now |
//! | `sum(length: u32) -> u32` | the sum of the first `length` bytes of the input buffer: what a pass over memory costs here |
//! | `header(length: u32) -> i32` | takes them as one line `name: value`; the value as it may go on is the output, negative on error |
//! | `headers(length: u32) -> i32` | takes them as lines `name: value` and scrubs each value; how many were changed, negative on error |
//! | `memory` | the linear memory |
//!
//! `stream_` because libc has an `open` and a `write` of its own. Natively the same calls are the methods of [`Guest`].

#[cfg(target_arch = "wasm32")]
mod exports;
mod guest;

pub use guest::{Error, Guest};
