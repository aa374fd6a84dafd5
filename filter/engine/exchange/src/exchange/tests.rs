use std::rc::Rc;

use serde_json::{Value, json};

use super::*;
use crate::metrics::Count;
use crate::step::Reply;

#[cfg(not(feature = "policy"))]
mod absent;
mod allowed;
mod coded;
mod hostile;
mod known;
#[cfg(feature = "policy")]
mod policies;
#[cfg(feature = "policy")]
mod shadow;

/// Made here; never a live one.
fn token() -> String {
    format!("ghp_{}", "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC2")
}

fn engine(config: &Value) -> Rc<Engine> {
    Rc::new(Engine::configure(config.to_string().as_bytes()).unwrap())
}

/// Engines are dear to build; one of each configuration serves all cases.
fn shared(config: &Value) -> Rc<Engine> {
    thread_local!(static BUILT: std::cell::RefCell<Vec<(Value, Rc<Engine>)>> = const { std::cell::RefCell::new(Vec::new()) });
    BUILT.with_borrow_mut(|built| {
        if let Some((_, engine)) = built.iter().find(|(key, _)| key == config) {
            return engine.clone();
        }
        let fresh = engine(config);
        built.push((config.clone(), fresh.clone()));
        fresh
    })
}

fn list(pairs: &[(&str, &str)]) -> Headers {
    pairs
        .iter()
        .map(|(k, v)| (k.as_bytes().to_vec(), v.as_bytes().to_vec()))
        .collect()
}

fn get(path: &str, more: &[(&str, &str)]) -> Headers {
    let mut headers = list(&[
        (":method", "GET"),
        (":authority", "api.example"),
        (":path", path),
        (":scheme", "https"),
    ]);
    headers.extend(list(more));
    headers
}

fn begin(config: &Value, headers: Headers) -> (Exchange, Step) {
    Exchange::request_headers(engine(config), headers, facts(), true, 7)
}

fn facts() -> Facts {
    Facts {
        now_ms: 1_763_596_800_000,
        ..Facts::default()
    }
}

fn respond(
    exchange: &mut Exchange,
    headers: &[(&str, &str)],
    chunks: &[&[u8]],
) -> (Step, Result<Vec<u8>, Withheld>) {
    let step = exchange.response_headers(list(headers), chunks.is_empty());
    let mut out = Vec::new();
    for (index, chunk) in chunks.iter().enumerate() {
        let end = index + 1 == chunks.len();
        if let Err(withheld) = exchange.body(Direction::Response, chunk, end, &mut out) {
            return (step, Err(withheld));
        }
    }
    (step, Ok(out))
}

fn names(step: &Step) -> Vec<String> {
    match step {
        Step::Replace(headers) => headers
            .iter()
            .map(|(name, _)| String::from_utf8_lossy(name).into_owned())
            .collect(),
        other => panic!("expected new headers, got {other:?}"),
    }
}

fn audit(exchange: Exchange) -> Value {
    let record = exchange.finish(&Ended {
        status: Some(200),
        now_ms: 1_763_596_800_000,
    });
    serde_json::from_str(&record.log_line.expect("an audit record")).unwrap()
}

