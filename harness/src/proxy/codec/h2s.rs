//! Streams of HTTP/2.

use std::collections::VecDeque;

use bytes::Bytes;
use h2::{Reason, RecvStream, SendStream, client, server};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Driven, Event, Gone, is_upgrade};
use crate::vm::Headers;

/// Receives the rest of a message whose head is known.
pub(crate) struct H2Source {
    stream: Option<RecvStream>,
    ended: bool,
    no_more_data: bool,
    /// Bytes were read since other tasks had a turn.
    read_ahead: bool,
}

impl H2Source {
    /// `ended`: the head ended the stream.
    pub(crate) fn new(stream: RecvStream, ended: bool) -> H2Source {
        H2Source {
            stream: Some(stream),
            ended,
            no_more_data: false,
            read_ahead: false,
        }
    }

    /// A source that never speaks.
    pub(crate) fn silent() -> H2Source {
        H2Source {
            stream: None,
            ended: true,
            no_more_data: true,
            read_ahead: false,
        }
    }

    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    pub(crate) async fn event(&mut self) -> Event {
        let Some(stream) = self.stream.as_mut().filter(|_| !self.ended) else {
            return std::future::pending().await;
        };
        if self.read_ahead {
            // As over HTTP/1: what a module posted over the last bytes happens before it sees more.
            tokio::task::yield_now().await;
            self.read_ahead = false;
        }
        if !self.no_more_data {
            match stream.data().await {
                Some(Ok(data)) => {
                    // The caller asks only for what it has room for, so what it got may be refilled.
                    let _ = stream.flow_control().release_capacity(data.len());
                    self.ended = stream.is_end_stream();
                    self.read_ahead = true;
                    return Event::Data(data, self.ended);
                }
                Some(Err(error)) => {
                    self.ended = true;
                    return Event::Gone(gone(&error));
                }
                None => self.no_more_data = true,
            }
        }
        let trailers = stream.trailers().await;
        self.ended = true;
        match trailers {
            Ok(Some(trailers)) => Event::Trailers(from_http(&trailers)),
            Ok(None) => Event::Data(Bytes::new(), true),
            Err(error) => Event::Gone(gone(&error)),
        }
    }
}

/// Sends a message.
pub(crate) struct H2Sink {
    head: Head,
    stream: Option<SendStream<Bytes>>,
    queue: VecDeque<Part>,
    queued: usize,
    failed: bool,
    ended: bool,
}

enum Head {
    Response(server::SendResponse<Bytes>),
    Sent,
}

enum Part {
    Data(Bytes, bool),
    Trailers(HeaderMap),
}

impl H2Sink {
    pub(crate) fn response(respond: server::SendResponse<Bytes>) -> H2Sink {
        H2Sink {
            head: Head::Response(respond),
            stream: None,
            queue: VecDeque::new(),
            queued: 0,
            failed: false,
            ended: false,
        }
    }

    pub(crate) fn request(stream: SendStream<Bytes>, ended: bool) -> H2Sink {
        H2Sink {
            head: Head::Sent,
            stream: Some(stream),
            queue: VecDeque::new(),
            queued: 0,
            failed: false,
            ended,
        }
    }

    pub(crate) fn headers(&mut self, headers: &Headers, end: bool) {
        let Head::Response(respond) = &mut self.head else {
            return;
        };
        let switched = headers.text(b":status") == "101";
        let response = to_response(headers).map(|mut response| {
            if switched {
                // HTTP/2 accepts an upgrade with an ordinary success.
                *response.status_mut() = http::StatusCode::OK;
            }
            response
        });
        match response.map(|response| respond.send_response(response, end)) {
            Some(Ok(stream)) => self.stream = Some(stream),
            _ => {
                respond.send_reset(Reason::INTERNAL_ERROR);
                self.failed = true;
            }
        }
        self.head = Head::Sent;
        self.ended = end;
    }

    pub(crate) fn data(&mut self, data: Bytes, end: bool) {
        self.queued += data.len();
        self.queue.push_back(Part::Data(data, end));
        self.ended |= end;
    }

    pub(crate) fn trailers(&mut self, trailers: &Headers) {
        self.queue
            .push_back(Part::Trailers(to_http(trailers).unwrap_or_default()));
        self.ended = true;
    }

    pub(crate) fn pending(&self) -> usize {
        self.queued
    }

    pub(crate) fn idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// Resets the stream.
    pub(crate) fn reset(&mut self, reason: Reason) {
        self.queue.clear();
        self.queued = 0;
        match (&mut self.stream, &mut self.head) {
            (Some(stream), _) => stream.send_reset(reason),
            (None, Head::Response(respond)) => respond.send_reset(reason),
            (None, Head::Sent) => {}
        }
    }

