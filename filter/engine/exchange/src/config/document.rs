//! The fields of the configuration document, with their defaults. Every default is the closed side.

use std::fmt;

use serde::Deserialize;
use veilgate_redact::{KnownValue, Profile};

use super::allow::Allow;
use super::encoded::{AcceptEncoding, DecodeLimits, Encoded, Reencode};
use crate::gate::{IdentityConfig, PolicyBundle, ServiceConfigs};

/// The whole document. An empty one is valid: no service is guarded, responses are redacted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether verdicts and masks take effect.
    pub mode: Mode,
    /// Cedar policies and entities.
    pub policy: PolicyBundle,
    /// Which requests are calls to a secret service.
    pub services: ServiceConfigs,
    /// How callers are identified.
    pub identity: IdentityConfig,
    /// What is masked, where, and how a mask looks.
    pub redaction: Redaction,
    /// Where audit records go.
    pub audit: Audit,
    /// Bounds on memory.
    pub limits: Limits,
}

/// `enforce` acts; `shadow` changes no byte and records what `enforce` would have done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Deny and mask.
    #[default]
    Enforce,
    /// Only record.
    Shadow,
}

impl Mode {
    /// The name used in the document, metrics and audit records.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Enforce => "enforce",
            Mode::Shadow => "shadow",
        }
    }
}

/// What is looked at and what happens to what cannot be looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Redaction {
    /// Bodies, headers and trailers towards the client.
    pub response: Responses,
    /// Bodies, headers and trailers towards the upstream. Off: a request carries credentials on purpose.
    pub request: Requests,
    /// How a mask looks.
    pub mask: Mask,
    /// Changes to the built-in rules.
    pub rules: Rules,
    /// Values that are masked wherever they turn up, such as a credential that the proxy injects; hashes among them are made with `mask.key`.
    pub known: Vec<KnownValue>,
    /// Kinds (`private-key`) or categories that are not masked but end the message they are found in, unless revealed.
    pub block: Vec<String>,
    /// Whether response headers that carry credentials by name (`set-cookie: session=...`) are masked for their name alone.
    /// Off: logins would break. Values that a rule knows are masked either way.
    pub carriers: bool,
    /// What to do with a client's `accept-encoding`.
    pub accept_encoding: AcceptEncoding,
    /// A body whose `content-encoding` is not identity.
    pub encoded: Encoded,
    /// How such a body is sent on once it was inspected.
    pub reencode: Reencode,
    /// What to do with a client's `range`: a secret can be split across two ranges.
    pub ranges: RangeRequests,
    /// A `206` response all the same.
    pub partial: Uninspected,
    /// A message inside a body that cannot be read, such as a compressed gRPC message.
    pub opaque: Uninspected,
    /// WebSocket and CONNECT, whose bytes are never inspected.
    pub upgrades: Upgrades,
}

/// What is redacted towards the client.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Responses {
    /// Whether bodies are redacted.
    pub body: bool,
    /// Whether headers and trailers are redacted.
    pub headers: bool,
}

impl Default for Responses {
    fn default() -> Self {
        Responses {
            body: true,
            headers: true,
        }
    }
}

/// What is redacted towards the upstream.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Requests {
    /// Whether bodies are redacted.
    pub body: bool,
    /// Whether headers and trailers are redacted, apart from those whose job is to carry a credential.
    pub headers: bool,
}

/// How a mask looks.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mask {
    /// The shape of a mask.
    pub style: MaskStyle,
    /// The text of `fixed`.
    pub text: Option<String>,
    /// Makes fingerprints: equal values get equal marks, and nobody without the key can test a guess.
    pub key: Option<Secret>,
    /// What is seen of a JSON Web Token.
    pub jwt: Jwt,
}

/// What is seen of a JSON Web Token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Jwt {
    /// Nothing.
    #[default]
    Mask,
    /// Its header before the mask: algorithm and key, no claims and no signature.
    KeepHeader,
}

/// The shape of a mask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MaskStyle {
    /// `[REDACTED:<kind>]`, with `:<8 hex>` when there is a key.
    #[default]
    Label,
    /// The text of `text`.
    Fixed,
    /// The label and the last four characters, for values long enough.
    #[serde(rename = "keep-last-4")]
    KeepLast4,
    /// As many asterisks as the value had bytes.
    SameLength,
}

/// Changes to the built-in rules.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// How sure the shipped rules have to be.
    pub profile: Profile,
    /// Kinds that are not looked for.
    pub disable: Vec<String>,
    /// A rule file of one's own, as TOML text.
    pub extra: Option<String>,
    /// What is found and passes all the same.
    pub allow: Vec<Allow>,
}

/// What happens to a client's `range` and `if-range`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RangeRequests {
    /// Removed, so that the upstream answers with the whole.
    #[default]
    Strip,
    /// Kept.
    Keep,
}

/// What happens to bytes that cannot be inspected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Uninspected {
    /// They do not go on.
    #[default]
    Withhold,
    /// They go on, and are counted.
    Pass,
}

/// What happens to WebSocket and CONNECT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Upgrades {
    /// Answered with 403.
    #[default]
    Refuse,
    /// Let through uninspected, and counted. A guarded service refuses them all the same.
    Pass,
}

/// Where audit records go. They are always published as the filter state `veilgate.audit`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// Whether each record is also a line of the host's log.
    pub log: bool,
}

impl Default for Audit {
    fn default() -> Self {
        Audit { log: true }
    }
}

/// Bounds on memory.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes held back per stream and direction while a credential may still be incomplete.
    pub held_bytes: usize,
    /// What happens when more would have to be held.
    pub on_limit: OnLimit,
    /// What encoded bodies may become and may cost.
    pub decode: DecodeLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            held_bytes: veilgate_redact::Limits::default().held,
            on_limit: OnLimit::default(),
            decode: DecodeLimits::default(),
        }
    }
}

/// What happens when a stream would hold more than `held_bytes`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnLimit {
    /// The stream ends there.
    #[default]
    Truncate,
    /// One mask stands for what is held and all that follows.
    MaskRest,
    /// What is held goes on unmasked.
    PassThrough,
}

/// A key of the operator's. Its text never reaches `Debug`.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Secret(String);

impl Secret {
    /// The key's bytes.
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl TryFrom<String> for Secret {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.len() < 16 {
            Err("a key needs at least 16 bytes")
        } else {
            Ok(Secret(text))
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
