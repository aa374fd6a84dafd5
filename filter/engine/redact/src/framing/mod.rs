//! How a stream is cut into texts, and what must stay whole.

mod events;
mod fields;
mod frames;
mod header_lines;
mod json;
mod lines;
mod media_type;
mod multipart;
mod parameters;
mod pointer;
mod protobuf;
mod sink;
mod web_text;

use std::sync::Arc;

use crate::scan::Strictness;
use crate::{Masker, RedactError, RuleSet};

use self::events::Events;
use self::fields::Fields;
use self::frames::{Frames, Protocol};
use self::header_lines::HeaderLines;
use self::multipart::Multipart;
use self::web_text::WebText;

pub(crate) use protobuf::Message;
pub(crate) use sink::Sink;

/// The shape of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Framing {
    /// One text: JSON, forms, HTML, logs.
    #[default]
    Plain,
    /// `text/event-stream`: nothing is held past a blank line, so no event waits for the next one.
    Events,
    /// JSON Lines (NDJSON) and JSON text sequences: nothing is held past the end of a line, and no value reaches over it.
    Lines,
    /// `multipart/*`: each part is a text of its own. A part whose name, or whose file's name, carries credentials is put to [`Judge`](crate::Judge) before its
    /// content is read, and masked whole; the header lines of a part are treated as those of a message are, but for `content-length` and digests, which go.
    /// Content in base64 is decoded and encoded again. Header lines of a part may have 8 KiB.
    Multipart {
        /// The boundary, without its hyphens.
        boundary: Vec<u8>,
        /// What a part is that cannot be read (quoted-printable or another transfer encoding, a content encoding, UTF-16, nesting deeper than four
        /// levels): bytes that pass unread, each part told to [`Judge::uninspected`](crate::Judge::uninspected), or
        /// [`RedactError::Opaque`](crate::RedactError::Opaque).
        pass_opaque: bool,
    },
    /// One message in Protocol Buffers or another binary encoding that leaves strings readable. Masks have the length of what they hide.
    Message,
    /// gRPC and gRPC-Web: frames of a 5-byte head and a message, in Protocol Buffers or any other codec that leaves strings readable. Bytes without
    /// frames are [`RedactError::Opaque`](crate::RedactError::Opaque). Masks have the length of what they hide, so frames and Protocol Buffers lengths
    /// stay valid; nothing is held past a message. The trailers of gRPC-Web, up to 8 KiB, are treated as headers are.
    Grpc {
        /// What a compressed message is: bytes that pass unread, each message told to [`Judge::uninspected`](crate::Judge::uninspected), or
        /// [`RedactError::Opaque`](crate::RedactError::Opaque).
        pass_compressed: bool,
    },
    /// gRPC-Web as text: the same in base64, which may be padded anywhere. Offsets count decoded bytes.
    GrpcWebText {
        /// As in gRPC.
        pass_compressed: bool,
    },
    /// The streams of Connect: frames as in gRPC, of which the last holds JSON.
    Connect {
        /// As in gRPC.
        pass_compressed: bool,
    },
    /// The JSON of a guarded secret.
    ///
    /// Every member below one of the roots (JSON pointers such as `/data/data`; the empty pointer is the whole document) is asked of
    /// [`Judge::field`](crate::Judge::field), outermost first; a root that is not an object or array is asked itself. A masked value, whatever it was, becomes
    /// a JSON string; a revealed one passes byte for byte, unscanned. All else is scanned like [`Framing::Plain`].
    Fields {
        /// Where the secret values are.
        roots: Vec<String>,
    },
}

/// Where in a stream of some framing we are.
pub(crate) enum Position {
    Plain,
    Events(Events),
    Lines,
    Multipart(Box<Multipart>),
    Message(Message),
    Frames(Box<Frames>),
    WebText(Box<WebText>),
    Fields(Box<Fields>),
}

impl Position {
    /// The start of a stream.
    pub(crate) fn new(framing: Framing, rules: &Arc<RuleSet>, masker: &Arc<Masker>) -> Self {
        let frames = |protocol, pass_compressed| {
            let masker = Arc::new(masker.keeping_length());
            let trailers = HeaderLines::new(Arc::clone(rules), masker);
            Frames::new(protocol, pass_compressed, trailers)
        };
        match framing {
            Framing::Plain => Self::Plain,
            Framing::Events => Self::Events(Events::default()),
            Framing::Lines => Self::Lines,
            Framing::Multipart {
                boundary,
                pass_opaque,
            } => Self::Multipart(Box::new(Multipart::new(
                &boundary,
                pass_opaque,
                Arc::clone(rules),
                Arc::clone(masker),
            ))),
            Framing::Message => Self::Message(Message::new(u64::MAX)),
            Framing::Grpc { pass_compressed } => {
                Self::Frames(Box::new(frames(Protocol::Grpc, pass_compressed)))
            }
            Framing::GrpcWebText { pass_compressed } => {
                let frames = frames(Protocol::Grpc, pass_compressed);
                Self::WebText(Box::new(WebText::new(frames)))
            }
            Framing::Connect { pass_compressed } => {
                Self::Frames(Box::new(frames(Protocol::Connect, pass_compressed)))
            }
            Framing::Fields { roots } => {
                Self::Fields(Box::new(Fields::new(roots, Arc::clone(masker))))
            }
        }
    }

    /// What the bytes beside a value mean.
    pub(crate) fn strictness(&self) -> Strictness {
        match self {
            Self::Message(_) | Self::Frames(_) | Self::WebText(_) => Strictness::Field,
            _ => Strictness::Text,
        }
    }

    pub(crate) fn write(&mut self, sink: &mut Sink<'_>, chunk: &[u8]) -> Result<(), RedactError> {
        match self {
            Self::Plain => sink.write(chunk),
            Self::Events(events) => events.write(sink, chunk),
            Self::Lines => lines::write(sink, chunk),
            Self::Multipart(multipart) => multipart.write(sink, chunk),
            Self::Message(message) => message.write(sink, chunk),
            Self::Frames(frames) => frames.write(sink, chunk),
            Self::WebText(text) => text.write(sink, chunk),
            Self::Fields(fields) => fields.write(sink, chunk),
        }
    }

    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> Result<(), RedactError> {
        match self {
            Self::Plain | Self::Events(_) | Self::Lines | Self::Message(_) => sink.flush(),
            Self::Multipart(multipart) => multipart.end(sink),
            Self::Frames(frames) => frames.end(sink),
            Self::WebText(text) => text.end(sink),
            Self::Fields(fields) => fields.end(sink),
        }
    }

    /// Bytes kept beside the scanner.
    pub(crate) fn held(&self) -> usize {
        match self {
            Self::Multipart(multipart) => multipart.held(),
            Self::Frames(frames) => frames.held(),
            Self::WebText(text) => text.held(),
            Self::Plain | Self::Events(_) | Self::Lines | Self::Message(_) | Self::Fields(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests;
