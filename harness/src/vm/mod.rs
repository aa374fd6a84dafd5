//! Runs a proxy-wasm 0.2.1 module: what the module may call, what each call answers in each phase, and the state behind it.
//!
//! [`Module`] is compiled code, shared by threads. [`Vm`] is one running instance and belongs to one thread, as in Envoy.
//! [`StreamState`] is the part of an HTTP exchange that host calls can see; the [`proxy`](crate::proxy) moves messages through it.
//!
//! Why not the WASI and async support of the runtime: Envoy offers a module a handful of WASI functions and refuses everything else,
//! and a callback there is one uninterrupted call. A module that runs here must not get more than it will get there.

mod abi;
mod headers;
mod hostcalls;
mod instance;
mod log;
mod memory;
mod metrics;
mod module;
mod property;
mod shared;
mod state;
mod stream;
mod wasi;

pub use abi::{BufferType, MapType, Status, StreamType};
pub use headers::Headers;
pub use instance::{Trap, Vm, VmSettings};
pub use log::{Diagnostics, LogLevel, LogLine, Logs};
pub use memory::{ByteSize, ByteSizeError};
pub use metrics::{Metrics, StatsTag};
pub use module::{LoadError, Module};
pub use property::{ConnectionFacts, Peer, PluginNames, Properties, Route};
pub use shared::{QueueOwner, Shared};
pub use state::{HttpCall, HttpCallResponse, Plugin, Services, TickChange};
pub use stream::{Deferred, Half, LocalReply, StreamState};
