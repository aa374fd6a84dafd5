//! One stream's passage through the filter.
//!
//! Why so literal: filters that hold bytes back depend on details of Envoy's filter manager that look like accidents (the host buffer that comes
//! back with the next chunk, data that stays behind when a resumed stream answers "continue", trailers that skip a paused filter). A cleaner
//! machine would let a filter pass here that loses data there. Names of states and steps follow Envoy's so that the two can be compared.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
    time::Instant,
};

use bytes::Bytes;
use tokio::sync::Notify;

use super::{Root, decompressor::Decompressor, local_reply::render, reply, status_text};
use crate::vm::{
    Deferred, Diagnostics, Headers, LocalReply, StreamState, StreamType, StreamType::Request,
    StreamType::Response, Trap, Vm,
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

/// What a body callback decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DataStatus {
    Continue,
    StopAndBuffer,
    StopAndWatermark,
    StopNoBuffer,
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

    fn headers_at_filter(&self, direction: StreamType, end: bool) {
        let side = self.side(direction);
        let Some(id) = self.context.get() else {
            side.headers_continued.set(true);
            return self.emit_headers(direction, end);
        };
        let count = {
            let mut state = self.state.borrow_mut();
            state.end_of_stream = end;
            let half = state.half(direction);
            half.headers_open = true;
            half.headers.as_ref().map_or(0, Headers::len)
        };
        side.filter_ended.set(end);
        let code = self.call(|vm| match direction {
            Request => vm.request_headers(id, count, end),
            Response => vm.response_headers(id, count, end),
        });
        let Ok(code) = code else { return };
        let iteration = match code {
            0 | 2 => Iteration::Continue,
            1 if self.settings.allow_on_headers_stop_iteration => Iteration::StopSingle,
            3 => Iteration::StopAllBuffer,
            _ => Iteration::StopAllWatermark,
        };
        if iteration == Iteration::Continue {
            self.state.borrow_mut().half(direction).headers_open = false;
        }
        if side.aborted.get() {
            return;
        }
        if iteration == Iteration::Continue {
            if !side.headers_continued.replace(true) {
                self.emit_headers(direction, end);
            }
        } else {
            side.iteration.set(iteration);
            side.from_current.set(iteration != Iteration::StopSingle);
        }
    }

    /// Passes data to the filter and, where it lets go, behind it. Says whether it passed.
    fn data_at_filter(&self, direction: StreamType, data: Vec<u8>, end: bool) -> bool {
        let side = self.side(direction);
        if matches!(
            side.iteration.get(),
            Iteration::StopAllBuffer | Iteration::StopAllWatermark
        ) {
            side.streaming
                .set(side.iteration.get() == Iteration::StopAllWatermark);
            self.hold(direction, data);
            return false;
        }
        if side.filter_ended.get() {
            return false;
        }
        let trailers_before = self.has_trailers(direction);
        let filter_end = end && !trailers_before;
        side.filter_ended.set(filter_end);
        let Some((status, data)) = self.call_body(direction, data, filter_end) else {
            return false;
        };
        if side.aborted.get() {
            return false;
        }
        let trailers_made = !trailers_before && self.has_trailers(direction);
        let Some(data) = self.after_data(direction, status, data) else {
            return false;
        };
        self.emit_data(direction, data, end && !trailers_made);
        if trailers_made {
            self.emit_trailers(direction);
        }
        true
    }

    /// The body callback: what it decided, and what is left of the chunk outside the host buffer.
    fn call_body(
        &self,
        direction: StreamType,
        data: Vec<u8>,
        end: bool,
    ) -> Option<(DataStatus, Vec<u8>)> {
        let Some(id) = self.context.get() else {
            return Some((DataStatus::Continue, data));
        };
        let (buffering, resumed) = {
            let mut state = self.state.borrow_mut();
            let half = state.half(direction);
            (
                half.buffering,
                half.buffering && half.buffered.as_ref().is_some_and(Vec::is_empty),
            )
        };
        let arrived = data.len();
        if buffering {
            self.side(direction).streaming.set(false);
            self.hold(direction, data);
            if self.side(direction).aborted.get() {
                return None;
            }
        } else {
            self.state.borrow_mut().half(direction).chunk = data;
        }
        let size = {
            let mut state = self.state.borrow_mut();
            state.end_of_stream = end;
            let half = state.half(direction);
            half.body_open = true;
            if buffering {
                half.buffered.as_ref().map_or(0, Vec::len)
            } else {
                half.chunk.len()
            }
        };
        let code = self.call(|vm| match direction {
            Request => vm.request_body(id, size, end),
            Response => vm.response_body(id, size, end),
        });
        let status = match code.ok()? {
            0 => DataStatus::Continue,
            1 => DataStatus::StopAndBuffer,
            2 => DataStatus::StopAndWatermark,
            _ => DataStatus::StopNoBuffer,
        };
        let mut state = self.state.borrow_mut();
        let half = state.half(direction);
        half.buffering = status == DataStatus::StopAndBuffer;
        if status == DataStatus::Continue {
            half.body_open = false;
        }
        if resumed && status == DataStatus::Continue && arrived > 0 && !end {
            // A chunk between a resume and the end passes; only what the module adds at the end stays behind.
            return half
                .buffered
                .as_mut()
                .map(|held| (status, std::mem::take(held)));
        }
        Some((status, std::mem::take(&mut half.chunk)))
    }

    /// Gives the data back when iteration goes on with it.
    fn after_data(
        &self,
        direction: StreamType,
        status: DataStatus,
        data: Vec<u8>,
    ) -> Option<Vec<u8>> {
        let side = self.side(direction);
        match status {
            DataStatus::Continue if side.iteration.get() == Iteration::StopSingle => {
                self.hold(direction, data);
                self.common_continue(direction);
                None
            }
            DataStatus::Continue => Some(data),
            DataStatus::StopAndBuffer | DataStatus::StopAndWatermark => {
                side.iteration.set(Iteration::StopSingle);
                side.streaming.set(status == DataStatus::StopAndWatermark);
                self.hold(direction, data);
                None
            }
            DataStatus::StopNoBuffer => {
                side.iteration.set(Iteration::StopSingle);
                self.state
                    .borrow_mut()
                    .half(direction)
                    .buffered
                    .get_or_insert_default();
                None
            }
        }
    }

    fn trailers_at_filter(&self, direction: StreamType) {
        let side = self.side(direction);
        if side.aborted.get()
            || matches!(
                side.iteration.get(),
                Iteration::StopAllBuffer | Iteration::StopAllWatermark
            )
        {
            return;
        }
        let Some(id) = self.context.get() else {
            return self.emit_trailers(direction);
        };
        let count = {
            let mut state = self.state.borrow_mut();
            let half = state.half(direction);
            half.trailers_open = true;
            half.trailers.as_ref().map_or(0, Headers::len)
        };
        self.in_trailers.set(direction == Response);
        let code = self.call(|vm| match direction {
            Request => vm.request_trailers(id, count),
            Response => vm.response_trailers(id, count),
        });
        self.in_trailers.set(false);
        let Ok(code) = code else { return };
        side.filter_ended.set(true);
        if code == 0 {
            self.state.borrow_mut().half(direction).trailers_open = false;
        }
        if side.aborted.get() {
            return;
        }
        if code != 0 {
            if side.iteration.get() == Iteration::Continue {
                side.iteration.set(Iteration::StopSingle);
            }
        } else if side.iteration.get() == Iteration::StopSingle {
            self.common_continue(direction);
        } else {
            self.emit_trailers(direction);
        }
    }

    /// Lets go of everything held in this direction.
    fn common_continue(&self, direction: StreamType) {
        let side = self.side(direction);
        if side.aborted.get() {
            return;
        }
        side.iteration.set(Iteration::Continue);
        if !side.headers_continued.get() {
            if self.state.borrow_mut().half(direction).headers.is_none() {
                self.settings.diagnostics.report(format!(
                    "resumed the {direction:?} before its headers arrived: Envoy crashes"
                ));
                return;
            }
            side.headers_continued.set(true);
            let held = self.state.borrow_mut().half(direction).buffered.is_some();
            self.emit_headers(
                direction,
                side.observed_end.get() && !held && !self.has_trailers(direction),
            );
        }
        let trailers = self.has_trailers(direction);
        let held = self
            .state
            .borrow_mut()
            .half(direction)
            .buffered
            .as_mut()
            .map(std::mem::take);
        if let Some(held) = held {
            let end = side.observed_end.get() && !trailers;
            if side.from_current.get() {
                self.data_at_filter(direction, held, end);
            } else {
                self.emit_data(direction, held, end);
            }
        }
        if trailers {
            if side.from_current.get() {
                self.trailers_at_filter(direction);
            } else {
                self.emit_trailers(direction);
            }
        }
        side.from_current.set(false);
    }

    /// Moves data into the host buffer and minds the limit.
    fn hold(&self, direction: StreamType, data: Vec<u8>) {
        let length = {
            let mut state = self.state.borrow_mut();
            let buffered = state.half(direction).buffered.get_or_insert_default();
            if buffered.is_empty() {
                *buffered = data;
            } else {
                buffered.extend_from_slice(&data);
            }
            buffered.len()
        };
        if length <= self.settings.buffer_limit || self.side(direction).streaming.get() {
            return;
        }
        match direction {
            Request => self.local_reply(&reply(413, status_text(413), "request_payload_too_large")),
            Response => {
                self.local_reply(&reply(500, status_text(500), "response_payload_too_large"));
                self.response.aborted.set(true);
            }
        }
    }

    fn call(&self, call: impl FnOnce(&mut Vm) -> Result<u32, Trap>) -> Result<u32, Trap> {
        match &self.root {
            Some(root) => root.host.call(call),
            None => Ok(0),
        }
    }

    fn emit_headers(&self, direction: StreamType, end: bool) {
        let side = self.side(direction);
        if side.headers_sent.replace(true) {
            return;
        }
        side.end_sent.set(end);
        let headers = self
            .state
            .borrow_mut()
            .half(direction)
            .headers
            .clone()
            .unwrap_or_default();
        if direction == Response {
            self.state.borrow_mut().properties.response_code =
                headers.text(b":status").parse().ok();
        }
        self.out
            .borrow_mut()
            .push_back(Out::Headers(direction, headers, end));
    }

    fn emit_data(&self, direction: StreamType, data: Vec<u8>, end: bool) {
        let side = self.side(direction);
        if side.end_sent.get() || (data.is_empty() && !end) {
            return;
        }
        side.end_sent.set(end);
        if direction == Response {
            self.state.borrow_mut().properties.response_bytes += data.len() as u64;
        }
        self.out
            .borrow_mut()
            .push_back(Out::Data(direction, Bytes::from(data), end));
    }

    fn emit_trailers(&self, direction: StreamType) {
        let side = self.side(direction);
        if side.end_sent.replace(true) {
            return;
        }
        let trailers = self
            .state
            .borrow_mut()
            .half(direction)
            .trailers
            .clone()
            .unwrap_or_default();
        self.out
            .borrow_mut()
            .push_back(Out::Trailers(direction, trailers));
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

impl Chain {
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
}

fn is_grpc(headers: &Headers) -> bool {
    let content_type = headers.text(b"content-type");
    content_type == "application/grpc" || content_type.starts_with("application/grpc+")
}
