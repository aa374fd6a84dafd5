//! Bodies that are encoded.

use veilgate_coding::{Budget, Coding, DecodeError, Decoder, Encoder, Limits};

use super::*;

pub(super) const CODINGS: [Coding; 4] =
    [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];
const MASK: &str = "[REDACTED:github-pat]";

pub(super) fn encode(codings: &[Coding], text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(codings, &Budget::new(1 << 20)).unwrap();
    encoder.write(text.as_bytes(), &mut out);
    encoder.end(&mut out);
    out
}

/// What the receiver makes of a body, and whether the body is complete.
pub(super) fn decode(codings: &[Coding], encoded: &[u8]) -> (String, bool) {
    let limits = Limits {
        ratio: u64::MAX,
        ..Limits::default()
    };
    let mut decoder = Decoder::new(codings, limits, &Budget::new(1 << 26)).unwrap();
    let mut out = Vec::new();
    let mut sink = |piece: &[u8]| {
        out.extend_from_slice(piece);
        Ok::<(), DecodeError>(())
    };
    decoder.write(encoded, &mut sink).unwrap();
    (String::from_utf8(out).unwrap(), decoder.end().is_ok())
}

/// [`begin`] with an engine that other cases have used.
fn start(config: &Value, headers: Headers) -> (Exchange, Step) {
    Exchange::request_headers(shared(config), headers, facts(), true, 7)
}

fn names_of(codings: &[Coding]) -> String {
    let names: Vec<&str> = codings.iter().map(|coding| coding.name()).collect();
    names.join(", ")
}

/// The `content-encoding` of changed headers.
pub(super) fn sent(step: &Step) -> Vec<Coding> {
    match step {
        Step::Replace(headers) => Coding::list(headers::all(headers, "content-encoding")).unwrap(),
        other => panic!("expected new headers, got {other:?}"),
    }
}

/// Sends a body in `codings` to a client and gives what it is sent, and in which codings.
fn receive(config: &Value, accept: &[(&str, &str)], codings: &[Coding]) -> (Vec<Coding>, String) {
    let (mut exchange, _) = start(config, get("/", accept));
    let body = encode(codings, &format!("a {} b", token()));
    let names = names_of(codings);
    let headers = [(":status", "200"), ("content-encoding", names.as_str())];
    let (step, out) = respond(&mut exchange, &headers, &[&body]);
    let sent = sent(&step);
    let (text, complete) = decode(&sent, &out.unwrap());
    assert!(complete);
    (sent, text)
}

#[test]
fn an_encoded_response_is_inspected_and_sent_as_its_client_accepts() {
    use Coding::{Brotli, Deflate, Gzip, Zstd};
    let compressed = json!({});
    let identity = json!({ "redaction": { "reencode": "identity" } });
    let cases: [(&Value, &[Coding], &str, &[Coding]); 11] = [
        (&compressed, &[Gzip], "gzip, br", &[Gzip]),
        (&compressed, &[Deflate], "gzip, deflate", &[Deflate]),
        (&compressed, &[Deflate], "gzip", &[Gzip]),
        (&compressed, &[Brotli], "gzip, br", &[Gzip]),
        (&compressed, &[Zstd], "*", &[Gzip]),
        (&compressed, &[Gzip, Brotli], "br, gzip;q=0.1", &[Gzip]),
        (&compressed, &[Gzip], "br", &[]),
        (&compressed, &[Brotli], "br, identity;q=0", &[Brotli]),
        (&compressed, &[Zstd], "zstd, *;q=0", &[Zstd]),
        (&identity, &[Gzip], "gzip", &[]),
        (&identity, &[Gzip], "gzip, identity;q=0", &[Gzip]),
    ];
    for (config, codings, accept, expected) in cases {
        let (sent, text) = receive(config, &[("accept-encoding", accept)], codings);
        assert_eq!(sent, expected, "{codings:?} to {accept}");
        assert_eq!(text, format!("a {MASK} b"));
    }
    // A client that says nothing may know no coding.
    for coding in CODINGS {
        assert_eq!(receive(&compressed, &[], &[coding]).0, []);
    }
}

