//! Messages through a module.

use super::*;

#[tokio::test]
async fn without_a_filter_messages_pass() {
    let proxy = Proxy::start(config(upstream(HELLO, false).await, None))
        .await
        .unwrap();
    let answer = talk(&proxy, GET).await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n"),
        "{answer}"
    );
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
    assert_eq!(proxy.stats().get("http.ingress_http.downstream_rq_2xx"), 1);
    proxy.stop().await;
}

#[tokio::test]
async fn a_module_changes_headers_and_bodies_and_publishes_filter_state() {
    let body = r#"(data (i32.const 0) "x-seencontent-lengthBYEkey/masked")
        (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
          (drop (call $add (i32.const 2) (i32.const 0) (i32.const 6) (i32.const 20) (i32.const 3)))
          (drop (call $remove (i32.const 2) (i32.const 6) (i32.const 14)))
          (drop (call $set_property (i32.const 23) (i32.const 3) (i32.const 26) (i32.const 7)))
          (i32.const 0))
        (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32)
          (if (local.get 1) (then (drop (call $set_buffer (i32.const 1) (i32.const 0) (i32.const 99) (i32.const 20) (i32.const 3)))))
          (i32.const 0))"#;
    let (answer, proxy) = once(body, HELLO, GET, |_| {}).await;
    assert!(answer.contains("x-seen: BYE\r\n"), "{answer}");
    assert!(
        answer.contains("transfer-encoding: chunked\r\n"),
        "{answer}"
    );
    assert!(
        answer.ends_with("\r\n\r\n3\r\nBYE\r\n0\r\n\r\n"),
        "{answer}"
    );
    assert_eq!(access_line(&proxy).await, "200 via_upstream - /masked");
    assert_eq!(proxy.diagnostics(), Vec::<String>::new());
}

#[tokio::test]
async fn a_reply_of_the_module_keeps_the_upstream_out() {
    let body = r#"(data (i32.const 0) "no waydenied")
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (call $reply (i32.const 403) (i32.const 0) (i32.const 6) (i32.const 6) (i32.const 6) (i32.const 0) (i32.const 0) (i32.const -1)))"#;
    let (answer, proxy) = once(body, HELLO, GET, |_| {}).await;
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\ndenied"), "{answer}");
    assert_eq!(access_line(&proxy).await, "403 no_way - -");
}

#[tokio::test]
async fn a_grpc_request_is_refused_in_grpc() {
    let body = r#"(data (i32.const 0) "denied")
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (call $reply (i32.const 403) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 6) (i32.const 0) (i32.const 0) (i32.const -1)))"#;
    let request = b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-type: application/grpc\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let (answer, _proxy) = once(body, HELLO, request, |_| {}).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.contains("grpc-status: 7\r\ngrpc-message: denied\r\n"),
        "{answer}"
    );
}

/// Holds every response chunk and lets it go by a queue item in the next turn, as a filter that must see the end would.
const HOLD_AND_POST: &str = r#"(data (i32.const 0) "queue")
    (global $token (mut i32) (i32.const 0))
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      (drop (call $register (i32.const 0) (i32.const 5) (i32.const 16)))
      (global.set $token (i32.load (i32.const 16)))
      (i32.const 1))
    (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32)
      (i32.store (i32.const 20) (local.get 0))
      (drop (call $enqueue (global.get $token) (i32.const 20) (i32.const 4)))
      (i32.const 1))
    (func (export "proxy_on_queue_ready") (param i32 i32)
      (drop (call $effective (i32.load (i32.const 20))))
      (drop (call $continue (i32.const 1))))"#;

#[tokio::test]
async fn a_held_body_is_let_go_by_a_posted_resume() {
    let (answer, proxy) = once(HOLD_AND_POST, HELLO, GET, |_| {}).await;
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
    assert_eq!(proxy.diagnostics(), Vec::<String>::new());
}

