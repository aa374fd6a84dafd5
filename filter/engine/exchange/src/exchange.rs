//! One HTTP exchange as a state machine: each part of a message in, what may go on out.
//!
//! The order of calls is the order in which a proxy sees things: [`Exchange::request_headers`] once, then bodies and
//! trailers of either direction, [`Exchange::response_headers`] at most once, [`Exchange::finish`] last. A call that a
//! host leaves out (a response that never came) changes nothing for the others.

mod finish;
pub(crate) mod gate;
mod plan;
mod reply;
mod stream;

use std::rc::Rc;

use veilgate_authorize::Facts;

pub use self::finish::{Ended, Record};
use self::{
    gate::Gate,
    plan::{OF_THE_OLD_BYTES, Plan},
    stream::Stream,
};
use crate::{
    config::{AcceptEncoding, RangeRequests, Upgrades},
    engine::Engine,
    headers,
    judge::{Memo, Reveal},
    ledger::{Ledger, Place},
    step::{Direction, Headers, Step, Withheld},
};

/// One exchange. Holds the request's headers until it ends, and per direction at most what
/// `limits.held_bytes` allows.
pub struct Exchange {
    engine: Rc<Engine>,
    gate: Gate,
    decision_id: String,
    ledger: Ledger,
    memo: Memo,
    request: Option<Stream>,
    response: Option<Stream>,
    /// The answer is ours: nothing in it needs inspection.
    replied: bool,
    upgrade: bool,
    withheld: Option<&'static str>,
}

impl Exchange {
    /// Begins an exchange with its request headers, pseudo headers included.
    ///
    /// `end` tells that no body follows. `random` makes the decision id; it need not be secret, only unlikely to repeat.
    pub fn request_headers(
        engine: Rc<Engine>,
        headers: Headers,
        facts: Facts,
        end: bool,
        random: u64,
    ) -> (Exchange, Step) {
        let gate = Gate::new(&engine, headers, facts);
        let mut exchange = Exchange::new(engine, gate, random);
        let step = exchange.admit(end);
        exchange.replied = matches!(step, Step::Reply(_));
        (exchange, step)
    }

    /// Begins an exchange with its response: another filter of the host answered, from a cache or by itself, and the
    /// request never came here. Nobody is known, so nothing is revealed.
    pub fn unseen(engine: Rc<Engine>, random: u64) -> Exchange {
        let gate = Gate::unseen(&engine);
        Exchange::new(engine, gate, random)
    }

    fn new(engine: Rc<Engine>, gate: Gate, random: u64) -> Exchange {
        Exchange {
            engine,
            gate,
            decision_id: format!("{random:016x}"),
            ledger: Ledger::default(),
            memo: Memo::default(),
            request: None,
            response: None,
            replied: false,
            upgrade: false,
            withheld: None,
        }
    }

    fn admit(&mut self, end: bool) -> Step {
        self.upgrade = is_upgrade(self.gate.headers());
        let enforces = self.engine.enforces();
        if self.gate.denies() && enforces {
            return Step::Reply(reply::denied(&self.decision_id, &self.gate));
        }
        if self.upgrade {
            let refuse =
                self.gate.is_guarded() || self.engine.redaction.upgrades == Upgrades::Refuse;
            self.ledger.skip(Direction::Request, "upgrade");
            self.ledger.skip(Direction::Response, "upgrade");
            if refuse && enforces {
                self.withheld = Some("upgrade");
                return Step::Reply(reply::refused_upgrade(&self.decision_id));
            }
            return Step::Forward;
        }
        let mut headers = self.gate.headers().clone();
        let scrubbed = self.redact_request(&mut headers, end);
        match scrubbed {
            Err(reason) if enforces => self.withhold(Direction::Request, reason),
            Ok(()) if enforces && headers != *self.gate.headers() => Step::Replace(headers),
            _ => Step::Forward,
        }
    }