#[test]
fn headers_of_the_old_bytes_go_and_others_stay() {
    let (mut exchange, _) = start(&json!({}), get("/", &[("accept-encoding", "br")]));
    let headers = [
        (":status", "200"),
        ("content-encoding", "br"),
        ("content-length", "9"),
        ("etag", "W/\"x\""),
        ("digest", "x"),
        ("repr-digest", "x"),
        ("vary", "accept-encoding"),
    ];
    let step = exchange.response_headers(list(&headers), false);
    assert_eq!(names(&step), [":status", "vary"]);
}

#[test]
fn every_cut_of_an_encoded_body_gives_the_same() {
    let accept = [("accept-encoding", "gzip")];
    let text = format!("first {} and {} last", token(), token());
    for codings in [
        &[Coding::Gzip][..],
        &[Coding::Brotli],
        &[Coding::Zstd],
        &[Coding::Zstd, Coding::Deflate],
    ] {
        let body = encode(codings, &text);
        let names = names_of(codings);
        let headers = [(":status", "200"), ("content-encoding", names.as_str())];
        for cut in 0..=body.len() {
            let (head, tail) = body.split_at(cut);
            let (mut exchange, _) = start(&json!({}), get("/", &accept));
            let (_, out) = respond(&mut exchange, &headers, &[head, tail, b""]);
            let decoded = decode(&[Coding::Gzip], &out.unwrap());
            assert_eq!(decoded, (format!("first {MASK} and {MASK} last"), true));
            assert_eq!(exchange.held(Direction::Response), 0);
        }
    }
}

#[test]
fn only_the_end_of_a_coding_waits_for_the_end_of_the_body() {
    let (mut exchange, _) = start(&json!({}), get("/", &[("accept-encoding", "gzip")]));
    let headers = list(&[(":status", "200"), ("content-encoding", "gzip")]);
    exchange.response_headers(headers, false);
    let body = encode(&[Coding::Gzip], "text ends with ghp_0123456789abcdef");
    let (mut out, mut held) = (Vec::new(), Vec::new());
    for byte in &body {
        held.push(exchange.held(Direction::Response));
        exchange
            .body(Direction::Response, &[*byte], false, &mut out)
            .unwrap();
    }
    assert!(held.iter().all(|held| *held == 0), "{held:?}");
    assert!(exchange.held(Direction::Response) > 20);
    exchange
        .body(Direction::Response, b"", true, &mut out)
        .unwrap();
    assert_eq!(exchange.held(Direction::Response), 0);
    assert!(decode(&[Coding::Gzip], &out).1);
}

#[test]
fn events_in_a_coding_arrive_one_by_one() {
    for coding in CODINGS {
        let (mut exchange, _) = start(&json!({}), get("/", &[("accept-encoding", "gzip")]));
        let headers = [
            (":status", "200"),
            ("content-type", "text/event-stream"),
            ("content-encoding", coding.name()),
        ];
        let step = exchange.response_headers(list(&headers), false);
        let mut upstream = Encoder::new(&[coding], &Budget::new(1 << 20)).unwrap();
        let mut out = Vec::new();
        for index in 0..5 {
            let mut chunk = Vec::new();
            let event = format!("data: {index} {}\n\n", token());
            upstream.write(event.as_bytes(), &mut chunk);
            upstream.flush(&mut chunk);
            exchange
                .body(Direction::Response, &chunk, false, &mut out)
                .unwrap();
            let (text, complete) = decode(&sent(&step), &out);
            let last = format!("data: {index} {MASK}\n\n");
            assert!(text.ends_with(&last) && !complete, "{coding}: {text}");
        }
    }
}

