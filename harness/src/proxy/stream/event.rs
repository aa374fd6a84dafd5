//! What the two sides of an exchange do to it.

use super::{
    super::{
        access_log::flag,
        codec::{Event, Gone},
        filter::reply,
        upstream::UpstreamEvent,
    },
    Stream,
};
use crate::vm::StreamType::{Request, Response};

impl Stream<'_> {
    pub(super) fn downstream(&mut self, event: Event) {
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

    pub(super) fn upstream(&mut self, event: UpstreamEvent) {
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

    pub(super) fn client_gone(&mut self, gone: Gone) {
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

    pub(super) fn timed_out(&mut self) {
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
}
