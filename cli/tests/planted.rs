//! The headline test: every example secret of every rule travels through every carrier of a real Envoy, and then everything
//! that anybody wrote is searched. Towards the client none may be readable; in logs, audit records, metrics, error bodies and
//! Envoy's administration pages none may occur at all, wherever it came from.

#![expect(clippy::unwrap_used, reason = "a poisoned lock is a failed test")]

use std::{
    collections::HashMap,
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::ensure;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody, combinators::BoxBody};
use hyper::{HeaderMap, Request, Response, body::Frame, header::HeaderValue};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use serde_json::json;
use tokio::net::TcpListener;
use veilgate_harness::lab::{
    self, Envoy, Setup,
    client::{self, Protocol, Target},
    engines,
    setup::{Configuration, Filter},
    wire::{Framing, Step},
};
use veilgate_redact::RuleSet;

/// Ways in which an upstream sends a credential to a client.
const TO_CLIENT: [&str; 7] = [
    "body", "json", "events", "header", "cookie", "location", "trailer",
];
/// Ways in which a client sends one to an upstream, or to a guarded service that refuses it.
const TO_UPSTREAM: [&str; 9] = [
    "query",
    "path",
    "fragment-of-query",
    "authorization",
    "cookie",
    "referer",
    "user-agent",
    "custom-header",
    "body",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_planted_secret_is_written_anywhere() -> anyhow::Result<()> {
    let Some(program) = engines::for_tests(engines::Program::Envoy)? else {
        return Ok(());
    };
    let secrets = secrets()?;
    let upstream = Leaky::start().await?;
    let mut setup = Setup::new(upstream.address);
    setup.filter = Some(Filter {
        module: lab::module(lab::Build::Whole)?,
        configuration: Configuration::Text(configuration()),
        memory: None,
    });
    let envoy = Envoy::start(&program, setup).await?;
    let target = Target::plain(envoy.addr());

    let (mut sent, mut failures) = (0, Vec::new());
    for (id, secret) in secrets.iter().enumerate() {
        upstream.plant(id, &secret.text);
        for carrier in TO_CLIENT {
            if !fits(carrier, &secret.text) {
                continue;
            }
            for protocol in [Protocol::Http1, Protocol::Http2] {
                let request = client::Request {
                    protocol,
                    ..client::Request::get(&format!("/{carrier}/{id}")).with("te", "trailers")
                };
                let response = client::send(&target, &request).await;
                sent += 1;
                let seen = format!(
                    "{:?} {:?} {}",
                    lossy(&response.headers),
                    lossy(&response.trailers),
                    response.text()
                );
                if seen.contains(&secret.value) || seen.contains(&escaped(&secret.value)) {
                    failures.push(format!(
                        "{} reached the client by {carrier} over {protocol:?}",
                        secret.kind
                    ));
                }
                ensure!(
                    response.status == 200,
                    "`{carrier}` answered {} for {}",
                    response.status,
                    secret.kind
                );
            }
        }
        for carrier in TO_UPSTREAM {
            if !fits(carrier, &secret.text) {
                continue;
            }
            for authority in ["api.test", "bao.test"] {
                let response =
                    client::send(&target, &carrying(carrier, &secret.text, authority)).await;
                sent += 1;
                let answer = format!("{:?} {}", lossy(&response.headers), response.text());
                if answer.contains(&secret.value) {
                    failures.push(format!(
                        "{} came back in an answer by {carrier} to {authority}",
                        secret.kind
                    ));
                }
            }
        }
    }

    let written = everything_written(&envoy, sent).await?;
    for secret in &secrets {
        for (name, text) in &written {
            if text.contains(&secret.value)
                || text.contains(&escaped(&secret.value))
                || text.contains(&percent(&secret.value))
            {
                failures.push(format!("{} is in {name}", secret.kind));
            }
        }
    }
    println!(
        "planted: {} secrets, {sent} requests, {} places searched",
        secrets.len(),
        written.len()
    );
    ensure!(
        failures.is_empty(),
        "{} leaks:\n{}",
        failures.len(),
        failures.join("\n")
    );
    Ok(())
}

struct Secret {
    kind: String,
    /// The example, with what stands around it.
    text: String,
    /// The credential in it.
    value: String,
}

fn secrets() -> anyhow::Result<Vec<Secret>> {
    let rules = Arc::new(RuleSet::builtin()?);
    let samples = rules.corpus().into_iter();
    Ok(samples
        .map(|sample| Secret {
            kind: sample.kind,
            text: sample.text,
            value: sample.secret,
        })
        .collect())
}

/// A header holds no line feeds, and a request target no spaces.
fn fits(carrier: &str, text: &str) -> bool {
    match carrier {
        "body" | "json" => true,
        "events" => !text.contains('\n'),
        _ => text.bytes().all(|byte| (0x20..0x7f).contains(&byte)),
    }
}

fn carrying(carrier: &str, text: &str, authority: &str) -> client::Request {
    let get = |target: &str| client::Request {
        authority: authority.to_owned(),
        ..client::Request::get(target)
    };
    match carrier {
        "query" => get(&format!("/v1/secret/data/x?page=1&note={}", percent(text))),
        "path" => get(&format!("/v1/secret/data/{}", percent(text))),
        "fragment-of-query" => get(&format!(
            "/v1/secret/data/x?redirect=https%3A%2F%2Fapp.test%2F%23{}",
            percent(text)
        )),
        "authorization" => {
            get("/v1/secret/data/x").with("authorization", &format!("Bearer {text}"))
        }
        "cookie" => get("/v1/secret/data/x")
            .with("cookie", &format!("theme=dark; session={}", percent(text))),
        "referer" => get("/v1/secret/data/x").with(
            "referer",
            &format!("https://app.test/cb?state=1&t={}", percent(text)),
        ),
        "user-agent" => get("/v1/secret/data/x").with("user-agent", &format!("tool/1.0 ({text})")),
        "custom-header" => get("/v1/secret/data/x").with("x-forwarded-secret", text),
        _ => client::Request {
            method: "POST".to_owned(),
            body: vec![Step::Data(text.as_bytes().to_vec())],
            framing: Framing::Length,
            ..get("/v1/secret/data/x")
        },
    }
}

/// Every output of Envoy and of the filter. Waits until the access log has all `requests`.
async fn everything_written(
    envoy: &Envoy,
    requests: usize,
) -> anyhow::Result<Vec<(String, String)>> {
    let deadline = Instant::now() + Duration::from_secs(60);
    while envoy.access_log().lines().count() < requests {
        ensure!(
            Instant::now() < deadline,
            "the access log has {} of {requests} lines",
            envoy.access_log().lines().count()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut written = vec![
        ("Envoy's log".to_owned(), envoy.log()),
        ("the access log".to_owned(), envoy.access_log()),
    ];
    let pages = [
        "/stats",
        "/stats/prometheus",
        "/config_dump",
        "/clusters",
        "/listeners",
        "/server_info",
        "/memory",
        "/runtime",
        "/certs",
    ];
    for page in pages {
        written.push((format!("Envoy's {page}"), envoy.query(page).await?));
    }
    let reloads: Vec<String> = written
        .iter()
        .flat_map(|(_, text)| text.lines())
        .filter(|line| line.contains("vm_reload") && line.contains(": ") && !line.ends_with(": 0"))
        .map(str::to_owned)
        .collect();
    ensure!(reloads.is_empty(), "the module trapped: {reloads:?}");
    Ok(written)
}

fn configuration() -> String {
    json!({
        "services": [{ "service": "openbao", "match": { "authority": ["bao.test"] }, "mounts": { "secret": "kv2" } }],
        "redaction": { "mask": { "key": "planted-test-key-0123456789" } },
        "audit": { "log": true },
    })
    .to_string()
}

/// An upstream that sends what was planted, without the request naming it.
struct Leaky {
    address: SocketAddr,
    planted: Arc<Mutex<HashMap<usize, String>>>,
}

impl Leaky {
    async fn start() -> anyhow::Result<Leaky> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let planted: Arc<Mutex<HashMap<usize, String>>> = Arc::default();
        let shared = Arc::clone(&planted);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let planted = Arc::clone(&shared);
                let service =
                    hyper::service::service_fn(move |request| leak(request, Arc::clone(&planted)));
                tokio::spawn(async move {
                    let _ = auto::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Ok(Leaky { address, planted })
    }

    fn plant(&self, id: usize, text: &str) {
        self.planted.lock().unwrap().insert(id, text.to_owned());
    }
}

type Body = BoxBody<Bytes, Infallible>;

async fn leak(
    request: Request<hyper::body::Incoming>,
    planted: Arc<Mutex<HashMap<usize, String>>>,
) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().to_owned();
    let mut segments = path.trim_start_matches('/').split('/');
    let carrier = segments.next().unwrap_or_default();
    let id: usize = segments
        .next()
        .and_then(|id| id.parse().ok())
        .unwrap_or(usize::MAX);
    let text = planted
        .lock()
        .unwrap()
        .get(&id)
        .cloned()
        .unwrap_or_default();
    let response = Response::builder();
    let header = |value: &str| {
        HeaderValue::from_bytes(value.as_bytes()).unwrap_or(HeaderValue::from_static("-"))
    };
    let answer = match carrier {
        "body" => response.body(pieces(&format!("before {text} after"), None)),
        "json" => {
            let body = json!({ "name": "x", "value": text, "n": 1 }).to_string();
            response
                .header("content-type", "application/json")
                .body(pieces(&body, None))
        }
        "events" => response
            .header("content-type", "text/event-stream")
            .body(pieces(
                &format!("event: a\ndata: {text}\n\ndata: done\n\n"),
                None,
            )),
        "header" => response
            .header("x-debug", header(&text))
            .body(pieces("ok", None)),
        "cookie" => response
            .header("set-cookie", header(&format!("a={text}; Path=/")))
            .body(pieces("ok", None)),
        "location" => {
            let url = format!("https://app.test/cb?a=1&v={}#done", percent(&text));
            response
                .header("location", header(&url))
                .body(pieces("ok", None))
        }
        "trailer" => response
            .header("trailer", "x-debug")
            .body(pieces("ok", Some(header(&text)))),
        _ => response.body(pieces("ok", None)),
    };
    Ok(answer.unwrap_or_default())
}

/// Small pieces, so that every credential is cut several times.
fn pieces(text: &str, trailer: Option<HeaderValue>) -> Body {
    let mut frames: Vec<Result<Frame<Bytes>, Infallible>> = text
        .as_bytes()
        .chunks(11)
        .map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece))))
        .collect();
    if let Some(value) = trailer {
        let mut map = HeaderMap::new();
        map.insert("x-debug", value);
        frames.push(Ok(Frame::trailers(map)));
    }
    BodyExt::boxed(StreamBody::new(stream::iter(frames)))
}

/// As JSON escapes it.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.trim_matches('"').to_owned()
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

fn lossy(fields: &[(Vec<u8>, Vec<u8>)]) -> Vec<(String, String)> {
    let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
    fields
        .iter()
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}