    pub(crate) async fn drive(&mut self) -> Driven {
        if self.failed {
            self.failed = false;
            return Driven::Gone(Gone::Protocol);
        }
        let waited = self.queue.is_empty();
        if let Err(gone) = self.send_queue().await {
            self.queue.clear();
            self.queued = 0;
            return Driven::Gone(gone);
        }
        if !waited {
            return Driven::Flushed;
        }
        if self.ended {
            return std::future::pending().await;
        }
        let reset = match (&mut self.stream, &mut self.head) {
            (Some(stream), _) => std::future::poll_fn(|cx| stream.poll_reset(cx)).await,
            (None, Head::Response(respond)) => {
                std::future::poll_fn(|cx| respond.poll_reset(cx)).await
            }
            (None, Head::Sent) => return std::future::pending().await,
        };
        Driven::Gone(if reset.is_ok() {
            Gone::Reset
        } else {
            Gone::Closed
        })
    }

    /// A part leaves the queue only when it was sent, so that this may be dropped while it waits for the window.
    async fn send_queue(&mut self) -> Result<(), Gone> {
        let Some(stream) = &mut self.stream else {
            return if self.queue.is_empty() {
                Ok(())
            } else {
                Err(Gone::Reset)
            };
        };
        while let Some(part) = self.queue.front_mut() {
            match part {
                Part::Trailers(trailers) => stream
                    .send_trailers(std::mem::take(trailers))
                    .map_err(|error| gone(&error))?,
                Part::Data(data, end) if data.is_empty() => stream
                    .send_data(Bytes::new(), *end)
                    .map_err(|error| gone(&error))?,
                Part::Data(data, end) => {
                    stream.reserve_capacity(data.len());
                    let room = match std::future::poll_fn(|cx| stream.poll_capacity(cx)).await {
                        Some(Ok(room)) => room,
                        Some(Err(error)) => return Err(gone(&error)),
                        None => return Err(Gone::Reset),
                    };
                    let now = data.split_to(room.min(data.len()));
                    self.queued -= now.len();
                    let last = data.is_empty();
                    stream
                        .send_data(now, *end && last)
                        .map_err(|error| gone(&error))?;
                    if !last {
                        continue;
                    }
                }
            }
            self.queue.pop_front();
        }
        Ok(())
    }
}

fn gone(error: &h2::Error) -> Gone {
    if error.is_io() || error.is_go_away() {
        Gone::Closed
    } else if error.is_remote() {
        Gone::Reset
    } else {
        Gone::Protocol
    }
}

/// Ordinary headers of `http`'s map, in order.
pub(crate) fn from_http(map: &HeaderMap) -> Headers {
    let mut headers = Headers::default();
    for (name, value) in map {
        headers.add(name.as_str().as_bytes(), value.as_bytes());
    }
    headers
}

fn to_http(headers: &Headers) -> Option<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in headers.iter().filter(|(name, _)| !name.starts_with(b":")) {
        if matches!(
            name,
            b"connection"
                | b"keep-alive"
                | b"proxy-connection"
                | b"transfer-encoding"
                | b"upgrade"
                | b"host"
        ) {
            continue;
        }
        map.append(
            HeaderName::from_bytes(name).ok()?,
            HeaderValue::from_bytes(value).ok()?,
        );
    }
    Some(map)
}

/// A response head, or `None` when the headers are not HTTP.
pub(crate) fn to_response(headers: &Headers) -> Option<http::Response<()>> {
    let mut response = http::Response::builder()
        .status(headers.text(b":status"))
        .body(())
        .ok()?;
    *response.headers_mut() = to_http(headers)?;
    Some(response)
}

/// A request head, or `None` when the headers are not HTTP.
pub(crate) fn to_request(headers: &Headers) -> Option<http::Request<()>> {
    let method = headers.text(b":method");
    let authority = headers.text(b":authority");
    let upgrade = is_upgrade(headers).then(|| headers.text(b"upgrade"));
    let uri = match method {
        "CONNECT" => authority.to_owned(),
        _ => {
            let scheme = if headers.text(b":scheme").is_empty() {
                "http"
            } else {
                headers.text(b":scheme")
            };
            format!("{scheme}://{authority}{}", headers.text(b":path"))
        }
    };
    let method = if upgrade.is_some() { "CONNECT" } else { method };
    let mut request = http::Request::builder()
        .method(method)
        .uri(uri)
        .version(http::Version::HTTP_2)
        .body(())
        .ok()?;
    if let Some(protocol) = upgrade {
        request
            .extensions_mut()
            .insert(h2::ext::Protocol::from(protocol));
    }
    *request.headers_mut() = to_http(headers)?;
    Some(request)
}

impl H2Sink {
    /// Starts a request on an HTTP/2 connection.
    pub(crate) fn start(
        connection: &mut client::SendRequest<Bytes>,
        headers: &Headers,
        end: bool,
    ) -> Result<(H2Sink, client::ResponseFuture), Gone> {
        let request = to_request(headers).ok_or(Gone::Protocol)?;
        let (response, stream) = connection
            .send_request(request, end)
            .map_err(|error| gone(&error))?;
        Ok((H2Sink::request(stream, end), response))
    }
}
