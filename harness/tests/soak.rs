//! Does the filter stay whole under load? Many mixed requests through real Envoy: every answer is the promised one, no VM is
//! reloaded, no worker is stuck, and memory does not grow with the number of requests.
//!
//! `VEILGATE_SOAK_REQUESTS` sets how many (100,000 by default), `VEILGATE_SOAK_CONCURRENCY` how many at once (32).

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{HeaderMap, Request, Response, body::Frame};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use serde_json::json;
use tokio::{io::AsyncWriteExt as _, net::TcpListener};
use veilgate_harness::lab::{
    self, Envoy, Setup, engines,
    setup::{Configuration, Filter},
};

const WORKERS: u32 = 2;
/// The share of requests after which memory is measured for the first time: pools and arenas have their size by then.
const WARM: u64 = 5;
/// What allocators may keep besides.
const SLACK_KIB: u64 = 24 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_mixed_requests_leave_envoy_as_it_was() -> anyhow::Result<()> {
    let Some(program) = engines::for_tests(engines::Program::Envoy)? else {
        return Ok(());
    };
    let (requests, concurrency) = (
        number("VEILGATE_SOAK_REQUESTS", 100_000),
        number("VEILGATE_SOAK_CONCURRENCY", 32),
    );
    let upstream = serve().await?;
    let envoy = Envoy::start(&program, setup(upstream)?).await?;
    let load = Load::new(envoy.addr());

    let began = Instant::now();
    load.run(requests / WARM, concurrency).await?;
    let warm = resident_kib(envoy.id())?;
    load.run(requests - requests / WARM, concurrency).await?;
    let (seconds, end) = (began.elapsed().as_secs_f64(), resident_kib(envoy.id())?);

    let sent = load.sent.load(Ordering::Relaxed);
    println!(
        "soak: {sent} requests at concurrency {concurrency}, {:.0} a second; resident {warm} KiB warm, {end} KiB at the end",
        sent as f64 / seconds
    );
    ensure!(
        end <= warm + SLACK_KIB,
        "Envoy grew from {warm} to {end} KiB"
    );
    let stats = envoy.query("/stats").await?;
    let reloads: Vec<&str> = stats
        .lines()
        .filter(|line| line.contains("vm_reload") && !line.ends_with(": 0"))
        .collect();
    ensure!(reloads.is_empty(), "the module trapped: {reloads:?}");
    every_worker_answers(envoy.addr()).await
}

/// A kind of request with the answer it must get.
struct Case {
    path: &'static str,
    host: &'static str,
    method: &'static str,
    /// Sent as body.
    body: &'static str,
    status: u16,
    /// Must be in the response body.
    expect: &'static str,
}

impl Case {
    const fn get(
        host: &'static str,
        path: &'static str,
        status: u16,
        expect: &'static str,
    ) -> Case {
        Case {
            path,
            host,
            method: "GET",
            body: "",
            status,
            expect,
        }
    }
}

const API: &str = "api.test";
const BAO: &str = "bao.test";
const CASES: [Case; 9] = [
    Case::get(API, "/clean", 200, "\"name\""),
    Case::get(API, "/leak", 200, "[REDACTED:github-pat"),
    Case::get(API, "/clean?access_token=s3cr3t-s3cr3t", 200, "\"name\""),
    Case::get(API, "/events", 200, "data: [REDACTED:github-pat"),
    Case::get(API, "/trailers", 200, "[REDACTED:github-pat"),
    Case {
        method: "POST",
        body: "a body that is sent",
        ..Case::get(API, "/echo", 200, "a body that is sent")
    },
    Case::get(BAO, "/v1/secret/data/open/one", 200, "[REDACTED:field]"),
    Case::get(BAO, "/v1/secret/data/closed/one", 403, "decision_id"),
    // Not canonical.
    Case::get(BAO, "/v1/secret/data/%2e%2e/one", 403, "decision_id"),
];
/// Every so many requests a client goes away in the middle of a body.
const ABORT_EVERY: u64 = 50;

struct Load {
    address: SocketAddr,
    h1: Client<HttpConnector, Full<Bytes>>,
    h2: Client<HttpConnector, Full<Bytes>>,
    sent: Arc<AtomicU64>,
}

impl Load {
    fn new(address: SocketAddr) -> Load {
        let builder = || {
            let mut builder = Client::builder(TokioExecutor::new());
            builder.pool_max_idle_per_host(64);
            builder
        };
        let h1 = builder().build_http();
        let h2 = builder().http2_only(true).build_http();
        Load {
            address,
            h1,
            h2,
            sent: Arc::default(),
        }
    }

