//! Who may see what: asks the gate about every finding and field, and keeps the ledger.

use veilgate_redact::{Finding, Judge, Treatment};

use crate::{
    engine::Engine,
    gate::Gate,
    headers,
    ledger::{Ledger, Place, Treated},
    step::Direction,
};

/// The judge of one message part.
pub(crate) struct Reveal<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) gate: &'a mut Gate,
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
        let revealed = self.gate.reveals_credential(
            self.engine,
            finding,
            self.direction,
            self.place,
            self.field,
        );
        let allowed = if revealed {
            None
        } else {
            let target = headers::first(self.gate.headers(), ":path").unwrap_or_default();
            self.engine.allow.reason(finding, target, self.field)
        };
        let (treatment, treated) = if revealed {
            (Treatment::Reveal, Treated::Revealed)
        } else if allowed.is_some() {
            (Treatment::Reveal, Treated::Allowed)
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
        self.ledger
            .credential(finding, self.direction, self.place, treated, allowed);
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

/// A request's target, or a resource named after one, with every credential masked.
pub(crate) fn masked_target(engine: &Engine, target: &[u8], ledger: Option<&mut Ledger>) -> String {
    let mut judge = Never {
        ledger,
        place: Place::Target,
    };
    match engine.scrubber().target(target, &mut judge) {
        Ok(masked) => printable(masked.as_deref().unwrap_or(target)),
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
            ledger.credential(
                finding,
                Direction::Request,
                self.place,
                Treated::MaskedInLog,
                None,
            );
        }
        Treatment::Mask
    }
}
