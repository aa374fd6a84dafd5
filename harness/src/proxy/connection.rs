//! Downstream connections: TLS or not, HTTP/1 or HTTP/2.

use std::{net::SocketAddr, rc::Rc, sync::Arc, time::Duration};

use anyhow::Context as _;
use tokio::{net::TcpStream, task::spawn_local};

use super::{
    access_log::flag,
    codec::{H2Sink, H2Source, HeadError, Io, Sink, Source, from_http},
    filter::reply,
    stream::{After, Head, serve as serve_stream},
    upstream::downstream_h1,
    worker::Worker,
};
use crate::vm::{ConnectionFacts, Headers};

/// How long the rest of a request is read after its connection was closed for writing.
const LINGER: Duration = Duration::from_secs(1);

/// Serves a connection until it closes.
pub(crate) async fn serve(
    worker: &Rc<Worker>,
    socket: std::net::TcpStream,
    id: u64,
) -> anyhow::Result<()> {
    socket.set_nonblocking(true)?;
    socket.set_nodelay(true)?;
    let socket = TcpStream::from_std(socket)?;
    let (source, destination) = (socket.peer_addr()?, socket.local_addr()?);
    match &worker.common.tls {
        Some(acceptor) => {
            let accepted = acceptor
                .accept(socket)
                .await
                .context("TLS handshake failed")?;
            let facts = accepted.facts(id, source, destination);
            let http2 = accepted.http2();
            let io: Box<dyn Io> = Box::new(accepted.into_stream());
            if http2 {
                serve_h2(worker, io, Arc::new(facts)).await
            } else {
                serve_h1(worker, io, Arc::new(facts)).await
            }
        }
        None => {
            let facts = Arc::new(plain_facts(id, source, destination));
            if speaks_h2(&socket).await? {
                serve_h2(worker, Box::new(socket), facts).await
            } else {
                serve_h1(worker, Box::new(socket), facts).await
            }
        }
    }
}

fn plain_facts(id: u64, source: SocketAddr, destination: SocketAddr) -> ConnectionFacts {
    ConnectionFacts {
        id,
        source,
        destination,
        tls_version: None,
        server_name: None,
        peer: None,
        local_uri: None,
    }
}

