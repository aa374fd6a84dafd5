//! The stream a caller holds: bytes in, treated bytes out.

use std::sync::Arc;

use crate::framing::{Position, Sink};
use crate::scan::Scanner;
use crate::{Framing, Judge, Limits, Masker, RedactError, RuleSet};

/// Redacts one stream: a body, a log, a message. Sans I/O: it is fed bytes and appends to a buffer.
///
/// What it appends, with masks undone, is what it was given; it does not depend on how that was cut. Memory per stream is [`Limits::held`]
/// and some 8 KiB. After an error it is poisoned: every further call fails, and nothing is appended any more.
pub struct Redactor {
    scanner: Scanner,
    position: Position,
    /// Bytes taken so far.
    offset: u64,
    poisoned: bool,
}

impl Redactor {
    /// A stream of its own; rules and masker are shared. Allocates little, and for [`Framing::Plain`] nothing.
    pub fn new(rules: Arc<RuleSet>, masker: Arc<Masker>, framing: Framing, limits: Limits) -> Self {
        let position = Position::new(framing, &rules, &masker);
        Self {
            scanner: Scanner::new(rules, masker, limits, position.strictness()),
            position,
            offset: 0,
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
        self.guarded(judge, out, |position, sink| position.write(sink, chunk))
    }

    /// The stream ends here: appends all that was held, treated. The redactor is spent afterwards.
    ///
    /// # Errors
    /// See [`RedactError`]; a JSON text that is not complete is one.
    pub fn end(&mut self, judge: &mut dyn Judge, out: &mut Vec<u8>) -> Result<(), RedactError> {
        self.guarded(judge, out, Position::end)?;
        self.poisoned = true;
        Ok(())
    }

    /// Bytes given but not yet appended, and one for a mask still to come; 0 when nothing is held.
    pub fn held(&self) -> usize {
        self.scanner.held() + self.position.held()
    }

    fn guarded(
        &mut self,
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
        run: impl FnOnce(&mut Position, &mut Sink<'_>) -> Result<(), RedactError>,
    ) -> Result<(), RedactError> {
        if self.poisoned {
            return Err(RedactError::Poisoned);
        }
        let mut sink = Sink {
            scanner: &mut self.scanner,
            judge,
            out,
            offset: &mut self.offset,
        };
        let result = run(&mut self.position, &mut sink);
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
