//! What the headers of a message cost.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::engine::{Call, Native, Node, Runtime, Wasmtime};

/// One map of headers in one runtime.
pub(crate) struct Headers {
    pub(crate) map: &'static str,
    pub(crate) lines: usize,
    pub(crate) bytes: usize,
    pub(crate) runtime: Runtime,
    pub(crate) time: Duration,
}

/// Both maps in all runtimes: of many repetitions the shortest.
pub(crate) fn measure(
    native: &mut Native,
    node: Option<&Node>,
    guest: &Path,
) -> Result<Vec<Headers>> {
    const REPETITIONS: u32 = 20_000;
    let mut wasmtime = Wasmtime::new(guest, Call::Scan)?;
    let mut measured = Vec::new();
    for (name, map) in [("clean", CLEAN), ("with credentials", CREDENTIALS)] {
        let map = map.trim();
        let bytes = map.as_bytes();
        let mut times = vec![
            (Runtime::Native, native.headers(bytes, REPETITIONS)?),
            (Runtime::Wasmtime, wasmtime.headers(bytes, REPETITIONS)?),
        ];
        if let Some(node) = node {
            times.push((Runtime::V8, node.headers(map, REPETITIONS)?));
        }
        measured.extend(times.into_iter().map(|(runtime, time)| Headers {
            map: name,
            lines: map.lines().count(),
            bytes: map.len(),
            runtime,
            time,
        }));
    }
    Ok(measured)
}

const CLEAN: &str = "
:status: 200
date: Fri, 20 Nov 2026 14:00:00 GMT
content-type: application/json; charset=utf-8
content-length: 48211
cache-control: private, max-age=60, s-maxage=60
vary: Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding
etag: W/\"7e9dbe25f1b7a0e6c0a9f3c0a1d2c3b4a5e6f7089\"
last-modified: Thu, 19 Nov 2026 08:12:33 GMT
x-poll-interval: 60
x-media-type: api.v3; format=json
x-api-version-selected: 2026-03-10
access-control-expose-headers: ETag, Link, Location, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Used
access-control-allow-origin: *
strict-transport-security: max-age=31536000; includeSubdomains; preload
x-frame-options: deny
x-content-type-options: nosniff
x-xss-protection: 0
referrer-policy: origin-when-cross-origin, strict-origin-when-cross-origin
content-security-policy: default-src 'none'
x-ratelimit-limit: 5000
x-ratelimit-remaining: 4987
x-ratelimit-reset: 1795183200
x-ratelimit-resource: core
server: envoy
x-envoy-upstream-service-time: 41
x-request-id: 5f8ad5a1-0b6e-4a53-9d33-6f1f0a6b2c41
";

const CREDENTIALS: &str = "
:method: POST
:scheme: https
:authority: api.example.com
:path: /v1/orders?page=2&access_token=u8Rk20sLw4q9XbT1zPfa
user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
accept: application/json, text/plain, */*
accept-language: en-GB,en;q=0.9,de;q=0.8
accept-encoding: gzip, deflate, br, zstd
content-type: application/json
content-length: 812
origin: https://app.example.com
referer: https://app.example.com/orders?page=1
authorization: Bearer V1StGXR8Z5jdHi6BmyTq02LkPcWnAeFs
cookie: theme=dark; session_id=9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d; lang=en
sec-ch-ua: \"Chromium\";v=\"126\", \"Not.A/Brand\";v=\"8\"
sec-ch-ua-mobile: ?0
sec-ch-ua-platform: \"Linux\"
sec-fetch-dest: empty
sec-fetch-mode: cors
sec-fetch-site: same-site
x-forwarded-for: 203.0.113.7, 198.51.100.23
x-forwarded-proto: https
x-request-id: 5f8ad5a1-0b6e-4a53-9d33-6f1f0a6b2c41
x-api-key: k3Jd82mZpQ0vLx7TnR5wYb1c
traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
priority: u=1, i
";
