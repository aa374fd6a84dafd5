//! Reading messages.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, ReadHalf};

use super::{
    super::{Event, Gone, Io},
    is_upgrade,
};
use crate::vm::Headers;

/// Largest head accepted, as in Envoy (60 KiB of headers).
const MAX_HEAD: usize = 60 * 1024;
const MAX_HEADERS: usize = 100;
/// Read at once; a body chunk is at most this long.
const READ: usize = 16 * 1024;

/// Why a head could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeadError {
    /// Closed before the first byte.
    Closed,
    /// Closed within a head.
    Truncated,
    /// Not HTTP/1.
    Malformed,
    /// A header value holds a control character.
    InvalidCharacters,
    /// Too many bytes or too many headers.
    TooLarge,
}

/// Reads messages.
pub(crate) struct H1Source {
    io: ReadHalf<Box<dyn Io>>,
    buffer: BytesMut,
    framing: Framing,
    /// Whether trailers are handed on; they are read and dropped otherwise.
    trailers: bool,
    /// Whether the peer will send another message after this one.
    pub(crate) keep_alive: bool,
    closed: bool,
    /// Bytes were read since other tasks had a turn.
    read_ahead: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Framing {
    Ended,
    Length(u64),
    ChunkSize,
    Chunk(u64),
    ChunkEnd,
    Trailer,
    UntilClose,
}

impl H1Source {
    pub(crate) fn new(io: ReadHalf<Box<dyn Io>>, trailers: bool) -> H1Source {
        H1Source {
            io,
            buffer: BytesMut::new(),
            framing: Framing::Ended,
            trailers,
            keep_alive: true,
            closed: false,
            read_ahead: false,
        }
    }

    /// Reads the head of a request: headers with pseudo headers, whether the body is empty, and whether it is HTTP/1.0.
    pub(crate) async fn request_head(&mut self) -> Result<(Headers, bool, bool), HeadError> {
        loop {
            if let Some(parsed) = self.parse_request()? {
                return Ok(parsed);
            }
            self.more().await?;
        }
    }

    /// Reads the head of a response to a request of this method. Heads of 1xx but 101 are skipped, as Envoy's filters never see them.
    pub(crate) async fn response_head(
        &mut self,
        method: &str,
    ) -> Result<(Headers, bool), HeadError> {
        loop {
            match self.parse_response(method)? {
                Some((headers, _))
                    if headers.text(b":status").starts_with('1')
                        && headers.text(b":status") != "101" => {}
                Some(parsed) => return Ok(parsed),
                None => self.more().await?,
            }
        }
    }

    /// The next event of the body; after its end, [`Event::Gone`] when the peer closes.
    pub(crate) async fn event(&mut self) -> Event {
        loop {
            match self.decode() {
                Some(event) => return event,
                None if self.closed => return self.at_close(),
                None => {}
            }
            if self.framing == Framing::Ended && self.buffer.len() >= READ {
                // The next request is waiting; its connection can only be found closed later.
                return std::future::pending().await;
            }
            if self.read_ahead {
                // Envoy reads a socket once per turn of its loop: what a module posted over the last bytes happens before it sees more.
                tokio::task::yield_now().await;
                self.read_ahead = false;
            }
            match self.read().await {
                Ok(0) | Err(_) => self.closed = true,
                Ok(_) => self.read_ahead = true,
            }
        }
    }

    /// Reads and forgets until the peer closes.
    pub(crate) async fn discard(&mut self) {
        while !self.closed {
            self.buffer.clear();
            self.closed = !matches!(self.read().await, Ok(1..));
        }
    }

    /// Whether the connection is at the end of a message and silent.
    pub(crate) fn reusable(&self) -> bool {
        self.keep_alive && !self.closed && self.framing == Framing::Ended && self.buffer.is_empty()
    }

    /// Whether the body was read to its end.
    pub(crate) fn ended(&self) -> bool {
        self.framing == Framing::Ended
    }

    async fn read(&mut self) -> std::io::Result<usize> {
        self.buffer.reserve(READ);
        self.io.read_buf(&mut (&mut self.buffer).limit(READ)).await
    }

    async fn more(&mut self) -> Result<(), HeadError> {
        if self.buffer.len() > MAX_HEAD {
            return Err(HeadError::TooLarge);
        }
        match self.read().await {
            Ok(0) | Err(_) if self.buffer.is_empty() => Err(HeadError::Closed),
            Ok(0) | Err(_) => Err(HeadError::Truncated),
            Ok(_) => Ok(()),
        }
    }

