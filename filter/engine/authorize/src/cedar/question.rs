//! What can be asked of the policies.

use crate::classify::Call;
use crate::identity::Identities;
use crate::request::{Facts, Head};

/// What is asked of the policies.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who asks. All of them must be permitted.
    pub identities: &'a Identities,
    /// What they ask for.
    pub subject: Subject<'a>,
    /// The request head, for the context.
    pub head: &'a Head<'a>,
    /// What the host knows, for the context.
    pub facts: &'a Facts,
}

/// What a question is about.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// May they make this call to a guarded service?
    Call(&'a Call),
    /// May they see this field of the secret that the call reads?
    Field {
        /// The call whose response it is.
        call: &'a Call,
        /// JSON pointer of the field in the response.
        pointer: &'a str,
    },
    /// May they see a credential of this kind?
    Credential(Credential<'a>),
}

/// A kind of credential in a place, never its value.
#[derive(Clone, Copy, Debug)]
pub struct Credential<'a> {
    /// Kind, for example `github-pat`.
    pub kind: &'a str,
    /// Category, for example `source-forge`.
    pub category: &'a str,
    /// How sure the rule is, for example `high`.
    pub confidence: &'a str,
    /// Which way it travels.
    pub direction: Direction,
    /// Where it was found.
    pub place: Place,
    /// Name of the header, parameter or member that carries it; empty when not known.
    pub carrier: &'a str,
    /// The call whose exchange it was found in, when the service is guarded.
    pub call: Option<&'a Call>,
}

/// Which way a credential travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Towards the upstream.
    Request,
    /// Towards the caller.
    Response,
}

impl Direction {
    /// The name used in policies and audit records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

/// Where a credential was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A header.
    Header,
    /// The path of the request target.
    Path,
    /// The query of the request target.
    Query,
    /// The body.
    Body,
    /// A trailer.
    Trailer,
}

impl Place {
    /// The name used in policies and audit records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Path => "path",
            Self::Query => "query",
            Self::Body => "body",
            Self::Trailer => "trailer",
        }
    }
}
