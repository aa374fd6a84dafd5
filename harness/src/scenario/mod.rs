//! Tests as data: one TOML file tells how a proxy is set up, what its upstream answers, what a client sends, and what must be seen.
//!
//! The same file runs on every [`Engine`]; engines that differ are a failure, not a special case. Nothing here knows a particular module, so
//! any proxy-wasm filter can be tested this way. The format is explained in `harness/scenarios/README.md`; [`Scenario`] lists every field.
//!
//! Why not a test function for each case: a function can wait a little, look at one engine, or skip a check. A file cannot; every scenario is
//! checked for what nobody thinks of each time: that no VM was restarted, that no made-up credential is in any log or metric, that no byte
//! follows a response, and that every request has its access log line.

mod engine;
mod expect;
mod format;
mod lower;
mod run;
mod samples;
mod vars;

pub use engine::Engine;
pub use format::{
    Certificate, Cut, EchoPart, Exchange, Expect, Filter, Framing, Pairs, Part, Parts, Proxy,
    Reply, Request, Scenario, SeenExpect, Tls,
};
pub use run::{Outcome, Suite, Verdict};