    fn redact_request(&mut self, headers: &mut Headers, end: bool) -> Result<(), &'static str> {
        let redaction = &self.engine.redaction;
        if redaction.response.body {
            if redaction.accept_encoding == AcceptEncoding::Strip {
                headers::remove(headers, &["accept-encoding"]);
            }
            if redaction.ranges == RangeRequests::Strip {
                headers::remove(headers, &["range", "if-range"]);
            }
        }
        let side = (redaction.request.headers, redaction.request.body);
        // What is written to a guarded service is a secret on purpose; whether it may be written was decided.
        if self.gate.is_guarded() {
            return Ok(());
        }
        if side.0 {
            self.scrub(headers, Direction::Request, Place::Header)?;
        }
        if side.1 {
            match plan::request(&self.engine.redaction, headers, end) {
                Plan::Empty => {}
                Plan::Scan(framing) => {
                    headers::remove(headers, OF_THE_OLD_BYTES);
                    self.request = Some(Stream::new(&self.engine, framing));
                }
                Plan::Pass(reason) => self.ledger.skip(Direction::Request, reason),
                Plan::Withhold(reason) => return Err(reason),
            }
        }
        Ok(())
    }

    /// The response's headers. `end` tells that no body follows.
    pub fn response_headers(&mut self, headers: Headers, end: bool) -> Step {
        if self.replied {
            return Step::Forward;
        }
        let status = status(&headers);
        if status == 101 || (self.upgrade && (200..300).contains(&status)) {
            return Step::Forward;
        }
        let enforces = self.engine.enforces();
        let mut edited = headers.clone();
        match self.redact_response(&mut edited, status, end) {
            Err(reason) if enforces => self.withhold(Direction::Response, reason),
            Ok(()) if enforces && edited != headers => Step::Replace(edited),
            _ => Step::Forward,
        }
    }

    fn redact_response(
        &mut self,
        headers: &mut Headers,
        status: u16,
        end: bool,
    ) -> Result<(), &'static str> {
        if self.engine.redaction.response.headers {
            self.scrub(headers, Direction::Response, Place::Header)?;
        }
        // The fields of a guarded secret are policy, not redaction: they are asked for whatever `redaction` says.
        let roots = self
            .gate
            .call()
            .map(|call| call.fields.clone())
            .unwrap_or_default();
        if !self.engine.redaction.response.body && roots.is_empty() {
            return Ok(());
        }
        match plan::response(&self.engine.redaction, headers, status, end, &roots) {
            Plan::Empty => Ok(()),
            Plan::Scan(framing) => {
                headers::remove(headers, OF_THE_OLD_BYTES);
                self.response = Some(Stream::new(&self.engine, framing));
                Ok(())
            }
            Plan::Pass(reason) => {
                self.ledger.skip(Direction::Response, reason);
                Ok(())
            }
            Plan::Withhold(reason) => Err(reason),
        }
    }

    /// Whether a body of this direction must be handed to [`Exchange::body`]; when not, it goes on as it is.
    pub fn inspects(&self, direction: Direction) -> bool {
        self.stream(direction).is_some()
    }

    /// A piece of a body, cut anywhere; `end` with the last one, which may be empty. Appends to `out` what may go on now.
    ///
    /// # Errors
    ///
    /// The body must not go on. What was emitted before stays emitted; nothing more will be.
    pub fn body(
        &mut self,
        direction: Direction,
        chunk: &[u8],
        end: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), Withheld> {
        let Exchange {
            engine,
            gate,
            ledger,
            memo,
            request,
            response,
            ..
        } = self;
        let stream = match direction {
            Direction::Request => request,
            Direction::Response => response,
        };
        let Some(stream) = stream else {
            out.extend_from_slice(chunk);
            return Ok(());
        };
        ledger.scanned(direction, chunk.len());
        let mut judge = Reveal {
            engine,
            gate,
            memo,
            ledger,
            direction,
            place: Place::Body,
            field: "",
            carriers: true,
        };
        let passed = stream.pass(chunk, end, &mut judge, out);
        if let Some(reason) = stream.stopped() {
            ledger.skip(direction, reason);
        }
        passed.map_err(|reason| {
            self.withheld = Some(reason);
            self.replied = true;
            Withheld {
                reason,
                reply: reply::withheld(&self.decision_id, direction, reason),
            }
        })
    }

    /// Bytes given to [`Exchange::body`] that have not been emitted; 0 means that nothing is waiting.
    pub fn held(&self, direction: Direction) -> usize {
        self.stream(direction).map_or(0, Stream::held)
    }

    /// Trailers of either direction. The body before them must have been ended.
    pub fn trailers(&mut self, direction: Direction, headers: Headers) -> Step {
        let redaction = &self.engine.redaction;
        let inspected = match direction {
            Direction::Request => redaction.request.headers && !self.gate.is_guarded(),
            Direction::Response => redaction.response.headers,
        };
        if !inspected || self.replied || self.upgrade {
            return Step::Forward;
        }
        let mut edited = headers.clone();
        let scrubbed = self.scrub(&mut edited, direction, Place::Trailer);
        match scrubbed {
            _ if !self.engine.enforces() => Step::Forward,
            // A trailer that must not be seen is dropped with all the others: they come too late for another answer.
            Err(reason) => {
                self.withheld = Some(reason);
                Step::Replace(Headers::new())
            }
            Ok(()) if edited != headers => Step::Replace(edited),
            Ok(()) => Step::Forward,
        }
    }

    fn scrub(
        &mut self,
        headers: &mut Headers,
        direction: Direction,
        place: Place,
    ) -> Result<(), &'static str> {
        let Exchange {
            engine,
            gate,
            ledger,
            memo,
            ..
        } = self;
        let carriers = engine.redaction.carriers && direction == Direction::Response;
        for (name, value) in headers {
            if name.starts_with(b":")
                || (direction == Direction::Request && carries_on_purpose(name))
            {
                continue;
            }
            ledger.scanned(direction, value.len());
            let field = String::from_utf8_lossy(name);
            let mut judge = Reveal {
                engine,
                gate,
                memo,
                ledger,
                direction,
                place,
                field: &field,
                carriers,
            };
            match engine.scrubber().header(name, value, &mut judge) {
                Ok(None) => {}
                Ok(Some(masked)) => *value = masked,
                Err(error) => return Err(stream::reason(&error)),
            }
        }
        Ok(())
    }

    fn withhold(&mut self, direction: Direction, reason: &'static str) -> Step {
        self.ledger.skip(direction, reason);
        self.withheld = Some(reason);
        self.replied = true;
        Step::Reply(reply::withheld(&self.decision_id, direction, reason))
    }

    fn stream(&self, direction: Direction) -> Option<&Stream> {
        match direction {
            Direction::Request => self.request.as_ref(),
            Direction::Response => self.response.as_ref(),
        }
    }
}

/// WebSocket and other upgrades, CONNECT, and HTTP/2's extended CONNECT.
fn is_upgrade(headers: &Headers) -> bool {
    headers::first(headers, ":method").is_some_and(|method| method == b"CONNECT")
        || headers::first(headers, ":protocol").is_some()
        || (headers::first(headers, "upgrade").is_some()
            && headers::lists_token(headers, "connection", "upgrade"))
}

/// Request headers whose job is to carry a credential to the upstream.
fn carries_on_purpose(name: &[u8]) -> bool {
    [
        "authorization",
        "proxy-authorization",
        "cookie",
        "x-vault-token",
        "x-api-key",
    ]
    .iter()
    .any(|carrier| name.eq_ignore_ascii_case(carrier.as_bytes()))
}

fn status(headers: &Headers) -> u16 {
    headers::first(headers, ":status")
        .and_then(|value| std::str::from_utf8(value).ok())
        .and_then(|value| value.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests;
