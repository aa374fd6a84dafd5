//! Veilgate as a proxy-wasm module (`veilgate.wasm`), for Envoy and the proxies built on it. Without the feature `policy` it is
//! `veilgate-redact.wasm`, which only redacts: for hosts that give a filter little memory, and for those who want no gate.
//!
//! This crate translates and decides nothing: callbacks become calls of [`veilgate_exchange`], and its answers become
//! host calls. From the outside in:
//!
//! * [`host`]: host calls that return their status instead of panicking, and the entry points. The only `unsafe`.
//! * [`dispatch`]: from a context's number to its state, whatever order the host calls in.
//! * `stream`: one exchange.
//! * [`hold_back`]: rewriting a body as it streams without losing or delaying a byte.
//!
//! On other targets the host is one in memory, so that all but the entry points is tested natively.

pub mod abi;
mod counters;
pub mod dispatch;
pub mod hold_back;
#[cfg(target_arch = "wasm32")]
pub mod host;
#[cfg(not(target_arch = "wasm32"))]
#[path = "host/fake.rs"]
pub mod host;
pub mod pairs;
mod piecewise;
mod stream;
