//! Properties: facts about a connection, a request and a response, by path, in Envoy's encodings.
//!
//! Encodings carry no type: text and bytes are raw, integers 8 bytes little-endian, booleans 1 byte, times and durations nanoseconds in 8 bytes,
//! messages protobuf, maps the pairs encoding. What does not exist, or not yet, is `NotFound`.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use super::{Headers, MapType, Status, StreamState, abi::encode_pairs};

/// Facts of a downstream connection.
#[derive(Clone, Debug)]
pub struct ConnectionFacts {
    /// Number of the connection, unique in this proxy.
    pub id: u64,
    /// The peer, as the socket says.
    pub source: SocketAddr,
    /// The local end.
    pub destination: SocketAddr,
    /// `TLSv1.3` and the like; `None` on a plain connection.
    pub tls_version: Option<&'static str>,
    /// Server name the client asked for.
    pub server_name: Option<String>,
    /// The client's verified certificate.
    pub peer: Option<Peer>,
    /// First URI name of the certificate the proxy showed.
    pub local_uri: Option<String>,
}

/// What a verified client certificate says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// Subject, RFC 2253 order.
    pub subject: String,
    /// All URI names, in order.
    pub uris: Vec<String>,
    /// All DNS names, in order.
    pub dns: Vec<String>,
    /// SHA-256 of the certificate, lower-case hex.
    pub sha256: String,
}

/// Names of what a request was routed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// Name of the route.
    pub route: String,
    /// Name of the upstream cluster.
    pub cluster: String,
    /// Name of the virtual host.
    pub virtual_host: String,
}

/// Names of a configured filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginNames {
    /// Name, for statistics.
    pub name: String,
    /// Which of a module's filters.
    pub root_id: String,
    /// Scope of shared data.
    pub vm_id: String,
}

/// Facts of one exchange that are not headers or bodies.
#[derive(Clone, Debug)]
pub struct Properties {
    /// The connection.
    pub connection: Arc<ConnectionFacts>,
    /// `HTTP/1.1`, `HTTP/1.0` or `HTTP/2`.
    pub protocol: &'static str,
    /// The address the request is attributed to, which may come from `x-forwarded-for`.
    pub source: SocketAddr,
    /// Where the request goes.
    pub route: Option<Arc<Route>>,
    /// Dynamic metadata of the request: a serialized `envoy.config.core.v3.Metadata`.
    pub metadata: Vec<u8>,
    /// Names of the plugin.
    pub plugin: Arc<PluginNames>,
    /// Wall clock at the first byte.
    pub started: SystemTime,
    /// Monotonic clock at the first byte.
    pub started_at: Instant,
    /// Request body bytes received.
    pub request_bytes: u64,
    /// Response body bytes sent.
    pub response_bytes: u64,
    /// Status sent, once known.
    pub response_code: Option<u32>,
    /// Why that status, in the proxy's words.
    pub response_code_details: Option<String>,
    /// Response flags, Envoy's bits.
    pub response_flags: u64,
    /// Upstream address, once chosen.
    pub upstream: Option<SocketAddr>,
    /// When the first byte went upstream.
    pub upstream_started: Option<Instant>,
    /// When the upstream's last byte arrived.
    pub upstream_finished: Option<Instant>,
    /// Length of the exchange, once it is over.
    pub duration: Option<Duration>,
}