/// The reason for which a body is withheld.
fn refused(config: &Value, coding: Coding, body: &[u8]) -> (&'static str, Value) {
    let (mut exchange, _) = start(config, get("/", &[("accept-encoding", "gzip")]));
    let headers = [(":status", "200"), ("content-encoding", coding.name())];
    let (step, out) = respond(&mut exchange, &headers, &[body]);
    let reason = match step {
        Step::Reply(_) => "reply",
        _ => out.unwrap_err().reason,
    };
    (reason, audit(exchange))
}

#[test]
fn only_what_is_not_compressed_again_expands() {
    for coding in CODINGS {
        for accept in ["gzip", "identity"] {
            for mode in ["enforce", "shadow"] {
                let config = json!({ "mode": mode });
                let (mut exchange, _) = start(&config, get("/", &[("accept-encoding", accept)]));
                let headers = [(":status", "200"), ("content-encoding", coding.name())];
                exchange.response_headers(list(&headers), false);
                let plain = accept == "identity" && mode == "enforce";
                assert_eq!(
                    exchange.expands(Direction::Response),
                    plain,
                    "{coding} {accept} {mode}"
                );
            }
        }
    }
    let (mut exchange, _) = start(&json!({}), get("/", &[]));
    exchange.response_headers(list(&[(":status", "200")]), false);
    assert!(!exchange.expands(Direction::Response));
}

#[test]
fn what_cannot_be_decoded_does_not_go_on() {
    let none = json!({});
    let text = format!("{} {}", token(), "x".repeat(400));
    for coding in CODINGS {
        let body = encode(&[coding], &text);
        let (reason, audit) = refused(&none, coding, &body[..body.len() - 1]);
        assert_eq!(reason, "truncated", "{coding}");
        assert_eq!(
            audit["skipped"],
            json!([{ "direction": "response", "reason": "truncated" }])
        );
        assert_eq!(
            audit["decoded"],
            json!([{ "direction": "response", "coding": coding.name() }])
        );
        assert_eq!(
            refused(&none, coding, text.as_bytes()).0,
            "corrupt",
            "{coding}"
        );
        let tight = json!({ "limits": { "decode": { "body_bytes": 400 } } });
        assert_eq!(refused(&tight, coding, &body).0, "expands", "{coding}");
    }
    let bomb = encode(&[Coding::Gzip], &"\0".repeat(2 << 20));
    let strict = json!({ "limits": { "decode": { "ratio": 100 } } });
    assert_eq!(refused(&strict, Coding::Gzip, &bomb).0, "expands");
    let patient = json!({ "limits": { "decode": { "ratio": 1000 } } });
    assert_eq!(
        receive(&patient, &[], &[Coding::Gzip]).1,
        format!("a {MASK} b")
    );
    let narrow = json!({ "limits": { "decode": { "window_bytes": 1024 } } });
    assert_eq!(
        refused(&narrow, Coding::Zstd, &encode(&[Coding::Zstd], &text)).0,
        "window"
    );
}

#[test]
fn bodies_share_a_budget_and_prefer_identity_to_none() {
    let accept = [("accept-encoding", "gzip")];
    let headers = [(":status", "200"), ("content-encoding", "gzip")];
    // Room for a decoder and no encoder.
    let tight = engine(&json!({ "limits": { "decode": { "memory_bytes": 64_000 } } }));
    let begin = || Exchange::request_headers(tight.clone(), get("/", &accept), facts(), true, 7).0;
    let mut first = begin();
    assert_eq!(sent(&first.response_headers(list(&headers), false)), []);
    let mut second = begin();
    let Step::Reply(reply) = second.response_headers(list(&headers), false) else {
        panic!("must be withheld")
    };
    assert_eq!(reply.status, 502);
    assert_eq!(audit(second)["response"]["withheld"], "memory");
    drop(first);
    assert_eq!(sent(&begin().response_headers(list(&headers), false)), []);
}

