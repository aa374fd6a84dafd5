//! Writing messages.

use std::fmt::Write as _;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncWriteExt, WriteHalf};

use super::{
    super::{Driven, Gone, Io},
    is_upgrade,
};
use crate::vm::Headers;

/// Writes messages.
pub(crate) struct H1Sink {
    io: WriteHalf<Box<dyn Io>>,
    buffer: BytesMut,
    role: Role,
    chunked: bool,
    /// Whether trailers are written.
    trailers: bool,
    /// HTTP/1.0 peer: no chunks.
    pub(crate) old: bool,
    /// Body bytes still owed to the declared length.
    owed: Option<i64>,
    /// Method of the request a response answers.
    pub(crate) method: String,
    /// Set when a body did not have its declared length.
    pub(crate) mismatch: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Server,
    Client,
}

impl H1Sink {
    pub(crate) fn server(io: WriteHalf<Box<dyn Io>>, trailers: bool) -> H1Sink {
        H1Sink::new(io, Role::Server, trailers)
    }

    pub(crate) fn client(io: WriteHalf<Box<dyn Io>>) -> H1Sink {
        H1Sink::new(io, Role::Client, true)
    }

    fn new(io: WriteHalf<Box<dyn Io>>, role: Role, trailers: bool) -> H1Sink {
        H1Sink {
            io,
            buffer: BytesMut::new(),
            role,
            chunked: false,
            trailers,
            old: false,
            owed: None,
            method: String::new(),
            mismatch: None,
        }
    }

    /// Writes a head. Bytes of header values go out as they are.
    pub(crate) fn headers(&mut self, headers: &Headers, end: bool) {
        let mut line = String::new();
        let status: u16 = headers.text(b":status").parse().unwrap_or(0);
        match self.role {
            Role::Server => {
                let reason = http::StatusCode::from_u16(status)
                    .ok()
                    .and_then(|code| code.canonical_reason())
                    .unwrap_or("Unknown");
                // Writing to a string cannot fail.
                let _ = write!(line, "HTTP/1.1 {} {reason}\r\n", headers.text(b":status"));
            }
            Role::Client => {
                self.method = headers.text(b":method").to_owned();
                let target = if self.method == "CONNECT" {
                    headers.text(b":authority")
                } else {
                    headers.text(b":path")
                };
                let _ = write!(line, "{} {target} HTTP/1.1\r\n", self.method);
            }
        }
        self.buffer.extend_from_slice(line.as_bytes());
        if self.role == Role::Client {
            self.field(
                b"host",
                headers
                    .get(b":authority")
                    .map(Bytes::as_ref)
                    .unwrap_or_default(),
            );
        }
        for (name, value) in headers
            .iter()
            .filter(|(name, _)| !name.starts_with(b":") && *name != b"transfer-encoding")
        {
            self.field(name, value);
        }
        self.frame(headers, status, end);
        self.buffer.extend_from_slice(b"\r\n");
    }

    fn frame(&mut self, headers: &Headers, status: u16, end: bool) {
        self.chunked = false;
        self.mismatch = None;
        let tunnel = status == 101
            || self.method == "CONNECT"
            || (self.role == Role::Client && is_upgrade(headers));
        let declared = headers
            .get(b"content-length")
            .and_then(|value| std::str::from_utf8(value).ok())
            .and_then(|value| value.parse().ok());
        self.owed = declared.filter(|_| !end && self.method != "HEAD");
        let bodiless = match self.role {
            Role::Server => status < 200 || status == 204 || status == 304 || self.method == "HEAD",
            Role::Client => !matches!(self.method.as_str(), "POST" | "PUT" | "PATCH"),
        };
        if declared.is_some() || tunnel {
            return;
        }
        if end
            && self.method == "HEAD"
            && self.role == Role::Server
            && status >= 200
            && status != 204
            && status != 304
        {
            self.field(b"transfer-encoding", b"chunked");
        } else if end {
            if !bodiless {
                self.field(b"content-length", b"0");
            }
        } else if self.old {
            self.field(b"connection", b"close");
        } else {
            self.field(b"transfer-encoding", b"chunked");
            self.chunked = true;
        }
    }

    pub(crate) fn data(&mut self, data: &[u8], end: bool) {
        if let Some(owed) = &mut self.owed {
            *owed -= i64::try_from(data.len()).unwrap_or(i64::MAX);
        }
        if self.chunked && !data.is_empty() {
            self.buffer
                .extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
            self.buffer.extend_from_slice(data);
            self.buffer.extend_from_slice(b"\r\n");
        } else {
            self.buffer.extend_from_slice(data);
        }
        if end {
            self.finish(&Headers::default());
        }
    }

    pub(crate) fn trailers(&mut self, trailers: &Headers) {
        self.finish(trailers);
    }

    fn finish(&mut self, trailers: &Headers) {
        self.mismatch = self.owed.filter(|owed| *owed != 0);
        if !self.chunked {
            return;
        }
        self.buffer.extend_from_slice(b"0\r\n");
        if self.trailers {
            for (name, value) in trailers.iter() {
                self.field(name, value);
            }
        }
        self.buffer.extend_from_slice(b"\r\n");
    }

    fn field(&mut self, name: &[u8], value: &[u8]) {
        for part in [name, b": ", value, b"\r\n"] {
            self.buffer.extend_from_slice(part);
        }
    }

    /// Queues bytes as they are: an interim response.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    pub(crate) fn pending(&self) -> usize {
        self.buffer.len()
    }

    pub(crate) async fn drive(&mut self) -> Driven {
        if self.buffer.is_empty() {
            // Only reading tells whether the peer is still there.
            return std::future::pending().await;
        }
        while !self.buffer.is_empty() {
            match self.io.write_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => {
                    self.buffer.clear();
                    return Driven::Gone(Gone::Closed);
                }
                Ok(_) => {}
            }
        }
        match self.io.flush().await {
            Ok(()) => Driven::Flushed,
            Err(_) => Driven::Gone(Gone::Closed),
        }
    }

    /// Closes the writing half, after what is queued.
    /// Its errors mean that the peer is gone already.
    pub(crate) async fn shutdown(&mut self) {
        let _ = self.io.write_all_buf(&mut self.buffer).await;
        let _ = self.io.shutdown().await;
    }
}
