//! Sends one request exactly as told, and reports everything that came back.

mod h1;
mod h2;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::wire::{End, Fields, Framing, Received, Step};

/// Where a request goes.
#[derive(Clone)]
pub struct Target {
    /// The proxy.
    pub address: SocketAddr,
    /// TLS with these settings; see [`Authority::client_config`](super::Authority::client_config). The server is checked as `localhost`.
    pub tls: Option<Arc<rustls::ClientConfig>>,
}

/// The protocol of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2; without TLS, with prior knowledge.
    Http2,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// HTTP/1.1 or HTTP/2.
    pub protocol: Protocol,
    /// The method.
    pub method: String,
    /// Path and query, or host and port for `CONNECT`. Sent as it is.
    pub target: Vec<u8>,
    /// `host` or `:authority`.
    pub authority: String,
    /// Fields in order.
    pub headers: Fields,
    /// The body.
    pub body: Vec<Step>,
    /// How the end of an HTTP/1 body is marked.
    pub framing: Framing,
    /// Trailers.
    pub trailers: Fields,
    /// HTTP/1 only: these bytes take the place of everything above.
    pub raw: Option<Vec<u8>>,
    /// How long the whole exchange may take.
    pub patience: Duration,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code; zero when no response came.
    pub status: u16,
    /// Status codes of informational responses before it.
    pub interim: Vec<u16>,
    /// Fields in order.
    pub headers: Fields,
    /// The body, or what came of it.
    pub body: Vec<u8>,
    /// The trailers.
    pub trailers: Fields,
    /// How it ended.
    pub end: End,
    /// When each piece of the body came, since the request was begun, and its length.
    pub arrivals: Vec<(Duration, usize)>,
    /// HTTP/1 only: bytes after the end of the response, which a proxy must never send.
    pub excess: Vec<u8>,
}

impl Target {
    /// Plain text.
    pub fn plain(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }
}

impl Default for Request {
    fn default() -> Self {
        Self {
            protocol: Protocol::Http1,
            method: "GET".to_owned(),
            target: b"/".to_vec(),
            authority: "lab.test".to_owned(),
            headers: Fields::new(),
            body: Vec::new(),
            framing: Framing::Bare,
            trailers: Fields::new(),
            raw: None,
            patience: Duration::from_secs(20),
        }
    }
}

impl Request {
    /// A `GET` of `target` over HTTP/1.1.
    pub fn get(target: &str) -> Self {
        Self {
            target: target.as_bytes().to_vec(),
            ..Self::default()
        }
    }

    /// The same request with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers
            .push((name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        self
    }
}

impl Response {
    fn none(end: End) -> Self {
        Self {
            status: 0,
            interim: Vec::new(),
            headers: Fields::new(),
            body: Vec::new(),
            trailers: Fields::new(),
            end,
            arrivals: Vec::new(),
            excess: Vec::new(),
        }
    }

    /// The body, read as UTF-8 where it is.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        super::wire::field(&self.headers, name)
    }
}

/// Sends `request` on a connection of its own.
///
/// Never fails: what went wrong is in [`Response::end`], because for a test of a proxy that is a result.
pub async fn send(target: &Target, request: &Request) -> Response {
    send_between(target, request, &Received::default(), &Received::default()).await
}

/// As [`send`], for scripts whose sides wait for each other: `received` grows with the response body, and the request's
/// [`Step::Until`] waits for `upstream`, which the [`Upstream`](super::Upstream) feeds.
pub async fn send_between(
    target: &Target,
    request: &Request,
    received: &Received,
    upstream: &Received,
) -> Response {
    let begun = Instant::now();
    let exchange = async {
        let stream = match TcpStream::connect(target.address).await {
            Ok(stream) => stream,
            Err(error) => return Response::none(End::Reset(error.kind().to_string())),
        };
        let _ = stream.set_nodelay(true);
        match &target.tls {
            None => converse(stream, request, received, upstream).await,
            Some(config) => {
                // ALPN must name the protocol of this very request.
                let mut config = rustls::ClientConfig::clone(config);
                config.alpn_protocols = match request.protocol {
                    Protocol::Http1 => vec![b"http/1.1".to_vec()],
                    Protocol::Http2 => vec![b"h2".to_vec()],
                };
                let name =
                    rustls::pki_types::ServerName::from(std::net::IpAddr::from([127, 0, 0, 1]));
                match TlsConnector::from(Arc::new(config))
                    .connect(name, stream)
                    .await
                {
                    Ok(stream) => converse(stream, request, received, upstream).await,
                    Err(error) => Response::none(End::Malformed(format!("TLS: {error}"))),
                }
            }
        }
    };
    let mut response = match tokio::time::timeout(request.patience, exchange).await {
        Ok(response) => response,
        Err(_) => Response {
            body: received.bytes(),
            ..Response::none(End::TimedOut)
        },
    };
    response.arrivals = received
        .arrivals()
        .into_iter()
        .map(|(at, length)| (at.duration_since(begun), length))
        .collect();
    response
}

/// A connection that can be told to end with a TCP reset.
trait Connection: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    fn close_by_reset(&self);
}

impl Connection for TcpStream {
    fn close_by_reset(&self) {
        let _ = self.set_zero_linger();
    }
}

impl Connection for tokio_rustls::client::TlsStream<TcpStream> {
    fn close_by_reset(&self) {
        self.get_ref().0.close_by_reset();
    }
}

async fn converse<C: Connection>(
    connection: C,
    request: &Request,
    received: &Received,
    upstream: &Received,
) -> Response {
    match request.protocol {
        Protocol::Http1 => h1::exchange(connection, request, received, upstream).await,
        Protocol::Http2 => h2::exchange(connection, request, received, upstream).await,
    }
}
