//! Callbacks and what follows from their answers: Envoy's iteration state, step by step.

use super::{
    super::{reply, status_text},
    Chain, Iteration,
};
use crate::vm::{Headers, StreamType, StreamType::Request, StreamType::Response, Trap, Vm};

/// What a body callback decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DataStatus {
    Continue,
    StopAndBuffer,
    StopAndWatermark,
    StopNoBuffer,
}

impl Chain {
    pub(super) fn headers_at_filter(&self, direction: StreamType, end: bool) {
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
    pub(super) fn data_at_filter(&self, direction: StreamType, data: Vec<u8>, end: bool) -> bool {
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
        if resumed && status == DataStatus::Continue && arrived > 0 {
            // A chunk after a resume passes, also with the end; what the module adds to an end without bytes stays behind.
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

    pub(super) fn trailers_at_filter(&self, direction: StreamType) {
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
    pub(super) fn common_continue(&self, direction: StreamType) {
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
}
