//! The lab itself: client and upstream understand each other, with nothing and with a real Envoy between them.

use std::time::Duration;

use serde_json::json;
use veilgate_harness::lab::client::{Protocol, Request, Target, send, send_between};
use veilgate_harness::lab::engines::{self, Program};
use veilgate_harness::lab::setup::{Cluster, ForwardClientCert, Jwt, ServerTls};
use veilgate_harness::lab::upstream::{Echo, Part, Reply};
use veilgate_harness::lab::wire::{End, Framing, Step, field};
use veilgate_harness::lab::{Authority, Envoy, Names, Setup, TokenIssuer, Upstream};

fn data(text: &str) -> Part {
    Part::Step(Step::Data(text.as_bytes().to_vec()))
}

fn pairs(fields: &[(&str, &str)]) -> Vec<(Vec<u8>, Vec<u8>)> {
    fields
        .iter()
        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect()
}

/// Envoy, or nothing where it cannot be had.
async fn envoy(setup: Setup) -> anyhow::Result<Option<Envoy>> {
    match engines::for_tests(Program::Envoy)? {
        Some(program) => Ok(Some(Envoy::start(&program, setup).await?)),
        None => Ok(None),
    }
}

#[tokio::test]
async fn trailers_and_odd_headers_arrive_on_both_protocols() {
    let reply = Reply {
        headers: vec![
            (b"x-odd".to_vec(), b"\xff".to_vec()),
            (b"x-odd".to_vec(), b"two".to_vec()),
        ],
        body: vec![data("one"), data("two"), Part::Echo(Echo::Body)],
        framing: Framing::Chunked,
        trailers: pairs(&[("x-end", "yes")]),
        ..Reply::default()
    };
    let upstream = Upstream::start(reply).await.unwrap();
    for protocol in [Protocol::Http1, Protocol::Http2] {
        upstream.forget();
        let request = Request {
            protocol,
            method: "POST".to_owned(),
            body: vec![Step::Data(b"ask".to_vec())],
            framing: Framing::Chunked,
            trailers: pairs(&[("x-request-end", "yes")]),
            ..Request::get("/a?b=c")
        };
        let response = send(&Target::plain(upstream.addr()), &request).await;
        assert_eq!(
            (response.status, response.text().as_str()),
            (200, "onetwoask"),
            "{protocol:?}: {response:?}"
        );
        assert_eq!(response.end, End::Complete);
        assert_eq!(field(&response.trailers, "x-end"), Some(b"yes".as_slice()));
        let odd: Vec<_> = response
            .headers
            .iter()
            .filter(|(name, _)| name == b"x-odd")
            .map(|(_, value)| value)
            .collect();
        assert_eq!(odd, [b"\xff".as_slice(), b"two"]);
        let seen = upstream.seen();
        assert_eq!(seen[0].target, b"/a?b=c");
        assert_eq!(
            field(&seen[0].trailers, "x-request-end"),
            Some(b"yes".as_slice())
        );
    }
}

#[tokio::test]
async fn a_side_that_waits_for_the_other_goes_on_when_the_bytes_are_there() {
    let reply = Reply {
        body: vec![
            data("first"),
            Part::Step(Step::Until(b"first".to_vec())),
            data("second"),
        ],
        framing: Framing::Chunked,
        ..Reply::default()
    };
    let upstream = Upstream::start(reply).await.unwrap();
    let target = Target::plain(upstream.addr());
    let request = Request {
        patience: Duration::from_millis(300),
        ..Request::get("/")
    };
    let told = send_between(
        &target,
        &request,
        upstream.client_received(),
        upstream.request_received(),
    )
    .await;
    assert_eq!(
        (told.text().as_str(), told.end),
        ("firstsecond", End::Complete)
    );
    upstream.forget();
    let untold = send(&target, &request).await;
    assert_eq!(
        (untold.text().as_str(), untold.end),
        ("first", End::TimedOut)
    );
}

#[tokio::test]
async fn breaking_off_is_seen_by_the_other_side() {
    let reply = Reply {
        body: vec![
            data("first"),
            Part::Step(Step::Until(b"first".to_vec())),
            Part::Step(Step::Reset),
        ],
        framing: Framing::Chunked,
        ..Reply::default()
    };
    let upstream = Upstream::start(reply).await.unwrap();
    let target = Target::plain(upstream.addr());
    for protocol in [Protocol::Http1, Protocol::Http2] {
        upstream.forget();
        let request = Request {
            protocol,
            ..Request::get("/")
        };
        let response = send_between(
            &target,
            &request,
            upstream.client_received(),
            upstream.request_received(),
        )
        .await;
        assert!(
            matches!(response.end, End::Reset(_)),
            "{protocol:?}: {response:?}"
        );
        assert_eq!(response.text(), "first");

        upstream.forget();
        let request = Request {
            method: "POST".to_owned(),
            framing: Framing::Chunked,
            body: vec![
                Step::Data(b"half".to_vec()),
                Step::Until(b"half".to_vec()),
                Step::Reset,
            ],
            ..request
        };
        let response = send_between(
            &target,
            &request,
            upstream.client_received(),
            upstream.request_received(),
        )
        .await;
        assert_eq!(response.end, End::Aborted);
        upstream.wait_until_seen(1).await;
        let seen = upstream.seen();
        assert!(
            matches!(seen[0].end, Some(End::Reset(_))),
            "{protocol:?}: {seen:?}"
        );
        assert_eq!(seen[0].body, b"half");
    }
}

