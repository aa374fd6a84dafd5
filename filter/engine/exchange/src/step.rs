//! What an exchange tells its host to do.

/// Header fields in order, duplicates kept, names in lower case as the host gives them.
pub type Headers = Vec<(Vec<u8>, Vec<u8>)>;

/// Which half of an exchange is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the client to the upstream.
    Request,
    /// From the upstream to the client.
    Response,
}

impl Direction {
    /// `request` or `response`, as metrics, policies and audit records spell it.
    pub fn name(self) -> &'static str {
        match self {
            Direction::Request => "request",
            Direction::Response => "response",
        }
    }
}

/// The answer to a block of headers.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Go on with the headers as they came.
    Forward,
    /// Go on with these headers in place of all that came.
    Replace(Headers),
    /// Answer the client here; the other side never sees this exchange.
    Reply(Reply),
}

/// A local answer. Never holds anything that a rule matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status code.
    pub status: u16,
    /// Additional headers, `content-type` among them.
    pub headers: Headers,
    /// The body, JSON.
    pub body: Vec<u8>,
    /// One token for the host's access log (`RESPONSE_CODE_DETAILS`).
    pub details: &'static str,
    /// The gRPC status a gRPC client is to see.
    pub grpc_status: u8,
}

/// A body that must not go on: what was not yet emitted is lost on purpose.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is withheld: {reason}")]
pub struct Withheld {
    /// A stable name: `blocked`, `limit`, `not-json`, `opaque`, `poisoned`, or of a body that cannot be decoded: `corrupt`, `truncated`, `expands`,
    /// `window`, `memory`.
    pub reason: &'static str,
    /// The answer to give while the response's headers can still be replaced.
    pub reply: Reply,
}
