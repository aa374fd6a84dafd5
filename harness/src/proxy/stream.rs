//! One exchange on the wire: reads and writes both sides, and lets the chain decide in between.
//!
//! Nothing is read that there is no room for: towards each side at most a buffer limit is queued, the rest waits in the peer's window.

use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use tokio::time::sleep_until;

use super::{
    access_log::flag,
    codec::{Driven, Event, Gone, Sink, Source},
    config::RouteConfig,
    edge,
    filter::{Chain, Out, reply},
    upstream::{Exchange, UpstreamEvent},
    worker::Worker,
};
use crate::vm::{
    ConnectionFacts, Headers, LocalReply, LogLevel, Properties, StreamState,
    StreamType::{Request, Response},
};

/// A request whose head was read.
pub(crate) struct Head {
    pub(crate) headers: Headers,
    /// Nothing follows.
    pub(crate) end: bool,
    pub(crate) protocol: &'static str,
    /// The proxy's answer, when the head alone earns one.
    pub(crate) refusal: Option<LocalReply>,
}

/// Bytes queued towards a peer before its opposite is no longer read.
const QUEUE: usize = 256 * 1024;

/// What becomes of an HTTP/1 connection after an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// It may serve another.
    KeepOpen,
    /// It closes once the client has what was sent.
    Close,
    /// It closes at once: the exchange was cut off.
    Abort,
}

/// Serves one request to its end.
pub(crate) async fn serve(
    worker: &Rc<Worker>,
    connection: &Arc<ConnectionFacts>,
    head: Head,
    source: &mut Source,
    sink: &mut Sink,
) -> After {
    let mut stream = Stream::begin(worker, connection, head, source, sink);
    stream.run().await;
    stream.finish()
}

struct Stream<'s> {
    worker: &'s Rc<Worker>,
    chain: Rc<Chain>,
    source: &'s mut Source,
    sink: &'s mut Sink,
    upstream: Option<Exchange>,
    /// The request was read to its end.
    request_read: bool,
    timeout: Option<Duration>,
    deadline: Option<Instant>,
    stalled: Option<Instant>,
    http1: bool,
    close: bool,
    gone: bool,
}

/// What happened, in one turn of the loop.
enum Turn {
    Woken,
    Downstream(Event),
    Upstream(UpstreamEvent),
    Driven(Driven),
    TimedOut,
    Stalled,
}

