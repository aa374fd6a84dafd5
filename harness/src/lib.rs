//! A local reverse proxy that hosts any proxy-wasm 0.2.1 module the way Envoy does, traps included.
//!
//! * [`vm`] runs a module: the ABI, its status table and the state a module can reach.
//! * [`proxy`] puts it in the path of real HTTP/1.1 and HTTP/2 traffic.
//! * [`lab`] holds what a test needs around a proxy: ports, certificates, scripted upstreams, clients, a real Envoy.
//! * [`scenario`] is the data format of a test that runs here and on Envoy.
//!
//! Nothing here knows a particular module: a filter is a file name and a configuration.

pub mod lab;
pub mod proxy;
pub mod scenario;
pub mod vm;