/// An upstream that answers once a request has a body of this length.
async fn patient_upstream(body: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut seen = Vec::new();
        let head = loop {
            socket.read_buf(&mut seen).await.unwrap();
            if let Some(at) = seen.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
        };
        while seen.len() < head + body {
            socket.read_buf(&mut seen).await.unwrap();
        }
        socket.write_all(HELLO).await.unwrap();
        while socket.read_buf(&mut seen).await.unwrap_or(0) > 0 {}
    });
    address
}

#[tokio::test]
async fn a_body_let_go_chunk_by_chunk_never_meets_the_limit() {
    const LENGTH: usize = 1 << 20;
    let body = HOLD_AND_POST
        .replace("proxy_on_response_body", "proxy_on_request_body")
        .replace("$continue (i32.const 1)", "$continue (i32.const 0)");
    let upstream = patient_upstream(LENGTH).await;
    let mut request = format!(
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {LENGTH}\r\n\r\n"
    )
    .into_bytes();
    request.resize(request.len() + LENGTH, b'x');
    let (answer, proxy) = once(&body, HELLO, &request, |config| {
        config.upstreams[0].address = upstream;
        config.listener.per_connection_buffer_limit_bytes = 32 * 1024;
    })
    .await;
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
    assert_eq!(proxy.diagnostics(), Vec::<String>::new());
}

#[tokio::test]
async fn a_reply_outside_a_callback_of_the_stream_stops_no_other_callback() {
    // The request is refused from a queue; the callback for the refusal's own headers must still count.
    let body = HOLD_AND_POST
        .replace("proxy_on_response_body", "proxy_on_request_headers")
        .replace(
            "(drop (call $continue (i32.const 1)))",
            r#"(drop (call $reply (i32.const 403) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const -1)))"#,
        )
        + r#"(func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) (i32.const 0))"#;
    let (answer, proxy) = once(&body, HELLO, GET, |_| {}).await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert_eq!(proxy.diagnostics(), Vec::<String>::new());
}

#[tokio::test]
async fn a_head_that_cannot_be_read_is_refused_and_logged() {
    let nothing = "";
    for (request, line) in [
        (&b"NONSENSE\r\n\r\n"[..], "400 http1.codec_error DPE -"),
        (
            b"GET / HTTP/1.1\r\nhost: x\r\na: \x01\r\n\r\n",
            "400 http1.invalid_characters DPE -",
        ),
    ] {
        let (answer, proxy) = once(nothing, HELLO, request, |_| {}).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert_eq!(access_line(&proxy).await, line);
    }
}

