//! What leaves the chain. Nothing leaves a direction after its end.

use bytes::Bytes;

use super::{Chain, Out};
use crate::vm::{StreamType, StreamType::Response};

impl Chain {
    pub(super) fn emit_headers(&self, direction: StreamType, end: bool) {
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

    pub(super) fn emit_data(&self, direction: StreamType, data: Vec<u8>, end: bool) {
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

    pub(super) fn emit_trailers(&self, direction: StreamType) {
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
}
