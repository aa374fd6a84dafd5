//! The proxy as a whole, with modules written as WebAssembly text.

use std::{io::Write as _, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

mod edge;
mod exchange;
mod failure;
mod lifecycle;

use super::*;
use crate::vm::{ByteSize, ConnectionFacts, Properties, StreamState};

/// An exchange of which nothing arrived.
pub(crate) fn stream_state() -> StreamState {
    let address: SocketAddr = "127.0.0.1:1".parse().unwrap();
    StreamState::new(Properties {
        connection: Arc::new(ConnectionFacts {
            id: 1,
            source: address,
            destination: address,
            tls_version: None,
            server_name: None,
            peer: None,
            local_uri: None,
        }),
        protocol: "HTTP/1.1",
        source: address,
        route: None,
        metadata: Vec::new(),
        plugin: Arc::default(),
        started: std::time::SystemTime::now(),
        started_at: std::time::Instant::now(),
        request_bytes: 0,
        response_bytes: 0,
        response_code: None,
        response_code_details: None,
        response_flags: 0,
        upstream: None,
        upstream_started: None,
        upstream_finished: None,
        duration: None,
    })
}

/// A module of this body, on disk.
fn module(body: &str) -> tempfile::NamedTempFile {
    let text = format!(
        r#"(module
          (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
          (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_remove_header_map_value" (func $remove (param i32 i32 i32) (result i32)))
          (import "env" "proxy_set_buffer_bytes" (func $set_buffer (param i32 i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_set_property" (func $set_property (param i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_send_local_response" (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_register_shared_queue" (func $register (param i32 i32 i32) (result i32)))
          (import "env" "proxy_enqueue_shared_queue" (func $enqueue (param i32 i32 i32) (result i32)))
          (import "env" "proxy_set_effective_context" (func $effective (param i32) (result i32)))
          (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
          (import "env" "proxy_set_tick_period_milliseconds" (func $tick (param i32) (result i32)))
          (import "env" "proxy_http_call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_get_property" (func $property (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 2)
          (global $heap (mut i32) (i32.const 65536))
          (func (export "proxy_abi_version_0_2_1"))
          (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
            (global.get $heap)
            (global.set $heap (i32.add (global.get $heap) (local.get $size))))
          {body})"#
    );
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&wat::parse_str(text).unwrap()).unwrap();
    file
}

/// An upstream that answers every request with these bytes, and closes after the first if it is told to.
async fn upstream(answer: &'static [u8], close: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                loop {
                    let mut seen = Vec::new();
                    while !seen.windows(4).any(|w| w == b"\r\n\r\n") {
                        if socket.read_buf(&mut seen).await.unwrap_or(0) == 0 {
                            return;
                        }
                    }
                    if socket.write_all(answer).await.is_err() || close {
                        return;
                    }
                }
            });
        }
    });
    address
}

fn config(upstream: SocketAddr, filter: Option<FilterConfig>) -> ProxyConfig {
    ProxyConfig {
        routes: vec![RouteConfig::all_to("app")],
        upstreams: vec![UpstreamConfig {
            name: "app".into(),
            address: upstream,
            http2: false,
        }],
        filter,
        stall_ms: 300,
        ..ProxyConfig::default()
    }
}

/// Sends bytes and reads until the proxy closes, or is silent for a while.
async fn talk(proxy: &Proxy, request: &[u8]) -> String {
    let mut socket = TcpStream::connect(proxy.addr()).await.unwrap();
    socket.write_all(request).await.unwrap();
    let mut seen = Vec::new();
    while let Ok(Ok(1..)) =
        tokio::time::timeout(Duration::from_secs(5), socket.read_buf(&mut seen)).await
    {
        if seen.ends_with(b"0\r\n\r\n") {
            break;
        }
    }
    String::from_utf8_lossy(&seen).into_owned()
}

const GET: &[u8] = b"GET /a?b=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
const HELLO: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

/// Starts a proxy in front of an upstream with this answer, runs one request, and gives what came back.
async fn once(
    body: &str,
    answer: &'static [u8],
    request: &[u8],
    change: impl FnOnce(&mut ProxyConfig),
) -> (String, Proxy) {
    let module = module(body);
    let mut config = config(
        upstream(answer, false).await,
        Some(FilterConfig::new(module.path(), "")),
    );
    config.access_logs = vec![
        "%RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS% %FILTER_STATE(wasm.key:PLAIN)%"
            .into(),
    ];
    change(&mut config);
    let proxy = Proxy::start(config).await.unwrap();
    let got = talk(&proxy, request).await;
    (got, proxy)
}

/// The access log once it has a line: it is written after the client has its answer.
async fn access_line(proxy: &Proxy) -> String {
    loop {
        if let Some(line) = proxy
            .logs()
            .into_iter()
            .rev()
            .find(|line| line.source == "access")
        {
            return line.text;
        }
        tokio::task::yield_now().await;
    }
}
