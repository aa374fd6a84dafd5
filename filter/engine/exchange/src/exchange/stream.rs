//! One body on its way through the redactor.

use veilgate_redact::{Framing, Judge, RedactError, Redactor};

use crate::engine::Engine;

/// A body that is scanned. In shadow mode the redactor works beside the body and what it writes is dropped.
pub(crate) struct Stream {
    redactor: Redactor,
    shadow: bool,
    /// Set when the scan stopped: in shadow mode the body goes on without it.
    stopped: Option<&'static str>,
    scratch: Vec<u8>,
}

impl Stream {
    pub(crate) fn new(engine: &Engine, framing: Framing) -> Stream {
        Stream {
            redactor: Redactor::new(
                engine.rules.clone(),
                engine.masker.clone(),
                framing,
                engine.limits,
            ),
            shadow: !engine.enforces(),
            stopped: None,
            scratch: Vec::new(),
        }
    }

    /// Bytes given that have not been emitted.
    pub(crate) fn held(&self) -> usize {
        if self.shadow { 0 } else { self.redactor.held() }
    }

    /// Appends to `out` what may go on, `chunk` first; with `end`, everything that was held.
    pub(crate) fn pass(
        &mut self,
        chunk: &[u8],
        end: bool,
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), &'static str> {
        if self.shadow {
            out.extend_from_slice(chunk);
            self.observe(chunk, end, judge);
            return Ok(());
        }
        if let Some(reason) = self.stopped {
            return Err(reason);
        }
        let before = out.len();
        let result = self.redact(chunk, end, judge, out);
        result.map_err(|error| {
            // What the redactor wrote before it stopped may be the beginning of something.
            out.truncate(before);
            let reason = reason(&error);
            self.stopped = Some(reason);
            reason
        })
    }

    fn observe(&mut self, chunk: &[u8], end: bool, judge: &mut dyn Judge) {
        if self.stopped.is_some() {
            return;
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        if let Err(error) = self.redact(chunk, end, judge, &mut scratch) {
            self.stopped = Some(reason(&error));
        }
        self.scratch = scratch;
    }

    fn redact(
        &mut self,
        chunk: &[u8],
        end: bool,
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        self.redactor.write(chunk, judge, out)?;
        if end {
            self.redactor.end(judge, out)
        } else {
            Ok(())
        }
    }

    /// Why the scan stopped, if it did.
    pub(crate) fn stopped(&self) -> Option<&'static str> {
        self.stopped
    }
}

/// The stable name of an error, also a metric label.
pub(crate) fn reason(error: &RedactError) -> &'static str {
    match error {
        RedactError::Blocked { .. } => "blocked",
        RedactError::Limit(..) => "limit",
        RedactError::NotJson { .. } => "not-json",
        RedactError::Opaque => "opaque",
        _ => "poisoned",
    }
}
