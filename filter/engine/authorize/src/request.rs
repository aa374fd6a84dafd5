//! What an adapter hands over: one request head and what its host knows about the connection.

use std::fmt;

/// A request head exactly as it arrived: bytes, because a header need not be text.
///
/// `method`, `authority` and `path` repeat the pseudo headers, which adapters have at hand anyway.
/// `Debug` prints no header value and no query, since both may hold credentials.
#[derive(Clone, Copy)]
pub struct Head<'a> {
    /// `:method`, as sent (methods are case-sensitive).
    pub method: &'a [u8],
    /// `:authority` or `Host`.
    pub authority: &'a [u8],
    /// The raw `:path` with its query.
    pub path: &'a [u8],
    /// Every header in order, duplicates and pseudo headers included.
    pub headers: &'a [(Vec<u8>, Vec<u8>)],
}

impl<'a> Head<'a> {
    /// All values of a header, in order. `name` must be lower case. O(number of headers).
    pub fn values(&self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let headers = self.headers;
        headers
            .iter()
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value.as_slice())
    }
}

impl fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head")
            .field("headers", &self.headers.len())
            .finish_non_exhaustive()
    }
}

/// What the host knows about the connection and the route. Every fact may be absent; an absent fact never widens access.
///
/// `Debug` prints no metadata, which holds token claims.
#[derive(Clone, Default)]
pub struct Facts {
    /// The downstream connection is encrypted.
    pub tls: bool,
    /// The host verified a client certificate.
    pub mtls: bool,
    /// First URI SAN of that certificate (Envoy's property knows only the first).
    pub uri_san: Option<Vec<u8>>,
    /// SHA-256 of that certificate in hexadecimal.
    pub peer_certificate_sha256: Option<Vec<u8>>,
    /// Subject of that certificate.
    pub subject: Option<Vec<u8>>,
    /// A serialized `envoy.config.core.v3.Metadata`; empty when there is none.
    pub metadata: Vec<u8>,
    /// Downstream address, `ip` or `ip:port` or `[ip]:port`.
    pub source_address: Option<Vec<u8>>,
    /// Name of the matched route.
    pub route: Option<Vec<u8>>,
    /// Name of the upstream cluster.
    pub cluster: Option<Vec<u8>>,
    /// Name of the matched virtual host.
    pub virtual_host: Option<Vec<u8>>,
    /// Now, in Unix milliseconds.
    pub now_ms: u64,
    /// The host's id of the request, for the policies' context.
    pub request_id: Option<Vec<u8>>,
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts")
            .field("tls", &self.tls)
            .field("mtls", &self.mtls)
            .field("metadata_len", &self.metadata.len())
            .field("now_ms", &self.now_ms)
            .finish_non_exhaustive()
    }
}
