//! Exchanges in which one side, or the host, does what it should not.

use super::*;

const UPGRADE: [(&str, &str); 2] = [("connection", "Upgrade"), ("upgrade", "websocket")];

#[test]
fn an_upstream_that_ignores_an_upgrade_is_inspected() {
    let open = json!({ "redaction": { "upgrades": "pass" } });
    let (mut exchange, step) = begin(&open, get("/", &UPGRADE));
    assert_eq!(step, Step::Forward);
    let (_, out) = respond(&mut exchange, &[(":status", "200")], &[token().as_bytes()]);
    assert_eq!(out.unwrap(), b"[REDACTED:github-pat]");
}

#[test]
fn an_upgrade_that_nobody_asked_for_is_inspected() {
    let (mut exchange, _) = begin(&json!({}), get("/", &[]));
    let (_, out) = respond(&mut exchange, &[(":status", "101")], &[token().as_bytes()]);
    assert_eq!(out.unwrap(), b"[REDACTED:github-pat]");
}

#[test]
fn a_tunnel_begins_with_any_success_and_only_with_one() {
    let open = json!({ "redaction": { "upgrades": "pass" } });
    for (status, inspected) in [
        ("200", false),
        ("204", false),
        ("101", false),
        ("403", true),
    ] {
        let mut headers = get("/", &[]);
        headers[0].1 = b"CONNECT".to_vec();
        let (mut exchange, _) = begin(&open, headers);
        exchange.response_headers(list(&[(":status", status)]), false);
        assert_eq!(
            exchange.inspects(Direction::Response),
            inspected,
            "{status}"
        );
    }
}

#[test]
fn interim_headers_leave_no_stream_behind() {
    let open = json!({ "redaction": { "encoded": "pass" } });
    let (mut exchange, _) = begin(&open, get("/", &[]));
    exchange.response_headers(list(&[(":status", "103")]), false);
    exchange.response_headers(
        list(&[(":status", "200"), ("content-encoding", "gzip")]),
        false,
    );
    assert!(!exchange.inspects(Direction::Response));
    let mut out = Vec::new();
    exchange
        .body(Direction::Response, &[0x1f, 0x8b], true, &mut out)
        .unwrap();
    assert_eq!(out, [0x1f, 0x8b]);
}

#[test]
fn shadow_records_what_would_have_been_withheld() {
    let shadow = json!({ "mode": "shadow" });
    let (mut exchange, _) = begin(&shadow, get("/", &[]));
    let headers = [(":status", "200"), ("content-encoding", "compress")];
    let (step, out) = respond(&mut exchange, &headers, &[b"\x1f\x8b"]);
    assert_eq!((step, out.unwrap()), (Step::Forward, b"\x1f\x8b".to_vec()));
    let encoded = audit(exchange);
    assert_eq!(
        encoded["skipped"],
        json!([{ "direction": "response", "reason": "encoded" }])
    );
    assert_eq!(encoded["response"]["withheld"], "encoded");
    assert_eq!(encoded["enforced"], false);

    let (exchange, step) = begin(&shadow, get("/", &UPGRADE));
    assert_eq!(step, Step::Forward);
    assert_eq!(audit(exchange)["response"]["withheld"], "upgrade");
}

#[test]
fn a_kind_to_block_that_no_rule_has_is_refused() {
    let error = |block| {
        let config = json!({ "redaction": { "block": block } }).to_string();
        Engine::configure(config.as_bytes())
            .err()
            .map(|error| error.to_string())
    };
    assert_eq!(error(json!(["github-pat", "private-key"])), None);
    let message = error(json!(["github-pat", "privat-key"])).unwrap();
    assert!(
        message.contains("`redaction.block[1]`") && message.contains("`privat-key`"),
        "{message}"
    );
}

#[test]
fn a_body_that_was_withheld_stays_withheld() {
    let block = json!({ "redaction": { "block": ["github-pat"] } });
    let (mut exchange, _) = begin(&block, get("/", &[]));
    exchange.response_headers(list(&[(":status", "200")]), false);
    let mut out = Vec::new();
    for chunk in [token().as_bytes(), b" more", b""] {
        let end = chunk.is_empty();
        let withheld = exchange.body(Direction::Response, chunk, end, &mut out);
        if end {
            assert_eq!(withheld.unwrap_err().reason, "blocked");
        }
    }
    assert!(out.is_empty());
}
