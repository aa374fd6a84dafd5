//! One HTTP exchange: the joint of the two halves.
//!
//! An [`Engine`] is a configuration made ready. An [`Exchange`] is one request and its response: it is told what
//! arrives and answers with what may go on. It does no I/O, reads no clock and knows no proxy, so that the same
//! decisions run in Envoy, in a local proxy, in a log pipeline and in a test that compares values.
//!
//! # Life of an exchange
//!
//! ```text
//! request headers --> identity --> which service? --> call --> Cedar --> verdict --> Step
//!                                                                        |
//! request body  ----> (only if configured) redactor ---------------------+--> what may go on
//! response headers -> what kind of body? scan, pass or withhold; drop what described the old bytes
//! response body ----> redactor, asking Cedar once per kind or field whether this caller may see it
//! end --------------> log fields, audit record, counters
//! ```
//!
//! # Untrusted input
//!
//! Headers, bodies, trailers, metadata and configuration may be anything. Nothing here panics on them; memory is bounded by the
//! request's headers plus `limits.held_bytes` per direction, and `limits.decode.memory_bytes` for all bodies together that are encoded; time is linear in the bytes given. What cannot be read is
//! withheld and counted, unless the configuration says otherwise.

mod allow;
mod audit;
pub mod config;
mod engine;
mod exchange;
mod gate;
mod headers;
mod judge;
mod ledger;
mod metrics;
mod step;

pub use config::ConfigError;
pub use engine::Engine;
pub use exchange::{Ended, Exchange, Record};
pub use metrics::Count;
pub use step::{Direction, Headers, Reply, Step, Withheld};
pub use veilgate_facts::Facts;
