//! Connections to upstreams.

use std::{cell::RefCell, collections::HashMap, future::Future, net::SocketAddr, pin::Pin, rc::Rc};

use bytes::Bytes;
use tokio::net::TcpStream;

use super::{
    codec::{
        Driven, Event, Gone, H1Sink, H1Source, H2Sink, H2Source, HeadError, Io, Sink, Source,
        from_http,
    },
    config::UpstreamConfig,
};
use crate::vm::Headers;

/// A worker's idle connections, by upstream.
#[derive(Default)]
pub(crate) struct Pool {
    idle: RefCell<HashMap<SocketAddr, Vec<(H1Source, H1Sink)>>>,
    shared: RefCell<HashMap<SocketAddr, h2::client::SendRequest<Bytes>>>,
}

/// Idle HTTP/1 connections kept per upstream.
const IDLE: usize = 64;

/// What an upstream has to say.
pub(crate) enum UpstreamEvent {
    /// Response headers; the flag says that nothing follows.
    Headers(Headers, bool),
    /// Body and end.
    Body(Event),
    /// What was queued is written.
    Flushed,
    /// No connection could be made.
    ConnectFailed,
}

/// A request on its way to an upstream.
pub(crate) struct Exchange {
    state: State,
    config: UpstreamConfig,
    pool: Rc<Pool>,
    /// Request messages that wait for the connection.
    early: Vec<Early>,
    headers: Headers,
    ends: bool,
    head_seen: bool,
}

enum Early {
    Data(Bytes, bool),
    Trailers(Headers),
}

type Connecting = Pin<Box<dyn Future<Output = Result<Open, ()>>>>;

enum State {
    Connecting(Connecting),
    Open(Open),
    Done,
}

enum Open {
    H1 {
        source: H1Source,
        sink: H1Sink,
    },
    H2 {
        connection: h2::client::SendRequest<Bytes>,
        response: Option<h2::client::ResponseFuture>,
        source: H2Source,
        sink: Option<H2Sink>,
    },
}

impl Exchange {
    /// Starts a request; the connection is made while [`Exchange::next`] is awaited.
    pub(crate) fn start(
        pool: Rc<Pool>,
        config: UpstreamConfig,
        headers: Headers,
        ends: bool,
    ) -> Exchange {
        let connecting: Connecting = Box::pin(pool.clone().connect(config.clone()));
        Exchange {
            state: State::Connecting(connecting),
            config,
            pool,
            early: Vec::new(),
            headers,
            ends,
            head_seen: false,
        }
    }

    pub(crate) fn data(&mut self, data: Bytes, end: bool) {
        self.ends |= end;
        match &mut self.state {
            State::Connecting(_) => self.early.push(Early::Data(data, end)),
            State::Open(Open::H1 { sink, .. }) => sink.data(&data, end),
            State::Open(Open::H2 {
                sink: Some(sink), ..
            }) => sink.data(data, end),
            _ => {}
        }
    }

    pub(crate) fn trailers(&mut self, trailers: Headers) {
        self.ends = true;
        match &mut self.state {
            State::Connecting(_) => self.early.push(Early::Trailers(trailers)),
            State::Open(Open::H1 { sink, .. }) => sink.trailers(&trailers),
            State::Open(Open::H2 {
                sink: Some(sink), ..
            }) => sink.trailers(&trailers),
            _ => {}
        }
    }

    /// Bytes queued towards the upstream.
    pub(crate) fn pending(&self) -> usize {
        match &self.state {
            State::Connecting(_) => self
                .early
                .iter()
                .map(|early| {
                    if let Early::Data(data, _) = early {
                        data.len()
                    } else {
                        0
                    }
                })
                .sum(),
            State::Open(Open::H1 { sink, .. }) => sink.pending(),
            State::Open(Open::H2 { sink, .. }) => sink.as_ref().map_or(0, H2Sink::pending),
            State::Done => 0,
        }
    }

    /// Bytes the peer left unread or got too many of, against the declared length of the request.
    pub(crate) fn mismatch(&self) -> Option<i64> {
        match &self.state {
            State::Open(Open::H1 { sink, .. }) => sink.mismatch,
            _ => None,
        }
    }

    /// The next thing that happens. With `read` false nothing of the response is read. May be dropped while waiting.
    pub(crate) async fn next(&mut self, read: bool) -> UpstreamEvent {
        if let State::Connecting(connecting) = &mut self.state {
            match connecting.await {
                Ok(open) => self.opened(open),
                Err(()) => {
                    self.state = State::Done;
                    return UpstreamEvent::ConnectFailed;
                }
            }
        }
        match &mut self.state {
            State::Open(Open::H1 { source, sink }) => {
                let seen = self.head_seen;
                let method = sink.method.clone();
                tokio::select! {
                    driven = sink.drive() => match driven {
                        Driven::Flushed => UpstreamEvent::Flushed,
                        // The upstream may have answered before it stopped reading.
                        Driven::Gone(_) => UpstreamEvent::Flushed,
                    },
                    event = receive_h1(source, &method, seen), if read || !seen => {
                        self.head_seen |= matches!(event, UpstreamEvent::Headers(..));
                        event
                    }
                }
            }
            State::Open(Open::H2 {
                response,
                source,
                sink,
                ..
            }) => {
                let waiting = response.is_some();
                tokio::select! {
                    driven = drive(sink) => match driven {
                        Driven::Flushed => UpstreamEvent::Flushed,
                        Driven::Gone(gone) => UpstreamEvent::Body(Event::Gone(gone)),
                    },
                    head = head(response), if waiting => match head {
                        Ok(message) => {
                            let (parts, body) = message.into_parts();
                            let mut headers = Headers::default();
                            headers.push(b":status", parts.status.as_str().as_bytes());
                            for (name, value) in from_http(&parts.headers).iter() {
                                headers.push(name, value);
                            }
                            let end = body.is_end_stream();
                            (*source, *response, self.head_seen) = (H2Source::new(body, end), None, true);
                            UpstreamEvent::Headers(headers, end)
                        }
                        Err(error) => UpstreamEvent::Body(Event::Gone(if error.is_io() || error.is_go_away() { Gone::Closed } else { Gone::Reset })),
                    },
                    event = source.event(), if !waiting && read => UpstreamEvent::Body(event),
                }
            }
            State::Connecting(_) | State::Done => std::future::pending().await,
        }
    }

