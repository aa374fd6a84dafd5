//! Where a framing sends its bytes.

use crate::scan::Scanner;
use crate::{Judge, RedactError};

/// The scanner of a stream, who decides about what it finds, and where its output goes.
pub(crate) struct Sink<'s> {
    pub(crate) scanner: &'s mut Scanner,
    pub(crate) judge: &'s mut dyn Judge,
    pub(crate) out: &'s mut Vec<u8>,
    /// Bytes of the stream handed on so far.
    pub(crate) offset: &'s mut u64,
}

impl Sink<'_> {
    /// The next bytes of a text.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), RedactError> {
        *self.offset += bytes.len() as u64;
        self.scanner.write(bytes, self.judge, self.out)
    }

    /// The last bytes of a text.
    pub(crate) fn write_last(&mut self, bytes: &[u8]) -> Result<(), RedactError> {
        *self.offset += bytes.len() as u64;
        self.scanner.write_last(bytes, self.judge, self.out)
    }

    /// The text ends here.
    pub(crate) fn flush(&mut self) -> Result<(), RedactError> {
        self.scanner.flush(self.judge, self.out)
    }

    /// A field of a message ends here, if it is one.
    pub(crate) fn end_field(&mut self) -> Result<(), RedactError> {
        self.scanner.end_field(self.judge, self.out)
    }

    /// Ends the text, and lets these bytes through unread.
    pub(crate) fn pass(&mut self, bytes: &[u8]) -> Result<(), RedactError> {
        *self.offset += bytes.len() as u64;
        self.scanner.pass(bytes, self.judge, self.out)
    }

    /// Ends the text, and counts bytes of the stream that are not given out.
    pub(crate) fn skip(&mut self, length: usize) -> Result<(), RedactError> {
        *self.offset += length as u64;
        self.scanner.drop_bytes(length, self.judge, self.out)
    }

    /// Gives out what stands for bytes of the stream that were skipped. Only between texts.
    pub(crate) fn put(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if !self.scanner.is_muted() {
            write(self.out);
        }
    }

    /// The same, with the output going elsewhere.
    pub(crate) fn aside<'s>(&'s mut self, out: &'s mut Vec<u8>) -> Sink<'s> {
        Sink {
            scanner: self.scanner,
            judge: self.judge,
            out,
            offset: self.offset,
        }
    }
}
