use std::rc::Rc;

use serde_json::{Value, json};

use super::*;

mod hostile;

/// Made here; never a live one.
fn token() -> String {
    format!("ghp_{}", "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC2")
}

fn engine(config: &Value) -> Rc<Engine> {
    Rc::new(Engine::configure(config.to_string().as_bytes()).unwrap())
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

fn workload(id: &str) -> Facts {
    Facts {
        tls: true,
        mtls: true,
        uri_san: Some(id.as_bytes().to_vec()),
        ..facts()
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

fn bao(policy: &str) -> Value {
    json!({
        "services": [{ "service": "openbao", "mounts": { "secret": "kv2" } }],
        "policy": { "cedar": policy },
    })
}

const PAYMENTS: &str = "spiffe://example.org/ns/payments/sa/api";
const READ_PAYMENTS: &str = r#"
    @id("payments-reads-its-own")
    permit (principal == Workload::"spiffe://example.org/ns/payments/sa/api", action == Action::"Read",
            resource in Folder::"vault/secret/payments");
"#;

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
    let headers = [(":status", "200"), ("content-encoding", "gzip")];
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
fn a_denied_call_is_answered_with_decision_and_policies_and_recorded() {
    let forbid = r#"@id("nobody-reads") forbid (principal, action == Action::"Read", resource in Folder::"vault/secret/billing");"#;
    let config = bao(&format!("{READ_PAYMENTS} {forbid}"));
    let (exchange, step) = Exchange::request_headers(
        engine(&config),
        get("/v1/secret/data/billing/db", &[]),
        workload(PAYMENTS),
        true,
        0xabc,
    );
    let Step::Reply(reply) = step else {
        panic!("must be denied")
    };
    assert_eq!(
        (reply.status, reply.grpc_status, reply.details),
        (403, 7, "veilgate_denied")
    );
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(
        (&body["error"], &body["decision_id"]),
        (&json!("denied"), &json!("0000000000000abc"))
    );
    assert_eq!(body["policies"], json!(["nobody-reads"]));
    let audit = audit(exchange);
    assert_eq!(
        (&audit["verdict"], &audit["enforced"]),
        (&json!("deny"), &json!(true))
    );
    assert_eq!(
        audit["identities"],
        json!([{ "type": "workload", "id": PAYMENTS }])
    );
    assert_eq!(audit["call"]["resource"], "vault/secret/billing/db");
}

#[test]
fn a_call_that_no_entry_knows_is_denied() {
    for path in [
        "/v1/secret/data/../sys",
        "/v1/nowhere/x",
        "/v1/secret/data/a%2525b",
    ] {
        let (exchange, step) = Exchange::request_headers(
            engine(&bao(READ_PAYMENTS)),
            get(path, &[]),
            workload(PAYMENTS),
            true,
            1,
        );
        assert!(
            matches!(step, Step::Reply(Reply { status: 403, .. })),
            "{path}"
        );
        assert_eq!(audit(exchange)["verdict"], "deny");
    }
}

use crate::step::Reply;

const SECRET: &str =
    r#"{"data":{"data":{"user":"app","private_key":"-----BEGIN"},"metadata":{"version":1}}}"#;

#[test]
fn one_field_of_a_secret_is_masked_for_a_caller_who_may_not_reveal_it() {
    let narrow = r#"@id("no-private-key") forbid (principal, action == Action::"Reveal", resource is Field)
                    when { resource.pointer == "/data/data/private_key" };"#;
    let masked = r#"{"data":{"data":{"user":"app","private_key":"[REDACTED:field]"},"metadata":{"version":1}}}"#;
    for (policy, expected) in [
        (READ_PAYMENTS.to_owned(), SECRET),
        (format!("{READ_PAYMENTS}{narrow}"), masked),
    ] {
        for cut in 0..SECRET.len() {
            let headers = get("/v1/secret/data/payments/stripe", &[]);
            let (mut exchange, _) = Exchange::request_headers(
                engine_once(&policy),
                headers,
                workload(PAYMENTS),
                true,
                1,
            );
            let (head, tail) = SECRET.as_bytes().split_at(cut);
            let headers = [(":status", "200"), ("content-type", "application/json")];
            let (_, out) = respond(&mut exchange, &headers, &[head, tail]);
            assert_eq!(
                String::from_utf8(out.unwrap()).unwrap(),
                expected,
                "cut at {cut}"
            );
        }
    }
}

/// Compiling policies for every cut would take minutes.
fn engine_once(policy: &str) -> Rc<Engine> {
    thread_local!(static BUILT: std::cell::RefCell<Vec<(String, Rc<Engine>)>> = const { std::cell::RefCell::new(Vec::new()) });
    BUILT.with_borrow_mut(|built| match built.iter().find(|(key, _)| key == policy) {
        Some((_, engine)) => engine.clone(),
        None => {
            let fresh = engine(&bao(policy));
            built.push((policy.to_owned(), fresh.clone()));
            fresh
        }
    })
}

#[test]
fn a_secret_that_is_not_json_is_withheld() {
    let headers = get("/v1/secret/data/payments/stripe", &[]);
    let begin = || {
        Exchange::request_headers(
            engine_once(READ_PAYMENTS),
            headers.clone(),
            workload(PAYMENTS),
            true,
            1,
        )
        .0
    };
    let (step, _) = respond(
        &mut begin(),
        &[(":status", "200"), ("content-type", "text/plain")],
        &[b"x"],
    );
    assert!(matches!(step, Step::Reply(Reply { status: 502, .. })));
    let (_, out) = respond(
        &mut begin(),
        &[(":status", "200"), ("content-type", "application/json")],
        &[b"<html>"],
    );
    assert_eq!(out.unwrap_err().reason, "not-json");
}

#[test]
fn shadow_changes_nothing_and_records_what_enforcing_would_have_done() {
    let mut config = bao(READ_PAYMENTS);
    config["mode"] = json!("shadow");
    let headers = get("/v1/secret/data/billing/db", &[("accept-encoding", "gzip")]);
    let (mut exchange, step) =
        Exchange::request_headers(engine(&config), headers, workload(PAYMENTS), true, 1);
    assert_eq!(step, Step::Forward);
    let (step, out) = respond(
        &mut exchange,
        &[
            (":status", "200"),
            ("content-length", "87"),
            ("content-type", "application/json"),
        ],
        &[SECRET.as_bytes()],
    );
    assert_eq!(
        (step, out.unwrap()),
        (Step::Forward, SECRET.as_bytes().to_vec())
    );
    assert_eq!(exchange.held(Direction::Response), 0);
    let audit = audit(exchange);
    assert_eq!(
        (&audit["mode"], &audit["verdict"], &audit["enforced"]),
        (&json!("shadow"), &json!("deny"), &json!(false))
    );
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
fn a_request_body_is_masked_only_when_configured_and_never_towards_a_guarded_service() {
    let post = |path| {
        list(&[
            (":method", "POST"),
            (":authority", "a"),
            (":path", path),
            ("content-length", "40"),
        ])
    };
    let on = json!({ "redaction": { "request": { "body": true } } });
    let (mut exchange, step) = Exchange::request_headers(engine(&on), post("/"), facts(), false, 1);
    assert_eq!(names(&step), [":method", ":authority", ":path"]);
    let mut out = Vec::new();
    exchange
        .body(Direction::Request, token().as_bytes(), true, &mut out)
        .unwrap();
    assert_eq!(out, b"[REDACTED:github-pat]");

    let (exchange, _) = Exchange::request_headers(engine(&json!({})), post("/"), facts(), false, 1);
    assert!(!exchange.inspects(Direction::Request));
    let write = r#"@id("w") permit (principal, action == Action::"Write", resource in Folder::"vault/secret/payments");"#;
    let mut guarded = bao(write);
    guarded["redaction"] = on["redaction"].clone();
    let (exchange, step) = Exchange::request_headers(
        engine(&guarded),
        post("/v1/secret/data/payments/x"),
        workload(PAYMENTS),
        false,
        1,
    );
    assert!(!matches!(step, Step::Reply(_)) && !exchange.inspects(Direction::Request));
}

#[test]
fn our_own_answer_is_not_inspected_again() {
    let (mut exchange, _) = Exchange::request_headers(
        engine_once(READ_PAYMENTS),
        get("/v1/nowhere", &[]),
        facts(),
        true,
        1,
    );
    assert_eq!(
        exchange.response_headers(list(&[(":status", "403"), ("content-length", "9")]), false),
        Step::Forward
    );
    assert!(!exchange.inspects(Direction::Response));
}

#[test]
fn a_response_whose_request_was_never_seen_is_scanned() {
    let mut exchange = Exchange::unseen(engine_once(READ_PAYMENTS), 1);
    let (_, out) = respond(&mut exchange, &[(":status", "200")], &[token().as_bytes()]);
    assert_eq!(out.unwrap(), b"[REDACTED:github-pat]");
}

#[test]
fn an_unseen_exchange_is_recorded_with_what_the_host_remembers() {
    let mut exchange = Exchange::unseen(engine_once(READ_PAYMENTS), 1);
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