/// Whether the client opens with the HTTP/2 preface. No method of HTTP/1 begins like it.
async fn speaks_h2(socket: &TcpStream) -> std::io::Result<bool> {
    let mut start = [0; 4];
    loop {
        match socket.peek(&mut start).await? {
            4 => return Ok(start == *b"PRI "),
            seen if seen == 0 || start.first() != Some(&b'P') => return Ok(false),
            _ => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
}

async fn serve_h1(
    worker: &Rc<Worker>,
    io: Box<dyn Io>,
    facts: Arc<ConnectionFacts>,
) -> anyhow::Result<()> {
    let (mut source, mut sink) = downstream_h1(io, worker.config.listener.enable_trailers);
    while !worker.draining.get() {
        let head = {
            let Source::H1(source) = &mut source else {
                return Ok(());
            };
            let drained = worker.drain.notified();
            tokio::select! {
                head = source.request_head() => head,
                () = drained => break,
            }
        };
        let head = match head {
            Ok((headers, end, old)) => {
                if let Sink::H1(sink) = &mut sink {
                    sink.old = old;
                }
                Head {
                    headers,
                    end,
                    protocol: if old { "HTTP/1.0" } else { "HTTP/1.1" },
                    refusal: None,
                    flags: 0,
                }
            }
            Err(HeadError::Closed) => return Ok(()),
            Err(error) => refused(error),
        };
        match serve_stream(worker, &facts, head, &mut source, &mut sink).await {
            After::KeepOpen => {}
            After::Close => break,
            After::Abort => return abort(&mut sink).await,
        }
    }
    if let Sink::H1(sink) = &mut sink {
        sink.shutdown().await;
    }
    if let Source::H1(source) = &mut source {
        // Closing over unread bytes resets the connection, and a reset takes a response back that the client has not read yet.
        let _ = tokio::time::timeout(LINGER, source.discard()).await;
    }
    Ok(())
}

/// Sends what was sent before the cut, and closes.
async fn abort(sink: &mut Sink) -> anyhow::Result<()> {
    if let Sink::H1(sink) = sink {
        let _ = tokio::time::timeout(LINGER, sink.shutdown()).await;
    }
    Ok(())
}

/// A request whose head cannot be read still gets an answer and a log line.
fn refused(error: HeadError) -> Head {
    let (status, body, details, flags) = match error {
        HeadError::TooLarge => (431, "", "http1.headers_too_large", 0),
        HeadError::InvalidCharacters => (
            400,
            "Bad Request",
            "http1.invalid_characters",
            flag::DOWNSTREAM_PROTOCOL,
        ),
        HeadError::Malformed | HeadError::Truncated | HeadError::Closed => (
            400,
            "Bad Request",
            "http1.codec_error",
            flag::DOWNSTREAM_PROTOCOL,
        ),
    };
    Head {
        headers: Headers::default(),
        end: false,
        protocol: "HTTP/1.1",
        refusal: Some(reply(status, body, details)),
        flags,
    }
}

async fn serve_h2(
    worker: &Rc<Worker>,
    io: Box<dyn Io>,
    facts: Arc<ConnectionFacts>,
) -> anyhow::Result<()> {
    let mut builder = h2::server::Builder::new();
    builder
        .initial_window_size(worker.config.listener.http2_initial_stream_window_bytes)
        .initial_connection_window_size(24 << 20)
        .max_concurrent_streams(1024)
        .max_header_list_size(60 * 1024)
        .enable_connect_protocol();
    let mut connection = builder
        .handshake(io)
        .await
        .context("HTTP/2 handshake failed")?;
    let mut draining = worker.draining.get();
    loop {
        let drained = worker.drain.notified();
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            () = drained, if !draining => {
                draining = true;
                connection.graceful_shutdown();
                continue;
            }
        };
        let Some(accepted) = accepted else {
            return Ok(());
        };
        // The peer broke the connection: its streams notice by themselves.
        let Ok((request, respond)) = accepted else {
            return Ok(());
        };
        let (worker, facts) = (worker.clone(), facts.clone());
        spawn_local(async move {
            let (parts, body) = request.into_parts();
            let end = body.is_end_stream();
            let head = Head {
                headers: request_headers(&parts),
                end,
                protocol: "HTTP/2",
                refusal: None,
                flags: 0,
            };
            let mut source = Source::H2(H2Source::new(body, end));
            let mut sink = Sink::H2(H2Sink::response(respond));
            serve_stream(&worker, &facts, head, &mut source, &mut sink).await;
        });
    }
}

fn request_headers(parts: &http::request::Parts) -> Headers {
    let mut headers = Headers::default();
    let authority = parts
        .uri
        .authority()
        .map(|authority| authority.as_str().as_bytes())
        .or_else(|| parts.headers.get("host").map(|host| host.as_bytes()));
    if let Some(authority) = authority {
        headers.push(b":authority", authority);
    }
    let upgrade = parts.extensions.get::<h2::ext::Protocol>();
    let connect = parts.method == http::Method::CONNECT && upgrade.is_none();
    if let Some(path) = parts.uri.path_and_query().filter(|_| !connect) {
        headers.push(b":path", path.as_str().as_bytes());
    }
    let method = if upgrade.is_some() {
        "GET"
    } else {
        parts.method.as_str()
    };
    headers.push(b":method", method.as_bytes());
    if let Some(scheme) = parts.uri.scheme_str() {
        headers.push(b":scheme", scheme.as_bytes());
    }
    if let Some(protocol) = upgrade {
        // An extended CONNECT is the upgrade it stands for, so that filters and upstreams know one form only.
        headers.push(b"upgrade", protocol.as_str().as_bytes());
        headers.push(b"connection", b"upgrade");
    }
    let mut cookies: Vec<&[u8]> = Vec::new();
    let rest = from_http(&parts.headers);
    for (name, value) in rest.iter() {
        match name {
            b"cookie" => cookies.push(value),
            b"host" => {}
            _ => headers.push(name, value),
        }
    }
    if !cookies.is_empty() {
        // HTTP/2 splits cookies into crumbs; they are one header again from here on.
        headers.push(b"cookie", &cookies.join(&b"; "[..]));
    }
    headers
}