#[test]
fn a_token_in_a_response_is_masked_and_the_old_length_goes() {
    let (mut exchange, _) = begin(&json!({}), get("/", &[]));
    let body = format!(r#"{{"token":"{}"}}"#, token());
    let headers = [
        (":status", "200"),
        ("content-length", "50"),
        ("etag", "\"x\""),
        ("content-type", "application/json"),
    ];
    let (step, out) = respond(&mut exchange, &headers, &[body.as_bytes()]);
    assert_eq!(names(&step), [":status", "content-type"]);
    assert_eq!(out.unwrap(), br#"{"token":"[REDACTED:github-pat]"}"#);
    let audit = audit(exchange);
    assert_eq!(audit["redactions"][0]["kind"], "github-pat");
    assert_eq!(audit["redactions"][0]["count"], 1);
    assert!(!audit.to_string().contains(&token()));
}

#[test]
fn every_cut_gives_the_same_body() {
    let body = format!(r#"{{"a":1,"token":"{}","b":"{}"}}"#, token(), token());
    let whole = {
        let (mut exchange, _) = begin(&json!({}), get("/", &[]));
        respond(&mut exchange, &[(":status", "200")], &[body.as_bytes()])
            .1
            .unwrap()
    };
    for cut in 0..=body.len() {
        let (head, tail) = body.as_bytes().split_at(cut);
        let (mut exchange, _) = begin(&json!({}), get("/", &[]));
        let (_, out) = respond(&mut exchange, &[(":status", "200")], &[head, tail, b""]);
        assert_eq!(out.unwrap(), whole, "cut at {cut}");
        assert_eq!(exchange.held(Direction::Response), 0);
    }
}

#[test]
fn a_form_is_read_part_by_part() {
    let config = json!({ "redaction": { "request": { "body": true } } });
    let headers = list(&[
        (":method", "POST"),
        (":path", "/upload"),
        ("content-type", "multipart/form-data; boundary=b"),
    ]);
    let (mut exchange, _) = Exchange::request_headers(engine(&config), headers, facts(), false, 7);
    let body = "--b\r\ncontent-disposition: form-data; name=password\r\n\r\nhunter2\r\n--b\r\ncontent-disposition: form-data; name=note\r\n\r\nhunter2\r\n--b--\r\n";
    let mut out = Vec::new();
    exchange
        .body(Direction::Request, body.as_bytes(), true, &mut out)
        .unwrap();
    let expected = body.replacen("hunter2", "[REDACTED:password-field]", 1);
    assert_eq!(String::from_utf8(out).unwrap(), expected);
    assert_eq!(audit(exchange)["redactions"][0]["kind"], "password-field");
}

#[test]
fn the_header_of_a_json_web_token_is_shown_if_the_operator_says_so() {
    let header = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
    let body = format!(
        "token: {header}.eyJ{}.{}",
        "a1B2".repeat(8),
        "c3D4".repeat(10)
    );
    for (jwt, expected) in [
        ("mask", "token: [REDACTED:jwt]".to_owned()),
        ("keep-header", format!("token: {header}.[REDACTED:jwt]")),
    ] {
        let config = json!({ "redaction": { "mask": { "jwt": jwt } } });
        let (mut exchange, _) = begin(&config, get("/", &[]));
        let (_, out) = respond(&mut exchange, &[(":status", "200")], &[body.as_bytes()]);
        assert_eq!(String::from_utf8(out.unwrap()).unwrap(), expected);
    }
}

#[test]
fn a_head_response_keeps_its_length_and_validators() {
    let (mut exchange, _) = begin(&json!({}), get("/", &[]));
    let (step, _) = respond(
        &mut exchange,
        &[
            (":status", "200"),
            ("content-length", "50"),
            ("etag", "\"x\""),
        ],
        &[],
    );
    assert_eq!(step, Step::Forward);
}

#[test]
fn what_would_make_the_response_unreadable_is_not_asked_for() {
    let headers = get(
        "/",
        &[
            ("accept-encoding", "gzip"),
            ("range", "bytes=0-9"),
            ("if-range", "x"),
            ("accept", "*/*"),
        ],
    );
    let (_, step) = begin(&json!({}), headers.clone());
    assert_eq!(
        names(&step),
        [":method", ":authority", ":path", ":scheme", "accept"]
    );
    let kept = json!({ "redaction": { "accept_encoding": "keep", "ranges": "keep" } });
    assert_eq!(begin(&kept, headers).1, Step::Forward);
}

#[test]
fn an_encoded_response_is_withheld_or_passed_as_the_operator_says() {
    let headers = [(":status", "200"), ("content-encoding", "compress")];
    let (mut exchange, _) = begin(&json!({}), get("/", &[]));
    let Step::Reply(reply) = exchange.response_headers(list(&headers), false) else {
        panic!("must be withheld")
    };
    assert_eq!(
        (reply.status, reply.details),
        (502, "veilgate_response_withheld")
    );
    assert_eq!(
        audit(exchange)["skipped"],
        json!([{ "direction": "response", "reason": "encoded" }])
    );

    let (mut exchange, _) = begin(
        &json!({ "redaction": { "encoded": "pass" } }),
        get("/", &[]),
    );
    assert_eq!(
        exchange.response_headers(list(&headers), false),
        Step::Forward
    );
    assert!(!exchange.inspects(Direction::Response));
    assert_eq!(audit(exchange)["skipped"][0]["reason"], "encoded");
}

#[test]
fn every_value_of_a_repeated_header_is_masked() {
    let (mut exchange, _) = begin(&json!({}), get("/", &[]));
    let cookie = format!("gh={}; Path=/", token());
    let headers = [
        (":status", "200"),
        ("set-cookie", &cookie),
        ("set-cookie", "plain=1"),
        ("set-cookie", &cookie),
    ];
    let Step::Replace(headers) = exchange.response_headers(list(&headers), true) else {
        panic!("must be edited")
    };
    let values: Vec<_> = headers::all(&headers, "set-cookie")
        .map(|v| String::from_utf8_lossy(v).into_owned())
        .collect();
    assert_eq!(
        values,
        [
            "gh=[REDACTED:github-pat]; Path=/",
            "plain=1",
            "gh=[REDACTED:github-pat]; Path=/"
        ]
    );
}

#[test]
fn trailers_are_masked() {
    let (mut exchange, _) = begin(&json!({}), get("/", &[]));
    respond(&mut exchange, &[(":status", "200")], &[b"x"])
        .1
        .unwrap();
    let step = exchange.trailers(
        Direction::Response,
        list(&[("x-debug", &token()), ("grpc-status", "0")]),
    );
    assert_eq!(
        step,
        Step::Replace(list(&[
            ("x-debug", "[REDACTED:github-pat]"),
            ("grpc-status", "0")
        ]))
    );
}

#[test]
fn a_log_shows_a_masked_path_while_the_upstream_gets_the_original() {
    let path = format!("/hook?access_token={}&page=2", token());
    let (exchange, step) = begin(
        &json!({}),
        get(
            &path,
            &[("referer", &format!("https://x.example/?t={}", token()))],
        ),
    );
    assert_eq!(step, Step::Forward);
    let record = exchange.finish(&Ended::default());
    let field = |name| {
        let found = record.fields.iter().find(|(key, _)| *key == name).unwrap();
        String::from_utf8(found.1.clone()).unwrap()
    };
    assert!(
        field("path").starts_with("/hook?access_token=[REDACTED:")
            && field("path").ends_with("&page=2")
    );
    assert!(field("query").starts_with("access_token=[REDACTED:"));
    assert!(field("referer").starts_with("https://x.example/?t=[REDACTED:"));
    assert!(!format!("{record:?}").contains(&token()));
}

#[test]
fn a_log_field_is_one_line() {
    let (exchange, _) = begin(&json!({}), get("/", &[("user-agent", "a\r\nb\0c")]));
    let record = exchange.finish(&Ended::default());
    let agent = &record
        .fields
        .iter()
        .find(|(key, _)| *key == "user_agent")
        .unwrap()
        .1;
    assert!(!agent.iter().any(u8::is_ascii_control));
}

#[test]
fn an_upgrade_is_refused_unless_the_operator_lets_it_pass_and_never_scanned() {
    let upgrade = get(
        "/ws",
        &[("upgrade", "websocket"), ("connection", "Upgrade")],
    );
    let (_, step) = begin(&json!({}), upgrade.clone());
    assert!(matches!(step, Step::Reply(Reply { status: 403, .. })));
    let (mut exchange, step) = begin(&json!({ "redaction": { "upgrades": "pass" } }), upgrade);
    assert_eq!(step, Step::Forward);
    assert_eq!(
        exchange.response_headers(list(&[(":status", "101")]), false),
        Step::Forward
    );
    assert!(!exchange.inspects(Direction::Response) && !exchange.inspects(Direction::Request));
}

#[test]
fn a_response_whose_request_was_never_seen_is_scanned() {
    let mut exchange = Exchange::unseen(engine(&json!({})), 1);
    let (_, out) = respond(&mut exchange, &[(":status", "200")], &[token().as_bytes()]);
    assert_eq!(out.unwrap(), b"[REDACTED:github-pat]");
}

#[test]
fn an_unseen_exchange_is_recorded_with_what_the_host_remembers() {
    let mut exchange = Exchange::unseen(engine(&json!({})), 1);
    respond(&mut exchange, &[(":status", "200")], &[token().as_bytes()])
        .1
        .unwrap();
    let record = exchange.finish_unseen(get("/cached", &[]), &Ended::default());
    let audit: Value = serde_json::from_str(&record.log_line.unwrap()).unwrap();
    assert_eq!(
        (&audit["verdict"], &audit["request"]["path"]),
        (&json!("unseen"), &json!("/cached"))
    );
    assert_eq!(audit["redactions"][0]["kind"], "github-pat");
}

#[test]
fn the_head_of_an_accepted_upgrade_is_still_masked() {
    let upgrade = [
        ("upgrade", "websocket"),
        ("connection", "upgrade"),
        ("x-note", &token()),
    ];
    let config = json!({ "redaction": { "upgrades": "pass", "request": { "headers": true } } });
    let (mut exchange, step) = begin(&config, get("/ws", &upgrade));
    let Step::Replace(headers) = step else {
        panic!("must be edited")
    };
    assert_eq!(
        headers::first(&headers, "x-note"),
        Some(&b"[REDACTED:github-pat]"[..])
    );
    let headers = [(":status", "101"), ("x-debug", &token())];
    let masked = [(":status", "101"), ("x-debug", "[REDACTED:github-pat]")];
    assert_eq!(
        exchange.response_headers(list(&headers), false),
        Step::Replace(list(&masked))
    );
    assert!(!exchange.inspects(Direction::Response) && !exchange.inspects(Direction::Request));
}

#[test]
fn nothing_is_recorded_of_an_exchange_in_which_nothing_happened() {
    let (mut exchange, _) = begin(&json!({}), get("/", &[]));
    respond(&mut exchange, &[(":status", "200")], &[b"clean"])
        .1
        .unwrap();
    let record = exchange.finish(&Ended::default());
    assert_eq!(record.log_line, None);
    let counts: Vec<_> = record
        .counts
        .iter()
        .map(|count| (count.name, count.value))
        .collect();
    assert_eq!(counts[0], ("veilgate_requests", 1));
    assert!(
        counts
            .iter()
            .all(|(name, _)| ["veilgate_requests", "veilgate_scanned_bytes"].contains(name))
    );
}
