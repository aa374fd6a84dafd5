//! What a proxy is made of, as plain data that serde reads. Unknown fields are errors; every field but the upstreams has a default.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use crate::vm::{ByteSize, LogLevel, StatsTag};

/// A proxy: one listener, its routes and upstreams, at most one filter.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProxyConfig {
    /// Where clients connect.
    pub listener: ListenerConfig,
    /// Tried in order; the first match wins.
    pub routes: Vec<RouteConfig>,
    /// Where requests go.
    pub upstreams: Vec<UpstreamConfig>,
    /// Verifies tokens before the filter runs.
    pub jwt: Option<JwtConfig>,
    /// What becomes of `x-forwarded-client-cert`.
    pub forward_client_cert: ForwardClientCert,
    /// The module. Without one the proxy passes everything.
    pub filter: Option<FilterConfig>,
    /// Content codings (`gzip`, `deflate`) taken off responses before the filter sees them.
    /// The byte counts in the trailers carry the coding's name, as in Envoy when the library has that name.
    pub decompressor: Vec<String>,
    /// Access log formats, with Envoy's operators. Each exchange writes one line per format.
    pub access_logs: Vec<String>,
    /// Access log formats as JSON objects, with operators in their strings: Envoy's `json_format`. Their lines come after those of text.
    pub json_access_logs: Vec<serde_json::Map<String, serde_json::Value>>,
    /// Threads, each with its own VM. Connections are dealt out in turn.
    pub workers: usize,
    /// Protocols a client may switch to: `websocket`, `CONNECT`, or another upgrade token.
    pub upgrades: Vec<String>,
    /// Whether `source.address` is the peer (and `x-forwarded-for` is extended), or what `x-forwarded-for` claims.
    pub use_remote_address: bool,
    /// Value of the `server` response header; `None` leaves the upstream's.
    pub server_name: Option<String>,
    /// Whether the router's `x-envoy-*` headers are added.
    pub router_headers: bool,
    /// Log lines below this level are dropped.
    pub log_level: LogLevel,
    /// Labels cut out of metric names in the Prometheus text.
    pub stats_tags: Vec<StatsTag>,
    /// How long a stream may wait for the module alone before that is reported and the stream ends. Envoy waits for ever.
    pub stall_ms: u64,
}

impl Default for ProxyConfig {
    fn default() -> ProxyConfig {
        ProxyConfig {
            listener: ListenerConfig::default(),
            routes: Vec::new(),
            upstreams: Vec::new(),
            jwt: None,
            forward_client_cert: ForwardClientCert::default(),
            filter: None,
            decompressor: Vec::new(),
            access_logs: Vec::new(),
            json_access_logs: Vec::new(),
            workers: 1,
            upgrades: Vec::new(),
            use_remote_address: false,
            server_name: Some("envoy".into()),
            router_headers: true,
            log_level: LogLevel::Info,
            stats_tags: Vec::new(),
            stall_ms: 5_000,
        }
    }
}

/// Where clients connect.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListenerConfig {
    /// Address; port 0 takes a free one.
    pub address: SocketAddr,
    /// TLS; HTTP/2 is then chosen by ALPN. Without it, by the client's preface.
    pub tls: Option<TlsConfig>,
    /// Whether HTTP/1 trailers reach the filter and the peers.
    pub enable_trailers: bool,
    /// Bytes held for an HTTP/1 stream before it fails or is slowed.
    pub per_connection_buffer_limit_bytes: usize,
    /// The same for an HTTP/2 stream, and its receive window.
    pub http2_initial_stream_window_bytes: u32,
}

impl Default for ListenerConfig {
    fn default() -> ListenerConfig {
        ListenerConfig {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: None,
            enable_trailers: false,
            per_connection_buffer_limit_bytes: 1 << 20,
            http2_initial_stream_window_bytes: 16 << 20,
        }
    }
}

/// TLS on the listener; PEM texts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The server's certificate chain.
    pub certificate: String,
    /// Its key.
    pub key: String,
    /// Authorities of client certificates; none are asked for without.
    #[serde(default)]
    pub client_ca: Option<String>,
    /// Whether a client must show one.
    #[serde(default)]
    pub require_client_certificate: bool,
}

/// Requests of an authority and path prefix go to an upstream.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteConfig {
    /// Name of the route.
    #[serde(default)]
    pub name: String,
    /// Authority without port, any when absent.
    #[serde(default)]
    pub authority: Option<String>,
    /// Prefix of the path.
    #[serde(default = "slash")]
    pub prefix: String,
    /// Name of an upstream.
    pub upstream: String,
    /// Name of the virtual host.
    #[serde(default = "local_service")]
    pub virtual_host: String,
    /// How long the upstream may take from the end of the request; 0 is unlimited.
    #[serde(default = "route_timeout")]
    pub timeout_ms: u64,
}

