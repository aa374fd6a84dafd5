//! Heads on their way out, to either side.

use std::{sync::Arc, time::Instant};

use super::{
    super::{
        access_log::flag, codec::Source, config::RouteConfig, edge, filter::reply,
        upstream::Exchange,
    },
    Stream,
};
use crate::vm::Headers;

impl Stream<'_> {
    pub(super) fn send_request(&mut self, mut headers: Headers, end: bool) {
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

    pub(super) fn start_timeout(&mut self, end: bool) {
        if end && self.deadline.is_none() {
            self.deadline = self.timeout.map(|timeout| Instant::now() + timeout);
        }
    }

    pub(super) fn send_response(&mut self, mut headers: Headers, end: bool) {
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
}
