//! The vocabulary of the proxy-wasm 0.2.1 ABI: the numbers a host and a module exchange, as types.

/// Header fields in order, duplicates kept. Names and values are bytes: HTTP promises no encoding.
pub type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// A status other than `Ok`. A host call that fails says so with one of these and has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// The thing asked for does not exist.
    #[error("not found")]
    NotFound,
    /// The argument is wrong, or the thing cannot be touched in this phase.
    #[error("bad argument")]
    BadArgument,
    /// The value cannot be expressed in bytes.
    #[error("cannot be serialized")]
    Serialization,
    /// A queue has nothing to give.
    #[error("empty")]
    Empty,
    /// The call is switched off by the operator, or the host failed.
    #[error("internal failure of the host")]
    Internal,
    /// The host does not have this call.
    #[error("not implemented by the host")]
    Unimplemented,
    /// The host's answer does not follow the ABI.
    #[error("malformed answer of the host")]
    Malformed,
    /// Any other status.
    #[error("status {0}")]
    Other(u32),
}

impl HostError {
    /// `Ok` for status 0, the error for any other.
    pub fn check(status: u32) -> Result<(), HostError> {
        match status {
            0 => Ok(()),
            1 => Err(HostError::NotFound),
            2 => Err(HostError::BadArgument),
            3 | 4 => Err(HostError::Serialization),
            7 => Err(HostError::Empty),
            10 => Err(HostError::Internal),
            12 => Err(HostError::Unimplemented),
            other => Err(HostError::Other(other)),
        }
    }
}

/// One of the header maps of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Map {
    RequestHeaders = 0,
    RequestTrailers = 1,
    ResponseHeaders = 2,
    ResponseTrailers = 3,
}

/// A byte buffer that is open during one callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Buffer {
    RequestBody = 0,
    ResponseBody = 1,
    PluginConfiguration = 7,
}

/// A direction of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Direction {
    Request = 0,
    Response = 1,
}

impl Direction {
    /// The body of this direction.
    pub fn body(self) -> Buffer {
        match self {
            Direction::Request => Buffer::RequestBody,
            Direction::Response => Buffer::ResponseBody,
        }
    }
}

/// Severity of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Level {
    Info = 2,
    Warn = 3,
    Error = 4,
}

/// What a callback tells the host to do with the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Action {
    /// Pass on what is there.
    Continue = 0,
    /// Keep it. In a body callback the host buffers it and shows it again, with more, next time.
    Pause = 1,
}
