//! One stream's passage through the filter.
//!
//! Why so literal: filters that hold bytes back depend on details of Envoy's filter manager that look like accidents (the host buffer that comes
//! back with the next chunk, data that stays behind when a resumed stream answers "continue", trailers that skip a paused filter). A cleaner
//! machine would let a filter pass here that loses data there. Names of states and steps follow Envoy's so that the two can be compared.

mod emit;
mod iterate;

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
    time::Instant,
};

use bytes::Bytes;
use tokio::sync::Notify;

use super::{Root, decompressor::Decompressor, local_reply::render, reply};
use crate::vm::{
    Deferred, Diagnostics, Headers, LocalReply, StreamState, StreamType, StreamType::Request,
    StreamType::Response,
};

/// What leaves the chain, in order.
#[derive(Debug, PartialEq)]
pub(crate) enum Out {
    /// Headers; the flag says that nothing follows.
    Headers(StreamType, Headers, bool),
    /// Body bytes, maybe none; the flag says that nothing follows.
    Data(StreamType, Bytes, bool),
    /// Trailers: nothing follows.
    Trailers(StreamType, Headers),
    /// The stream is cut off towards the client.
    Reset,
}

/// What a chain needs to know besides the messages.
#[derive(Clone, Debug)]
pub(crate) struct ChainSettings {
    /// Bytes held before the stream fails or is slowed, both directions.
    pub(crate) buffer_limit: usize,
    /// Whether pausing on headers lets body callbacks through.
    pub(crate) allow_on_headers_stop_iteration: bool,
    /// Content codings taken off responses before the filter.
    pub(crate) decompress: Vec<String>,
    /// Findings.
    pub(crate) diagnostics: Diagnostics,
}

/// A stream in the filter. Methods may call the module and thereby other streams of the same worker; no borrow is held across such a call.
pub(crate) struct Chain {
    pub(crate) state: Rc<RefCell<StreamState>>,
    settings: ChainSettings,
    root: Option<Rc<Root>>,
    context: Cell<Option<u32>>,
    request: Side,
    response: Side,
    out: RefCell<VecDeque<Out>>,
    decompressor: RefCell<Option<Decompressor>>,
    head: Cell<bool>,
    grpc: Cell<bool>,
    replied: Cell<bool>,
    in_trailers: Cell<bool>,
    /// Tells the stream's task that something left because of another event than its own.
    pub(crate) wake: Rc<Notify>,
}

/// Iteration state of one direction.
#[derive(Default)]
struct Side {
    iteration: Cell<Iteration>,
    headers_continued: Cell<bool>,
    /// After a full stop, body and trailers start again at this filter instead of behind it.
    from_current: Cell<bool>,
    /// The source said that nothing follows.
    observed_end: Cell<bool>,
    /// The filter saw the end.
    filter_ended: Cell<bool>,
    /// Above the limit the source is slowed rather than refused.
    streaming: Cell<bool>,
    /// No more of this direction reaches the filter.
    aborted: Cell<bool>,
    headers_sent: Cell<bool>,
    end_sent: Cell<bool>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Iteration {
    #[default]
    Continue,
    StopSingle,
    StopAllBuffer,
    StopAllWatermark,
}

impl Chain {
    /// A chain under `root`; without one the messages pass as they are.
    pub(crate) fn new(
        state: StreamState,
        settings: ChainSettings,
        root: Option<Rc<Root>>,
    ) -> Rc<Chain> {
        Rc::new(Chain {
            state: Rc::new(RefCell::new(state)),
            settings,
            root,
            context: Cell::new(None),
            request: Side::default(),
            response: Side::default(),
            out: RefCell::default(),
            decompressor: RefCell::default(),
            head: Cell::new(false),
            grpc: Cell::new(false),
            replied: Cell::new(false),
            in_trailers: Cell::new(false),
            wake: Rc::new(Notify::new()),
        })
    }

    /// The next thing that leaves.
    pub(crate) fn pop(&self) -> Option<Out> {
        self.out.borrow_mut().pop_front()
    }

    /// Notes what kind of request this is; it decides the shape of replies.
    pub(crate) fn describe(&self, headers: &Headers) {
        self.head.set(headers.text(b":method") == "HEAD");
        self.grpc.set(is_grpc(headers));
    }

