//! What a test or a demonstration needs around a proxy, and nothing of the proxy itself.
//!
//! * [`engines`] finds real Envoy and OpenBao programs, or installs them into a private Python environment; [`module`] finds what they run.
//! * [`Authority`] issues server and client certificates with SPIFFE identities; [`TokenIssuer`] signs JWTs.
//! * [`Process`] runs a program whose life ends with its owner; [`Envoy`] is such a program with a configuration that can change.
//! * [`Upstream`] is an HTTP server whose behaviour is data and which remembers what it was sent.
//! * [`client`] sends requests no ordinary client would send, and tells when each byte came back.
//!
//! Everything listens on loopback and on ports the kernel picked, so any number of labs can run side by side.

mod certs;
pub mod client;
mod coding;
pub mod engines;
mod envoy;
mod jwt;
mod module;
mod net;
mod process;
pub mod setup;
pub mod upstream;
pub mod wire;

pub(crate) use coding::{decode, encode_steps};

pub use certs::{Authority, Credentials, Names};
pub use envoy::{Envoy, UpdateError};
pub use jwt::TokenIssuer;
pub use module::{Build, ModuleError, module, with_memory};
pub use net::free_port;
pub use process::{Process, ProcessError};
pub use setup::Setup;
pub use upstream::Upstream;
