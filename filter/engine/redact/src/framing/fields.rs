//! The JSON of a guarded secret: each field is asked about, whatever its value looks like.

use std::sync::Arc;

use crate::{Limit, Masker, RedactError, Treatment};

use super::Sink;
use super::json::{Fault, Shape, Tokenizer};

/// Fields asked about in one document.
const FIELDS: usize = 16_384;

pub(crate) struct Fields {
    roots: Vec<String>,
    masker: Arc<Masker>,
    json: Tokenizer,
    offset: u64,
    asked: usize,
    /// Depth of the outermost revealed value we are in.
    revealed: Option<usize>,
    /// Depth of the masked value we are in.
    masked: Option<usize>,
}

impl Fields {
    pub(crate) fn new(roots: Vec<String>, masker: Arc<Masker>) -> Self {
        Self {
            roots,
            masker,
            json: Tokenizer::new(),
            offset: 0,
            asked: 0,
            revealed: None,
            masked: None,
        }
    }

    pub(crate) fn write(&mut self, sink: &mut Sink<'_>, chunk: &[u8]) -> Result<(), RedactError> {
        let mut run = 0;
        for (index, byte) in chunk.iter().enumerate() {
            let step = match self.json.step(*byte) {
                Ok(step) => step,
                Err(fault) => {
                    // What comes out before the error must not depend on how the text was cut either.
                    self.hand_on(sink, chunk, run..index)?;
                    return Err(self.fault(fault));
                }
            };
            self.offset += 1;
            // The byte behind a number may itself end the value around it.
            let number = self.json.depth() + usize::from(step.ended);
            if step.ended_before && self.in_value(number) {
                run = self.hand_on(sink, chunk, run..index)?;
                self.end_value(number);
            }
            if let Some(shape) = step.begins {
                let depth = self.json.depth() - usize::from(shape == Shape::Container);
                if self.masked.is_none() && self.is_field(shape) {
                    run = self.hand_on(sink, chunk, run..index)?;
                    self.ask(sink, depth)?;
                }
            }
            if step.ended && self.in_value(self.json.depth()) {
                run = self.hand_on(sink, chunk, run..index + 1)?;
                self.end_value(self.json.depth());
            }
        }
        self.hand_on(sink, chunk, run..chunk.len())?;
        Ok(())
    }

    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> Result<(), RedactError> {
        // No byte at all is the body of a 204 or of a HEAD: nothing to hide.
        if self.json.is_complete() || (self.offset == 0 && self.json.is_fresh()) {
            return sink.flush();
        }
        Err(RedactError::NotJson {
            offset: self.offset,
        })
    }

    /// Whether the value that begins is one to ask about.
    fn is_field(&self, shape: Shape) -> bool {
        let pointer = self.json.pointer();
        self.roots
            .iter()
            .any(|root| match pointer.strip_prefix(root.as_str()) {
                Some("") => shape == Shape::Scalar,
                Some(below) => below.starts_with('/'),
                None => false,
            })
    }

    fn ask(&mut self, sink: &mut Sink<'_>, depth: usize) -> Result<(), RedactError> {
        self.asked += 1;
        if self.asked > FIELDS {
            return Err(RedactError::Limit(Limit::Fields));
        }
        match sink.judge.field(self.json.pointer()) {
            Treatment::Block => {
                return Err(RedactError::Blocked {
                    kind: "field".to_owned(),
                });
            }
            Treatment::Reveal => self.revealed = self.revealed.or(Some(depth)),
            Treatment::Mask => {
                sink.flush()?;
                sink.put(|out| self.masker.mask_field(out));
                self.masked = Some(depth);
            }
        }
        Ok(())
    }

    /// Whether the masked or revealed value we are in began at this depth.
    fn in_value(&self, depth: usize) -> bool {
        self.masked == Some(depth) || self.revealed == Some(depth)
    }

    fn end_value(&mut self, depth: usize) {
        self.masked = self.masked.filter(|masked| *masked != depth);
        self.revealed = self.revealed.filter(|revealed| *revealed != depth);
    }

    /// Gives a run of bytes to whom they belong.
    fn hand_on(
        &self,
        sink: &mut Sink<'_>,
        chunk: &[u8],
        run: std::ops::Range<usize>,
    ) -> Result<usize, RedactError> {
        let end = run.end;
        let bytes = chunk.get(run).unwrap_or_default();
        match (self.masked, self.revealed) {
            _ if bytes.is_empty() => Ok(()),
            (Some(_), _) => sink.skip(bytes.len()),
            (None, Some(_)) => sink.pass(bytes),
            (None, None) => sink.write(bytes),
        }?;
        Ok(end)
    }

    fn fault(&self, fault: Fault) -> RedactError {
        match fault {
            Fault::Syntax => RedactError::NotJson {
                offset: self.offset,
            },
            Fault::Limit(limit) => RedactError::Limit(limit),
        }
    }
}
