//! Who is asking.

mod config;
mod metadata;
mod spiffe;

pub use metadata::{StructError, decode_struct};
pub use config::{ApiKey, Combine, IdentityConfig, Issuer, Jwt, KeyedHash, Mtls, Xfcc};

use crate::request::{Facts, Head};

/// One caller, as far as it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// A workload, by the SPIFFE id in its verified client certificate.
    Workload(Workload),
    /// A user, by the claims of a token that the proxy verified.
    User(User),
    /// A client that presented a known API key.
    ApiClient(ApiClient),
    /// Nobody we know, with the reason.
    Anonymous(Reason),
}

/// A verified workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// The whole SPIFFE id, for example `spiffe://prod.example/ns/payments/sa/api`.
    pub spiffe_id: String,
    /// Its trust domain, for example `prod.example`.
    pub trust_domain: String,
    /// Kubernetes namespace of the `/ns/<namespace>/sa/<account>` form, else empty.
    pub namespace: String,
    /// Kubernetes service account of that form, else empty.
    pub service_account: String,
    /// Every URI SAN of the certificate that is known, the SPIFFE id included.
    pub uri_sans: Vec<String>,
}

/// A verified user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Issuer of the token.
    pub issuer: String,
    /// Subject of the token.
    pub subject: String,
    /// Audiences of the token.
    pub audiences: Vec<String>,
    /// OAuth scopes, from `scope` or `scp`.
    pub scopes: Vec<String>,
    /// Groups from the configured claim.
    pub groups: Vec<String>,
    /// The token's `amr` says that several factors were used.
    pub mfa: bool,
    /// `exp`, in Unix seconds.
    pub expires_at: Option<i64>,
    /// `auth_time` or else `iat`, in Unix seconds.
    pub authenticated_at: Option<i64>,
}

/// A client known by its API key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiClient {
    /// The configured id; never anything derived from the key.
    pub id: String,
}

/// Why nobody could be identified, or why a presented credential does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// Nothing that could identify a caller was presented.
    NoCredential,
    /// `x-forwarded-client-cert` is missing though the proxy is said to write it.
    XfccMissing,
    /// `x-forwarded-client-cert` cannot be read.
    XfccMalformed,
    /// The last element of `x-forwarded-client-cert` is about another certificate than the connection's.
    XfccMismatch,
    /// The certificate's SPIFFE id breaks the standard.
    SpiffeIdInvalid,
    /// The certificate's SPIFFE ids are of trust domains that are not configured.
    TrustDomainUnknown,
    /// The host's metadata cannot be decoded.
    MetadataMalformed,
    /// The token has no usable subject or issuer.
    TokenUnusable,
    /// The token's issuer is not configured.
    IssuerUnknown,
    /// The token is meant for someone else.
    AudienceMismatch,
    /// An API key is presented that is not known.
    ApiKeyUnknown,
    /// A header that carries an API key occurs more than once.
    ApiKeyDuplicate,
}

impl Reason {
    /// The stable name used in policies, audit records and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoCredential => "no-credential",
            Self::XfccMissing => "xfcc-missing",
            Self::XfccMalformed => "xfcc-malformed",
            Self::XfccMismatch => "xfcc-mismatch",
            Self::SpiffeIdInvalid => "spiffe-id-invalid",
            Self::TrustDomainUnknown => "trust-domain-unknown",
            Self::MetadataMalformed => "metadata-malformed",
            Self::TokenUnusable => "token-unusable",
            Self::IssuerUnknown => "issuer-unknown",
            Self::AudienceMismatch => "audience-mismatch",
            Self::ApiKeyUnknown => "api-key-unknown",
            Self::ApiKeyDuplicate => "api-key-duplicate",
        }
    }
}

/// The identities that must be permitted for the request to be; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identities(Vec<Identity>);

impl Identities {
    /// The identities, in the order client certificate, token, API key.
    pub fn iter(&self) -> std::slice::Iter<'_, Identity> {
        self.0.iter()
    }
}

/// Works out who is asking.
pub fn identify(_config: &IdentityConfig, _head: &Head<'_>, _facts: &Facts) -> Identities {
    Identities(vec![Identity::Anonymous(Reason::NoCredential)])
}
