//! Exchanges with a guarded service, and what a policy reveals.

use super::*;

pub(super) fn workload(id: &str) -> Facts {
    Facts {
        tls: true,
        mtls: true,
        uri_san: Some(id.as_bytes().to_vec()),
        ..facts()
    }
}

pub(super) fn bao(policy: &str) -> Value {
    json!({
        "services": [{ "service": "openbao", "mounts": { "secret": "kv2" } }],
        "policy": { "cedar": policy },
    })
}

pub(super) const PAYMENTS: &str = "spiffe://example.org/ns/payments/sa/api";
pub(super) const READ_PAYMENTS: &str = r#"
    @id("payments-reads-its-own")
    permit (principal == Workload::"spiffe://example.org/ns/payments/sa/api", action == Action::"Read",
            resource in Folder::"vault/secret/payments");
"#;

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

#[test]
fn one_field_of_an_encoded_secret_is_masked_as_well() {
    let narrow = r#"@id("no-private-key") forbid (principal, action == Action::"Reveal", resource is Field)
                    when { resource.pointer == "/data/data/private_key" };"#;
    let policy = format!("{READ_PAYMENTS}{narrow}");
    let masked = r#"{"data":{"data":{"user":"app","private_key":"[REDACTED:field]"},"metadata":{"version":1}}}"#;
    for coding in coded::CODINGS {
        let body = coded::encode(&[coding], SECRET);
        let headers = [
            (":status", "200"),
            ("content-type", "application/json"),
            ("content-encoding", coding.name()),
        ];
        for cut in 0..body.len() {
            let read = get(
                "/v1/secret/data/payments/stripe",
                &[("accept-encoding", "gzip")],
            );
            let (mut exchange, _) =
                Exchange::request_headers(engine_once(&policy), read, workload(PAYMENTS), true, 1);
            let (head, tail) = body.split_at(cut);
            let (step, out) = respond(&mut exchange, &headers, &[head, tail]);
            let decoded = coded::decode(&coded::sent(&step), &out.unwrap());
            assert_eq!(decoded, (masked.to_owned(), true), "{coding} cut at {cut}");
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