    /// Request headers arrived.
    pub(crate) fn request_headers(self: &Rc<Self>, headers: Headers, end: bool) {
        self.describe(&headers);
        self.request.observed_end.set(end);
        self.state.borrow_mut().request.headers = Some(headers);
        if let Some(root) = &self.root {
            let created = root
                .host
                .call(|vm| vm.create_stream(root.id, self.state.clone()));
            match created {
                Ok(id) => {
                    self.context.set(Some(id));
                    root.host.enter(id, self);
                }
                Err(_) => return self.fail(),
            }
        }
        self.headers_at_filter(Request, end);
    }

    /// Response headers arrived from the upstream.
    pub(crate) fn response_headers(&self, mut headers: Headers, end: bool) {
        if self.response.aborted.get() {
            return;
        }
        if !end {
            *self.decompressor.borrow_mut() =
                Decompressor::start(&mut headers, &self.settings.decompress);
        }
        self.response.observed_end.set(end);
        {
            let mut state = self.state.borrow_mut();
            state.properties.response_code = headers.text(b":status").parse().ok();
            state
                .properties
                .response_code_details
                .get_or_insert_with(|| "via_upstream".into());
            state.response.headers = Some(headers);
        }
        self.headers_at_filter(Response, end);
    }

    /// Body bytes arrived. For a response the time of its last byte must be set before.
    pub(crate) fn data(&self, direction: StreamType, data: Bytes, end: bool) {
        let side = self.side(direction);
        if side.aborted.get() {
            return;
        }
        if end {
            side.observed_end.set(true);
        }
        let mut data = Vec::from(data);
        let mut decompressed = false;
        if direction == Response
            && let Some(decompressor) = self.decompressor.borrow_mut().as_mut()
        {
            data = decompressor.write(&data);
            decompressed = true;
            if end {
                decompressor.report(
                    self.state
                        .borrow_mut()
                        .response
                        .trailers
                        .get_or_insert_default(),
                );
            }
        }
        if decompressed && end {
            // The end now belongs to the trailers: unless the filter holds the data, they follow at once; if it does, they skip the filter.
            if self.data_at_filter(direction, data, false) {
                self.trailers_at_filter(direction);
            }
        } else {
            self.data_at_filter(direction, data, end);
        }
    }

    /// Trailers arrived.
    pub(crate) fn trailers(&self, direction: StreamType, mut trailers: Headers) {
        let side = self.side(direction);
        if side.aborted.get() {
            return;
        }
        side.observed_end.set(true);
        if direction == Response
            && let Some(decompressor) = self.decompressor.borrow().as_ref()
        {
            decompressor.report(&mut trailers);
        }
        self.state.borrow_mut().half(direction).trailers = Some(trailers);
        self.trailers_at_filter(direction);
    }

    /// Answers in the upstream's place: through the filter if no response began, past it if its headers have not left, else by a reset.
    pub(crate) fn local_reply(&self, reply: &LocalReply) {
        if !reply.details.is_empty() {
            self.state.borrow_mut().properties.response_code_details = Some(reply.details.clone());
        }
        if self.response.end_sent.get() {
            return;
        }
        self.replied.set(true);
        self.request.aborted.set(true);
        if self.response.headers_sent.get() {
            self.reset();
            return;
        }
        let (headers, body) = render(reply, self.grpc.get(), self.head.get());
        let begun = self.state.borrow().response.headers.is_some();
        let end = body.is_empty();
        {
            let mut state = self.state.borrow_mut();
            state.properties.response_code = headers.text(b":status").parse().ok();
            state.response.headers = Some(headers);
            if begun {
                state.response.trailers = None;
                state.response.buffered = None;
            }
        }
        if begun {
            self.response.aborted.set(true);
            self.emit_headers(Response, end);
            if !end {
                self.emit_data(Response, body, true);
            }
            return;
        }
        self.response.observed_end.set(end);
        self.headers_at_filter(Response, end);
        if !end && !self.response.aborted.get() {
            self.response.observed_end.set(true);
            self.data_at_filter(Response, body, true);
        }
    }

