//! Requests that ask for something that is not HTTP: WebSocket, CONNECT.

use crate::{headers, step::Headers};

/// A request to turn the connection into something that is not HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upgrade {
    /// `Upgrade` of HTTP/1.1, such as WebSocket.
    Protocol,
    /// CONNECT, and HTTP/2's extended CONNECT.
    Tunnel,
}

impl Upgrade {
    /// Whether a response with this status begins the other protocol. An upstream that ignores `Upgrade` answers as to any other request,
    /// and so must be inspected: a caller could add the header just to get past the redactor.
    pub(crate) fn is_accepted_by(self, status: u16) -> bool {
        match self {
            Upgrade::Protocol => status == 101,
            // Some hosts translate an extended CONNECT to the older form.
            Upgrade::Tunnel => status == 101 || (200..300).contains(&status),
        }
    }
}

/// The upgrade that a request asks for.
pub(crate) fn asked_for(headers: &Headers) -> Option<Upgrade> {
    if headers::first(headers, ":method").is_some_and(|method| method == b"CONNECT")
        || headers::first(headers, ":protocol").is_some()
    {
        return Some(Upgrade::Tunnel);
    }
    let upgrades = headers::first(headers, "upgrade").is_some()
        && headers::lists_token(headers, "connection", "upgrade");
    upgrades.then_some(Upgrade::Protocol)
}

/// Whether a request that asks for an upgrade has a body of its own, before the tunnel: one that is not `GET` or `CONNECT`.
pub(crate) fn carries_a_body(headers: &Headers) -> bool {
    headers::first(headers, ":protocol").is_none()
        && !matches!(
            headers::first(headers, ":method"),
            Some(b"GET" | b"CONNECT") | None
        )
}