/// The value at `path` (elements separated by NUL), encoded.
///
/// # Errors
/// `NotFound` when it does not exist in this phase, `SerializationFailure` when it has no encoding.
pub(super) fn property(stream: &StreamState, path: &[u8]) -> Result<Vec<u8>, Status> {
    let parts: Vec<&[u8]> = path.split(|b| *b == 0).collect();
    let parts = parts.strip_suffix(&[&b""[..]]).unwrap_or(&parts);
    let (first, rest) = parts.split_first().ok_or(Status::NotFound)?;
    let properties = &stream.properties;
    let found = match *first {
        b"request" => request(stream, rest)?,
        b"response" => response(stream, rest)?,
        b"connection" if rest.is_empty() => return Err(Status::SerializationFailure),
        b"connection" => connection(&properties.connection, rest),
        b"source" => address(properties.source, rest),
        b"destination" => address(properties.connection.destination, rest),
        b"upstream" => properties
            .upstream
            .and_then(|upstream| address(upstream, rest)),
        b"metadata" => rest.is_empty().then(|| properties.metadata.clone()),
        b"xds" => properties.route.as_ref().and_then(|route| xds(route, rest)),
        b"plugin_name" => text(&properties.plugin.name),
        b"plugin_root_id" => text(&properties.plugin.root_id),
        b"plugin_vm_id" => text(&properties.plugin.vm_id),
        b"filter_state" => match rest {
            [] => return Err(Status::SerializationFailure),
            [key] => key
                .strip_prefix(b"wasm.")
                .and_then(|key| stream.filter_state.get(key).cloned()),
            _ => None,
        },
        own => stream
            .filter_state
            .get(own)
            .cloned()
            .filter(|_| rest.is_empty()),
    };
    found.ok_or(Status::NotFound)
}

fn request(stream: &StreamState, rest: &[&[u8]]) -> Result<Option<Vec<u8>>, Status> {
    let properties = &stream.properties;
    let headers = stream.map(MapType::RequestHeaders);
    let header = |name: &[u8]| headers.and_then(|h| h.get(name)).map(|v| v.to_vec());
    Ok(match rest {
        [] => return Err(Status::SerializationFailure),
        [b"headers"] => Some(map(headers)),
        [b"headers", name] => headers.and_then(|h| h.joined(name)),
        [b"path"] => header(b":path"),
        [b"url_path"] => header(b":path").map(|path| split_path(&path).0.to_vec()),
        [b"query"] => header(b":path").map(|path| split_path(&path).1.to_vec()),
        [b"host"] => header(b":authority"),
        [b"scheme"] => header(b":scheme"),
        [b"method"] => header(b":method"),
        [b"referer"] => header(b"referer"),
        [b"useragent"] => header(b"user-agent"),
        [b"id"] => header(b"x-request-id"),
        [b"time"] => Some(time(properties.started)),
        [b"protocol"] => text(properties.protocol),
        [b"duration"] => properties.duration.map(duration),
        [b"size"] => {
            let declared = headers.and_then(|h| h.text(b"content-length").parse::<u64>().ok());
            Some(integer(declared.unwrap_or(properties.request_bytes)))
        }
        [b"total_size"] => Some(integer(
            properties.request_bytes + headers.map_or(0, |h| h.byte_size() as u64),
        )),
        _ => None,
    })
}

fn response(stream: &StreamState, rest: &[&[u8]]) -> Result<Option<Vec<u8>>, Status> {
    let properties = &stream.properties;
    let headers = stream.map(MapType::ResponseHeaders);
    let trailers = stream.map(MapType::ResponseTrailers);
    Ok(match rest {
        [] => return Err(Status::SerializationFailure),
        [b"headers"] => Some(map(headers)),
        [b"headers", name] => headers.and_then(|h| h.joined(name)),
        [b"trailers"] => Some(map(trailers)),
        [b"trailers", name] => trailers.and_then(|t| t.joined(name)),
        [b"code"] => properties
            .response_code
            .map(|code| integer(u64::from(code))),
        [b"code_details"] => properties.response_code_details.as_deref().and_then(text),
        [b"flags"] => Some(integer(properties.response_flags)),
        [b"size"] => Some(integer(properties.response_bytes)),
        [b"total_size"] => Some(integer(
            properties.response_bytes + headers.map_or(0, |h| h.byte_size() as u64),
        )),
        [b"grpc_status"] => {
            let sent = [trailers, headers]
                .into_iter()
                .flatten()
                .find_map(|map| map.text(b"grpc-status").parse::<u64>().ok());
            sent.or_else(|| properties.response_code.map(grpc_status))
                .map(integer)
        }
        [b"backend_latency"] => {
            let (from, to) = (properties.upstream_started, properties.upstream_finished);
            from.zip(to)
                .map(|(from, to)| duration(to.saturating_duration_since(from)))
        }
        _ => None,
    })
}

