//! HTTP calls that a module makes by itself.

use std::rc::Rc;

use super::{
    super::{
        codec::Event,
        config::UpstreamConfig,
        upstream::{Exchange, Pool, UpstreamEvent},
    },
    Worker,
};
use crate::vm::{Headers, HttpCall, HttpCallResponse};

impl Worker {
    /// Makes an HTTP call of the module. Failures are responses too: 503 without a connection, 504 after the timeout.
    pub(super) async fn call(self: Rc<Self>, vm: u64, call: HttpCall) {
        let upstream = self
            .config
            .upstreams
            .iter()
            .find(|upstream| upstream.name == call.upstream)
            .cloned();
        let response = match upstream {
            Some(upstream) => {
                tokio::time::timeout(call.timeout, request(self.pool.clone(), upstream, &call))
                    .await
                    .unwrap_or_else(|_| made(504, "upstream request timeout"))
            }
            None => HttpCallResponse::default(),
        };
        if let Some(host) = self.host(vm) {
            host.http_call_response(call.root, call.token, response);
        }
    }
}

async fn request(pool: Rc<Pool>, upstream: UpstreamConfig, call: &HttpCall) -> HttpCallResponse {
    let mut headers = call.headers.clone();
    if !call.body.is_empty() {
        headers.replace(b"content-length", call.body.len().to_string().as_bytes());
    }
    let mut exchange = Exchange::start(pool, upstream, headers, call.body.is_empty());
    if !call.body.is_empty() {
        exchange.data(call.body.clone().into(), true);
    }
    let mut response = HttpCallResponse::default();
    loop {
        match exchange.next(true).await {
            UpstreamEvent::Flushed => continue,
            UpstreamEvent::Headers(headers, end) => {
                response.headers = headers;
                if !end {
                    continue;
                }
            }
            UpstreamEvent::Body(Event::Data(data, end)) => {
                response.body.extend_from_slice(&data);
                if !end {
                    continue;
                }
            }
            UpstreamEvent::Body(Event::Trailers(trailers)) => response.trailers = trailers,
            UpstreamEvent::Body(Event::Gone(_)) if response.headers.is_empty() => {
                response = made(
                    503,
                    "upstream connect error or disconnect/reset before headers. reset reason: connection termination",
                );
            }
            UpstreamEvent::Body(Event::Gone(_)) => response = HttpCallResponse::default(),
            UpstreamEvent::ConnectFailed => {
                response = made(
                    503,
                    "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure",
                );
            }
        }
        exchange.finish();
        return response;
    }
}

fn made(status: u16, body: &str) -> HttpCallResponse {
    let status = status.to_string();
    let headers = [
        (&b":status"[..], status.as_bytes()),
        (b"content-type", b"text/plain"),
    ]
    .into_iter()
    .collect();
    HttpCallResponse {
        headers,
        body: body.into(),
        trailers: Headers::default(),
    }
}
