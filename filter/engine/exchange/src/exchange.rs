//! One HTTP exchange as a state machine: each part of a message in, what may go on out.
//!
//! The order of calls is the order in which a proxy sees things: [`Exchange::request_headers`] once, then bodies and
//! trailers of either direction, [`Exchange::response_headers`] at most once, [`Exchange::finish`] last. A call that a
//! host leaves out (a response that never came) changes nothing for the others.

mod admit;
mod body;
mod finish;
mod inspector;
mod messages;
mod plan;
mod recoding;
mod reply;
mod stream;
mod upgrade;

use std::rc::Rc;

use veilgate_facts::Facts;

pub use self::finish::{Ended, Record};
use self::{
    plan::{OF_THE_OLD_BYTES, Plan},
    stream::Stream,
    upgrade::Upgrade,
};
use crate::{
    engine::Engine,
    gate::Gate,
    headers,
    judge::Reveal,
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
    request: Option<Stream>,
    response: Option<Stream>,
    /// The answer is ours: nothing in it needs inspection.
    replied: bool,
    upgrade: Option<Upgrade>,
    /// Why a message was withheld, or would have been in shadow mode.
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
            request: None,
            response: None,
            replied: false,
            upgrade: None,
            withheld: None,
        }
    }

    /// The response's headers. `end` tells that no body follows.
    ///
    /// Interim responses (1xx) may come before; only the last headers count.
    pub fn response_headers(&mut self, mut headers: Headers, end: bool) -> Step {
        self.response = None;
        if self.replied {
            return Step::Forward;
        }
        let status = status(&headers);
        if self
            .upgrade
            .is_some_and(|upgrade| upgrade.is_accepted_by(status))
        {
            // The tunnel is not read; what stands in front of it is.
            return match self.redact_head(&mut headers) {
                Err(reason) => self.withhold(Direction::Response, reason),
                Ok(changed) => self.edit(headers, changed),
            };
        }
        match self.redact_response(&mut headers, status, end) {
            Err(reason) => self.withhold(Direction::Response, reason),
            Ok(changed) => self.edit(headers, changed),
        }
    }

    /// Masks response headers; tells whether one was changed.
    fn redact_head(&mut self, headers: &mut Headers) -> Result<bool, &'static str> {
        if self.engine.redaction.response.headers {
            self.scrub(headers, Direction::Response, Place::Header)
        } else {
            Ok(false)
        }
    }

    /// Masks headers and plans the body; tells whether a header was changed.
    fn redact_response(
        &mut self,
        headers: &mut Headers,
        status: u16,
        end: bool,
    ) -> Result<bool, &'static str> {
        let engine = Rc::clone(&self.engine);
        let mut changed = self.redact_head(headers)?;
        // The fields of a guarded secret are policy, not redaction: they are asked for whatever `redaction` says.
        let roots = self.gate.fields();
        if !engine.redaction.response.body && roots.is_empty() {
            return Ok(changed);
        }
        match plan::response(&engine.redaction, headers, status, end, roots) {
            Plan::Empty => {}
            Plan::Scan(framing) => {
                changed |= headers::remove(headers, OF_THE_OLD_BYTES);
                let (stream, recoded) = self.begin(Direction::Response, framing, headers)?;
                changed |= recoded;
                self.response = Some(stream);
            }
            Plan::Pass(reason) => self.ledger.skip(Direction::Response, reason),
            Plan::Withhold(reason) => return Err(reason),
        }
        Ok(changed)
    }

    /// New headers where something was changed and takes effect.
    fn edit(&self, headers: Headers, changed: bool) -> Step {
        if changed && self.engine.enforces() {
            Step::Replace(headers)
        } else {
            Step::Forward
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
        let mut judge = Reveal {
            engine,
            gate,
            ledger,
            direction,
            place: Place::Body,
            field: "",
            carriers: true,
        };
        let passed = stream.pass(chunk, end, &mut judge, out);
        ledger.scanned(direction, stream.take_inspected());
        if let Some(reason) = stream.stopped() {
            ledger.skip(direction, reason);
            self.withheld = Some(reason);
        }
        passed.map_err(|reason| {
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

    /// Whether [`Exchange::body`] may append many times what it is given, as it decodes what it does not compress again. It should then be given little at a
    /// time.
    pub fn expands(&self, direction: Direction) -> bool {
        self.stream(direction).is_some_and(Stream::expands)
    }

    /// Trailers of either direction. The body before them must have been ended.
    pub fn trailers(&mut self, direction: Direction, mut headers: Headers) -> Step {
        let redaction = &self.engine.redaction;
        let inspected = match direction {
            Direction::Request => redaction.request.headers && !self.gate.is_guarded(),
            Direction::Response => redaction.response.headers,
        };
        if !inspected || self.replied {
            return Step::Forward;
        }
        match self.scrub(&mut headers, direction, Place::Trailer) {
            Ok(changed) => self.edit(headers, changed),
            // A trailer that must not be seen is dropped with all the others: they come too late for another answer.
            Err(reason) => {
                self.ledger.skip(direction, reason);
                self.withheld = Some(reason);
                self.edit(Headers::new(), true)
            }
        }
    }

    /// Masks credentials in header values; tells whether there were any.
    fn scrub(
        &mut self,
        headers: &mut Headers,
        direction: Direction,
        place: Place,
    ) -> Result<bool, &'static str> {
        let Exchange {
            engine,
            gate,
            ledger,
            ..
        } = self;
        let carriers = engine.redaction.carriers && direction == Direction::Response;
        let mut changed = false;
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
                ledger,
                direction,
                place,
                field: &field,
                carriers,
            };
            match engine.scrubber().header(name, value, &mut judge) {
                Ok(None) => {}
                Ok(Some(masked)) => {
                    *value = masked;
                    changed = true;
                }
                Err(error) => return Err(stream::reason(&error)),
            }
        }
        Ok(changed)
    }

    /// Answers in place of a message that must not go on; in shadow mode only records it.
    fn withhold(&mut self, direction: Direction, reason: &'static str) -> Step {
        self.ledger.skip(direction, reason);
        self.withheld = Some(reason);
        if !self.engine.enforces() {
            return Step::Forward;
        }
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