    async fn run(&self, requests: u64, concurrency: u64) -> anyhow::Result<()> {
        let concurrency = usize::try_from(concurrency)?;
        let mut results = stream::iter(0..requests)
            .map(|nth| self.one(nth))
            .buffer_unordered(concurrency);
        while let Some(result) = results.next().await {
            result?;
            self.sent.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn one(&self, nth: u64) -> anyhow::Result<()> {
        if nth.is_multiple_of(ABORT_EVERY) {
            return self.abort().await;
        }
        let case = CASES
            .get(usize::try_from(nth)? % CASES.len())
            .context("no case")?;
        let request = Request::builder()
            .method(case.method)
            .uri(format!("http://{}{}", self.address, case.path))
            .header("host", case.host)
            .header("authorization", "Bearer not-a-real-token-000000")
            .header("te", "trailers")
            .body(Full::new(Bytes::from_static(case.body.as_bytes())))?;
        // HTTP/2 takes its authority from the URI, so guarded calls, told apart by host, go over HTTP/1.
        let client = if nth.is_multiple_of(2) && case.host == API {
            &self.h2
        } else {
            &self.h1
        };
        let response = tokio::time::timeout(Duration::from_secs(30), client.request(request)).await;
        let response = response
            .with_context(|| format!("`{}` got no answer: a worker is stuck", case.path))??;
        let status = response.status().as_u16();
        let body = response
            .into_body()
            .collect()
            .await
            .with_context(|| format!("`{}` broke off", case.path))?
            .to_bytes();
        let text = String::from_utf8_lossy(&body);
        ensure!(
            status == case.status,
            "`{}` answered {status}: {text}",
            case.path
        );
        ensure!(
            text.contains(case.expect),
            "`{}` answered without {:?}: {text}",
            case.path,
            case.expect
        );
        ensure!(!text.contains(&token()), "`{}` leaked", case.path);
        Ok(())
    }

    async fn abort(&self) -> anyhow::Result<()> {
        let mut stream = tokio::net::TcpStream::connect(self.address).await?;
        stream
            .write_all(b"GET /large HTTP/1.1\r\nhost: api.test\r\n\r\n")
            .await?;
        stream.readable().await?;
        Ok(())
    }
}

async fn every_worker_answers(address: SocketAddr) -> anyhow::Result<()> {
    // Connections are spread over workers by the kernel: many fresh ones reach all of them.
    for _ in 0..32 * WORKERS {
        let fresh: Client<HttpConnector, Full<Bytes>> =
            Client::builder(TokioExecutor::new()).build_http();
        let request = Request::get(format!("http://{address}/clean"))
            .header("host", API)
            .body(Full::default())?;
        let response = tokio::time::timeout(Duration::from_secs(10), fresh.request(request))
            .await
            .context("a worker is stuck")??;
        ensure!(response.status() == 200);
    }
    Ok(())
}

fn setup(upstream: SocketAddr) -> anyhow::Result<Setup> {
    let configuration = json!({
        "services": [{ "service": "openbao", "match": { "authority": [BAO] }, "mounts": { "secret": "kv2" } }],
        "audit": { "log": false },
        "policy": { "cedar": r#"
            @id("anyone-reads-open") permit (principal, action == Action::"Read", resource in Folder::"vault/secret/open");
            @id("nobody-sees-the-password") forbid (principal, action == Action::"Reveal", resource is Field)
            when { resource.pointer == "/data/data/password" };
        "# },
    });
    let mut setup = Setup::new(upstream);
    setup.workers = WORKERS;
    setup.filter = Some(Filter {
        module: lab::module(lab::Build::Whole)?,
        configuration: Configuration::Text(configuration.to_string()),
        memory: None,
    });
    Ok(setup)
}

type Body = BoxBody<Bytes, Infallible>;

/// An upstream that leaks, splits its secrets over chunks, and ends with trailers where asked.
async fn serve() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = hyper::service::service_fn(answer);
            tokio::spawn(async move {
                let _ = auto::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    Ok(address)
}

async fn answer(request: Request<hyper::body::Incoming>) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().to_owned();
    let (kind, body) = match path.as_str() {
        "/leak" => (
            "application/json",
            split(&format!(r#"{{"token":"{}","n":1}}"#, token()), false),
        ),
        "/trailers" => ("application/json", split(&token(), true)),
        "/events" => (
            "text/event-stream",
            split(&format!("data: {}\n\ndata: done\n\n", token()), false),
        ),
        "/large" => ("text/plain", whole("all work and no play ".repeat(50_000))),
        "/echo" => {
            let body = request
                .into_body()
                .collect()
                .await
                .map(|body| body.to_bytes())
                .unwrap_or_default();
            ("text/plain", Full::new(body).boxed())
        }
        path if path.starts_with("/v1/") => (
            "application/json",
            split(
                r#"{"data":{"data":{"user":"app","password":"hunter2hunter2"},"metadata":{}}}"#,
                false,
            ),
        ),
        _ => (
            "application/json",
            whole(format!(
                "[{}]",
                vec![r#"{"id":17,"name":"blue","tags":["a","b"]}"#; 100].join(",")
            )),
        ),
    };
    Ok(Response::builder()
        .header("content-type", kind)
        .header("trailer", "x-checksum")
        .body(body)
        .unwrap_or_default())
}

fn whole(text: String) -> Body {
    Full::new(Bytes::from(text)).boxed()
}

/// In pieces of seven bytes, so that every credential is split.
fn split(text: &str, trailers: bool) -> Body {
    let mut frames: Vec<Result<Frame<Bytes>, Infallible>> = text
        .as_bytes()
        .chunks(7)
        .map(|chunk| Ok(Frame::data(Bytes::copy_from_slice(chunk))))
        .collect();
    if trailers {
        let mut map = HeaderMap::new();
        map.insert("x-checksum", hyper::header::HeaderValue::from_static("1"));
        frames.push(Ok(Frame::trailers(map)));
    }
    BodyExt::boxed(StreamBody::new(stream::iter(frames)))
}

/// Made here; never a live one.
fn token() -> String {
    format!("ghp_{}", "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC2")
}

fn resident_kib(process: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}