#[test]
fn a_body_without_a_byte_stays_so() {
    let (mut exchange, _) = start(&json!({}), get("/", &[("accept-encoding", "gzip")]));
    let headers = [(":status", "200"), ("content-encoding", "gzip")];
    let (_, out) = respond(&mut exchange, &headers, &[b"", b""]);
    assert_eq!(out.unwrap(), b"");
}

#[test]
fn shadow_passes_the_encoded_bytes_and_records_what_is_in_them() {
    let shadow = json!({ "mode": "shadow" });
    for coding in CODINGS {
        let (mut exchange, _) = start(&shadow, get("/", &[("accept-encoding", "gzip")]));
        let body = encode(&[coding], &token());
        let headers = [(":status", "200"), ("content-encoding", coding.name())];
        let (step, out) = respond(&mut exchange, &headers, &[&body[..3], &body[3..]]);
        assert_eq!((step, out.unwrap()), (Step::Forward, body));
        let audit = audit(exchange);
        assert_eq!(audit["redactions"][0]["kind"], "github-pat");
        let headers = coding.name().len();
        assert_eq!(
            audit["inspected_bytes"]["response"],
            token().len() + headers
        );
    }
}

#[test]
fn a_request_keeps_its_codings() {
    let config = json!({ "redaction": { "request": { "body": true } } });
    for codings in [
        &[Coding::Gzip][..],
        &[Coding::Brotli],
        &[Coding::Deflate, Coding::Zstd],
    ] {
        let names = names_of(codings);
        let headers = get(
            "/",
            &[("content-encoding", &names), ("content-length", "9")],
        );
        let (mut exchange, step) =
            Exchange::request_headers(engine(&config), headers, facts(), false, 7);
        assert_eq!(sent(&step), codings);
        let mut out = Vec::new();
        exchange
            .body(
                Direction::Request,
                &encode(codings, &token()),
                true,
                &mut out,
            )
            .unwrap();
        assert_eq!(decode(codings, &out), (MASK.to_owned(), true));
    }
}

#[test]
fn only_what_can_be_decoded_is_asked_for() {
    let config = json!({ "redaction": { "accept_encoding": "decodable" } });
    let asked = |value: &str| {
        let headers = get("/", &[("accept-encoding", value)]);
        match start(&config, headers).1 {
            Step::Forward => value.to_owned(),
            Step::Replace(headers) => {
                let value = headers::first(&headers, "accept-encoding");
                String::from_utf8(value.unwrap_or(b"nothing").to_vec()).unwrap()
            }
            Step::Reply(_) => panic!("no reply"),
        }
    };
    assert_eq!(asked("gzip, br;q=0.5"), "gzip, br;q=0.5");
    assert_eq!(asked("dcb, gzip, compress"), "gzip");
    assert_eq!(asked("*"), "nothing");
}

#[test]
fn decoded_bodies_are_counted() {
    let (mut exchange, _) = start(&json!({}), get("/", &[]));
    let body = encode(&[Coding::Gzip, Coding::Brotli], "nothing to see");
    let headers = [(":status", "200"), ("content-encoding", "gzip, br")];
    respond(&mut exchange, &headers, &[&body]).1.unwrap();
    let record = exchange.finish(&Ended::default());
    let count = |name, label: (&'static str, &str)| -> u64 {
        let label = (label.0, label.1.to_owned());
        let counts = record.counts.iter();
        let counts = counts.filter(|count| count.name == name && count.labels.contains(&label));
        counts.map(|count| count.value).sum()
    };
    assert_eq!(count("veilgate_decoded", ("coding", "gzip")), 1);
    assert_eq!(count("veilgate_decoded", ("coding", "br")), 1);
    // The text, and the header's value.
    assert_eq!(
        count("veilgate_scanned_bytes", ("direction", "response")),
        14 + 8
    );
    // Nothing was found and nothing decided: there is no record.
    assert_eq!(record.log_line, None);
}

/// A message with its head.
fn frame(flags: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[flags], length.as_slice(), message].concat()
}