fn connection(facts: &ConnectionFacts, rest: &[&[u8]]) -> Option<Vec<u8>> {
    let peer = facts.peer.as_ref();
    match rest {
        [b"id"] => Some(integer(facts.id)),
        [b"mtls"] => Some(vec![u8::from(peer.is_some())]),
        [b"tls_version"] => facts.tls_version.and_then(text),
        [b"requested_server_name"] => {
            Some(facts.server_name.clone().unwrap_or_default().into_bytes())
        }
        [b"subject_peer_certificate"] => peer.and_then(|peer| text(&peer.subject)),
        [b"uri_san_peer_certificate"] => peer
            .and_then(|peer| peer.uris.first())
            .and_then(|uri| text(uri)),
        [b"dns_san_peer_certificate"] => peer
            .and_then(|peer| peer.dns.first())
            .and_then(|dns| text(dns)),
        [b"sha256_peer_certificate_digest"] => peer.and_then(|peer| text(&peer.sha256)),
        _ => None,
    }
}

fn address(address: SocketAddr, rest: &[&[u8]]) -> Option<Vec<u8>> {
    match rest {
        [b"address"] => text(&address.to_string()),
        [b"port"] => Some(integer(u64::from(address.port()))),
        _ => None,
    }
}

fn xds(route: &Route, rest: &[&[u8]]) -> Option<Vec<u8>> {
    match rest {
        [b"route_name"] => Some(route.route.clone().into_bytes()),
        [b"cluster_name"] => text(&route.cluster),
        [b"virtual_host_name"] => Some(route.virtual_host.clone().into_bytes()),
        [
            b"route_metadata"
            | b"cluster_metadata"
            | b"virtual_host_metadata"
            | b"listener_metadata",
        ] => Some(Vec::new()),
        [b"listener_direction"] => Some(integer(0)),
        _ => None,
    }
}

fn split_path(path: &[u8]) -> (&[u8], &[u8]) {
    let end = path.iter().position(|b| *b == b'#').unwrap_or(path.len());
    let path = path.get(..end).unwrap_or_default();
    match path.iter().position(|b| *b == b'?') {
        Some(at) => (
            path.get(..at).unwrap_or_default(),
            path.get(at + 1..).unwrap_or_default(),
        ),
        None => (path, b""),
    }
}

/// The gRPC status an HTTP status stands for.
fn grpc_status(status: u32) -> u64 {
    match status {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => 14,
        _ => 2,
    }
}

/// A map that does not exist in this phase reads as an empty one.
fn map(headers: Option<&Headers>) -> Vec<u8> {
    let Some(headers) = headers else {
        return encode_pairs(std::iter::empty());
    };
    let mut joined: BTreeMap<&[u8], Vec<u8>> = BTreeMap::new();
    for (name, _) in headers.iter() {
        joined
            .entry(name)
            .or_insert_with(|| headers.joined(name).unwrap_or_default());
    }
    encode_pairs(joined.iter().map(|(name, value)| (*name, value.as_slice())))
}

fn text(value: &str) -> Option<Vec<u8>> {
    (!value.is_empty()).then(|| value.as_bytes().to_vec())
}

fn integer(value: u64) -> Vec<u8> {
    value.to_le_bytes().to_vec()
}

fn duration(value: Duration) -> Vec<u8> {
    u64::try_from(value.as_nanos())
        .unwrap_or(u64::MAX)
        .to_le_bytes()
        .to_vec()
}

fn time(value: SystemTime) -> Vec<u8> {
    duration(value.duration_since(UNIX_EPOCH).unwrap_or_default())
}
