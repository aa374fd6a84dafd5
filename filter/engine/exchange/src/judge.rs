//! Who may see what: asks the policy once per exchange for each kind or field, and keeps the ledger.

use std::collections::HashMap;

use veilgate_authorize::Credential;
use veilgate_redact::{Finding, Judge, Treatment};

use crate::{
    engine::Engine,
    exchange::gate::{self, Gate},
    ledger::{Ledger, Place, Treated},
    step::Direction,
};

/// Answers already given in this exchange. Kinds come from rule files, names of headers from the message. Fields are not
/// remembered: each is asked about once.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    credentials: HashMap<(String, Direction, Place, String), bool>,
}

/// A message with more kinds and headers than this is asked again for the rest: slower, never larger.
const MEMO: usize = 512;

/// The judge of one message part.
pub(crate) struct Reveal<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) gate: &'a Gate,
    pub(crate) memo: &'a mut Memo,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) direction: Direction,
    pub(crate) place: Place,
    /// The header's name; empty in a body.
    pub(crate) field: &'a str,
    /// Whether a carrier's name alone makes a value a credential here.
    pub(crate) carriers: bool,
}

impl Judge for Reveal<'_> {
    fn treat(&mut self, finding: &Finding<'_>) -> Treatment {
        if finding.carrier.is_some() && !self.carriers {
            return Treatment::Reveal;
        }
        let (treatment, treated) = if self.may_reveal(finding) {
            (Treatment::Reveal, Treated::Revealed)
        } else if self
            .engine
            .redaction
            .block
            .iter()
            .any(|name| name == finding.kind || name == finding.category)
        {
            (Treatment::Block, Treated::Blocked)
        } else {
            (Treatment::Mask, Treated::Masked)
        };
        self.ledger.credential(
            finding.kind,
            finding.category,
            self.direction,
            self.place,
            treated,
            finding.fingerprint.map(|print| print.to_string()),
        );
        treatment
    }

    fn uninspected(&mut self) {
        self.ledger.skip(self.direction, "opaque");
    }

    fn field(&mut self, pointer: &str) -> Treatment {
        if self.gate.reveals_field(self.engine, pointer) {
            self.ledger.field_revealed();
            return Treatment::Reveal;
        }
        let engine = self.engine;
        self.ledger
            .field_masked(|| shortened(for_records(engine, pointer.as_bytes())));
        Treatment::Mask
    }
}

impl Reveal<'_> {
    fn may_reveal(&mut self, finding: &Finding<'_>) -> bool {
        let key = (
            finding.kind.to_owned(),
            self.direction,
            self.place,
            self.field.to_owned(),
        );
        if let Some(known) = self.memo.credentials.get(&key) {
            return *known;
        }
        let credential = Credential {
            kind: finding.kind,
            category: finding.category,
            confidence: &finding.confidence.to_string(),
            direction: match self.direction {
                Direction::Request => veilgate_authorize::Direction::Request,
                Direction::Response => veilgate_authorize::Direction::Response,
            },
            place: gate::place(self.place),
            carrier: self.field,
            call: None,
        };
        let answer = self.gate.reveals_credential(self.engine, credential);
        if self.memo.credentials.len() < MEMO {
            self.memo.credentials.insert(key, answer);
        }
        answer
    }
}

/// Text of a message as records may show it: one line, without anything that a rule knows.
pub(crate) fn for_records(engine: &Engine, text: &[u8]) -> String {
    let mut judge = Never {
        ledger: None,
        place: Place::Header,
    };
    // No carrier has an empty name, so only the rules count.
    match engine.scrubber().header(b"", text, &mut judge) {
        Ok(masked) => printable(masked.as_deref().unwrap_or(text)),
        Err(_) => UNREADABLE.to_owned(),
    }
}

/// What stands for a text that could not be checked.
pub(crate) const UNREADABLE: &str = "[UNREADABLE]";

/// One line of text whatever the bytes were: log lines are separated by line feeds.
pub(crate) fn printable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// Names of members are the upstream's, and may be as long as it likes.
fn shortened(pointer: String) -> String {
    const LONGEST: usize = 200;
    match pointer.char_indices().nth(LONGEST) {
        None => pointer,
        Some((end, _)) => format!("{}...", pointer.get(..end).unwrap_or_default()),
    }
}

/// The judge of what goes to logs: nobody may see anything there.
pub(crate) struct Never<'a> {
    pub(crate) ledger: Option<&'a mut Ledger>,
    pub(crate) place: Place,
}

impl Judge for Never<'_> {
    fn treat(&mut self, finding: &Finding<'_>) -> Treatment {
        if let Some(ledger) = &mut self.ledger {
            let fingerprint = finding.fingerprint.map(|print| print.to_string());
            ledger.credential(
                finding.kind,
                finding.category,
                Direction::Request,
                self.place,
                Treated::MaskedInLog,
                fingerprint,
            );
        }
        Treatment::Mask
    }
}
