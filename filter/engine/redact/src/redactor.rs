//! The stream a caller holds: bytes in, treated bytes out.

use std::sync::Arc;

use crate::framing::{Events, Fields, Framing, Messages};
use crate::scan::{Scanner, Strictness};
use crate::{Judge, Limits, Masker, RedactError, RuleSet};

/// Redacts one stream: a body, a log, a message. Sans I/O: it is fed bytes and appends to a buffer.
///
/// What it appends, with masks undone, is what it was given; it does not depend on how that was cut. Memory per stream is [`Limits::held`]
/// and some 8 KiB. After an error it is poisoned: every further call fails, and nothing is appended any more.
pub struct Redactor {
    scanner: Scanner,
    framing: State,
    poisoned: bool,
}

enum State {
    Plain,
    Events(Events),
    Grpc(Messages),
    Fields(Fields),
}

impl Redactor {
    /// A stream of its own; rules and masker are shared. Allocates nothing but the roots of [`Framing::Fields`].
    pub fn new(rules: Arc<RuleSet>, masker: Arc<Masker>, framing: Framing, limits: Limits) -> Self {
        let (strictness, framing) = match framing {
            Framing::Plain => (Strictness::Text, State::Plain),
            Framing::Events => (Strictness::Text, State::Events(Events::default())),
            Framing::Grpc { pass_compressed } => (
                Strictness::Field,
                State::Grpc(Messages::new(pass_compressed)),
            ),
            Framing::Fields { roots } => (
                Strictness::Text,
                State::Fields(Fields::new(roots, Arc::clone(&masker))),
            ),
        };
        Self {
            scanner: Scanner::new(rules, masker, limits, strictness),
            framing,
            poisoned: false,
        }
    }

    /// Takes the next bytes and appends what is free to go. O(length); no allocation for clean bytes beside `out`.
    ///
    /// # Errors
    /// See [`RedactError`]. What was appended before the error is safe to send.
    pub fn write(
        &mut self,
        chunk: &[u8],
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        self.guarded(|scanner, framing| match framing {
            State::Plain => scanner.write(chunk, judge, out),
            State::Events(events) => events.write(scanner, chunk, judge, out),
            State::Grpc(messages) => messages.write(scanner, chunk, judge, out),
            State::Fields(fields) => fields.write(scanner, chunk, judge, out),
        })
    }

    /// The stream ends here: appends all that was held, treated. The redactor is spent afterwards.
    ///
    /// # Errors
    /// See [`RedactError`]; a JSON text that is not complete is one.
    pub fn end(&mut self, judge: &mut dyn Judge, out: &mut Vec<u8>) -> Result<(), RedactError> {
        self.guarded(|scanner, framing| {
            if let State::Fields(fields) = framing {
                fields.end(scanner, judge, out)?;
            }
            scanner.flush(judge, out)
        })?;
        self.poisoned = true;
        Ok(())
    }

    /// Bytes given but not yet appended, and one for a mask still to come; 0 when nothing is held.
    pub fn held(&self) -> usize {
        self.scanner.held()
    }

    fn guarded(
        &mut self,
        run: impl FnOnce(&mut Scanner, &mut State) -> Result<(), RedactError>,
    ) -> Result<(), RedactError> {
        if self.poisoned {
            return Err(RedactError::Poisoned);
        }
        let result = run(&mut self.scanner, &mut self.framing);
        self.poisoned = result.is_err();
        result
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor")
            .field("held", &self.held())
            .field("poisoned", &self.poisoned)
            .finish_non_exhaustive()
    }
}