    fn parse_request(&mut self) -> Result<Option<(Headers, bool, bool)>, HeadError> {
        let mut slots = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut slots);
        let length = match request.parse(&self.buffer).map_err(head_error)? {
            httparse::Status::Complete(length) => length,
            httparse::Status::Partial => return Ok(None),
        };
        let old = request.version == Some(0);
        let method = request.method.unwrap_or_default();
        let target = request.path.unwrap_or_default();
        let mut headers = Headers::default();
        if method != "CONNECT" && !target.starts_with(['/', '*']) && !target.contains("://") {
            return Err(HeadError::Malformed);
        }
        let (authority, path) = split_target(method, target);
        let host = request
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case("host"));
        match (authority, host) {
            (Some(authority), _) => headers.push(b":authority", authority.as_bytes()),
            (None, Some(host)) => headers.push(b":authority", host.value),
            (None, None) => {}
        }
        if let Some(path) = path {
            headers.push(b":path", path.as_bytes());
        }
        headers.push(b":method", method.as_bytes());
        for header in request
            .headers
            .iter()
            .filter(|header| !header.name.eq_ignore_ascii_case("host"))
        {
            headers.add(header.name.as_bytes(), header.value);
        }
        self.keep_alive = keep_alive(&headers, old);
        let connect = method == "CONNECT";
        let upgrade = is_upgrade(&headers);
        let framing = if connect || upgrade {
            Framing::UntilClose
        } else {
            framing(&headers)?.unwrap_or(Framing::Ended)
        };
        self.buffer.advance(length);
        self.framing = framing;
        Ok(Some((headers, self.framing == Framing::Ended, old)))
    }

    fn parse_response(&mut self, method: &str) -> Result<Option<(Headers, bool)>, HeadError> {
        let mut slots = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut slots);
        let length = match response.parse(&self.buffer).map_err(head_error)? {
            httparse::Status::Complete(length) => length,
            httparse::Status::Partial => return Ok(None),
        };
        let code = response.code.unwrap_or_default();
        let mut headers = Headers::default();
        headers.push(b":status", code.to_string().as_bytes());
        for header in response.headers.iter() {
            headers.add(header.name.as_bytes(), header.value);
        }
        self.keep_alive = keep_alive(&headers, response.version == Some(0));
        let framing = if code == 101 || (method == "CONNECT" && (200..300).contains(&code)) {
            Framing::UntilClose
        } else if method == "HEAD" || code < 200 || code == 204 || code == 304 {
            Framing::Ended
        } else {
            framing(&headers)?.unwrap_or(Framing::UntilClose)
        };
        if framing == Framing::UntilClose {
            self.keep_alive = false;
        }
        self.buffer.advance(length);
        self.framing = framing;
        Ok(Some((headers, self.framing == Framing::Ended)))
    }

    /// What the buffered bytes hold, if it is something.
    fn decode(&mut self) -> Option<Event> {
        loop {
            match self.framing {
                Framing::Ended => return None,
                Framing::Length(0) => {
                    self.framing = Framing::Ended;
                    return Some(Event::Data(Bytes::new(), true));
                }
                Framing::Length(left) => {
                    let data = self.take(left)?;
                    self.framing = Framing::Length(left - data.len() as u64);
                    return Some(Event::Data(data, false));
                }
                Framing::UntilClose => {
                    return self.take(u64::MAX).map(|data| Event::Data(data, false));
                }
                Framing::ChunkSize => {
                    let line = match self.line()? {
                        Ok(line) => line,
                        Err(gone) => return Some(gone),
                    };
                    let digits = line
                        .split(|b| *b == b';')
                        .next()
                        .unwrap_or_default()
                        .trim_ascii();
                    let size = std::str::from_utf8(digits)
                        .ok()
                        .filter(|d| !d.starts_with('+'))
                        .and_then(|digits| u64::from_str_radix(digits, 16).ok());
                    match size {
                        Some(0) => self.framing = Framing::Trailer,
                        Some(size) => self.framing = Framing::Chunk(size),
                        None => return Some(Event::Gone(Gone::Protocol)),
                    }
                }
                Framing::Chunk(left) => {
                    let data = self.take(left)?;
                    let left = left - data.len() as u64;
                    self.framing = if left == 0 {
                        Framing::ChunkEnd
                    } else {
                        Framing::Chunk(left)
                    };
                    return Some(Event::Data(data, false));
                }
                Framing::ChunkEnd => match self.line()? {
                    Ok(line) if line.is_empty() => self.framing = Framing::ChunkSize,
                    _ => return Some(Event::Gone(Gone::Protocol)),
                },
                Framing::Trailer => return self.trailer(),
            }
        }
    }

    fn trailer(&mut self) -> Option<Event> {
        let mut slots = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut trailers = Headers::default();
        match httparse::parse_headers(&self.buffer, &mut slots) {
            Ok(httparse::Status::Complete((length, parsed))) => {
                for header in parsed {
                    trailers.push(header.name.as_bytes(), header.value);
                }
                self.buffer.advance(length);
                self.framing = Framing::Ended;
                Some(if trailers.is_empty() || !self.trailers {
                    Event::Data(Bytes::new(), true)
                } else {
                    Event::Trailers(trailers)
                })
            }
            Ok(httparse::Status::Partial) if self.buffer.len() <= MAX_HEAD => None,
            _ => Some(Event::Gone(Gone::Protocol)),
        }
    }

    fn at_close(&mut self) -> Event {
        if self.framing == Framing::UntilClose {
            self.framing = Framing::Ended;
            self.keep_alive = false;
            return Event::Data(Bytes::new(), true);
        }
        Event::Gone(Gone::Closed)
    }

    fn take(&mut self, at_most: u64) -> Option<Bytes> {
        let length = usize::try_from(at_most)
            .unwrap_or(usize::MAX)
            .min(self.buffer.len());
        (length > 0).then(|| self.buffer.split_to(length).freeze())
    }

    fn line(&mut self) -> Option<Result<Bytes, Event>> {
        let Some(end) = self.buffer.iter().position(|b| *b == b'\n') else {
            return (self.buffer.len() > 1024).then_some(Err(Event::Gone(Gone::Protocol)));
        };
        let line = self.buffer.split_to(end + 1).freeze();
        Some(Ok(line.slice(
            ..line
                .strip_suffix(b"\r\n")
                .or_else(|| line.strip_suffix(b"\n"))
                .unwrap_or(&line)
                .len(),
        )))
    }
}

