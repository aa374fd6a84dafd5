//! The proxy as a whole, with modules written as WebAssembly text.

use std::{io::Write as _, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::vm::{ConnectionFacts, Properties, StreamState};

/// An exchange of which nothing arrived.
pub(crate) fn stream_state() -> StreamState {
    let address: SocketAddr = "127.0.0.1:1".parse().unwrap();
    StreamState::new(Properties {
        connection: Arc::new(ConnectionFacts { id: 1, source: address, destination: address, tls_version: None, server_name: None, peer: None, local_uri: None }),
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

/// An upstream that answers every connection's first request with these bytes, and then closes or waits.
async fn upstream(answer: &'static [u8], close: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while !seen.windows(4).any(|w| w == b"\r\n\r\n") {
                    if socket.read_buf(&mut seen).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                socket.write_all(answer).await.unwrap();
                if !close {
                    let _ = socket.read_buf(&mut seen).await;
                }
            });
        }
    });
    address
}

fn config(upstream: SocketAddr, filter: Option<FilterConfig>) -> ProxyConfig {
    ProxyConfig {
        routes: vec![RouteConfig::all_to("app")],
        upstreams: vec![UpstreamConfig { name: "app".into(), address: upstream, http2: false }],
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
    while let Ok(Ok(1..)) = tokio::time::timeout(Duration::from_secs(5), socket.read_buf(&mut seen)).await {
        if seen.ends_with(b"0\r\n\r\n") {
            break;
        }
    }
    String::from_utf8_lossy(&seen).into_owned()
}

const GET: &[u8] = b"GET /a?b=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
const HELLO: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

#[tokio::test]
async fn without_a_filter_messages_pass() {
    let proxy = Proxy::start(config(upstream(HELLO, false).await, None)).await.unwrap();
    let answer = talk(&proxy, GET).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
    assert_eq!(proxy.stats().get("http.ingress_http.downstream_rq_2xx"), 1);
    proxy.stop().await;
}

#[tokio::test]
async fn a_module_changes_headers_and_bodies_and_publishes_filter_state() {
    let module = module(
        r#"(data (i32.const 0) "x-seencontent-lengthBYEkey/masked")
           (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
             (drop (call $add (i32.const 2) (i32.const 0) (i32.const 6) (i32.const 20) (i32.const 3)))
             (drop (call $remove (i32.const 2) (i32.const 6) (i32.const 14)))
             (drop (call $set_property (i32.const 23) (i32.const 3) (i32.const 26) (i32.const 7)))
             (i32.const 0))
           (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32)
             (if (local.get 1) (then (drop (call $set_buffer (i32.const 1) (i32.const 0) (i32.const 99) (i32.const 20) (i32.const 3)))))
             (i32.const 0))"#,
    );
    let mut config = config(upstream(HELLO, false).await, Some(FilterConfig::new(module.path(), "")));
    config.access_logs = vec!["%REQ(:PATH)% %FILTER_STATE(wasm.key:PLAIN)% %RESPONSE_CODE% %BYTES_SENT%".into()];
    let proxy = Proxy::start(config).await.unwrap();
    let answer = talk(&proxy, GET).await;
    assert!(answer.contains("x-seen: BYE\r\n"), "{answer}");
    assert!(answer.contains("transfer-encoding: chunked\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n3\r\nBYE\r\n0\r\n\r\n"), "{answer}");
    proxy.stop().await;
}
