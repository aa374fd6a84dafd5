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
        self.start(framing);
    }

    /// The same by a content type, which the first `length` bytes of the input buffer are.
    ///
    /// # Errors
    /// [`Error::Input`]; [`Error::Closed`] for a type that no body can be read of.
    pub fn open_as(&mut self, length: usize) -> Result<(), Error> {
        let content_type = self.input.get(..length).ok_or(Error::Input)?;
        self.start(Framing::for_content_type(content_type, false));
        self.stream.is_some().then_some(()).ok_or(Error::Closed)
    }

    fn start(&mut self, framing: Option<Framing>) {
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

    /// Takes the first `length` bytes of the input buffer as one line `name: value`, of which the output is the value as it may go on; its length.
    ///
    /// # Errors
    /// [`Error`]
    pub fn header(&mut self, length: usize) -> Result<usize, Error> {
        let line = self.input.get(..length).ok_or(Error::Input)?;
        let (name, value) = split(line).ok_or(Error::Input)?;
        let scrubbed = Scrubber::new(&self.rules, &self.masker)
            .header(name, value, &mut self.judge)
            .map_err(Error::Redact)?;
        self.output.clear();
        self.output
            .extend_from_slice(scrubbed.as_deref().unwrap_or(value));
        Ok(self.output.len())
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
            let Some((name, value)) = split(line) else {
                continue;
            };
            let scrubbed = scrubber
                .header(name, value, &mut self.judge)
                .map_err(Error::Redact)?;
            changed += u32::from(scrubbed.is_some());
        }
        Ok(changed)
    }
}

/// Name and value of a line; a pseudo header's name starts with a colon.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().skip(1).position(|byte| *byte == b':')?;
    let (name, value) = line.split_at_checked(colon.saturating_add(1))?;
    Some((name, value.get(2..).unwrap_or_default()))
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
    fn a_content_type_says_how_a_stream_is_framed() {
        let mut guest = Guest::new().unwrap();
        let mut open = |content_type: &[u8]| {
            let length = content_type.len();
            guest.input(length)[..length].copy_from_slice(content_type);
            guest.open_as(length)
        };
        assert_eq!(open(b"multipart/form-data; boundary=edge"), Ok(()));
        assert_eq!(open(b"multipart/form-data"), Err(Error::Closed));
    }

    #[test]
    fn the_output_of_a_header_is_its_value() {
        let mut guest = Guest::new().unwrap();
        let line = b":path: /x?access_token=0123456789abcdef&a=1";
        guest.input(line.len()).copy_from_slice(line);
        guest.header(line.len()).unwrap();
        assert_eq!(guest.output(), b"/x?access_token=[REDACTED:url-token]&a=1");
    }

    #[test]
    fn the_sum_is_of_the_bytes_asked_for() {
        let mut guest = Guest::new().unwrap();
        guest.input(4).copy_from_slice(&[1, 2, 255, 9]);
        assert_eq!(guest.sum(3), 258);
    }
}
