//! gRPC and gRPC-Web: frames, each with a message in it.
//!
//! Bytes that only call themselves gRPC have a letter where a frame has its flags. Nothing can be said about where their messages end, so they
//! are not let through. The head of a frame is scanned together with its message: a credential may not hide its start there either.

use crate::scan::Scanner;
use crate::{Judge, RedactError};

use super::protobuf::Message;

/// Where in the frames we are.
pub(crate) struct Messages {
    pass_compressed: bool,
    /// Bytes of the frame head read so far.
    head: [u8; 5],
    head_length: usize,
    /// Bytes of the message still to come.
    left: u64,
    body: Body,
}

/// What a frame carries.
enum Body {
    Message(Message),
    /// A compressed message, which passes unread.
    Unread,
    /// The trailers of gRPC-Web, as header lines.
    Text,
}

const COMPRESSED: u8 = 0x01;
const TRAILERS: u8 = 0x80;

impl Messages {
    pub(crate) fn new(pass_compressed: bool) -> Self {
        Self {
            pass_compressed,
            head: [0; 5],
            head_length: 0,
            left: 0,
            body: Body::Text,
        }
    }

    pub(crate) fn write(
        &mut self,
        scanner: &mut Scanner,
        chunk: &[u8],
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        let mut rest = chunk;
        while !rest.is_empty() {
            if self.left == 0 {
                rest = self.read_head(scanner, rest, judge, out)?;
                continue;
            }
            let length = usize::try_from(self.left)
                .unwrap_or(usize::MAX)
                .min(rest.len());
            let (part, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            match &mut self.body {
                Body::Message(message) => message.write(scanner, part, judge, out)?,
                Body::Unread => scanner.pass(part, judge, out)?,
                Body::Text => scanner.write(part, judge, out)?,
            }
            self.left -= part.len() as u64;
            if self.left == 0 {
                scanner.flush(judge, out)?;
            }
            rest = after;
        }
        Ok(())
    }

    fn read_head<'a>(
        &mut self,
        scanner: &mut Scanner,
        rest: &'a [u8],
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<&'a [u8], RedactError> {
        let (byte, after) = rest.split_at_checked(1).unwrap_or((rest, &[]));
        if self.head_length == 0
            && byte
                .iter()
                .any(|flags| flags & !(COMPRESSED | TRAILERS) != 0)
        {
            return Err(RedactError::Opaque);
        }
        scanner.write(byte, judge, out)?;
        for (slot, byte) in self.head.iter_mut().skip(self.head_length).zip(byte) {
            *slot = *byte;
        }
        self.head_length += 1;
        if self.head_length == self.head.len() {
            let [flags, length @ ..] = self.head;
            self.head_length = 0;
            self.left = u64::from(u32::from_be_bytes(length));
            if self.left == 0 {
                scanner.flush(judge, out)?;
            }
            let compressed = flags & COMPRESSED != 0 && self.left > 0;
            if compressed && !self.pass_compressed {
                return Err(RedactError::Opaque);
            }
            self.body = if compressed {
                judge.uninspected();
                Body::Unread
            } else if flags & TRAILERS != 0 {
                Body::Text
            } else {
                Body::Message(Message::new(self.left))
            };
        }
        Ok(after)
    }
}
