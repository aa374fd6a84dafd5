//! Modules that trap, hang, refuse, or do what Envoy does not survive.

use super::*;

const TRAP: &str =
    r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) unreachable)"#;

/// Traps on the first request only: the counter lives in the VM, so a new VM traps once more.
const TRAP_ON_QUERY: &str = r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (if (i32.ge_u (local.get 1) (i32.const 8)) (then unreachable))
    (i32.const 0))"#;

#[tokio::test]
async fn a_trap_fails_the_request_and_closes_the_filter() {
    let (answer, proxy) = once(TRAP, HELLO, GET, |_| {}).await;
    assert!(
        answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"),
        "{answer}"
    );
    assert_eq!(access_line(&proxy).await, "503 wasm_fail_stream - -");
    assert!(talk(&proxy, GET).await.starts_with("HTTP/1.1 503 "));
    assert!(proxy.logs().iter().any(|line| {
        line.text
            .starts_with("Function: proxy_on_request_headers failed")
    }));
}

#[tokio::test]
async fn an_open_filter_is_bypassed_after_a_trap() {
    let module = module(TRAP);
    let filter = FilterConfig {
        failure_policy: FailurePolicy::FailOpen,
        ..FilterConfig::new(module.path(), "")
    };
    let proxy = Proxy::start(config(upstream(HELLO, false).await, Some(filter)))
        .await
        .unwrap();
    assert!(talk(&proxy, GET).await.starts_with("HTTP/1.1 503 "));
    assert!(talk(&proxy, GET).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_reloading_filter_comes_back_after_its_backoff() {
    let module = module(TRAP_ON_QUERY);
    let filter = FilterConfig {
        failure_policy: FailurePolicy::FailReload,
        reload_backoff_ms: 50,
        name: "f".into(),
        ..FilterConfig::new(module.path(), "")
    };
    let proxy = Proxy::start(config(upstream(HELLO, false).await, Some(filter)))
        .await
        .unwrap();
    let heavy = b"GET / HTTP/1.1\r\nhost: x\r\na: 1\r\nb: 1\r\nc: 1\r\nconnection: close\r\n\r\n";
    assert!(talk(&proxy, GET).await.starts_with("HTTP/1.1 200 "));
    assert!(talk(&proxy, heavy).await.starts_with("HTTP/1.1 503 "));
    while !talk(&proxy, GET).await.starts_with("HTTP/1.1 200 ") {}
    assert_eq!(proxy.stats().get("wasm.f.vm_reload_success"), 1);
}

#[tokio::test]
async fn an_endless_callback_is_stopped_and_reported() {
    let endless = r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (loop (br 0)) (i32.const 0))"#;
    let (answer, proxy) = once(endless, HELLO, GET, |config| {
        config.filter.as_mut().unwrap().callback_deadline_ms = 100;
    })
    .await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(
        proxy
            .diagnostics()
            .iter()
            .any(|finding| finding.contains("ran past its deadline")),
        "{:?}",
        proxy.diagnostics()
    );
}

#[tokio::test]
async fn a_module_that_outgrows_its_memory_is_reported_whether_it_copes_or_not() {
    for (name, after) in [
        ("copes", "drop"),
        ("does not", "i32.const -1 i32.eq (if (then unreachable))"),
    ] {
        let body = format!(
            r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                i32.const 15 memory.grow {after} i32.const 0)"#
        );
        let (answer, proxy) = once(&body, HELLO, GET, |config| {
            config.filter.as_mut().unwrap().memory = Some(ByteSize(1 << 20));
        })
        .await;
        let status = if name == "copes" { "200" } else { "503" };
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert_eq!(
            proxy.diagnostics(),
            [
                "proxy_on_request_headers: the module asked for 1088KiB of linear memory and may have 1MiB"
            ]
        );
    }
}

