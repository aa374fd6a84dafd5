//! From a request to a verdict: who asks, for what, and may they.
//!
//! The modules follow the data: [`identify`] reads the verified credentials, [`Services`] works out what a request means,
//! [`Authorizer`] asks the policies, and a [`Verdict`] says what was decided and by which policies.

mod cedar;
mod classify;
mod embedded;
mod identity;
mod request;
mod verdict;

pub use cedar::{Authorizer, Credential, Direction, Place, PolicyBundle, PolicyError, Question, Subject, Texts};
pub use classify::{Action, Call, Match, Refusal, RefusalReason, Resource, Sensitivity, ServiceConfig, ServiceError, ServiceId, Services};
pub use identity::{
    ApiClient, ApiKey, Combine, Identities, Identity, IdentityConfig, Issuer, Jwt, KeyedHash, Mtls, Reason, StructError, User, Workload,
    Xfcc,
    decode_struct, identify,
};
pub use request::{Facts, Head};
pub use verdict::{Verdict, VerdictReason};