    /// Does what the module asked for during a call.
    pub(super) fn perform(&self, action: Deferred) {
        match action {
            Deferred::Continue(direction) => self.common_continue(direction),
            Deferred::Close(_) => {
                if self.in_trailers.get() {
                    self.settings
                        .diagnostics
                        .report("closed a stream from its response trailers: Envoy crashes");
                }
                self.state
                    .borrow_mut()
                    .properties
                    .response_code_details
                    .get_or_insert_with(|| "wasm_close_stream".into());
                self.reset();
            }
            Deferred::Reply(reply) => self.local_reply(&reply),
        }
        self.wake.notify_one();
    }

    /// The VM failed: the stream ends with 503, or is cut off if its response began. The module is not called for it again.
    pub(super) fn fail(&self) {
        self.context.set(None);
        if !self.response.end_sent.get() {
            self.local_reply(&reply(503, "", "wasm_fail_stream"));
        }
        self.wake.notify_one();
    }

    /// Cuts the stream off.
    pub(crate) fn reset(&self) {
        self.request.aborted.set(true);
        self.response.aborted.set(true);
        self.out.borrow_mut().push_back(Out::Reset);
    }

    /// Lets the module log the exchange and forget it. A stream that failed before the filter saw it gets a context for this alone.
    pub(crate) fn finish(self: &Rc<Self>) {
        for (direction, side) in [(Request, &self.request), (Response, &self.response)] {
            let held = self
                .state
                .borrow_mut()
                .half(direction)
                .buffered
                .as_ref()
                .map_or(0, Vec::len);
            if held > 0 && side.end_sent.get() && !side.aborted.get() {
                self.settings.diagnostics.report(format!("{held} bytes of a {direction:?} body stayed in the host buffer when the stream ended: Envoy loses them"));
            }
        }
        let Some(root) = &self.root else { return };
        if root.host.failed() {
            return;
        }
        let id = match self.context.take() {
            Some(id) => id,
            None => match root
                .host
                .call(|vm| vm.create_stream(root.id, self.state.clone()))
            {
                Ok(id) => id,
                Err(_) => return,
            },
        };
        root.host.leave(id);
        // A trap while logging is in the log and has failed the other streams; this one is over.
        let _ = root.host.call(|vm| vm.finish_stream(id));
    }

    /// Whether more of this direction may be read from its source.
    pub(crate) fn wants(&self, direction: StreamType) -> bool {
        let held = self
            .state
            .borrow_mut()
            .half(direction)
            .buffered
            .as_ref()
            .map_or(0, Vec::len);
        held <= self.settings.buffer_limit
    }

    /// Whether this direction waits for the module alone: its source ended, it holds something, and only a resume can let it go.
    pub(crate) fn stuck(&self, direction: StreamType) -> bool {
        let side = self.side(direction);
        side.observed_end.get()
            && !side.end_sent.get()
            && !side.aborted.get()
            && side.iteration.get() != Iteration::Continue
    }

    /// Whether the last of this direction left.
    pub(crate) fn ended(&self, direction: StreamType) -> bool {
        self.side(direction).end_sent.get()
    }

    /// Whether the proxy answered by itself.
    pub(crate) fn answered_locally(&self) -> bool {
        self.replied.get()
    }

    /// Marks the moment the first byte went upstream.
    pub(crate) fn upstream_started(&self) {
        self.state
            .borrow_mut()
            .properties
            .upstream_started
            .get_or_insert_with(Instant::now);
    }

    /// Marks the moment the upstream's last byte arrived, which the module can see.
    pub(crate) fn upstream_finished(&self) {
        self.state
            .borrow_mut()
            .properties
            .upstream_finished
            .get_or_insert_with(Instant::now);
    }

    fn has_trailers(&self, direction: StreamType) -> bool {
        self.state.borrow_mut().half(direction).trailers.is_some()
    }

    fn side(&self, direction: StreamType) -> &Side {
        match direction {
            Request => &self.request,
            Response => &self.response,
        }
    }
}

fn is_grpc(headers: &Headers) -> bool {
    let content_type = headers.text(b"content-type");
    content_type == "application/grpc" || content_type.starts_with("application/grpc+")
}