fn framing(headers: &Headers) -> Result<Option<Framing>, HeadError> {
    if headers.contains(b"transfer-encoding") {
        let chunked = headers
            .text(b"transfer-encoding")
            .trim()
            .eq_ignore_ascii_case("chunked");
        // Both lengths at once is how requests are smuggled.
        return if chunked && !headers.contains(b"content-length") {
            Ok(Some(Framing::ChunkSize))
        } else {
            Err(HeadError::Malformed)
        };
    }
    match headers.get(b"content-length") {
        None => Ok(None),
        Some(value) => {
            let digits = std::str::from_utf8(value)
                .ok()
                .filter(|v| !v.is_empty() && v.bytes().all(|b| b.is_ascii_digit()));
            let length = digits
                .and_then(|digits| digits.parse().ok())
                .ok_or(HeadError::Malformed)?;
            Ok(Some(if length == 0 {
                Framing::Ended
            } else {
                Framing::Length(length)
            }))
        }
    }
}

fn keep_alive(headers: &Headers, old: bool) -> bool {
    let connection = headers.text(b"connection").to_ascii_lowercase();
    if old {
        connection.contains("keep-alive")
    } else {
        !connection.contains("close")
    }
}

fn head_error(error: httparse::Error) -> HeadError {
    match error {
        httparse::Error::TooManyHeaders => HeadError::TooLarge,
        httparse::Error::HeaderValue => HeadError::InvalidCharacters,
        _ => HeadError::Malformed,
    }
}

/// Authority and path of a request target; absolute targets carry both.
fn split_target<'t>(method: &str, target: &'t str) -> (Option<&'t str>, Option<&'t str>) {
    if method == "CONNECT" {
        return (Some(target), None);
    }
    let Some((_, rest)) = target
        .split_once("://")
        .filter(|_| !target.starts_with('/'))
    else {
        return (None, Some(target));
    };
    match rest.find('/').map(|at| rest.split_at(at)) {
        Some((authority, path)) => (Some(authority), Some(path)),
        None => (Some(rest), Some("/")),
    }
}
