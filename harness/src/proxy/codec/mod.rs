//! HTTP/1 and HTTP/2 as one pair: a [`Source`] of events and a [`Sink`] of messages, on either side of the proxy.
//!
//! Why not hyper's client and server: on HTTP/1 they drop trailers that no `trailer` header announced, and hide where a body was cut, which is what
//! filters are tested for. HTTP/2 is hyper's own `h2`; HTTP/1 heads are parsed with hyper's `httparse`.

mod h1;
mod h2s;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::vm::Headers;

pub(crate) use h1::{H1Sink, H1Source, HeadError, is_upgrade};
pub(crate) use h2s::{H2Sink, H2Source, from_http};

/// A byte stream: a socket, with TLS or without.
pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + 'static {}
impl<T: AsyncRead + AsyncWrite + Unpin + 'static> Io for T {}

/// What a source yields after the head.
#[derive(Debug)]
pub(crate) enum Event {
    /// Body bytes; the flag says that nothing follows.
    Data(Bytes, bool),
    /// Trailers: nothing follows.
    Trailers(Headers),
    /// The peer broke off, or broke the protocol.
    Gone(Gone),
}

/// How a peer broke off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// The connection closed.
    Closed,
    /// The stream was reset.
    Reset,
    /// Bytes that are not HTTP.
    Protocol,
}

/// Where messages come from.
pub(crate) enum Source {
    H1(H1Source),
    H2(H2Source),
}

impl Source {
    /// The next event. May be dropped while waiting without losing anything. After the end it waits for the peer to break off.
    pub(crate) async fn event(&mut self) -> Event {
        match self {
            Source::H1(source) => source.event().await,
            Source::H2(source) => source.event().await,
        }
    }
}

/// Where messages go. Messages queue here; [`Sink::drive`] writes them.
pub(crate) enum Sink {
    H1(H1Sink),
    H2(H2Sink),
}

/// What a driven sink has to say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Driven {
    /// What was queued is written.
    Flushed,
    /// The peer broke off.
    Gone(Gone),
}

impl Sink {
    pub(crate) fn headers(&mut self, headers: &Headers, end: bool) {
        match self {
            Sink::H1(sink) => sink.headers(headers, end),
            Sink::H2(sink) => sink.headers(headers, end),
        }
    }

    pub(crate) fn data(&mut self, data: Bytes, end: bool) {
        match self {
            Sink::H1(sink) => sink.data(&data, end),
            Sink::H2(sink) => sink.data(data, end),
        }
    }

    pub(crate) fn trailers(&mut self, trailers: &Headers) {
        match self {
            Sink::H1(sink) => sink.trailers(trailers),
            Sink::H2(sink) => sink.trailers(trailers),
        }
    }

    /// Bytes queued and not yet written.
    pub(crate) fn pending(&self) -> usize {
        match self {
            Sink::H1(sink) => sink.pending(),
            Sink::H2(sink) => sink.pending(),
        }
    }

    /// Whether everything queued, the end included, is written.
    pub(crate) fn idle(&self) -> bool {
        match self {
            Sink::H1(sink) => sink.pending() == 0,
            Sink::H2(sink) => sink.idle(),
        }
    }

    /// Writes what is queued; with nothing queued, waits for the peer to break off where the protocol can tell.
    pub(crate) async fn drive(&mut self) -> Driven {
        match self {
            Sink::H1(sink) => sink.drive().await,
            Sink::H2(sink) => sink.drive().await,
        }
    }
}
