//! Workers, updates, timers, calls of a module, and the end.

use tokio::sync::oneshot;

use super::*;

/// An upstream that answers one request after it was told to. The receiver learns that the request is there.
async fn gated_upstream() -> (SocketAddr, oneshot::Receiver<()>, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (arrived, arrival) = oneshot::channel();
    let (open, gate) = oneshot::channel::<()>();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"\r\n\r\n") {
            socket.read_buf(&mut seen).await.unwrap();
        }
        arrived.send(()).unwrap();
        gate.await.unwrap();
        socket.write_all(HELLO).await.unwrap();
        // Open until the proxy closes.
        while socket.read_buf(&mut seen).await.unwrap_or(0) > 0 {}
    });
    (address, arrival, open)
}

async fn said(proxy: &Proxy, text: &str) -> usize {
    proxy
        .logs()
        .iter()
        .filter(|line| line.source == "wasm" && line.text.contains(text))
        .count()
}

/// Waits until the module said something that often.
async fn until_said(proxy: &Proxy, text: &str, times: usize) {
    let waited = async {
        while said(proxy, text).await < times {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(10), waited)
        .await
        .is_err()
    {
        panic!("`{text}` was not said {times} times: {:?}", proxy.logs());
    }
}

/// Refuses the second request of its VM.
const ONE_EACH: &str = r#"(global $seen (mut i32) (i32.const 0))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (global.set $seen (i32.add (global.get $seen) (i32.const 1)))
      (if (i32.gt_u (global.get $seen) (i32.const 1)) (then
        (drop (call $reply (i32.const 403) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const -1)))
        (return (i32.const 1))))
      (i32.const 0))"#;

#[tokio::test]
async fn connections_are_dealt_out_to_workers_with_a_vm_each() {
    let module = module(ONE_EACH);
    let mut config = config(
        upstream(HELLO, false).await,
        Some(FilterConfig::new(module.path(), "")),
    );
    config.workers = 3;
    let proxy = Proxy::start(config).await.unwrap();
    for _ in 0..3 {
        let answer = talk(&proxy, GET).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    let answer = talk(&proxy, GET).await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert_eq!(
        proxy.stats().get("http.ingress_http.downstream_cx_total"),
        4
    );
}

/// Says when it is configured, and when its configuration is deleted.
const ROOTS: &str = r#"(data (i32.const 0) "configuredroot gone")
    (global $root (mut i32) (i32.const 0))
    (global $old (mut i32) (i32.const 0))
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      (global.set $old (global.get $root))
      (global.set $root (local.get 0))
      (drop (call $log (i32.const 2) (i32.const 0) (i32.const 10)))
      (i32.const 1))
    (func (export "proxy_on_delete") (param i32)
      (if (i32.eq (local.get 0) (global.get $old)) (then
        (drop (call $log (i32.const 2) (i32.const 10) (i32.const 9))))))"#;

#[tokio::test]
async fn no_request_is_lost_while_the_configuration_changes() {
    let module = module(ROOTS);
    let mut config = config(
        upstream(HELLO, false).await,
        Some(FilterConfig::new(module.path(), "")),
    );
    config.workers = 2;
    let proxy = Arc::new(Proxy::start(config).await.unwrap());
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let proxy = proxy.clone();
            tokio::spawn(async move {
                for _ in 0..50 {
                    let answer = talk(&proxy, GET).await;
                    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
                    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
                }
            })
        })
        .collect();
    for number in 0..20_u8 {
        proxy
            .update_filter(FilterConfig::new(module.path(), [number]))
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    for client in clients {
        client.await.unwrap();
    }
    let stats = proxy.stats();
    assert_eq!(stats.get("filter.update_success"), 20);
    assert_eq!(stats.get("http.ingress_http.downstream_rq_2xx"), 200);
    assert_eq!(proxy.diagnostics(), Vec::<String>::new());
}

#[tokio::test]
async fn a_configuration_ends_with_its_last_stream() {
    let (address, arrival, open) = gated_upstream().await;
    let module = module(ROOTS);
    let filter = || FilterConfig::new(module.path(), "");
    let proxy = Arc::new(Proxy::start(config(address, Some(filter()))).await.unwrap());
    let client = tokio::spawn({
        let proxy = proxy.clone();
        async move { talk(&proxy, GET).await }
    });
    arrival.await.unwrap();
    proxy.update_filter(filter()).await.unwrap();
    assert_eq!(said(&proxy, "root gone").await, 0);
    open.send(()).unwrap();
    assert!(client.await.unwrap().ends_with("\r\n\r\nhello"));
    until_said(&proxy, "root gone", 1).await;
}

