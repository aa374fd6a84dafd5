//! HTTP/1.0 and HTTP/1.1, both roles.

mod sink;
mod source;

use crate::vm::Headers;

pub(crate) use sink::H1Sink;
pub(crate) use source::{H1Source, HeadError};

/// Whether headers ask for (or grant) another protocol on this connection.
pub(crate) fn is_upgrade(headers: &Headers) -> bool {
    headers.contains(b"upgrade")
        && headers.get_all(b"connection").any(|value| {
            value
                .to_ascii_lowercase()
                .windows(7)
                .any(|w| w == b"upgrade")
        })
}
