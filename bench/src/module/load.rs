//! What a module adds to the CPU time of a real Envoy, per megabyte of clean body and per exchange.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use veilgate_harness::lab::Envoy;
use veilgate_harness::lab::engines::{self, Program};

use super::{Subject, envoy, process, wire};
use crate::corpus;

/// Microseconds of CPU time that Envoy spent, each the median of the rounds.
pub(crate) struct Load {
    pub(crate) name: String,
    pub(crate) traffic: &'static str,
    pub(crate) per: &'static str,
    /// Without a module.
    pub(crate) without: f64,
    /// With the module, which looks at nothing.
    pub(crate) idle: f64,
    /// With the module as it is by default.
    pub(crate) on: f64,
    /// Median and least of the differences within a round, `on` less `idle`.
    pub(crate) added: f64,
    pub(crate) least: f64,
}

/// Everything off that can be.
const IDLE: &str = r#"{"redaction":{"response":{"body":false,"headers":false}}}"#;
/// As it is without a configuration.
const ON: &str = "{}";

/// One kind of answer, again and again.
struct Traffic {
    name: &'static str,
    per: &'static str,
    answer: Vec<u8>,
    exchanges: u32,
}

pub(crate) async fn measure(subjects: &[Subject], rounds: u32) -> Result<Vec<Load>> {
    let program = engines::ensure(Program::Envoy, &mut |line| println!("  {line}"))?;
    let mut loads = Vec::new();
    for traffic in traffics() {
        let origin = wire::origin(traffic.answer.clone())?;
        let without = Proxy::start(&program, origin, None, ON).await?;
        for subject in subjects {
            let module = Some(subject.file.as_path());
            let idle = Proxy::start(&program, origin, module, IDLE).await?;
            let on = Proxy::start(&program, origin, module, ON).await?;
            let mut times: [Vec<f64>; 4] = Default::default();
            for _ in 0..rounds {
                let [a, b, c] = [&without, &idle, &on].map(|proxy| proxy.cost(&traffic));
                let (a, b, c) = (a?, b?, c?);
                for (list, time) in times.iter_mut().zip([a, b, c, c - b]) {
                    list.push(time);
                }
            }
            let [a, b, c, added] = &mut times;
            loads.push(Load {
                name: subject.name.clone(),
                traffic: traffic.name,
                per: traffic.per,
                without: median(a)?,
                idle: median(b)?,
                on: median(c)?,
                added: median(added)?,
                least: *added.first().context("no rounds")?,
            });
        }
    }
    Ok(loads)
}

fn traffics() -> Vec<Traffic> {
    const MB: usize = 1_000_000;
    let [(_, json), _] = corpus::deterministic(MB);
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let with_length = |body: &[u8]| {
        let head = format!("{head}content-length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    };
    let mut chunked = format!("{head}transfer-encoding: chunked\r\n\r\n").into_bytes();
    for chunk in json.chunks(8 * 1024) {
        chunked.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunked.extend_from_slice(chunk);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let small = json.get(..4096).unwrap_or_default();
    vec![
        Traffic {
            name: "bodies of 1 MB",
            per: "MB",
            answer: with_length(&json),
            exchanges: 40,
        },
        Traffic {
            name: "bodies of 1 MB in chunks of 8 KiB",
            per: "MB",
            answer: chunked,
            exchanges: 40,
        },
        Traffic {
            name: "bodies of 4 KiB",
            per: "exchange",
            answer: with_length(small),
            exchanges: 1500,
        },
        Traffic {
            name: "26 header lines, no body",
            per: "exchange",
            answer: headers(),
            exchanges: 1500,
        },
    ]
}

/// What a service behind a content delivery network answers.
fn headers() -> Vec<u8> {
    let mut head = String::from("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n");
    let lines = [
        ("content-type", "application/json; charset=utf-8"),
        ("cache-control", "private, max-age=60, s-maxage=60"),
        (
            "vary",
            "Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding",
        ),
        ("etag", "W/\"5f1d2c77a0a4c3b9a6f54f6d2c7a1f5e9b3d8c20\""),
        ("last-modified", "Tue, 18 Nov 2025 09:12:44 GMT"),
        ("x-ratelimit-limit", "5000"),
        ("x-ratelimit-remaining", "4987"),
        ("x-ratelimit-reset", "1763639564"),
        ("x-ratelimit-used", "13"),
        ("x-ratelimit-resource", "core"),
        ("access-control-allow-origin", "*"),
        (
            "access-control-expose-headers",
            "ETag, Link, Location, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining",
        ),
        (
            "strict-transport-security",
            "max-age=31536000; includeSubdomains; preload",
        ),
        ("x-frame-options", "deny"),
        ("x-content-type-options", "nosniff"),
        ("x-xss-protection", "0"),
        (
            "referrer-policy",
            "origin-when-cross-origin, strict-origin-when-cross-origin",
        ),
        ("content-security-policy", "default-src 'none'"),
        ("x-request-id", "8f14e45f-ceea-467f-a4d9-3a4c1b7d2e90"),
        ("x-served-by", "cache-fra-eddf8230021-FRA"),
        ("x-cache", "MISS"),
        ("x-cache-hits", "0"),
        ("x-timer", "S1763635964.218734,VS0,VE112"),
        (
            "link",
            "<https://api.example/items?page=3>; rel=\"next\", <https://api.example/items?page=9>; rel=\"last\"",
        ),
        ("age", "0"),
    ];
    for (name, value) in lines {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    (head + "\r\n").into_bytes()
}

/// A running Envoy that nobody else asks.
struct Proxy {
    envoy: Envoy,
}

impl Proxy {
    async fn start(
        program: &Path,
        origin: SocketAddr,
        module: Option<&Path>,
        configuration: &str,
    ) -> Result<Proxy> {
        let setup = envoy::setup(origin, module, configuration);
        let envoy = Envoy::start(program, setup).await?;
        Ok(Proxy { envoy })
    }

    /// Microseconds of its CPU time for one exchange.
    fn cost(&self, traffic: &Traffic) -> Result<f64> {
        let mut client = wire::Client::connect(self.envoy.addr())?;
        client.get()?;
        let before = process::cpu(self.envoy.id())?;
        for _ in 0..traffic.exchanges {
            client.get()?;
        }
        let spent = process::cpu(self.envoy.id())?.saturating_sub(before);
        Ok(spent.as_secs_f64() * 1e6 / f64::from(traffic.exchanges))
    }
}

/// Sorts, too.
fn median(times: &mut [f64]) -> Result<f64> {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().context("no rounds")
}
