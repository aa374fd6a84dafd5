//! The story's callers: an ordinary HTTP/1.1 client, over TLS with or without a certificate, or plain.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::net::TcpStream;

/// Where to connect, and as whom.
#[derive(Clone)]
pub(super) struct Endpoint {
    address: SocketAddr,
    tls: Option<Arc<ClientConfig>>,
}

/// What is sent.
#[derive(Clone)]
pub(super) struct Request {
    method: &'static str,
    target: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

/// What came back, whole.
pub(super) struct Reply {
    pub(super) status: u16,
    headers: hyper::HeaderMap,
    pub(super) body: Bytes,
}

/// One connection, kept open between requests.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: tokio::task::JoinHandle<()>,
    address: SocketAddr,
}

/// Nothing in the story takes longer; what does has hung.
const PATIENCE: Duration = Duration::from_secs(20);

/// One request on a connection of its own.
pub(super) async fn send(endpoint: &Endpoint, request: &Request) -> anyhow::Result<Reply> {
    Connection::open(endpoint).await?.send(request).await
}

impl Endpoint {
    pub(super) fn plain(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }

    pub(super) fn tls(address: SocketAddr, config: Arc<ClientConfig>) -> Self {
        Self {
            address,
            tls: Some(config),
        }
    }
}

impl Request {
    pub(super) fn get(target: impl Into<String>) -> Self {
        Self {
            method: "GET",
            target: target.into(),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    pub(super) fn post(target: impl Into<String>, body: String) -> Self {
        Self {
            method: "POST",
            body,
            ..Self::get(target)
        }
    }

    /// The value may be a secret: it is sent and never shown.
    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

impl Reply {
    /// The body as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON, when it is.
    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The first value of a header, when it is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Connection {
    pub(super) async fn open(endpoint: &Endpoint) -> anyhow::Result<Self> {
        let address = endpoint.address;
        let opened = tokio::time::timeout(PATIENCE, Self::connect(endpoint)).await;
        opened.with_context(|| format!("{address} does not accept the connection"))?
    }

    async fn connect(endpoint: &Endpoint) -> anyhow::Result<Self> {
        let address = endpoint.address;
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        let (sender, driver) = match &endpoint.tls {
            None => {
                let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
                (sender, tokio::spawn(async { drop(connection.await) }))
            }
            Some(config) => {
                let name = ServerName::try_from("localhost")?;
                let stream = tokio_rustls::TlsConnector::from(Arc::clone(config))
                    .connect(name, stream)
                    .await;
                let stream = stream.with_context(|| format!("TLS handshake with {address}"))?;
                let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
                (sender, tokio::spawn(async { drop(connection.await) }))
            }
        };
        Ok(Self {
            sender,
            driver,
            address,
        })
    }

    /// Sends one request and reads the whole answer.
    pub(super) async fn send(&mut self, request: &Request) -> anyhow::Result<Reply> {
        let mut message = hyper::Request::builder()
            .method(request.method)
            .uri(&request.target)
            .header("host", "localhost");
        for (name, value) in &request.headers {
            message = message.header(*name, value);
        }
        let message = message.body(Full::new(Bytes::from(request.body.clone())))?;
        let exchange = async {
            self.sender.ready().await?;
            let (head, body) = self.sender.send_request(message).await?.into_parts();
            let body = body
                .collect()
                .await
                .context("the answer broke off")?
                .to_bytes();
            anyhow::Ok(Reply {
                status: head.status.as_u16(),
                headers: head.headers,
                body,
            })
        };
        let what = || {
            format!(
                "{} {} at {}",
                request.method,
                path(&request.target),
                self.address
            )
        };
        tokio::time::timeout(PATIENCE, exchange)
            .await
            .with_context(what)?
            .with_context(what)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// A target without its query, which may hold a secret.
fn path(target: &str) -> &str {
    target.split_once('?').map_or(target, |(path, _)| path)
}
