//! Exchanges in which one side, or the host, does what it should not.

use proptest::prelude::*;

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
    let headers = [(":status", "200"), ("content-encoding", "gzip")];
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
fn a_read_of_fields_is_never_asked_for_encoded_or_in_parts() {
    let mut config = bao(READ_PAYMENTS);
    config["redaction"] =
        json!({ "response": { "body": false }, "encoded": "pass", "partial": "pass" });
    let read = get(
        "/v1/secret/data/payments/x",
        &[("accept-encoding", "gzip"), ("range", "bytes=0-9")],
    );
    let (mut exchange, step) =
        Exchange::request_headers(engine(&config), read, workload(PAYMENTS), true, 1);
    assert_eq!(names(&step), [":method", ":authority", ":path", ":scheme"]);
    let gzip = [
        (":status", "200"),
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
    ];
    assert!(matches!(
        exchange.response_headers(list(&gzip), false),
        Step::Reply(Reply { status: 502, .. })
    ));
}

#[test]
fn records_hold_no_credential_wherever_a_message_puts_it() {
    let forbid = r#"@id("f") forbid (principal, action == Action::"Reveal", resource is Field);"#;
    let config = bao(&format!("{READ_PAYMENTS}{forbid}"));
    let mut headers = get(
        &format!("/v1/secret/data/payments/{}?x={}", token(), token()),
        &[
            ("x-request-id", &token()),
            ("user-agent", &token()),
            ("referer", &format!("https://a.example/{}", token())),
        ],
    );
    headers[1].1 = format!("user:hunter2@{}.example", token()).into_bytes();
    let (mut exchange, _) =
        Exchange::request_headers(engine(&config), headers, workload(PAYMENTS), true, 1);
    let body = format!(r#"{{"data":{{"data":{{"{}":1,"b":2}}}}}}"#, token());
    let json = [(":status", "200"), ("content-type", "application/json")];
    respond(&mut exchange, &json, &[body.as_bytes()]).1.unwrap();
    let record = exchange.finish(&Ended::default());
    let everything = format!("{record:?}{}", record.log_line.clone().unwrap_or_default());
    for (name, value) in &record.fields {
        let value = String::from_utf8_lossy(value);
        assert!(!value.contains(&token()), "{name}: {value}");
    }
    assert!(!everything.contains(&token()) && !everything.contains("hunter2"));
    let audit: Value = serde_json::from_str(&record.log_line.unwrap()).unwrap();
    assert_eq!(audit["request_id"], "[REDACTED:github-pat]");
    assert_eq!(
        audit["request"]["authority"],
        "[REDACTED:github-pat].example"
    );
    assert_eq!(audit["fields"]["pointers"][1], "/data/data/b");
}

#[test]
fn names_of_fields_do_not_fill_the_record() {
    let forbid = r#"@id("f") forbid (principal, action == Action::"Reveal", resource is Field);"#;
    let (mut exchange, _) = Exchange::request_headers(
        engine_once(&format!("{READ_PAYMENTS}{forbid}")),
        get("/v1/secret/data/payments/x", &[]),
        workload(PAYMENTS),
        true,
        1,
    );
    let members: Vec<String> = (0..100)
        .map(|index| format!("\"{index}{}\":1", "n".repeat(400)))
        .collect();
    let body = format!(r#"{{"data":{{"data":{{{}}}}}}}"#, members.join(","));
    let json = [(":status", "200"), ("content-type", "application/json")];
    respond(&mut exchange, &json, &[body.as_bytes()]).1.unwrap();
    let audit = audit(exchange);
    assert_eq!(audit["fields"]["masked"], 100);
    assert_eq!(audit["fields"]["pointers"].as_array().unwrap().len(), 16);
    assert!(audit.to_string().len() < 6000);
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

#[derive(Clone, Debug)]
enum Event {
    Headers(u16, bool, bool),
    Body(Direction, Vec<u8>, bool),
    Trailers(Direction),
}

fn event() -> impl Strategy<Value = Event> {
    let direction = prop_oneof![Just(Direction::Request), Just(Direction::Response)];
    let status = prop_oneof![
        Just(100),
        Just(101),
        Just(200),
        Just(204),
        Just(206),
        Just(403)
    ];
    let chunk = prop_oneof![
        Just(token().into_bytes()),
        Just(token().as_bytes()[..20].to_vec()),
        Just(b"{\"data\":{\"data\":{\"k\":\"v\"}}}".to_vec()),
        Just(Vec::new()),
    ];
    prop_oneof![
        (status, any::<bool>(), any::<bool>())
            .prop_map(|(status, gzip, end)| Event::Headers(status, gzip, end)),
        (direction.clone(), chunk, any::<bool>())
            .prop_map(|(direction, chunk, end)| Event::Body(direction, chunk, end)),
        direction.prop_map(Event::Trailers),
    ]
}

/// Plays events in any order and returns whether anything was changed.
fn play(config: &Value, upgrade: bool, guarded: bool, events: &[Event]) -> bool {
    let more: &[_] = if upgrade {
        &UPGRADE
    } else {
        &[("accept-encoding", "gzip")]
    };
    let path = if guarded {
        "/v1/secret/data/payments/x"
    } else {
        "/x"
    };
    let (mut exchange, step) = Exchange::request_headers(
        shared(config),
        get(path, more),
        workload(PAYMENTS),
        false,
        1,
    );
    let mut changed = step != Step::Forward;
    for event in events {
        match event {
            Event::Headers(status, gzip, end) => {
                let status = status.to_string();
                let coding = if *gzip { "gzip" } else { "identity" };
                let token = token();
                let headers = [
                    (":status", status.as_str()),
                    ("content-encoding", coding),
                    ("content-length", "9"),
                    ("x-leak", &token),
                ];
                changed |= exchange.response_headers(list(&headers), *end) != Step::Forward;
            }
            Event::Body(direction, chunk, end) => {
                let mut out = Vec::new();
                let passed = exchange.body(*direction, chunk, *end, &mut out);
                changed |= passed.is_err() || out != *chunk || exchange.held(*direction) != 0;
            }
            Event::Trailers(direction) => {
                let step = exchange.trailers(*direction, list(&[("x-leak", &token())]));
                changed |= step != Step::Forward;
            }
        }
    }
    let record = exchange.finish(&Ended::default());
    assert!(!format!("{record:?}").contains(&token()));
    changed
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

proptest! {
    #[test]
    fn shadow_changes_nothing_in_whatever_order_things_come(
        upgrade: bool, guarded: bool, denied: bool, events in prop::collection::vec(event(), 0..12),
    ) {
        let mut config = bao(if denied { "" } else { READ_PAYMENTS });
        config["mode"] = json!("shadow");
        config["services"][0]["match"] = json!({ "path_prefix": "/v1" });
        config["redaction"] = json!({ "block": ["github-pat"], "request": { "body": true, "headers": true } });
        prop_assert!(!play(&config, upgrade, guarded, &events));
    }

    #[test]
    fn no_order_of_calls_is_too_much(upgrade: bool, guarded: bool, events in prop::collection::vec(event(), 0..12)) {
        let mut config = bao(READ_PAYMENTS);
        config["services"][0]["match"] = json!({ "path_prefix": "/v1" });
        config["redaction"] = json!({ "upgrades": "pass", "request": { "body": true, "headers": true } });
        let _changed: bool = play(&config, upgrade, guarded, &events);
    }
}