#[tokio::test]
async fn envoy_passes_identities_on() {
    let authority = Authority::new().unwrap();
    let tokens = TokenIssuer::new("https://issuer.test").unwrap();
    let upstream = Upstream::start(Reply {
        body: vec![Part::Echo(Echo::Head)],
        ..Reply::default()
    })
    .await
    .unwrap();
    let setup = Setup {
        tls: Some(ServerTls {
            credentials: authority.issue_server().unwrap(),
            client_authority: Some(authority.pem()),
            require_client_certificate: false,
        }),
        forward_client_cert: ForwardClientCert::SanitizeSet,
        jwt: Some(Jwt {
            issuer: tokens.issuer().to_owned(),
            jwks: tokens.jwks().clone(),
            payload_key: "payload".to_owned(),
        }),
        access_log: json!({"subject": "%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:payload:sub)%"}),
        ..Setup::new(upstream.addr())
    };
    let Some(envoy) = envoy(setup).await.unwrap() else {
        return;
    };
    let workload = authority
        .issue(&Names::spiffe(&[
            "spiffe://one.test/a",
            "spiffe://one.test/b",
        ]))
        .unwrap();
    let tls = Some(authority.client_config(Some(&workload), &[]).unwrap());
    let target = Target {
        address: envoy.addr(),
        tls,
    };
    let token = tokens.sign(&json!({"sub": "alice"})).unwrap();
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let request = Request {
            protocol,
            ..Request::get("/")
        }
        .with("authorization", &format!("Bearer {token}"));
        let response = send(&target, &request).await;
        let text = response.text();
        assert!(
            text.contains("URI=spiffe://one.test/a;URI=spiffe://one.test/b"),
            "{protocol:?}: {response:?}: {text}"
        );
    }
    let request = Request::get("/").with("authorization", "Bearer a.b.c");
    assert_eq!(send(&target, &request).await.status, 401);
    let access = loop {
        let access = envoy.access_log();
        if access.lines().count() == 3 {
            break access;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(access.matches("alice").count(), 2, "{access}");
    envoy.stop();
}

#[tokio::test]
async fn envoy_routes_by_host_decodes_and_upgrades() {
    let plain = Upstream::start(Reply::text("text/plain", "plain"))
        .await
        .unwrap();
    let squeezed = Reply {
        encode: vec!["gzip".to_owned()],
        ..Reply::text("text/plain", "squeezed")
    };
    let other = Upstream::start(squeezed).await.unwrap();
    let tunnel = Reply {
        status: 101,
        headers: pairs(&[("connection", "upgrade"), ("upgrade", "websocket")]),
        framing: Framing::Tunnel,
        ..Reply::default()
    };
    plain.play_at("/socket", tunnel);
    plain.play_at(
        "lab.test:80",
        Reply {
            framing: Framing::Tunnel,
            ..Reply::default()
        },
    );
    let setup = Setup {
        decompress: vec!["gzip".to_owned()],
        upgrades: vec!["websocket".to_owned(), "CONNECT".to_owned()],
        upstreams: vec![
            Cluster {
                authorities: vec!["other.test".to_owned()],
                http2: true,
                ..Cluster::new("other", other.addr())
            },
            Cluster::new("plain", plain.addr()),
        ],
        ..Setup::new(plain.addr())
    };
    let Some(envoy) = envoy(setup).await.unwrap() else {
        return;
    };
    let target = Target::plain(envoy.addr());
    assert_eq!(send(&target, &Request::get("/")).await.text(), "plain");
    let request = Request {
        authority: "other.test".to_owned(),
        ..Request::get("/")
    };
    assert_eq!(send(&target, &request).await.text(), "squeezed");

    let conversation = vec![
        Step::Data(b"ping".to_vec()),
        Step::Until(b"ping".to_vec()),
        Step::Close,
    ];
    let request = Request {
        framing: Framing::Tunnel,
        body: conversation.clone(),
        ..Request::get("/socket")
    }
    .with("connection", "upgrade")
    .with("upgrade", "websocket");
    let response = send_between(
        &target,
        &request,
        plain.client_received(),
        plain.client_received(),
    )
    .await;
    assert_eq!(
        (response.status, response.text().as_str()),
        (101, "ping"),
        "{response:?}"
    );

    plain.forget();
    let request = Request {
        method: "CONNECT".to_owned(),
        authority: "lab.test:80".to_owned(),
        framing: Framing::Tunnel,
        body: conversation,
        ..Request::get("lab.test:80")
    };
    let response = send_between(
        &target,
        &request,
        plain.client_received(),
        plain.client_received(),
    )
    .await;
    assert_eq!(
        (response.status, response.text().as_str()),
        (200, "ping"),
        "{response:?}"
    );
    envoy.stop();
}
