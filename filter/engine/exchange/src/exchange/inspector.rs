//! What looks at the plain bytes of a body.

use veilgate_redact::{Judge, Redactor};

use super::{messages::Messages, recoding::Stop};

/// The redactor of a body, and what unpacks single messages for it.
pub(crate) struct Inspector {
    redactor: Redactor,
    messages: Option<Messages>,
    /// Bytes that were inspected and not asked for yet.
    inspected: usize,
}

impl Inspector {
    pub(crate) fn new(redactor: Redactor, messages: Option<Messages>) -> Inspector {
        Inspector {
            redactor,
            messages,
            inspected: 0,
        }
    }

    /// Bytes given that have not been emitted; 0 means that the end of the body would add none.
    pub(crate) fn held(&self) -> usize {
        self.redactor.held() + self.messages.as_ref().map_or(0, Messages::held)
    }

    /// Whether it may become many times as long.
    pub(crate) fn expands(&self) -> bool {
        self.messages.is_some()
    }

    /// How many bytes the rules have seen since this was last asked.
    pub(crate) fn take_inspected(&mut self) -> usize {
        std::mem::take(&mut self.inspected)
    }

    pub(crate) fn write(
        &mut self,
        bytes: &[u8],
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), Stop> {
        let Inspector {
            redactor,
            messages,
            inspected,
        } = self;
        let mut inspect = |piece: &[u8]| {
            *inspected += piece.len();
            Ok(redactor.write(piece, judge, out)?)
        };
        match messages {
            None => inspect(bytes),
            Some(messages) => messages.write(bytes, &mut inspect),
        }
    }

    pub(crate) fn end(&mut self, judge: &mut dyn Judge, out: &mut Vec<u8>) -> Result<(), Stop> {
        let Inspector {
            redactor,
            messages,
            inspected,
        } = self;
        if let Some(messages) = messages {
            messages.end(&mut |piece: &[u8]| {
                *inspected += piece.len();
                Ok(redactor.write(piece, judge, out)?)
            })?;
        }
        Ok(redactor.end(judge, out)?)
    }
}