#[tokio::test]
async fn growth_within_the_limit_is_measured() {
    let grow = r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        i32.const 14 memory.grow drop i32.const 0)"#;
    let (_, proxy) = once(grow, HELLO, GET, |config| {
        config.filter.as_mut().unwrap().memory = Some(ByteSize(1 << 20));
    })
    .await;
    assert_eq!(proxy.diagnostics(), Vec::<String>::new());
    assert_eq!(proxy.stats().get("wasm.linear_memory_bytes"), 1 << 20);
}

#[tokio::test]
async fn a_module_that_starts_too_large_is_refused() {
    let module = module("");
    let filter = FilterConfig {
        memory: Some(ByteSize(64 << 10)),
        ..FilterConfig::new(module.path(), "")
    };
    let config = config(upstream(HELLO, false).await, Some(filter));
    let error = Proxy::start(config).await.err().unwrap().to_string();
    assert!(
        error.contains("asked for 128KiB of linear memory and may have 64KiB"),
        "{error}"
    );
}

#[tokio::test]
async fn a_response_that_is_never_resumed_is_reported() {
    let hold = r#"(func (export "proxy_on_response_body") (param i32 i32 i32) (result i32) (i32.const 1))"#;
    let (_, proxy) = once(hold, HELLO, GET, |_| {}).await;
    assert!(
        proxy
            .diagnostics()
            .iter()
            .any(|finding| finding.contains("never resumed it")),
        "{:?}",
        proxy.diagnostics()
    );
}

#[tokio::test]
async fn a_reply_while_logging_is_reported() {
    let late = r#"(func (export "proxy_on_log") (param i32)
        (drop (call $reply (i32.const 403) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const -1))))"#;
    let (answer, proxy) = once(late, HELLO, GET, |_| {}).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    access_line(&proxy).await;
    assert!(
        proxy
            .diagnostics()
            .iter()
            .any(|finding| finding.contains("Envoy crashes")),
        "{:?}",
        proxy.diagnostics()
    );
}

/// Accepts an empty configuration only.
const PICKY: &str =
    r#"(func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.eqz (local.get 1)))"#;

#[tokio::test]
async fn a_refused_update_leaves_the_old_configuration_serving() {
    let module = module(PICKY);
    let proxy = Proxy::start(config(
        upstream(HELLO, false).await,
        Some(FilterConfig::new(module.path(), "")),
    ))
    .await
    .unwrap();
    let refused = proxy
        .update_filter(FilterConfig::new(module.path(), "bad"))
        .await;
    assert!(refused.is_err());
    assert!(
        proxy
            .update_filter(FilterConfig::new("/nowhere/module.wasm", ""))
            .await
            .unwrap_err()
            .to_string()
            .contains("/nowhere/module.wasm")
    );
    assert!(talk(&proxy, GET).await.starts_with("HTTP/1.1 200 "));
    proxy
        .update_filter(FilterConfig::new(module.path(), ""))
        .await
        .unwrap();
    assert!(talk(&proxy, GET).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(
        (
            proxy.stats().get("filter.update_rejected"),
            proxy.stats().get("filter.update_success")
        ),
        (2, 1)
    );
}

#[tokio::test]
async fn a_proxy_does_not_start_with_a_refused_configuration() {
    let module = module(PICKY);
    assert!(
        Proxy::start(config(
            "127.0.0.1:1".parse().unwrap(),
            Some(FilterConfig::new(module.path(), "bad"))
        ))
        .await
        .is_err()
    );
}

#[tokio::test]
async fn an_import_the_host_lacks_is_refused_by_name() {
    let text =
        r#"(module (import "env" "proxy_launch" (func (param i32))) (memory (export "memory") 1))"#;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&wat::parse_str(text).unwrap()).unwrap();
    let Err(error) = Proxy::start(config(
        "127.0.0.1:1".parse().unwrap(),
        Some(FilterConfig::new(file.path(), "")),
    ))
    .await
    else {
        panic!("it started")
    };
    assert!(error.to_string().contains("proxy_launch"), "{error}");
}
