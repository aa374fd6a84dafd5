//! How a stream is cut into texts, and what must stay whole.

mod events;
mod fields;
mod grpc;
mod json;
mod pointer;
mod protobuf;

pub(crate) use events::Events;
pub(crate) use fields::Fields;
pub(crate) use grpc::Messages;
pub(crate) use protobuf::Message;

/// The shape of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Framing {
    /// One text: JSON, forms, HTML, logs.
    #[default]
    Plain,
    /// `text/event-stream`: nothing is held past a blank line, so no event waits for the next one.
    Events,
    /// gRPC and gRPC-Web: frames of a 5-byte head and a message, in Protocol Buffers or any other codec that leaves strings readable. Bytes without
    /// frames are [`RedactError::Opaque`](crate::RedactError::Opaque). Masks have the length of what they hide, so frames and Protocol Buffers lengths
    /// stay valid; nothing is held past a message.
    Grpc {
        /// What a compressed message is: bytes that pass unread, each message told to [`Judge::uninspected`](crate::Judge::uninspected), or
        /// [`RedactError::Opaque`](crate::RedactError::Opaque).
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
