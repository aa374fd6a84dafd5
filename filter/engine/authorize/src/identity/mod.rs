//! Who is asking.
//!
//! An identity counts only when the proxy verified it, or when we do (API keys). A credential that is presented but does not hold up is
//! not dropped: it becomes [`Identity::Anonymous`] with its reason in its own place, so that a broken certificate beside a good
//! token is judged as broken, not as absent.

mod api_key;
mod certificate;
mod config;
mod spiffe;
mod token;
mod xfcc;

pub use config::{ApiKey, Combine, IdentityConfig, Issuer, Jwt, KeyedHash, Mtls, Xfcc};

use std::borrow::Cow;

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
    /// Identities from elsewhere than a request, for example from a test; none at all is nobody.
    pub fn new(identities: Vec<Identity>) -> Self {
        if identities.is_empty() {
            Self::anonymous(Reason::NoCredential)
        } else {
            Self(identities)
        }
    }

    /// Nobody, for the given reason.
    pub fn anonymous(reason: Reason) -> Self {
        Self(vec![Identity::Anonymous(reason)])
    }

    /// The identities, in the order client certificate, token, API keys.
    pub fn iter(&self) -> std::slice::Iter<'_, Identity> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Identities {
    type Item = &'a Identity;
    type IntoIter = std::slice::Iter<'a, Identity>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Identity {
    /// Type of the principal in policies.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Workload(_) => "Workload",
            Self::User(_) => "User",
            Self::ApiClient(_) => "ApiClient",
            Self::Anonymous(_) => "Anonymous",
        }
    }

    /// Id of the principal in policies and audit records: SPIFFE id, `issuer|subject`, id of the API key, or `anonymous`.
    pub fn id(&self) -> Cow<'_, str> {
        match self {
            Self::Workload(workload) => Cow::Borrowed(&workload.spiffe_id),
            Self::User(user) => Cow::Owned(format!("{}|{}", user.issuer, user.subject)),
            Self::ApiClient(client) => Cow::Borrowed(&client.id),
            Self::Anonymous(_) => Cow::Borrowed("anonymous"),
        }
    }
}

/// Works out who is asking.
///
/// Hostile input: headers and metadata may hold anything; every reader here is bounded, and what cannot be read is
/// [`Identity::Anonymous`] with a reason. Cost: linear in headers and metadata, plus one HMAC per header that carries API keys.
pub fn identify(config: &IdentityConfig, head: &Head<'_>, facts: &Facts) -> Identities {
    let mut found: Vec<Identity> = Vec::new();
    found.extend(presented(
        certificate::workload(&config.mtls, head, facts).map(|found| found.map(Identity::Workload)),
    ));
    found.extend(presented(
        token::user(&config.jwt, &facts.metadata).map(|found| found.map(Identity::User)),
    ));
    found.extend(api_key::clients(config, head));
    if config.combine == Combine::First {
        found.truncate(1);
    }
    Identities::new(found)
}

/// Whether a text is a SPIFFE id that a workload can have.
pub(crate) fn is_spiffe_id(text: &str) -> bool {
    spiffe::parse(text).is_ok()
}

fn presented(source: Result<Option<Identity>, Reason>) -> Option<Identity> {
    source.unwrap_or_else(|reason| Some(Identity::Anonymous(reason)))
}

#[cfg(test)]
mod tests;
