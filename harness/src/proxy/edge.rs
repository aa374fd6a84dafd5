//! What a proxy does to headers at its edge, before the filter and after it.

use std::{net::SocketAddr, sync::Arc, time::SystemTime};

use super::{
    codec_is_upgrade,
    config::{ForwardClientCertMode, ProxyConfig, RouteConfig},
    filter::reply,
};
use crate::vm::{ConnectionFacts, Headers, LocalReply, Peer, Route};

/// The proxy's answer to a request no filter should see.
pub(crate) fn refuse(headers: &Headers, config: &ProxyConfig) -> Option<LocalReply> {
    if !headers.contains(b":authority") {
        return Some(reply(400, "", "missing_host_header"));
    }
    let connect = headers.text(b":method") == "CONNECT";
    if headers.text(b":path").contains('#') {
        return Some(reply(400, "", "path_normalization_failed"));
    }
    if !connect && !headers.text(b":path").starts_with('/') && headers.text(b":path") != "*" {
        return Some(reply(404, "", "missing_path_rejected"));
    }
    let wanted = if connect {
        "CONNECT"
    } else if codec_is_upgrade(headers) {
        headers.text(b"upgrade")
    } else {
        return None;
    };
    let granted = config
        .upgrades
        .iter()
        .any(|upgrade| upgrade.eq_ignore_ascii_case(wanted));
    (!granted).then(|| reply(403, "", "upgrade_failed"))
}

/// Prepares a request for the filter; gives the address it is attributed to.
pub(crate) fn prepare(
    headers: &mut Headers,
    config: &ProxyConfig,
    connection: &Arc<ConnectionFacts>,
) -> SocketAddr {
    if !codec_is_upgrade(headers) {
        headers.remove(b"connection");
        headers.remove(b"upgrade");
        if headers.contains(b"te") && headers.text(b"te") != "trailers" {
            headers.remove(b"te");
        }
    }
    for name in [
        &b"keep-alive"[..],
        b"proxy-connection",
        b"transfer-encoding",
    ] {
        headers.remove(name);
    }
    let scheme = if connection.tls_version.is_some() {
        "https"
    } else {
        "http"
    };
    if headers.text(b":method") != "CONNECT" {
        // A proxy in front may have ended TLS, and says so.
        let said = headers.text(b"x-forwarded-proto");
        let effective = if !config.use_remote_address && matches!(said, "http" | "https") {
            said.to_owned()
        } else {
            scheme.to_owned()
        };
        headers.replace(b":scheme", effective.as_bytes());
    }
    let origin = if config.use_remote_address {
        headers.add(
            b"x-forwarded-for",
            connection.source.ip().to_string().as_bytes(),
        );
        headers.replace(b"x-forwarded-proto", scheme.as_bytes());
        connection.source
    } else {
        if !headers.contains(b"x-forwarded-proto") {
            headers.push(b"x-forwarded-proto", scheme.as_bytes());
        }
        let last = headers
            .text(b"x-forwarded-for")
            .rsplit(',')
            .next()
            .unwrap_or_default()
            .trim()
            .parse();
        last.map_or(connection.source, |ip| SocketAddr::new(ip, 0))
    };
    if config.use_remote_address || !headers.contains(b"x-request-id") {
        headers.replace(b"x-request-id", uuid().as_bytes());
    }
    forward_client_cert(headers, config, connection);
    origin
}

/// Sets, extends, keeps or removes `x-forwarded-client-cert`.
fn forward_client_cert(headers: &mut Headers, config: &ProxyConfig, connection: &ConnectionFacts) {
    let name = b"x-forwarded-client-cert";
    let peer = connection.peer.as_ref();
    let element = peer.map(|peer| certificate_element(peer, connection, config));
    match config.forward_client_cert.mode {
        ForwardClientCertMode::AlwaysForwardOnly => {}
        ForwardClientCertMode::ForwardOnly if peer.is_some() => {}
        ForwardClientCertMode::SanitizeSet if peer.is_some() => {
            headers.replace(name, element.unwrap_or_default().as_bytes());
        }
        ForwardClientCertMode::AppendForward if peer.is_some() => {
            headers.add(name, element.unwrap_or_default().as_bytes());
        }
        _ => {
            headers.remove(name);
        }
    }
}

fn certificate_element(peer: &Peer, connection: &ConnectionFacts, config: &ProxyConfig) -> String {
    let wanted = &config.forward_client_cert;
    let mut parts: Vec<String> = connection
        .local_uri
        .iter()
        .map(|uri| format!("By={uri}"))
        .collect();
    parts.push(format!("Hash={}", peer.sha256));
    if wanted.subject {
        parts.push(format!("Subject=\"{}\"", peer.subject));
    }
    if wanted.uri {
        // An empty element says that a certificate without a URI was asked for one.
        if peer.uris.is_empty() {
            parts.push("URI=".into());
        }
        parts.extend(peer.uris.iter().map(|uri| format!("URI={uri}")));
    }
    if wanted.dns {
        parts.extend(peer.dns.iter().map(|dns| format!("DNS={dns}")));
    }
    parts.join(";")
}

/// Finishes response headers on their way out.
pub(crate) fn finish_response(headers: &mut Headers, config: &ProxyConfig, tunnel: bool) {
    for name in [
        &b"keep-alive"[..],
        b"proxy-connection",
        b"transfer-encoding",
    ] {
        headers.remove(name);
    }
    if !tunnel {
        headers.remove(b"connection");
        headers.remove(b"upgrade");
    }
    if !headers.contains(b"date") {
        headers.push(b"date", http_date(SystemTime::now()).as_bytes());
    }
    if let Some(server) = &config.server_name {
        headers.replace(b"server", server.as_bytes());
    }
}

/// Names of a route, for properties and logs.
pub(crate) fn route_names(route: &RouteConfig) -> Route {
    Route {
        route: route.name.clone(),
        cluster: route.upstream.clone(),
        virtual_host: route.virtual_host.clone(),
    }
}

/// A random UUID, version 4.
pub(crate) fn uuid() -> String {
    let mut bytes = [0u8; 16];
    // Without randomness the id is merely not unique.
    let _ = rustls::crypto::ring::default_provider()
        .secure_random
        .fill(&mut bytes);
    let mut value = u128::from_be_bytes(bytes);
    value = value & !(0xf << 76) | (0x4 << 76);
    value = value & !(0x3 << 62) | (0x2 << 62);
    let hex = format!("{value:032x}");
    let (a, rest) = hex.split_at(8);
    let (b, rest) = rest.split_at(4);
    let (c, rest) = rest.split_at(4);
    let (d, e) = rest.split_at(4);
    format!("{a}-{b}-{c}-{d}-{e}")
}

fn http_date(time: SystemTime) -> String {
    let seconds = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = super::access_log::time::civil(days);
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        .get((days % 7) as usize)
        .copied()
        .unwrap_or("Thu");
    let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = months.get((month - 1) as usize).copied().unwrap_or("Jan");
    format!(
        "{weekday}, {day:02} {month} {year:04} {:02}:{:02}:{:02} GMT",
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn dates_are_http_dates() {
        assert_eq!(
            http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777)),
            "Sun, 06 Nov 1994 08:49:37 GMT"
        );
    }

    #[test]
    fn request_ids_are_version_4_uuids() {
        let id = uuid();
        assert_eq!(id.len(), 36);
        assert_eq!(id.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&id.as_bytes()[19]));
        assert_ne!(id, uuid());
    }
}
