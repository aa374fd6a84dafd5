//! How a proxy under test is set up: one description for every engine.

mod in_process;

use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::Credentials;
use crate::vm::ByteSize;

pub(crate) use in_process::FIELD_SEPARATOR;

/// Names that a metric may carry as `_name=.=value;.`; each becomes a label.
pub(crate) const STATS_TAGS: &[&str] = &[
    "verdict",
    "mode",
    "category",
    "coding",
    "action",
    "direction",
    "reason",
];

/// Cuts a label out of a metric's name: the whole first, then the value.
pub(crate) fn tag_regex(label: &str) -> String {
    format!("^wasmcustom\\..*?(_{label}=\\.=(.*?);\\.;)")
}

/// A proxy with one listener, one filter and some upstreams.
#[derive(Clone, Debug)]
pub struct Setup {
    /// TLS on the listener; plain text when absent.
    pub tls: Option<ServerTls>,
    /// What becomes of `x-forwarded-client-cert`.
    pub forward_client_cert: ForwardClientCert,
    /// Bytes the listener may buffer for one connection; the engine's own default (1 MiB) when absent.
    pub listener_buffer: Option<u32>,
    /// Verifies tokens in front of the filter; tokens are ignored when absent.
    pub jwt: Option<Jwt>,
    /// The module under test; none at all when absent.
    pub filter: Option<Filter>,
    /// How the filter's configuration reaches the engine, and so how it can change.
    pub delivery: Delivery,
    /// Encodings (`gzip`) that are decoded between the upstream and the filter.
    pub decompress: Vec<String>,
    /// Upgrades that are allowed: `websocket`, `CONNECT`.
    pub upgrades: Vec<String>,
    /// Where requests go; the first whose `authorities` hold the request's host, or are empty.
    pub upstreams: Vec<Cluster>,
    /// The format of the access log: an object for JSON lines, a string for text lines.
    pub access_log: Value,
    /// Worker threads.
    pub workers: u32,
}

/// TLS of a listener.
#[derive(Clone, Debug)]
pub struct ServerTls {
    /// The server's certificate and key.
    pub credentials: Credentials,
    /// The authority (PEM) of client certificates; clients are not asked for one when absent.
    pub client_authority: Option<String>,
    /// Refuse a client without a certificate.
    pub require_client_certificate: bool,
}

/// What becomes of the `x-forwarded-client-cert` header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForwardClientCert {
    /// Always removed.
    #[default]
    Sanitize,
    /// Replaced by what the verified certificate says: subject, all URI names, all DNS names.
    SanitizeSet,
}

/// Token verification.
#[derive(Clone, Debug)]
pub struct Jwt {
    /// The only accepted `iss`.
    pub issuer: String,
    /// The key set.
    pub jwks: Value,
    /// The metadata key under which verified claims appear.
    pub payload_key: String,
}

/// The module under test.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The WebAssembly file.
    pub module: PathBuf,
    /// Its configuration.
    pub configuration: Configuration,
    /// How large the linear memory of one VM may become; the engine's own limit when absent.
    pub memory: Option<ByteSize>,
}

/// The shapes in which a host may hand over a configuration.
#[derive(Clone, Debug, PartialEq)]
pub enum Configuration {
    /// None at all.
    Empty,
    /// A string value, JSON or not.
    Text(String),
    /// A protobuf `Struct`; Envoy passes its serialised bytes on.
    Struct(Value),
}

/// How the filter's configuration reaches the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// By itself; a change leaves the listener and its connections alone.
    #[default]
    Ecds,
    /// Inside the listener; a change replaces the listener.
    Lds,
}

/// One upstream.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// The name a filter sees.
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// Speak HTTP/2 to it, without TLS and without asking.
    pub http2: bool,
    /// Bytes that may be buffered for one connection; the engine's default (1 MiB) when absent.
    pub buffer: Option<u32>,
    /// The hosts it serves, with port where the client names one; empty for all that no other cluster serves.
    pub authorities: Vec<String>,
}

impl Setup {
    /// Plain text, no filter, one worker, `address` as the only upstream.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            tls: None,
            forward_client_cert: ForwardClientCert::Sanitize,
            listener_buffer: None,
            jwt: None,
            filter: None,
            delivery: Delivery::Ecds,
            decompress: Vec::new(),
            upgrades: Vec::new(),
            upstreams: vec![Cluster::new("upstream", address)],
            access_log: access_log_format(),
            workers: 1,
        }
    }
}

impl Cluster {
    /// An HTTP/1.1 upstream for every host.
    pub fn new(name: &str, address: SocketAddr) -> Self {
        Self {
            name: name.to_owned(),
            address,
            http2: false,
            buffer: None,
            authorities: Vec::new(),
        }
    }
}

/// An access log that a filter can keep clean: what may hold a credential comes from filter state, never from the request.
pub fn access_log_format() -> Value {
    json!({
        "method": "%REQ(:METHOD)%",
        "status": "%RESPONSE_CODE%",
        "details": "%RESPONSE_CODE_DETAILS%",
        "flags": "%RESPONSE_FLAGS%",
        "path": "%FILTER_STATE(wasm.veilgate.path:PLAIN)%",
        "query": "%FILTER_STATE(wasm.veilgate.query:PLAIN)%",
        "referer": "%FILTER_STATE(wasm.veilgate.referer:PLAIN)%",
        "user_agent": "%FILTER_STATE(wasm.veilgate.user_agent:PLAIN)%",
        "verdict": "%FILTER_STATE(wasm.veilgate.verdict:PLAIN)%",
        "decision_id": "%FILTER_STATE(wasm.veilgate.decision_id:PLAIN)%",
        "audit": "%FILTER_STATE(wasm.veilgate.audit:PLAIN)%",
    })
}
