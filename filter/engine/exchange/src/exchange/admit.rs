//! The request's headers: deny, refuse, or let go on with what must not reach the upstream taken out.

use std::rc::Rc;

use super::{
    Exchange,
    plan::{self, OF_THE_OLD_BYTES, Plan},
    reply, upgrade,
};
use crate::{
    config::{AcceptEncoding, RangeRequests, Upgrades},
    headers,
    ledger::Place,
    step::{Direction, Headers, Step},
};

impl Exchange {
    /// Whether and how the request goes on. `end` tells that no body follows.
    pub(super) fn admit(&mut self, end: bool) -> Step {
        self.upgrade = upgrade::asked_for(self.gate.headers());
        let enforces = self.engine.enforces();
        if self.gate.denies() && enforces {
            return Step::Reply(reply::denied(&self.decision_id, &self.gate));
        }
        if self.upgrade.is_some() {
            let refuse =
                self.gate.is_guarded() || self.engine.redaction.upgrades == Upgrades::Refuse;
            self.ledger.skip(Direction::Request, "upgrade");
            self.ledger.skip(Direction::Response, "upgrade");
            if refuse {
                self.withheld = Some("upgrade");
            }
            if refuse && enforces {
                return Step::Reply(reply::refused_upgrade(&self.decision_id));
            }
        }
        // What follows the head of a tunnel's request is the tunnel, which is not read.
        let end = end || (self.upgrade.is_some() && !upgrade::carries_a_body(self.gate.headers()));
        let unwanted = self.unwanted_of_request();
        let redaction = &self.engine.redaction;
        // What is written to a guarded service is a secret on purpose; whether it may be written was decided.
        let redacts =
            (redaction.request.headers || redaction.request.body) && !self.gate.is_guarded();
        let present = |name: &&str| headers::first(self.gate.headers(), name).is_some();
        if !redacts && !unwanted.iter().any(present) {
            return Step::Forward;
        }
        let mut headers = self.gate.headers().clone();
        let mut changed = headers::remove(&mut headers, &unwanted);
        if let Some(Some(wish)) = self.wish() {
            headers.push((b"accept-encoding".to_vec(), wish));
        }
        let redacted = if redacts {
            self.redact_request(&mut headers, end)
        } else {
            Ok(false)
        };
        match redacted {
            Err(reason) => self.withhold(Direction::Request, reason),
            Ok(redacted) => {
                changed |= redacted;
                self.edit(headers, changed)
            }
        }
    }

    /// Request headers that would make the response unreadable, where it is to be read.
    fn unwanted_of_request(&self) -> Vec<&'static str> {
        let mut unwanted = Vec::new();
        if self.wish().is_some() {
            unwanted.push("accept-encoding");
        }
        if self.reads_response() && self.engine.redaction.ranges == RangeRequests::Strip {
            unwanted.extend(["range", "if-range"]);
        }
        unwanted
    }

    /// What stands in place of the client's `accept-encoding`, if anything; None when it stays.
    fn wish(&self) -> Option<Option<Vec<u8>>> {
        if !self.reads_response() {
            return None;
        }
        match self.engine.redaction.accept_encoding {
            AcceptEncoding::Strip => Some(None),
            AcceptEncoding::Keep => None,
            AcceptEncoding::Decodable => {
                let asked = || headers::all(self.gate.headers(), "accept-encoding");
                let wish = veilgate_coding::decodable(asked());
                (!asked().eq(wish.as_deref())).then_some(wish)
            }
        }
    }

    /// Whether the body of the response is to be read.
    fn reads_response(&self) -> bool {
        self.engine.redaction.response.body || self.reads_fields()
    }

    /// Whether the response will hold fields of a guarded secret.
    fn reads_fields(&self) -> bool {
        !self.gate.fields().is_empty()
    }

    /// Masks headers and plans the body; tells whether a header was changed.
    fn redact_request(&mut self, headers: &mut Headers, end: bool) -> Result<bool, &'static str> {
        let engine = Rc::clone(&self.engine);
        let side = &engine.redaction.request;
        let mut changed = false;
        if side.headers {
            changed |= self.scrub(headers, Direction::Request, Place::Header)?;
        }
        if side.body {
            match plan::request(&engine.redaction, headers, end) {
                Plan::Empty => {}
                Plan::Scan(framing) => {
                    changed |= headers::remove(headers, OF_THE_OLD_BYTES);
                    let (stream, recoded) = self.begin(Direction::Request, framing, headers)?;
                    changed |= recoded;
                    self.request = Some(stream);
                }
                Plan::Pass(reason) => self.ledger.skip(Direction::Request, reason),
                Plan::Withhold(reason) => return Err(reason),
            }
        }
        Ok(changed)
    }
}
