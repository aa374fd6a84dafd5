//! The part of an HTTP exchange a module can see and change.
//!
//! A host call changes this state; the proxy looks at it after the call. Which maps and buffers are *open* follows Envoy: a map is open from its callback
//! until the callback that ends with "continue", and everything is readable again while the exchange is logged.

use std::collections::BTreeMap;

use super::{BufferType, Headers, MapType, Properties, StreamType};

/// One direction of an exchange.
#[derive(Debug, Default)]
pub struct Half {
    /// Headers, once they arrived.
    pub headers: Option<Headers>,
    /// Trailers, once they arrived or the module made them.
    pub trailers: Option<Headers>,
    /// Body bytes of the running callback, unless the host buffer holds them.
    pub chunk: Vec<u8>,
    /// What the host keeps while the module holds the body back. It stays in place, empty, after it was let go.
    pub buffered: Option<Vec<u8>>,
    /// Whether calls reach the headers.
    pub headers_open: bool,
    /// Whether calls reach the trailers.
    pub trailers_open: bool,
    /// Whether a body callback's chunk is reachable.
    pub body_open: bool,
    /// Whether the last body callback held back, so that calls reach the host buffer.
    pub buffering: bool,
}

impl Half {
    fn body(&self) -> Option<&Vec<u8>> {
        if self.buffering {
            self.buffered.as_ref()
        } else {
            self.body_open.then_some(&self.chunk)
        }
    }

    fn body_mut(&mut self) -> Option<&mut Vec<u8>> {
        if self.buffering {
            self.buffered.as_mut()
        } else {
            self.body_open.then_some(&mut self.chunk)
        }
    }
}

/// A response the module (or the proxy) makes itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalReply {
    /// Status code, sent as given.
    pub status: u32,
    /// Headers to add.
    pub headers: Headers,
    /// Body.
    pub body: Vec<u8>,
    /// gRPC status for gRPC requests; derived from `status` when absent.
    pub grpc_status: Option<u32>,
    /// For `%RESPONSE_CODE_DETAILS%`.
    pub details: String,
}

/// State of one exchange as host calls see it.
#[derive(Debug)]
pub struct StreamState {
    /// Client to upstream.
    pub request: Half,
    /// Upstream to client.
    pub response: Half,
    /// Whether the running callback is the last of its direction.
    pub end_of_stream: bool,
    /// Whether the exchange is being logged: all maps readable, none writable.
    pub logging: bool,
    /// Values the module published with `set_property`, for access logs; keys without the `wasm.` prefix.
    pub filter_state: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Facts behind properties.
    pub properties: Properties,
}

impl StreamState {
    /// An exchange of which nothing arrived yet.
    pub fn new(properties: Properties) -> StreamState {
        StreamState {
            request: Half::default(),
            response: Half::default(),
            end_of_stream: false,
            logging: false,
            filter_state: BTreeMap::new(),
            properties,
        }
    }

    /// One direction.
    pub fn half(&mut self, direction: StreamType) -> &mut Half {
        match direction {
            StreamType::Request => &mut self.request,
            StreamType::Response => &mut self.response,
        }
    }

    pub(super) fn map(&self, which: MapType) -> Option<&Headers> {
        let (half, trailers) = match which {
            MapType::RequestHeaders => (&self.request, false),
            MapType::RequestTrailers => (&self.request, true),
            MapType::ResponseHeaders => (&self.response, false),
            MapType::ResponseTrailers => (&self.response, true),
            MapType::CallResponseHeaders | MapType::CallResponseTrailers => return None,
        };
        let open = if self.logging {
            which != MapType::RequestTrailers
        } else if trailers {
            half.trailers_open
        } else {
            half.headers_open
        };
        let map = if trailers {
            half.trailers.as_ref()
        } else {
            half.headers.as_ref()
        };
        map.filter(|_| open)
    }

    /// The map for writing. At the end of a body, asking for trailers that do not exist makes them.
    pub(super) fn map_mut(&mut self, which: MapType) -> Option<&mut Headers> {
        if self.logging {
            return None;
        }
        let end = self.end_of_stream;
        match which {
            MapType::RequestHeaders => open(self.request.headers_open, &mut self.request.headers),
            MapType::ResponseHeaders => {
                open(self.response.headers_open, &mut self.response.headers)
            }
            MapType::RequestTrailers => trailers_mut(&mut self.request, end),
            MapType::ResponseTrailers => trailers_mut(&mut self.response, end),
            MapType::CallResponseHeaders | MapType::CallResponseTrailers => None,
        }
    }

    pub(super) fn buffer(&self, which: BufferType) -> Option<&Vec<u8>> {
        match which {
            _ if self.logging => None,
            BufferType::RequestBody => self.request.body(),
            BufferType::ResponseBody => self.response.body(),
            _ => None,
        }
    }

    pub(super) fn buffer_mut(&mut self, which: BufferType) -> Option<&mut Vec<u8>> {
        match which {
            _ if self.logging => None,
            BufferType::RequestBody => self.request.body_mut(),
            BufferType::ResponseBody => self.response.body_mut(),
            _ => None,
        }
    }
}

fn open(open: bool, map: &mut Option<Headers>) -> Option<&mut Headers> {
    map.as_mut().filter(|_| open)
}

fn trailers_mut(half: &mut Half, end_of_stream: bool) -> Option<&mut Headers> {
    if half.trailers.is_none() && half.body_open && end_of_stream {
        half.trailers = Some(Headers::default());
        half.trailers_open = true;
    }
    open(half.trailers_open, &mut half.trailers)
}

/// What a module asked for during a call, done when the call has returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deferred {
    /// Let a held direction go on.
    Continue(StreamType),
    /// Reset the stream.
    Close(StreamType),
    /// Answer in the upstream's place.
    Reply(LocalReply),
}
