//! Responses the proxy makes itself, as Envoy shapes them.

use crate::vm::{Headers, LocalReply};

/// Headers and body of a reply. For a gRPC request it is a "trailers-only" response: the error travels in headers.
pub(super) fn render(reply: &LocalReply, grpc: bool, head: bool) -> (Headers, Vec<u8>) {
    let mut headers = Headers::default();
    if grpc {
        headers.push(b":status", b"200");
        headers.push(b"content-type", b"application/grpc");
        headers.push(
            b"grpc-status",
            reply
                .grpc_status
                .unwrap_or_else(|| grpc_status(reply.status))
                .to_string()
                .as_bytes(),
        );
        if !reply.body.is_empty() && !head {
            headers.push(b"grpc-message", &percent_encode(&reply.body));
        }
        add(&mut headers, &reply.headers);
        return (headers, Vec::new());
    }
    headers.push(b":status", reply.status.to_string().as_bytes());
    add(&mut headers, &reply.headers);
    if reply.body.is_empty() {
        headers.remove(b"content-length");
        headers.remove(b"content-type");
    } else {
        headers.replace(b"content-length", reply.body.len().to_string().as_bytes());
        if !headers.contains(b"content-type") {
            headers.push(b"content-type", b"text/plain");
        }
    }
    let body = if head { Vec::new() } else { reply.body.clone() };
    (headers, body)
}

/// A reply of the proxy's own.
pub(crate) fn reply(status: u32, body: &str, details: &str) -> LocalReply {
    LocalReply {
        status,
        body: body.as_bytes().to_vec(),
        details: details.to_owned(),
        ..LocalReply::default()
    }
}

/// The reason phrase Envoy writes.
pub(crate) fn status_text(status: u32) -> &'static str {
    u16::try_from(status)
        .ok()
        .and_then(|code| http::StatusCode::from_u16(code).ok())
        .and_then(|code| code.canonical_reason())
        .unwrap_or("Unknown")
}

fn add(headers: &mut Headers, more: &Headers) {
    for (name, value) in more.iter() {
        headers.add(name, value);
    }
}

fn grpc_status(status: u32) -> u32 {
    match status {
        200 => 0,
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => 14,
        _ => 2,
    }
}

fn percent_encode(text: &[u8]) -> Vec<u8> {
    text.iter().fold(Vec::new(), |mut out, byte| {
        match byte {
            b' '..=b'~' if *byte != b'%' => out.push(*byte),
            _ => out.extend(format!("%{byte:02X}").into_bytes()),
        }
        out
    })
}