/// An HTTP/2 upstream whose response has these chunks, the last with the end of the stream.
async fn http2_upstream(chunks: &'static [&'static [u8]]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(socket).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            tokio::spawn(async move {
                let mut body = respond
                    .send_response(http::Response::new(()), false)
                    .unwrap();
                for (at, chunk) in chunks.iter().enumerate() {
                    let last = at + 1 == chunks.len();
                    body.send_data((*chunk).into(), last).unwrap();
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn a_last_chunk_with_bytes_passes_after_a_resume() {
    // Holds the first chunk until the next turn and lets every other pass.
    let body = HOLD_AND_POST.replace(
        "(i32.store (i32.const 20)",
        "(if (i32.load (i32.const 20)) (then (return (i32.const 0)))) (i32.store (i32.const 20)",
    );
    let upstream = http2_upstream(&[b"abcde", b"fghij"]).await;
    let (answer, proxy) = once(&body, HELLO, GET, |config| {
        config.upstreams[0].address = upstream;
        config.upstreams[0].http2 = true;
    })
    .await;
    assert!(
        answer.ends_with("\r\n\r\n5\r\nabcde\r\n5\r\nfghij\r\n0\r\n\r\n"),
        "{answer}"
    );
    assert_eq!(proxy.diagnostics(), Vec::<String>::new());
}

#[tokio::test]
async fn trailers_end_a_held_body() {
    let chunked: &[u8] =
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-t: 1\r\n\r\n";
    let hold = r#"(func (export "proxy_on_response_body") (param i32 i32 i32) (result i32) (i32.const 1))"#;
    let (answer, _proxy) = once(hold, chunked, GET, |config| {
        config.listener.enable_trailers = true;
    })
    .await;
    assert!(
        answer.ends_with("\r\n\r\n5\r\nhello\r\n0\r\nx-t: 1\r\n\r\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_held_request_above_the_limit_is_refused() {
    let hold =
        r#"(func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (i32.const 1))"#;
    let request = b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\nconnection: close\r\n\r\n01234567890123456789012345678901234567890123456789";
    let (answer, proxy) = once(hold, HELLO, request, |config| {
        config.listener.per_connection_buffer_limit_bytes = 40;
    })
    .await;
    assert!(
        answer.starts_with("HTTP/1.1 413 Payload Too Large\r\n"),
        "{answer}"
    );
    assert_eq!(
        access_line(&proxy).await,
        "413 request_payload_too_large - -"
    );
}

#[tokio::test]
async fn a_held_response_above_the_limit_is_cut_off_or_replaced() {
    let hold = r#"(func (export "proxy_on_response_body") (param i32 i32 i32) (result i32) (i32.const 1))"#;
    let (answer, proxy) = once(hold, HELLO, GET, |config| {
        config.listener.per_connection_buffer_limit_bytes = 4;
    })
    .await;
    assert!(
        answer.ends_with("\r\n\r\n"),
        "headers went out, so nothing else can: {answer}"
    );
    assert_eq!(
        access_line(&proxy).await,
        "200 response_payload_too_large - -"
    );

    let hold_headers_too = format!(
        r#"{hold} (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) (i32.const 1))"#
    );
    let change = |config: &mut ProxyConfig| {
        config.listener.per_connection_buffer_limit_bytes = 4;
        config
            .filter
            .as_mut()
            .unwrap()
            .allow_on_headers_stop_iteration = true;
    };
    let (answer, _proxy) = once(&hold_headers_too, HELLO, GET, change).await;
    assert!(
        answer.starts_with("HTTP/1.1 500 Internal Server Error\r\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_body_that_outgrows_its_declared_length_is_a_finding() {
    let grow = r#"(data (i32.const 0) "more")
        (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32)
          (call $set_buffer (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4)))"#;
    let (answer, proxy) = once(grow, HELLO, GET, |_| {}).await;
    assert!(answer.ends_with("\r\n\r\nmorehellomore"), "{answer}");
    let findings = proxy.diagnostics();
    assert!(
        findings
            .iter()
            .any(|finding| finding.contains("8 bytes more than its content-length")),
        "{findings:?}"
    );
}

#[tokio::test]
async fn an_upstream_that_breaks_off_breaks_the_response_off() {
    let short: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello";
    let mut config = config(upstream(short, true).await, None);
    config.access_logs = vec!["%RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS%".into()];
    let proxy = Proxy::start(config).await.unwrap();
    assert!(talk(&proxy, GET).await.ends_with("\r\n\r\nhello"));
    assert_eq!(
        access_line(&proxy).await,
        "200 upstream_reset_after_response_started{protocol_error} UPE"
    );
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_a_503() {
    let nowhere = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let proxy = Proxy::start(config(nowhere, None)).await.unwrap();
    let answer = talk(&proxy, GET).await;
    assert!(
        answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_connection_carries_one_request_after_another() {
    let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
    let proxy = Proxy::start(config(upstream(answer, false).await, None))
        .await
        .unwrap();
    let two = b"GET /1 HTTP/1.1\r\nhost: x\r\n\r\nGET /2 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let seen = talk(&proxy, two).await;
    assert_eq!(seen.matches("HTTP/1.1 ").count(), 2, "{seen}");
}