impl<'s> Stream<'s> {
    fn begin(
        worker: &'s Rc<Worker>,
        connection: &Arc<ConnectionFacts>,
        head: Head,
        source: &'s mut Source,
        sink: &'s mut Sink,
    ) -> Stream<'s> {
        worker.count("downstream_rq_total");
        let mut headers = head.headers;
        let refusal = head
            .refusal
            .or_else(|| edge::refuse(&headers, &worker.config));
        let origin = edge::prepare(&mut headers, &worker.config, connection);
        let (metadata, refusal) = match (refusal, &worker.jwt) {
            (Some(refusal), _) => (Vec::new(), Some(refusal)),
            (None, Some(jwt)) => match jwt.verify(&mut headers) {
                Ok(metadata) => (metadata, None),
                Err(refusal) => (Vec::new(), Some(refusal)),
            },
            (None, None) => (Vec::new(), None),
        };
        let properties = Properties {
            connection: connection.clone(),
            protocol: head.protocol,
            source: origin,
            route: worker
                .route(&headers)
                .map(|route| Arc::new(edge::route_names(route))),
            metadata,
            plugin: worker.plugin_names(),
            started: SystemTime::now(),
            started_at: Instant::now(),
            request_bytes: 0,
            response_bytes: 0,
            response_code: None,
            response_code_details: None,
            response_flags: 0,
            upstream: None,
            upstream_started: None,
            upstream_finished: None,
            duration: None,
        };
        let http1 = matches!(sink, Sink::H1(_));
        let (root, unavailable) = worker.root();
        let chain = Chain::new(
            StreamState::new(properties),
            worker.chain_settings(http1),
            root,
        );
        if let Sink::H1(sink) = &mut *sink {
            sink.method = headers.text(b":method").to_owned();
            if headers.text(b"expect").eq_ignore_ascii_case("100-continue") && refusal.is_none() {
                // Answered before anyone decided, as Envoy does.
                sink.raw(b"HTTP/1.1 100 Continue\r\n\r\n");
                headers.remove(b"expect");
            }
        }
        let refusal = refusal.or_else(|| unavailable.then(|| reply(503, "", "wasm_fail_stream")));
        match refusal {
            Some(refusal) => {
                if refusal.details == "http1.codec_error" {
                    chain.state.borrow_mut().properties.response_flags |= flag::DOWNSTREAM_PROTOCOL;
                }
                chain.describe(&headers);
                chain.state.borrow_mut().request.headers = Some(headers);
                chain.local_reply(&refusal);
            }
            None => chain.request_headers(headers, head.end),
        }
        Stream {
            worker,
            chain,
            source,
            sink,
            upstream: None,
            request_read: head.end,
            timeout: None,
            deadline: None,
            stalled: None,
            http1,
            close: false,
            gone: false,
        }
    }

    async fn run(&mut self) {
        loop {
            while let Some(out) = self.chain.pop() {
                self.dispatch(out);
            }
            if self.gone {
                return self.cut_off().await;
            }
            if self.chain.ended(Response) && self.sink.idle() {
                return;
            }
            match self.turn().await {
                Turn::Woken => {}
                Turn::Downstream(event) => self.downstream(event),
                Turn::Upstream(event) => self.upstream(event),
                Turn::Driven(Driven::Flushed) => {}
                Turn::Driven(Driven::Gone(gone)) => self.client_gone(gone),
                Turn::TimedOut => self.timed_out(),
                Turn::Stalled => self.hung(),
            }
        }
    }

    /// Resets an HTTP/2 stream, after its connection had a turn to write what was sent before.
    async fn cut_off(&mut self) {
        if let Sink::H2(sink) = &mut *self.sink {
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            sink.reset(h2::Reason::INTERNAL_ERROR);
        }
    }

    async fn turn(&mut self) -> Turn {
        let queued_up = self.upstream.as_ref().map_or(0, Exchange::pending);
        let read_down = self.request_read || (self.chain.wants(Request) && queued_up <= QUEUE);
        let read_up = self.chain.wants(Response)
            && self.sink.pending() <= QUEUE
            && !self.chain.ended(Response);
        let stuck = self.chain.stuck(Request) || self.chain.stuck(Response);
        self.stalled = if stuck {
            self.stalled.or_else(|| {
                Some(Instant::now() + Duration::from_millis(self.worker.config.stall_ms))
            })
        } else {
            None
        };
        tokio::select! {
            biased;
            () = self.chain.wake.notified() => Turn::Woken,
            driven = self.sink.drive() => Turn::Driven(driven),
            event = next_upstream(&mut self.upstream, read_up) => Turn::Upstream(event),
            event = self.source.event(), if read_down => Turn::Downstream(event),
            () = at(self.deadline) => Turn::TimedOut,
            () = at(self.stalled) => Turn::Stalled,
        }
    }

    fn downstream(&mut self, event: Event) {
        match event {
            Event::Gone(gone) => self.client_gone(gone),
            _ if self.request_read => {}
            Event::Data(data, end) => {
                self.request_read = end;
                self.chain.state.borrow_mut().properties.request_bytes += data.len() as u64;
                self.chain.data(Request, data, end);
            }
            Event::Trailers(trailers) => {
                self.request_read = true;
                self.chain.trailers(Request, trailers);
            }
        }
    }

    fn upstream(&mut self, event: UpstreamEvent) {
        match event {
            UpstreamEvent::Flushed => {}
            UpstreamEvent::Headers(mut headers, end) => {
                if end {
                    self.chain.upstream_finished();
                }
                headers.remove(b"keep-alive");
                self.worker
                    .router_response_headers(&mut headers, &self.chain);
                self.chain.response_headers(headers, end);
            }
            UpstreamEvent::Body(Event::Data(data, end)) => {
                if end {
                    self.chain.upstream_finished();
                }
                self.chain.data(Response, data, end);
            }
            UpstreamEvent::Body(Event::Trailers(trailers)) => {
                self.chain.upstream_finished();
                self.chain.trailers(Response, trailers);
            }
            UpstreamEvent::Body(Event::Gone(gone)) => self.upstream_gone(gone),
            UpstreamEvent::ConnectFailed => {
                self.drop_upstream();
                self.flag(flag::UPSTREAM_CONNECT_FAILURE);
                let body = "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, transport failure reason: delayed connect error: Connection refused";
                let details = "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}";
                self.chain.local_reply(&reply(503, body, details));
            }
        }
    }

    fn upstream_gone(&mut self, gone: Gone) {
        if self
            .chain
            .state
            .borrow()
            .properties
            .upstream_finished
            .is_some()
        {
            // The response is complete; whatever the connection does now concerns no one.
            self.drop_upstream();
            return;
        }
        self.drop_upstream();
        let (bit, reason) = match gone {
            Gone::Closed => (flag::UPSTREAM_TERMINATED, "connection termination"),
            Gone::Reset => (flag::UPSTREAM_RESET, "remote reset"),
            Gone::Protocol => (flag::UPSTREAM_PROTOCOL, "protocol error"),
        };
        self.flag(bit);
        let started = self.chain.state.borrow().response.headers.is_some();
        let when = if started { "after" } else { "before" };
        let details = format!(
            "upstream_reset_{when}_response_started{{{}}}",
            reason.replace(' ', "_")
        );
        if started {
            self.chain
                .state
                .borrow_mut()
                .properties
                .response_code_details = Some(details);
            self.chain.reset();
        } else {
            let body = format!(
                "upstream connect error or disconnect/reset before headers. reset reason: {reason}"
            );
            self.chain.local_reply(&reply(
                if gone == Gone::Protocol { 502 } else { 503 },
                &body,
                &details,
            ));
        }
    }

    fn client_gone(&mut self, gone: Gone) {
        let (bit, details) = match gone {
            Gone::Closed => (flag::DOWNSTREAM_TERMINATED, "downstream_remote_disconnect"),
            Gone::Reset => (flag::DOWNSTREAM_TERMINATED, "http2.remote_reset"),
            Gone::Protocol => (flag::DOWNSTREAM_PROTOCOL, "http1.codec_error"),
        };
        self.flag(bit);
        if gone == Gone::Protocol
            && !self.chain.ended(Response)
            && self.chain.state.borrow().response.headers.is_none()
        {
            self.request_read = true;
            self.close = true;
            self.chain.local_reply(&reply(400, "Bad Request", details));
            return;
        }
        self.chain
            .state
            .borrow_mut()
            .properties
            .response_code_details = Some(details.into());
        self.chain.reset();
        self.gone = true;
    }

    fn timed_out(&mut self) {
        self.deadline = None;
        self.drop_upstream();
        self.flag(flag::UPSTREAM_TIMEOUT);
        if self.chain.state.borrow().response.headers.is_some() {
            self.chain
                .state
                .borrow_mut()
                .properties
                .response_code_details = Some("response_timeout".into());
            self.chain.reset();
        } else {
            self.chain
                .local_reply(&reply(504, "upstream request timeout", "response_timeout"));
        }
    }

    fn hung(&mut self) {
        let direction = if self.chain.stuck(Request) {
            "request"
        } else {
            "response"
        };
        self.worker.services.diagnostics.report(format!("the module holds a {direction} whose end arrived and never resumed it: in Envoy the stream hangs"));
        self.chain.reset();
    }

    fn dispatch(&mut self, out: Out) {
        match out {
            Out::Headers(Request, headers, end) => self.send_request(headers, end),
            Out::Data(Request, data, end) => {
                if let Some(upstream) = &mut self.upstream {
                    upstream.data(data, end);
                }
                self.start_timeout(end);
            }
            Out::Trailers(Request, trailers) => {
                if let Some(upstream) = &mut self.upstream {
                    upstream.trailers(trailers);
                }
                self.start_timeout(true);
            }
            Out::Headers(Response, headers, end) => self.send_response(headers, end),
            Out::Data(Response, data, end) => self.sink.data(data, end),
            Out::Trailers(Response, trailers) => self.sink.trailers(&trailers),
            Out::Reset => {
                self.drop_upstream();
                self.close = true;
                self.gone = true;
            }
        }
        if self.chain.answered_locally() {
            self.drop_upstream();
        }
    }

    fn send_request(&mut self, mut headers: Headers, end: bool) {
        let Some((route, target)) = self
            .worker
            .route(&headers)
            .and_then(|route| Some((route.clone(), self.worker.upstream(route)?)))
        else {
            self.flag(flag::NO_ROUTE);
            return self.chain.local_reply(&reply(404, "", "route_not_found"));
        };
        self.note_route(&route, target.address);
        self.timeout = route.timeout();
        self.worker.router_request_headers(&mut headers, &route);
        // One map serves the filter, the upstream and the logs.
        self.chain.state.borrow_mut().request.headers = Some(headers.clone());
        self.chain.upstream_started();
        self.upstream = Some(Exchange::start(
            self.worker.pool.clone(),
            target,
            headers,
            end,
        ));
        self.start_timeout(end);
    }

    fn note_route(&self, route: &RouteConfig, address: std::net::SocketAddr) {
        let mut state = self.chain.state.borrow_mut();
        state.properties.route = Some(Arc::new(edge::route_names(route)));
        state.properties.upstream = Some(address);
    }

    fn start_timeout(&mut self, end: bool) {
        if end && self.deadline.is_none() {
            self.deadline = self.timeout.map(|timeout| Instant::now() + timeout);
        }
    }

    fn send_response(&mut self, mut headers: Headers, end: bool) {
        let connect = self
            .chain
            .state
            .borrow()
            .request
            .headers
            .as_ref()
            .is_some_and(|request| request.text(b":method") == "CONNECT");
        let tunnel = headers.text(b":status") == "101"
            || (connect && headers.text(b":status").starts_with('2'));
        edge::finish_response(&mut headers, &self.worker.config, tunnel);
        let last = matches!(&*self.source, Source::H1(source) if !source.keep_alive);
        if self.http1
            && !tunnel
            && (!self.request_read || self.close || last || self.worker.draining.get())
        {
            // Asked for, or the rest of the request will not be read: the connection cannot carry another.
            headers.replace(b"connection", b"close");
            self.close = true;
        }
        if tunnel {
            self.timeout = None;
            self.deadline = None;
        }
        self.chain.state.borrow_mut().response.headers = Some(headers.clone());
        self.worker.count_response(headers.text(b":status"));
        self.sink.headers(&headers, end);
    }

    fn drop_upstream(&mut self) {
        if let Some(upstream) = self.upstream.take() {
            upstream.finish();
        }
    }

    fn flag(&self, bit: u64) {
        self.chain.state.borrow_mut().properties.response_flags |= bit;
    }

    fn finish(mut self) -> After {
        let mut reusable = !self.close && !self.gone;
        if let Some(owed) = self.upstream.as_ref().and_then(Exchange::mismatch) {
            self.report_mismatch("request", owed);
        }
        self.drop_upstream();
        // A stream of HTTP/2 that is dropped before its request ended is reset after what was sent for it.
        if let (Sink::H1(sink), Source::H1(source)) = (&mut *self.sink, &*self.source) {
            reusable &= source.keep_alive && source.ended() && !sink.old;
            if let Some(owed) = sink.mismatch {
                reusable = false;
                self.report_mismatch("response", owed);
            }
        }
        {
            let mut state = self.chain.state.borrow_mut();
            state.properties.duration = Some(state.properties.started_at.elapsed());
        }
        self.chain.finish();
        let state = self.chain.state.borrow();
        for format in &self.worker.formats {
            self.worker
                .services
                .logs
                .push(LogLevel::Info, "access", format.line(&state));
        }
        match (reusable, self.gone) {
            (true, _) => After::KeepOpen,
            (false, true) => After::Abort,
            (false, false) => After::Close,
        }
    }

    fn report_mismatch(&self, what: &str, owed: i64) {
        let amount = if owed > 0 {
            format!("{owed} bytes fewer")
        } else {
            format!("{} bytes more", -owed)
        };
        self.worker.services.diagnostics.report(format!("a {what} body had {amount} than its content-length: Envoy sends it as it is and the connection loses its framing"));
    }
}

async fn next_upstream(upstream: &mut Option<Exchange>, read: bool) -> UpstreamEvent {
    match upstream {
        Some(upstream) => upstream.next(read).await,
        None => std::future::pending().await,
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