#[tokio::test]
async fn a_stop_lets_open_exchanges_end_and_takes_no_new_ones() {
    let (address, arrival, open) = gated_upstream().await;
    let proxy = Proxy::start(config(address, None)).await.unwrap();
    let at = proxy.addr();
    let mut socket = TcpStream::connect(at).await.unwrap();
    socket
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    arrival.await.unwrap();
    let stopped = tokio::spawn(proxy.stop());
    while TcpStream::connect(at).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!stopped.is_finished());
    open.send(()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
    stopped.await.unwrap();
}

#[tokio::test]
async fn a_timer_runs_until_it_is_switched_off() {
    // The third tick switches it off.
    let body = r#"(data (i32.const 0) "tick")
        (global $ticks (mut i32) (i32.const 0))
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
          (drop (call $tick (i32.const 5)))
          (i32.const 1))
        (func (export "proxy_on_tick") (param i32)
          (drop (call $log (i32.const 2) (i32.const 0) (i32.const 4)))
          (global.set $ticks (i32.add (global.get $ticks) (i32.const 1)))
          (if (i32.ge_u (global.get $ticks) (i32.const 3)) (then (drop (call $tick (i32.const 0))))))"#;
    let (_, proxy) = once(body, HELLO, GET, |_| {}).await;
    until_said(&proxy, "tick", 3).await;
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(said(&proxy, "tick").await, 3);
}

/// Asks `app` before a request goes on. Its answer's body becomes the request's fate: five bytes let it pass, others refuse it.
fn asks_first(headers: &[(&str, &str)]) -> String {
    let mut pairs = u32::try_from(headers.len()).unwrap().to_le_bytes().to_vec();
    for (name, value) in headers {
        for part in [name, value] {
            pairs.extend(u32::try_from(part.len()).unwrap().to_le_bytes());
        }
    }
    for (name, value) in headers {
        for part in [name, value] {
            pairs.extend(part.as_bytes());
            pairs.push(0);
        }
    }
    let data: String = pairs.iter().map(|byte| format!("\\{byte:02x}")).collect();
    format!(
        r#"(data (i32.const 0) "app")
        (data (i32.const 100) "{data}")
        (global $stream (mut i32) (i32.const 0))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (global.set $stream (local.get 0))
          (drop (call $call (i32.const 0) (i32.const 3) (i32.const 100) (i32.const {length})
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 200) (i32.const 16)))
          (i32.const 1))
        (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
          (drop (call $effective (global.get $stream)))
          (if (i32.eq (local.get 3) (i32.const 5))
            (then (drop (call $continue (i32.const 0))))
            (else (drop (call $reply (i32.const 403) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const -1))))))"#,
        length = pairs.len()
    )
}

const ASK: &[(&str, &str)] = &[(":method", "GET"), (":path", "/"), (":authority", "app")];

#[tokio::test]
async fn a_module_makes_calls_of_its_own() {
    let (answer, proxy) = once(&asks_first(ASK), HELLO, GET, |_| {}).await;
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
    assert_eq!(proxy.diagnostics(), Vec::<String>::new());
}

#[tokio::test]
async fn a_call_without_an_answer_is_answered_after_its_timeout() {
    let (address, _arrival, _gate) = gated_upstream().await;
    let (answer, _proxy) = once(&asks_first(ASK), HELLO, GET, |config| {
        config.upstreams[0].address = address;
    })
    .await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

#[tokio::test]
async fn an_endless_configuration_is_stopped_and_refused() {
    let endless = module(
        r#"(func (export "proxy_on_configure") (param i32 i32) (result i32) (loop (br 0)) (i32.const 1))"#,
    );
    let filter = FilterConfig {
        callback_deadline_ms: 50,
        ..FilterConfig::new(endless.path(), "")
    };
    let Err(error) = Proxy::start(config("127.0.0.1:1".parse().unwrap(), Some(filter))).await
    else {
        panic!("it started")
    };
    assert!(
        error.to_string().contains("stopped at its deadline"),
        "{error}"
    );
}