fn slash() -> String {
    "/".into()
}

fn local_service() -> String {
    "local_service".into()
}

fn route_timeout() -> u64 {
    15_000
}

impl RouteConfig {
    /// Everything to `upstream`.
    pub fn all_to(upstream: &str) -> RouteConfig {
        RouteConfig {
            name: String::new(),
            authority: None,
            prefix: slash(),
            upstream: upstream.into(),
            virtual_host: local_service(),
            timeout_ms: route_timeout(),
        }
    }

    pub(super) fn timeout(&self) -> Option<Duration> {
        (self.timeout_ms > 0).then(|| Duration::from_millis(self.timeout_ms))
    }
}

/// A server requests go to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamConfig {
    /// Name, Envoy's cluster name.
    pub name: String,
    /// Address.
    pub address: SocketAddr,
    /// HTTP/2 by prior knowledge instead of HTTP/1.1.
    #[serde(default)]
    pub http2: bool,
}

/// A module and its configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterConfig {
    /// The module's file.
    pub wasm: PathBuf,
    /// Name, for statistics.
    #[serde(default)]
    pub name: String,
    /// Which of a module's filters.
    #[serde(default)]
    pub root_id: String,
    /// Scope of shared data.
    #[serde(default)]
    pub vm_id: String,
    /// The plugin's configuration: exactly the bytes the module reads. Envoy hands over the text of a `StringValue`, or the serialized bytes of a `Struct`.
    #[serde(default)]
    pub configuration: Vec<u8>,
    /// The VM's configuration.
    #[serde(default)]
    pub vm_configuration: Vec<u8>,
    /// What happens after a trap.
    #[serde(default)]
    pub failure_policy: FailurePolicy,
    /// Whether pausing on headers lets body callbacks through.
    #[serde(default)]
    pub allow_on_headers_stop_iteration: bool,
    /// Environment variables of the module.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// How long one callback may run.
    #[serde(default = "callback_deadline")]
    pub callback_deadline_ms: u64,
    /// How large the linear memory of a VM may become, such as `16MiB`; as large as it likes when absent.
    #[serde(default)]
    pub memory: Option<ByteSize>,
    /// How long after a failure a VM is started again, under [`FailurePolicy::FailReload`].
    #[serde(default = "reload_backoff")]
    pub reload_backoff_ms: u64,
}

fn callback_deadline() -> u64 {
    10_000
}

fn reload_backoff() -> u64 {
    1_000
}

impl FilterConfig {
    /// A filter with defaults.
    pub fn new(wasm: impl Into<PathBuf>, configuration: impl Into<Vec<u8>>) -> FilterConfig {
        FilterConfig {
            wasm: wasm.into(),
            name: String::new(),
            root_id: String::new(),
            vm_id: String::new(),
            configuration: configuration.into(),
            vm_configuration: Vec::new(),
            failure_policy: FailurePolicy::default(),
            allow_on_headers_stop_iteration: false,
            environment: BTreeMap::new(),
            callback_deadline_ms: callback_deadline(),
            memory: None,
            reload_backoff_ms: reload_backoff(),
        }
    }
}

/// What happens to requests after the module trapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FailurePolicy {
    /// They get 503 until the configuration changes.
    #[default]
    FailClosed,
    /// They get 503 until a new VM is up.
    FailReload,
    /// They pass unfiltered.
    FailOpen,
}

/// Token verification before the filter.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JwtConfig {
    /// Who issues tokens.
    pub providers: Vec<JwtProvider>,
    /// Whether a request without a token passes, without claims.
    #[serde(default)]
    pub allow_missing: bool,
}

/// One issuer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JwtProvider {
    /// Its `iss` claim.
    pub issuer: String,
    /// Accepted `aud` claims; any when empty.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// Its keys, a JWKS document.
    pub jwks: String,
    /// Under which key of the metadata the claims go.
    #[serde(default)]
    pub payload_in_metadata: String,
    /// Whether the token goes on to the upstream.
    #[serde(default)]
    pub forward: bool,
}

/// What becomes of `x-forwarded-client-cert`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ForwardClientCert {
    /// The mode.
    pub mode: ForwardClientCertMode,
    /// Whether the element names the certificate's subject.
    pub subject: bool,
    /// Whether it names all URIs.
    pub uri: bool,
    /// Whether it names all DNS names.
    pub dns: bool,
}

/// Mode of [`ForwardClientCert`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ForwardClientCertMode {
    /// The header is removed.
    #[default]
    Sanitize,
    /// The header is removed, and set from the verified certificate if there is one.
    SanitizeSet,
    /// Passed on as received, over mutual TLS.
    ForwardOnly,
    /// Extended by the verified certificate, over mutual TLS.
    AppendForward,
    /// Passed on as received, always.
    AlwaysForwardOnly,
}
