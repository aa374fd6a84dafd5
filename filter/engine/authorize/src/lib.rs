//! From a request to a verdict: who asks, for what, and may they.
//!
//! # Life of a question
//!
//! The modules follow the data, each a pure function of what the one before it found:
//!
//! 1. [`identify`] reads what the proxy verified (a client certificate, the claims of a token) and what we verify ourselves (an API key), and
//!    gives the [`Identities`] that all have to be permitted. Nobody is an identity too, with a reason.
//! 2. [`Services`] knows which requests go to a guarded service, and what they mean there: a [`Call`], which is an action on a resource. What is
//!    not understood is a [`Refusal`], and the request ends there.
//! 3. [`Authorizer`] puts a [`Question`] to the policies. The same request asks several: once for the call, then for every
//!    field of the secret in its response, and for every kind of credential found anywhere.
//! 4. A [`Verdict`] says what was decided, by which policies, and why.
//!
//! ```
//! use veilgate_authorize::{Authorizer, Facts, Head, IdentityConfig, PolicyBundle, Question, ServiceConfig, Services, Subject, identify};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let services: Vec<ServiceConfig> = serde_json::from_str(r#"[{ "service": "openbao", "mounts": { "secret": "kv2" } }]"#)?;
//! let policy: PolicyBundle = serde_json::from_str(r#"{ "cedar": "@id(\"listing\") permit (principal, action == Action::\"List\", resource);" }"#)?;
//! let (services, authorizer) = (Services::new(&services)?, Authorizer::new(&policy)?);
//!
//! let head = Head { method: b"LIST", authority: b"bao.internal", path: b"/v1/secret/metadata/team", headers: &[] };
//! let facts = Facts::default();
//! let identities = identify(&IdentityConfig::default(), &head, &facts);
//! let service = services.guarding(&head, &facts).ok_or("not a guarded service")?;
//! let call = services.classify(service, &head)?;
//! let verdict = authorizer.decide(&Question { identities: &identities, subject: Subject::Call(&call), head: &head, facts: &facts });
//! assert!(verdict.allowed);
//! assert_eq!(verdict.policies, ["listing"]);
//! # Ok(())
//! # }
//! ```
//!
//! # Hostile input
//!
//! Everything in a request is hostile. Nothing in it can panic, recurse without bound or take more than linear time (the folders of a path take
//! the square of its depth, which is at most 64). Every doubt is a no: a credential that does not hold up is not dropped but judged as
//! anonymous, a path that could be read in two ways is refused, a policy that fails to evaluate is a refusal that names it.
//! Policies and service definitions come from the operator, and are trusted to mean what they say but not to be small: their depth, number and
//! size are bounded before anything parses them.
//!
//! No secret leaves this crate: errors, refusals and `Debug` speak of what and where, never of header values, queries or claims.

mod cedar;
mod classify;
mod embedded;
mod identity;
mod request;
mod verdict;

pub use cedar::{
    Authorizer, Credential, Direction, Place, PolicyBundle, PolicyError, Question, Subject, Texts,
};
pub use classify::{
    Action, Call, Match, Refusal, RefusalReason, Resource, Sensitivity, ServiceConfig,
    ServiceError, ServiceId, Services,
};
pub use identity::{
    ApiClient, ApiKey, Combine, Identities, Identity, IdentityConfig, Issuer, Jwt, KeyedHash, Mtls,
    Reason, User, Workload, Xfcc, identify,
};
pub use request::{Facts, Head};
pub use verdict::{Verdict, VerdictReason};
