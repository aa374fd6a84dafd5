//! May they: the only module that names Cedar.

mod bundle;

pub use bundle::{PolicyBundle, Texts};

use crate::classify::Call;
use crate::identity::Identities;
use crate::request::{Facts, Head};
use crate::verdict::Verdict;

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
#[expect(missing_docs, reason = "the names say it")]
pub enum Direction {
    Request,
    Response,
}

/// Where a credential was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Place {
    Header,
    Path,
    Query,
    Body,
    Trailer,
}

/// A policy bundle that cannot be used. The message names the policy, where it is, and how to mend it.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {message}")]
pub struct PolicyError {
    /// Where: source, line and column, and the policy id when there is one.
    pub place: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

/// A validated policy bundle that answers questions.
pub struct Authorizer(());

impl Authorizer {
    /// Parses, validates and warms up a bundle.
    ///
    /// # Errors
    /// The first thing that is wrong with the bundle.
    pub fn new(_bundle: &PolicyBundle) -> Result<Self, PolicyError> {
        Ok(Self(()))
    }

    /// Answers a question. Never panics, and anything that goes wrong is a no.
    pub fn decide(&self, _question: &Question<'_>) -> Verdict {
        Verdict::invalid("no policies".to_owned())
    }
}

impl std::fmt::Debug for Authorizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authorizer").finish_non_exhaustive()
    }
}
