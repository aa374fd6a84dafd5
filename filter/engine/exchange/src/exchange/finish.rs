//! The end of an exchange: log fields, audit record, counters.

use super::Exchange;
use crate::{
    audit::{self, Inspected, Request, Response},
    engine::Engine,
    headers,
    judge::{Never, UNREADABLE, for_records, masked_target, printable},
    ledger::{Ledger, Place},
    metrics::{self, Count},
    step::Headers,
};

/// What the host knows when an exchange has ended.
#[derive(Clone, Debug, Default)]
pub struct Ended {
    /// The response's status, if there was one.
    pub status: Option<u16>,
    /// Now, in Unix milliseconds.
    pub now_ms: u64,
}

/// What remains of an exchange. Holds no credential that a rule knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Values for the host's access log, by name below `veilgate.`.
    pub fields: Vec<(&'static str, Vec<u8>)>,
    /// The audit record for the host's own log, unless the configuration keeps it to the fields.
    pub log_line: Option<String>,
    /// Counters to add.
    pub counts: Vec<Count>,
}

impl Exchange {
    /// Ends the exchange.
    pub fn finish(mut self, ended: &Ended) -> Record {
        let engine = self.engine.clone();
        let mut fields = log_fields(&engine, self.gate.headers(), Some(&mut self.ledger));
        fields.push(("verdict", self.gate.verdict().as_bytes().to_vec()));
        fields.push(("decision_id", self.decision_id.as_bytes().to_vec()));
        let mut log_line = None;
        if self.gate.is_guarded() || !self.ledger.is_empty() || self.withheld.is_some() {
            let line = self.audit(&fields, ended);
            fields.push(("audit", line.as_bytes().to_vec()));
            log_line = engine.audit.log.then_some(line);
        }
        let counts = metrics::counts(engine.mode, self.gate.verdict(), &self.ledger);
        Record {
            fields,
            log_line,
            counts,
        }
    }

    /// Ends an exchange that began with its response; `request` is what the host can still say of the request.
    pub fn finish_unseen(mut self, request: Headers, ended: &Ended) -> Record {
        self.gate.recall(request);
        self.finish(ended)
    }

    fn audit(&self, fields: &[(&'static str, Vec<u8>)], ended: &Ended) -> String {
        let request = self.gate.headers();
        let path = fields
            .iter()
            .find(|(name, _)| *name == "path")
            .map(|(_, path)| String::from_utf8_lossy(path));
        let (sent, received) = self.ledger.bytes();
        let shown = |bytes: &[u8]| for_records(&self.engine, bytes);
        let header = |name| shown(headers::first(request, name).unwrap_or_default());
        let authority = header(":authority");
        // An error of a policy quotes the value that it could not use, which may be the caller's.
        let errors: Vec<String> = self
            .gate
            .errors()
            .iter()
            .map(|error| shown(error.as_bytes()))
            .collect();
        audit::Record {
            time: audit::time(ended.now_ms),
            decision_id: &self.decision_id,
            request_id: &header("x-request-id"),
            mode: self.engine.mode.name(),
            verdict: self.gate.verdict(),
            enforced: self.engine.enforces(),
            reason: self.gate.reason(),
            policies: self.gate.policies(),
            errors: &errors,
            identities: self.gate.identities(&self.engine),
            call: self.gate.call(&self.engine),
            request: Request {
                method: &header(":method"),
                // Without user information, which is no part of a host's name.
                authority: authority.rsplit('@').next().unwrap_or_default(),
                path: path.as_deref().unwrap_or_default(),
            },
            response: Response {
                status: ended.status,
                withheld: self.withheld,
            },
            fields: self.ledger.fields(),
            redactions: self.ledger.redactions(),
            skipped: self.ledger.skips(),
            decoded: self.ledger.codings(),
            inspected_bytes: Inspected {
                request: sent,
                response: received,
            },
        }
        .line()
    }
}

impl Engine {
    /// The record of an exchange that ended before its headers reached the filter: a request the proxy itself refused.
    pub fn finish_unseen(&self, request: &Headers) -> Record {
        let mut ledger = Ledger::default();
        let mut fields = log_fields(self, request, Some(&mut ledger));
        fields.push(("verdict", b"unseen".to_vec()));
        Record {
            fields,
            log_line: None,
            counts: metrics::counts(self.mode, "unseen", &ledger),
        }
    }
}

/// The request's path, query, referer and user-agent with every credential masked, as access logs may show them.
fn log_fields(
    engine: &Engine,
    request: &Headers,
    mut ledger: Option<&mut Ledger>,
) -> Vec<(&'static str, Vec<u8>)> {
    let mut fields = Vec::new();
    let target = headers::first(request, ":path").unwrap_or_default();
    let target = masked_target(engine, target, ledger.as_deref_mut());
    if let Some((_, query)) = target.split_once('?') {
        fields.push(("query", query.as_bytes().to_vec()));
    }
    fields.push(("path", target.into_bytes()));
    for (field, name) in [("referer", "referer"), ("user_agent", "user-agent")] {
        let Some(value) = headers::first(request, name) else {
            continue;
        };
        let mut judge = Never {
            ledger: ledger.as_deref_mut(),
            place: Place::Header,
        };
        let masked = match engine.scrubber().header(name.as_bytes(), value, &mut judge) {
            Ok(masked) => masked.unwrap_or_else(|| value.to_vec()),
            Err(_) => UNREADABLE.as_bytes().to_vec(),
        };
        fields.push((field, printable(&masked).into_bytes()));
    }
    fields
}
