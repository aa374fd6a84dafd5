//! TLS, tokens, HTTP/2 and upgrades.

use super::*;
use crate::lab::{
    Authority, Names, TokenIssuer, Upstream,
    client::{Protocol, Request, Target, send},
    upstream::{Echo, Part, Reply},
    wire::{Framing, Step},
};

/// An upstream that answers with the head it saw.
async fn echo() -> Upstream {
    Upstream::start(Reply {
        body: vec![Part::Echo(Echo::Head)],
        ..Reply::default()
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn every_name_of_a_client_certificate_reaches_the_upstream() {
    let authority = Authority::new().unwrap();
    let server = authority.issue_server().unwrap();
    let client = authority
        .issue(&Names {
            common_name: "one".into(),
            uris: vec!["spiffe://a/b".into(), "spiffe://c/d".into()],
            dns: vec!["one.test".into()],
        })
        .unwrap();
    let upstream = echo().await;
    let mut config = config(upstream.addr(), None);
    config.listener.tls = Some(TlsConfig {
        certificate: server.certificate,
        key: server.key,
        client_ca: Some(authority.pem()),
        require_client_certificate: true,
    });
    config.forward_client_cert = ForwardClientCert {
        mode: ForwardClientCertMode::SanitizeSet,
        subject: true,
        uri: true,
        dns: true,
    };
    let proxy = Proxy::start(config).await.unwrap();

    for (protocol, alpn) in [
        (Protocol::Http1, &b"http/1.1"[..]),
        (Protocol::Http2, b"h2"),
    ] {
        let target = Target {
            address: proxy.addr(),
            tls: Some(authority.client_config(Some(&client), &[alpn]).unwrap()),
        };
        let request = Request {
            protocol,
            ..Request::get("/")
        }
        .with("x-forwarded-client-cert", "URI=spiffe://forged");
        let seen = send(&target, &request).await.text();
        assert!(
            seen.contains(r#"Subject="CN=one";URI=spiffe://a/b;URI=spiffe://c/d;DNS=one.test"#),
            "{seen}"
        );
        assert!(!seen.contains("forged"), "{seen}");
    }
    let nobody = Target {
        address: proxy.addr(),
        tls: Some(authority.client_config(None, &[b"http/1.1"]).unwrap()),
    };
    assert_eq!(send(&nobody, &Request::get("/")).await.status, 0);
}

#[tokio::test]
async fn only_verified_tokens_pass() {
    let issuer = TokenIssuer::new("https://issuer.test").unwrap();
    let upstream = echo().await;
    let mut config = config(upstream.addr(), None);
    let provider = JwtProvider {
        issuer: issuer.issuer().into(),
        audiences: vec![],
        jwks: issuer.jwks().to_string(),
        payload_in_metadata: "payload".into(),
        forward: false,
    };
    config.jwt = Some(JwtConfig {
        providers: vec![provider],
        allow_missing: false,
    });
    let proxy = Proxy::start(config).await.unwrap();
    let target = Target::plain(proxy.addr());

    let good = issuer.sign(&serde_json::json!({"sub": "alice"})).unwrap();
    let passed = send(
        &target,
        &Request::get("/").with("authorization", &format!("Bearer {good}")),
    )
    .await;
    assert_eq!(passed.status, 200);
    assert!(
        !passed.text().contains("authorization"),
        "the token stays here: {}",
        passed.text()
    );

    let forged = TokenIssuer::new("https://issuer.test")
        .unwrap()
        .sign(&serde_json::json!({"sub": "alice"}))
        .unwrap();
    let stale = issuer.sign(&serde_json::json!({"exp": 1_000_000})).unwrap();
    for (token, reason) in [
        (forged, "Jwt verification fails"),
        (stale, "Jwt is expired"),
        ("x".into(), "Jwt is not in the form"),
    ] {
        let refused = send(
            &target,
            &Request::get("/").with("authorization", &format!("Bearer {token}")),
        )
        .await;
        assert_eq!(
            (refused.status, refused.text().starts_with(reason)),
            (401, true),
            "{}",
            refused.text()
        );
    }
    assert_eq!(
        send(&target, &Request::get("/")).await.text(),
        "Jwt is missing"
    );
}

#[tokio::test]
async fn http2_carries_bodies_and_trailers_on_both_sides() {
    let trailers = vec![(b"x-t".to_vec(), b"1".to_vec())];
    let reply = Reply {
        body: vec![Part::Echo(Echo::Body)],
        framing: Framing::Chunked,
        trailers: trailers.clone(),
        ..Reply::default()
    };
    let upstream = Upstream::start(reply).await.unwrap();
    for http2 in [false, true] {
        let mut config = config(upstream.addr(), None);
        config.upstreams[0].http2 = http2;
        let proxy = Proxy::start(config).await.unwrap();
        let body = vec![b'x'; 300_000];
        let request = Request {
            protocol: Protocol::Http2,
            method: "POST".into(),
            body: vec![Step::Data(body.clone())],
            ..Request::get("/")
        };
        let response = send(&Target::plain(proxy.addr()), &request).await;
        assert_eq!(
            (response.status, response.body.len(), response.body == body),
            (200, 300_000, true),
            "upstream HTTP/2: {http2}"
        );
        assert_eq!(response.trailers, trailers);
        proxy.stop().await;
    }
}

#[tokio::test]
async fn an_upgrade_is_refused_unless_it_is_granted() {
    let switch: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhello";
    let request =
        b"GET /w HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    let mut granted = config(upstream(switch, true).await, None);
    let refusing = Proxy::start(granted.clone()).await.unwrap();
    assert!(talk(&refusing, request).await.starts_with("HTTP/1.1 403 "));
    granted.upgrades = vec!["websocket".into()];
    let proxy = Proxy::start(granted).await.unwrap();
    let answer = talk(&proxy, request).await;
    assert!(
        answer.starts_with("HTTP/1.1 101 ") && answer.ends_with("\r\n\r\nhello"),
        "{answer}"
    );
}

#[tokio::test]
async fn requests_that_cannot_be_routed_or_read_are_answered() {
    let proxy = Proxy::start(config(upstream(HELLO, false).await, None))
        .await
        .unwrap();
    for (request, status) in [
        (&b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n"[..], "400"),
        (b"GET /a#b HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", "400"),
        (b"nonsense\r\n\r\n", "400"),
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n", "400"),
    ] {
        let answer = talk(&proxy, request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
}
