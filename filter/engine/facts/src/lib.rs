//! What a host tells besides the message itself: facts about the connection and the route, and the protobuf messages
//! that hold a token's claims or a configuration.
//!
//! A crate of its own, because a build that only redacts is told the same things and links no policy engine.
//!
//! Facts come from the host, claims from whoever issued the token: nothing in them can panic, recurse without bound or take more
//! than linear time.

mod metadata;

pub use metadata::{StructError, claims, decode_struct};

use std::fmt;

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
