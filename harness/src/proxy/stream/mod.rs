//! One exchange on the wire: reads and writes both sides, and lets the chain decide in between.
//!
//! Nothing is read that there is no room for: towards each side at most a buffer limit is queued, the rest waits in the peer's window.

mod event;
mod send;

use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use tokio::time::sleep_until;

use super::{
    codec::{Driven, Event, Sink, Source},
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
    /// Response flags the head alone earns.
    pub(crate) flags: u64,
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
            response_flags: head.flags,
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