    /// Ends the exchange: a connection that may carry another goes back to the pool, any other is closed or its stream reset.
    pub(crate) fn finish(mut self) {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Open(Open::H1 { source, sink })
                if self.ends && self.head_seen && source.reusable() && sink.pending() == 0 =>
            {
                let mut idle = self.pool.idle.borrow_mut();
                let connections = idle.entry(self.config.address).or_default();
                if connections.len() < IDLE {
                    connections.push((source, sink));
                }
            }
            State::Open(Open::H2 {
                source,
                sink: Some(mut sink),
                ..
            }) if !(self.ends && source.ended() && self.head_seen) => {
                sink.reset(h2::Reason::CANCEL);
            }
            _ => {}
        }
    }

    fn opened(&mut self, mut open: Open) {
        match &mut open {
            Open::H1 { sink, .. } => {
                let end = self.ends && self.early.is_empty();
                sink.headers(&self.headers, end);
            }
            Open::H2 {
                connection,
                response,
                sink,
                ..
            } => {
                let end = self.ends && self.early.is_empty();
                if let Ok((started, future)) = H2Sink::start(connection, &self.headers, end) {
                    (*sink, *response) = (Some(started), Some(future));
                }
            }
        }
        self.state = State::Open(open);
        for early in std::mem::take(&mut self.early) {
            match early {
                Early::Data(data, end) => self.data(data, end),
                Early::Trailers(trailers) => self.trailers(trailers),
            }
        }
    }
}

async fn receive_h1(source: &mut H1Source, method: &str, head_seen: bool) -> UpstreamEvent {
    if head_seen {
        return UpstreamEvent::Body(match source.event().await {
            // A body that breaks off is a broken message, not merely a closed connection.
            Event::Gone(Gone::Closed) => Event::Gone(Gone::Protocol),
            event => event,
        });
    }
    match source.response_head(method).await {
        Ok((headers, end)) => UpstreamEvent::Headers(headers, end),
        Err(HeadError::Malformed | HeadError::InvalidCharacters | HeadError::TooLarge) => {
            UpstreamEvent::Body(Event::Gone(Gone::Protocol))
        }
        Err(HeadError::Closed | HeadError::Truncated) => {
            UpstreamEvent::Body(Event::Gone(Gone::Closed))
        }
    }
}

async fn drive(sink: &mut Option<H2Sink>) -> Driven {
    match sink {
        Some(sink) => sink.drive().await,
        None => Driven::Gone(Gone::Protocol),
    }
}

async fn head(
    response: &mut Option<h2::client::ResponseFuture>,
) -> Result<http::Response<h2::RecvStream>, h2::Error> {
    match response {
        Some(response) => response.await,
        None => std::future::pending().await,
    }
}

impl Pool {
    async fn connect(self: Rc<Self>, config: UpstreamConfig) -> Result<Open, ()> {
        if config.http2 {
            return self.connect_h2(config.address).await;
        }
        let idle = || {
            self.idle
                .borrow_mut()
                .get_mut(&config.address)
                .and_then(Vec::pop)
        };
        while let Some((mut source, sink)) = idle() {
            // One that closed while it lay idle says so at once.
            let silent = tokio::select! {
                biased;
                _ = source.event() => false,
                () = std::future::ready(()) => true,
            };
            if silent && source.reusable() {
                return Ok(Open::H1 { source, sink });
            }
        }
        let socket = TcpStream::connect(config.address).await.map_err(|_| ())?;
        let _ = socket.set_nodelay(true);
        let (read, write) = tokio::io::split(Box::new(socket) as Box<dyn Io>);
        Ok(Open::H1 {
            source: H1Source::new(read, true),
            sink: H1Sink::client(write),
        })
    }

    async fn connect_h2(&self, address: SocketAddr) -> Result<Open, ()> {
        let known = self.shared.borrow().get(&address).cloned();
        if let Some(connection) = known
            && let Ok(connection) = connection.ready().await
        {
            return Ok(open_h2(connection));
        }
        let socket = TcpStream::connect(address).await.map_err(|_| ())?;
        let _ = socket.set_nodelay(true);
        let (connection, driver) = h2::client::Builder::new()
            .initial_window_size(1 << 20)
            .initial_connection_window_size(16 << 20)
            .enable_push(false)
            .handshake(socket)
            .await
            .map_err(|_| ())?;
        tokio::task::spawn_local(async move {
            // Its end is seen by the streams.
            let _ = driver.await;
        });
        let connection = connection.ready().await.map_err(|_| ())?;
        self.shared.borrow_mut().insert(address, connection.clone());
        Ok(open_h2(connection))
    }
}

fn open_h2(connection: h2::client::SendRequest<Bytes>) -> Open {
    Open::H2 {
        connection,
        response: None,
        source: H2Source::silent(),
        sink: None,
    }
}

/// Both halves of a downstream HTTP/1 connection.
pub(crate) fn downstream_h1(io: Box<dyn Io>, trailers: bool) -> (Source, Sink) {
    let (read, write) = tokio::io::split(io);
    (
        Source::H1(H1Source::new(read, trailers)),
        Sink::H1(H1Sink::server(write, trailers)),
    )
}
