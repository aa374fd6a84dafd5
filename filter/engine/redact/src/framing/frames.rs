//! Frames of a 5-byte head and a message: gRPC, gRPC-Web and the streams of Connect.
//!
//! Bytes that only call themselves gRPC have a letter where a frame has its flags. Nothing can be said about where their messages end, so they
//! are not let through. The head of a frame is scanned together with its message: a credential may not hide its start there either.

use crate::RedactError;

use super::{HeaderLines, Message, Sink};

/// Where in the frames we are.
pub(crate) struct Frames {
    protocol: Protocol,
    pass_compressed: bool,
    /// The frame head, and how many bytes of it were read.
    head: [u8; 5],
    head_length: usize,
    /// Bytes of the message still to come.
    left: u64,
    body: Body,
    message: Message,
    trailers: HeaderLines,
}

/// Who defines the flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// gRPC, and gRPC-Web, which marks its trailers.
    Grpc,
    /// Connect, which marks the JSON that ends a stream.
    Connect,
}

/// What a frame carries.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    Message,
    /// A compressed message, which passes unread.
    Unread,
    /// The trailers of gRPC-Web, as header lines.
    Trailers,
    /// The JSON that ends a stream of Connect.
    Text,
}

const COMPRESSED: u8 = 0x01;

impl Protocol {
    /// The flag of the frame that ends a stream.
    fn last(self) -> u8 {
        match self {
            Self::Grpc => 0x80,
            Self::Connect => 0x02,
        }
    }
}

impl Frames {
    /// `trailers` must mask in the length of what they mask.
    pub(crate) fn new(protocol: Protocol, pass_compressed: bool, trailers: HeaderLines) -> Self {
        Self {
            protocol,
            pass_compressed,
            head: [0; 5],
            head_length: 0,
            left: 0,
            body: Body::Message,
            message: Message::new(0),
            trailers,
        }
    }

    pub(crate) fn write(&mut self, sink: &mut Sink<'_>, chunk: &[u8]) -> Result<(), RedactError> {
        let mut rest = chunk;
        while !rest.is_empty() {
            rest = self.write_some(sink, rest)?;
        }
        Ok(())
    }

    /// Takes bytes of one head or one message, and gives back the others.
    fn write_some<'c>(
        &mut self,
        sink: &mut Sink<'_>,
        chunk: &'c [u8],
    ) -> Result<&'c [u8], RedactError> {
        if self.left == 0 {
            let (byte, after) = chunk.split_at_checked(1).unwrap_or((chunk, &[]));
            self.read_head(sink, byte)?;
            return Ok(after);
        }
        let length = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(chunk.len());
        let (part, after) = chunk.split_at_checked(length).unwrap_or((chunk, &[]));
        match self.body {
            Body::Message => self.message.write(sink, part)?,
            Body::Unread => sink.pass(part)?,
            Body::Text => sink.write(part)?,
            Body::Trailers => self.trailers.push(part)?,
        }
        self.left -= part.len() as u64;
        if self.left == 0 {
            sink.flush()?;
            self.trailers.finish(sink, &[])?;
        }
        Ok(after)
    }

    /// Whether no frame is begun.
    pub(crate) fn is_between(&self) -> bool {
        self.left == 0 && self.head_length == 0
    }

    /// How many bytes the frame being read has at least still to come.
    pub(crate) fn left(&self) -> u64 {
        match self.left {
            0 => (self.head.len() - self.head_length) as u64,
            left => left,
        }
    }

    /// The stream ends here. Trailers cut short come out as far as they go.
    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> Result<(), RedactError> {
        sink.flush()?;
        self.trailers.finish(sink, &[])
    }

    /// Bytes kept beside the scanner.
    pub(crate) fn held(&self) -> usize {
        self.trailers.len()
    }

    fn read_head(&mut self, sink: &mut Sink<'_>, byte: &[u8]) -> Result<(), RedactError> {
        let known = COMPRESSED | self.protocol.last();
        if self.head_length == 0 && byte.iter().any(|flags| flags & !known != 0) {
            return Err(RedactError::Opaque);
        }
        for (slot, byte) in self.head.iter_mut().skip(self.head_length).zip(byte) {
            *slot = *byte;
        }
        self.head_length += 1;
        sink.write(byte)?;
        if self.head_length < self.head.len() {
            return Ok(());
        }
        let [flags, length @ ..] = self.head;
        self.head_length = 0;
        self.left = u64::from(u32::from_be_bytes(length));
        self.body = match flags {
            _ if self.left == 0 => return sink.flush(),
            0 => Body::Message,
            flags if flags & COMPRESSED != 0 => Body::Unread,
            _ if self.protocol == Protocol::Grpc => Body::Trailers,
            _ => Body::Text,
        };
        match self.body {
            Body::Message => self.message.restart(self.left),
            Body::Unread if !self.pass_compressed => return Err(RedactError::Opaque),
            Body::Unread => sink.judge.uninspected(),
            Body::Trailers => sink.flush()?,
            Body::Text => {}
        }
        Ok(())
    }
}
