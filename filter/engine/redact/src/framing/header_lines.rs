//! Header lines inside a body: those of a multipart part, and the trailers of gRPC-Web.

use std::sync::Arc;

use crate::scrub::lines;
use crate::{Finding, Judge, Limit, Masker, RedactError, RuleSet, Scrubber, Treatment};

use super::Sink;

/// Most bytes of header lines that are kept until they are complete.
const LONGEST: usize = 8192;
/// Bytes that header lines ordinarily have.
const ORDINARY: usize = 512;

/// Collects header lines, and gives them out with their credentials masked as those of a message are.
pub(crate) struct HeaderLines {
    rules: Arc<RuleSet>,
    masker: Arc<Masker>,
    bytes: Vec<u8>,
}

impl HeaderLines {
    pub(crate) fn new(rules: Arc<RuleSet>, masker: Arc<Masker>) -> Self {
        Self {
            rules,
            masker,
            bytes: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), RedactError> {
        let length = self.bytes.len() + bytes.len();
        if length > LONGEST {
            return Err(RedactError::Limit(Limit::HeaderLines));
        }
        if length > self.bytes.capacity() {
            let capacity = length.next_power_of_two();
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The lines are complete: gives them out, but for those of the names in `without`, and starts again.
    pub(crate) fn finish(
        &mut self,
        sink: &mut Sink<'_>,
        without: &[&str],
    ) -> Result<(), RedactError> {
        let mut bytes = std::mem::take(&mut self.bytes);
        let scrubber = Scrubber::new(&self.rules, &self.masker);
        for line in lines(&bytes) {
            if !without.iter().any(|name| line.is(name)) {
                let offset = *sink.offset;
                let mut scrub = |name: &[u8], value: &[u8], at: usize| {
                    let by = offset + at as u64;
                    let judge = &mut Shifted {
                        judge: sink.judge,
                        by,
                    };
                    scrubber.header(name, value, judge)
                };
                // What stands for a name may be anything.
                let name = scrub(b"", line.name, 0)?;
                let before = line.name.len() + line.colon.len();
                let value = scrub(line.name.trim_ascii(), line.value, before)?;
                sink.put(|out| {
                    out.extend_from_slice(name.as_deref().unwrap_or(line.name));
                    out.extend_from_slice(line.colon);
                    out.extend_from_slice(value.as_deref().unwrap_or(line.value));
                    out.extend_from_slice(line.end);
                });
            }
            sink.skip(line.len())?;
        }
        bytes.clear();
        // What a part or the scanner keeps from here on comes in place of long lines, not beside them.
        bytes.shrink_to(ORDINARY);
        self.bytes = bytes;
        Ok(())
    }
}

/// A judge who hears of offsets in the stream.
struct Shifted<'j> {
    judge: &'j mut dyn Judge,
    by: u64,
}

impl Judge for Shifted<'_> {
    fn treat(&mut self, finding: &Finding<'_>) -> Treatment {
        self.judge.treat(&Finding {
            offset: self.by + finding.offset,
            ..*finding
        })
    }
}
