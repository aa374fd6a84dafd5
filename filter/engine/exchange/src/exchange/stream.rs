//! One body on its way through the redactor.

use veilgate_redact::{Framing, Judge, RedactError, Redactor};

use super::{
    inspector::Inspector,
    messages::Messages,
    recoding::{Recoding, Stop},
};
use crate::engine::Engine;

/// A body that is scanned. In shadow mode the redactor works beside the body and what it writes is dropped.
pub(crate) struct Stream {
    inspector: Inspector,
    /// The codings of a body that has some.
    recoding: Option<Recoding>,
    shadow: bool,
    /// Set when the scan stopped: in shadow mode the body goes on without it.
    stopped: Option<&'static str>,
    scratch: Vec<u8>,
}

impl Stream {
    pub(crate) fn new(
        engine: &Engine,
        framing: Framing,
        recoding: Option<Recoding>,
        messages: Option<Messages>,
    ) -> Stream {
        let redactor = Redactor::new(
            engine.rules.clone(),
            engine.masker.clone(),
            framing,
            engine.limits,
        );
        Stream {
            inspector: Inspector::new(redactor, messages),
            recoding,
            shadow: !engine.enforces(),
            stopped: None,
            scratch: Vec::new(),
        }
    }

    /// Bytes given that have not been emitted; 0 means that the end of the body would add none.
    pub(crate) fn held(&self) -> usize {
        match &self.recoding {
            _ if self.shadow => 0,
            None => self.inspector.held(),
            // There is the end of the coding besides.
            Some(recoding) if recoding.is_waiting() => 1 + self.inspector.held(),
            Some(_) => 0,
        }
    }

    /// Whether it may become many times as long.
    pub(crate) fn expands(&self) -> bool {
        let recoded = self.recoding.as_ref().is_some_and(Recoding::expands);
        (recoded || self.inspector.expands()) && !self.shadow
    }

    /// How many bytes were inspected since this was last asked: those that rules see, which are not those of a coding.
    pub(crate) fn take_inspected(&mut self) -> usize {
        self.inspector.take_inspected()
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
        result.map_err(|Stop(reason)| {
            // What the redactor wrote before it stopped may be the beginning of something.
            out.truncate(before);
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
        if let Err(Stop(reason)) = self.redact(chunk, end, judge, &mut scratch) {
            self.stopped = Some(reason);
        }
        self.scratch = scratch;
    }

    fn redact(
        &mut self,
        chunk: &[u8],
        end: bool,
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), Stop> {
        if let Some(recoding) = &mut self.recoding {
            return recoding.pass(chunk, end, &mut self.inspector, judge, out);
        }
        self.inspector.write(chunk, judge, out)?;
        if end {
            self.inspector.end(judge, out)?;
        }
        Ok(())
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
