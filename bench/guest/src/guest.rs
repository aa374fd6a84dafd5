//! One stream at a time, with buffers that are kept from one to the next.

use std::sync::Arc;

use veilgate_redact::{
    Finding, Framing, Judge, Limits, MaskStyle, Masker, RedactError, Redactor, RuleError, RuleSet,
    Scrubber, Treatment,
};

/// What the exports act on: the built-in rules, an open stream, and its two buffers.
pub struct Guest {
    rules: Arc<RuleSet>,
    masker: Arc<Masker>,
    stream: Option<Redactor>,
    judge: Count,
    input: Vec<u8>,
    output: Vec<u8>,
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// No stream is open: none was opened, its framing is unknown, or it was ended.
    Closed,
    /// More bytes than the input buffer has.
    Input,
    /// The redactor's own error.
    Redact(RedactError),
}

impl Guest {
    /// Compiles the built-in rules; masks are labels.
    ///
    /// # Errors
    /// Those of [`RuleSet::builtin`].
    pub fn new() -> Result<Self, RuleError> {
        Ok(Self {
            rules: Arc::new(RuleSet::builtin()?),
            masker: Arc::new(Masker::new(MaskStyle::Label, None)),
            stream: None,
            judge: Count::default(),
            input: Vec::new(),
            output: Vec::new(),
        })
    }

    /// The buffer that [`Guest::write`] reads from, at least `capacity` bytes long.
    pub fn input(&mut self, capacity: usize) -> &mut [u8] {
        if self.input.len() < capacity {
            self.input.resize(capacity, 0);
        }
        &mut self.input
    }

    /// Starts a stream, in place of one that may be open: 0 plain, 1 events, 2 gRPC.
    pub fn open(&mut self, framing: u32) {
        let framing = match framing {
            0 => Some(Framing::Plain),
            1 => Some(Framing::Events),
            2 => Some(Framing::Grpc {
                pass_compressed: false,
            }),
            _ => None,
        };
        self.judge = Count::default();
        self.output.clear();
        self.stream = framing.map(|framing| {
            Redactor::new(
                Arc::clone(&self.rules),
                Arc::clone(&self.masker),
                framing,
                Limits::default(),
            )
        });
    }

    /// Feeds the first `length` bytes of the input buffer; how many bytes of output that gave.
    ///
    /// # Errors
    /// [`Error`]
    pub fn write(&mut self, length: usize) -> Result<usize, Error> {
        let chunk = self.input.get(..length).ok_or(Error::Input)?;
        let stream = self.stream.as_mut().ok_or(Error::Closed)?;
        let before = self.output.len();
        stream
            .write(chunk, &mut self.judge, &mut self.output)
            .map_err(Error::Redact)?;
        Ok(self.output.len().saturating_sub(before))
    }

    /// Ends the stream; how many bytes of output that gave.
    ///
    /// # Errors
    /// [`Error`]
    pub fn end(&mut self) -> Result<usize, Error> {
        let mut stream = self.stream.take().ok_or(Error::Closed)?;
        let before = self.output.len();
        stream
            .end(&mut self.judge, &mut self.output)
            .map_err(Error::Redact)?;
        Ok(self.output.len().saturating_sub(before))
    }

    /// The output that was not yet cleared.
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// Forgets the output and keeps its memory.
    pub fn clear_output(&mut self) {
        self.output.clear();
    }

    /// Credentials found since [`Guest::open`].
    pub fn findings(&self) -> u32 {
        self.judge.findings
    }

    /// Bytes the stream holds back now.
    pub fn held(&self) -> usize {
        self.stream.as_ref().map_or(0, Redactor::held)
    }

    /// The sum of the first `length` bytes of the input buffer.
    pub fn sum(&self, length: usize) -> u32 {
        self.input
            .iter()
            .take(length)
            .fold(0, |sum, byte| sum.wrapping_add(u32::from(*byte)))
    }

    /// Takes the first `length` bytes of the input buffer as lines `name: value` and scrubs each value; how many were changed.
    ///
    /// # Errors
    /// [`Error`]
    pub fn headers(&mut self, length: usize) -> Result<u32, Error> {
        let map = self.input.get(..length).ok_or(Error::Input)?;
        let scrubber = Scrubber::new(&self.rules, &self.masker);
        let mut changed = 0;
        for line in map.split(|byte| *byte == b'\n') {
            let Some(colon) = line.iter().skip(1).position(|byte| *byte == b':') else {
                continue;
            };
            let (name, value) = line.split_at(colon.saturating_add(1));
            let value = value.get(2..).unwrap_or_default();
            let scrubbed = scrubber
                .header(name, value, &mut self.judge)
                .map_err(Error::Redact)?;
            changed += u32::from(scrubbed.is_some());
        }
        Ok(changed)
    }
}

/// Masks everything, and counts.
#[derive(Default)]
struct Count {
    findings: u32,
}

impl Judge for Count {
    fn treat(&mut self, _: &Finding<'_>) -> Treatment {
        self.findings = self.findings.saturating_add(1);
        Treatment::Mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_masked_and_counted() {
        let mut guest = Guest::new().unwrap();
        let text = format!("a ghp_{} b", "0".repeat(36));
        guest.input(text.len()).copy_from_slice(text.as_bytes());
        guest.open(0);
        guest.write(text.len()).unwrap();
        guest.end().unwrap();
        assert_eq!(guest.output(), b"a [REDACTED:github-pat] b");
        assert_eq!(guest.findings(), 1);
        guest.open(0);
        assert_eq!((guest.output(), guest.findings()), (&b""[..], 0));
    }

    #[test]
    fn what_cannot_be_done_is_an_error() {
        let mut guest = Guest::new().unwrap();
        assert_eq!(guest.write(0), Err(Error::Closed));
        guest.open(7);
        assert_eq!(guest.end(), Err(Error::Closed));
        guest.open(0);
        assert_eq!(guest.write(1), Err(Error::Input));
    }

    #[test]
    fn headers_are_taken_line_by_line() {
        let mut guest = Guest::new().unwrap();
        let map = b":method: GET\nauthorization: Bearer 0123456789abcdef\naccept: */*";
        guest.input(map.len()).copy_from_slice(map);
        assert_eq!(guest.headers(map.len()), Ok(1));
    }

    #[test]
    fn the_sum_is_of_the_bytes_asked_for() {
        let mut guest = Guest::new().unwrap();
        guest.input(4).copy_from_slice(&[1, 2, 255, 9]);
        assert_eq!(guest.sum(3), 258);
    }
}