const MESSAGES: [(&str, &str, u8); 3] = [
    ("application/grpc+proto", "grpc-encoding", 0x80),
    ("application/grpc-web", "grpc-encoding", 0x80),
    (
        "application/connect+proto",
        "connect-content-encoding",
        0x02,
    ),
];

#[test]
fn compressed_messages_are_unpacked_wherever_they_are_cut() {
    // A field of Protocol Buffers around the token, which a mask of the same length stands for.
    let message = |text: &str| format!("\n\x2e in: {text}");
    let masked = "*".repeat(token().len());
    for coding in CODINGS {
        for (media_type, name, _) in MESSAGES {
            let packed = encode(&[coding], &message(&token()));
            let body = [
                frame(0, message(&token()).as_bytes()),
                frame(1, &packed),
                frame(1, b""),
                frame(1, &encode(&[coding], "")),
                frame(0, b""),
            ]
            .concat();
            let clean = message(&masked);
            let expected = [
                frame(0, clean.as_bytes()),
                frame(0, clean.as_bytes()),
                frame(0, b""),
                frame(0, b""),
                frame(0, b""),
            ]
            .concat();
            let headers = [
                (":status", "200"),
                ("content-type", media_type),
                (name, coding.name()),
            ];
            for cut in 0..body.len() {
                let (head, tail) = body.split_at(cut);
                let (mut exchange, _) = start(&json!({}), get("/", &[]));
                let (_, out) = respond(&mut exchange, &headers, &[head, tail]);
                assert_eq!(out.unwrap(), expected, "{coding} {media_type} {cut}");
                assert_eq!(exchange.held(Direction::Response), 0);
            }
        }
    }
}

#[test]
fn the_last_of_a_stream_may_be_compressed_too() {
    for (media_type, name, last) in MESSAGES {
        let text = r#"{"metadata":{}}"#;
        let body = frame(last | 1, &encode(&[Coding::Gzip], text));
        let headers = [
            (":status", "200"),
            ("content-type", media_type),
            (name, "gzip"),
        ];
        let (mut exchange, _) = start(&json!({}), get("/", &[]));
        let (_, out) = respond(&mut exchange, &headers, &[&body]);
        assert_eq!(out.unwrap(), frame(last, text.as_bytes()), "{media_type}");
    }
}

#[test]
fn compressed_messages_are_held_to_the_same_limits() {
    let reason = |config: &Value, coding: &str, body: &[u8]| {
        let headers = [
            (":status", "200"),
            ("content-type", "application/grpc"),
            ("grpc-encoding", coding),
        ];
        let (mut exchange, _) = start(config, get("/", &[]));
        respond(&mut exchange, &headers, &[body])
            .1
            .map_err(|withheld| withheld.reason)
    };
    let none = json!({});
    let packed = frame(1, &encode(&[Coding::Gzip], &token()));
    assert_eq!(
        reason(&none, "gzip", &packed[..packed.len() - 1]),
        Err("truncated")
    );
    assert_eq!(
        reason(&none, "gzip", &frame(1, b"not gzip at all")),
        Err("corrupt")
    );
    let bomb = frame(1, &encode(&[Coding::Gzip], &"\0".repeat(2 << 20)));
    let strict = json!({ "limits": { "decode": { "ratio": 100 } } });
    assert_eq!(reason(&strict, "gzip", &bomb), Err("expands"));
    let announced = [&[1_u8], 0x0100_0000_u32.to_be_bytes().as_slice()].concat();
    assert_eq!(reason(&none, "gzip", &announced), Err("expands"));
    let poor = json!({ "limits": { "decode": { "memory_bytes": 10 } } });
    assert_eq!(reason(&poor, "gzip", &packed), Err("memory"));
    // What is not decoded is what it was before: opaque.
    assert_eq!(reason(&none, "snappy", &packed), Err("opaque"));
    let strict = json!({ "redaction": { "encoded": "withhold" } });
    assert_eq!(reason(&strict, "gzip", &packed), Err("opaque"));
}
