//! A request to a guarded service, understood.

/// What a caller wants to do, in the vocabulary of the policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize)]
#[expect(
    missing_docs,
    reason = "the names are the documentation; each is described in the policy schema"
)]
pub enum Action {
    Read,
    List,
    Write,
    Delete,
    Destroy,
    Rotate,
    Sign,
    Encrypt,
    Decrypt,
    Issue,
    Revoke,
    Renew,
    Login,
    Admin,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 14] = [
        Self::Read,
        Self::List,
        Self::Write,
        Self::Delete,
        Self::Destroy,
        Self::Rotate,
        Self::Sign,
        Self::Encrypt,
        Self::Decrypt,
        Self::Issue,
        Self::Revoke,
        Self::Renew,
        Self::Login,
        Self::Admin,
    ];

    /// The name used in policies, audit records and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::List => "List",
            Self::Write => "Write",
            Self::Delete => "Delete",
            Self::Destroy => "Destroy",
            Self::Rotate => "Rotate",
            Self::Sign => "Sign",
            Self::Encrypt => "Encrypt",
            Self::Decrypt => "Decrypt",
            Self::Issue => "Issue",
            Self::Revoke => "Revoke",
            Self::Renew => "Renew",
            Self::Login => "Login",
            Self::Admin => "Admin",
        }
    }
}

/// How much harm the content of a call can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sensitivity {
    /// Safe to publish: certificates, health.
    Public,
    /// Names and attributes.
    Metadata,
    /// Secret material in the request or the response.
    Secret,
    /// The control plane.
    Admin,
}

impl Sensitivity {
    /// The name used in policies and audit records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Metadata => "metadata",
            Self::Secret => "secret",
            Self::Admin => "admin",
        }
    }
}

/// A request to a guarded service, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The service entry that matched, for example `openbao.kv2.get-data`.
    pub entry: String,
    /// Name of the configured service, for example `vault`.
    pub service: String,
    /// What is asked.
    pub action: Action,
    /// A refinement, for example `scan`, `wrap`, `raw`.
    pub sub_action: Option<String>,
    /// How much harm the content can do.
    pub sensitivity: Sensitivity,
    /// Of what it is asked.
    pub resource: Resource,
    /// JSON pointers (RFC 6901) below which the response holds secret values, for example `/data/data`. Empty when the
    /// response is not known to hold any.
    pub fields: Vec<String>,
    /// The response is to be wrapped: it holds a token for the values instead of the values.
    pub wrapped: bool,
    /// The service itself answers this call to anyone, such as its health or a login.
    pub unauthenticated: bool,
}

/// A secret, a key, or any other thing a service keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// `<service>/<namespace>/<mount>/<path>`, without empty segments.
    pub id: String,
    /// What it is, for example `secret`, `key`, `system`.
    pub kind: String,
    /// Canonical namespace; empty for the root.
    pub namespace: String,
    /// Mount path without its namespace.
    pub mount: String,
    /// Path below the mount; empty for the mount itself.
    pub path: String,
    /// Ids of all folders it lies in, outermost first. A listing also lies in the folder it lists.
    pub folders: Vec<String>,
}
