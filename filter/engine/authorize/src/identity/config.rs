//! The `identity` part of the configuration. A value that exists is usable: everything is checked while it is read.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

/// Shortest key for hashing API keys, in bytes: below this the key could be guessed from one hash.
const SHORTEST_KEY: usize = 16;

/// Where identities come from and how they combine.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct IdentityConfig {
    /// Client certificates.
    pub mtls: Mtls,
    /// Tokens verified by the proxy.
    pub jwt: Jwt,
    /// Known API keys; empty by default.
    pub api_keys: Vec<ApiKey>,
    /// What to do when a request carries more than one identity.
    pub combine: Combine,
    pub(super) key: HashKey,
}

/// Client certificates as a source of identity.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mtls {
    /// Whether `x-forwarded-client-cert` may be believed. Default: no.
    pub xfcc: Xfcc,
    /// SPIFFE trust domains whose ids count. Default: any, since the proxy verified the certificate.
    pub trust_domains: Vec<String>,
}

/// Whether `x-forwarded-client-cert` may be believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Xfcc {
    /// It is not read; the first URI SAN is taken from the connection.
    #[default]
    Ignore,
    /// The operator states that the proxy itself writes the last element (Envoy's `SANITIZE_SET` or `APPEND_FORWARD`).
    /// Its URI SANs are used, all of them.
    Sanitized,
}

/// Tokens that the proxy's `jwt_authn` filter verified and left in dynamic metadata.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Jwt {
    /// The filter's `payload_in_metadata`. Default: `payload`.
    pub payload_key: String,
    /// Claim that lists a user's groups, for issuers without their own setting. Default: none, so no groups.
    pub groups_claim: Option<String>,
    /// Issuers whose tokens count. Default: any, since the proxy verified the token.
    pub issuers: BTreeMap<String, Issuer>,
}

/// What is special about one issuer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Issuer {
    /// Claim that lists a user's groups. Default: [`Jwt::groups_claim`].
    pub groups_claim: Option<String>,
    /// Put before every group of this issuer, so that equal names of two issuers stay apart. Default: nothing.
    pub group_prefix: String,
    /// If not empty, the token must be meant for one of these.
    pub audiences: Vec<String>,
}

/// One API key, known only by its keyed hash.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// Name of the client, the `ApiClient` id in policies.
    pub id: String,
    /// Header that carries the key, in any case.
    #[serde(default = "default_header")]
    pub header: String,
    /// HMAC-SHA256 of the header's value under the configured `key`, in hexadecimal.
    pub hmac_sha256: KeyedHash,
}

/// An HMAC-SHA256 digest.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub struct KeyedHash(pub(super) [u8; 32]);

/// What to do when a request carries more than one identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// Every identity must be permitted, so adding a credential never widens access.
    #[default]
    All,
    /// The first counts: client certificate, then token, then API key.
    First,
}

/// The key under which API keys are hashed.
#[derive(Clone, Default)]
pub(super) struct HashKey(pub(super) Vec<u8>);

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Unchecked {
    mtls: Mtls,
    jwt: Jwt,
    api_keys: Vec<ApiKey>,
    key: String,
    combine: Combine,
}

impl TryFrom<Unchecked> for IdentityConfig {
    type Error = String;

    fn try_from(unchecked: Unchecked) -> Result<Self, String> {
        let Unchecked {
            mtls,
            jwt,
            mut api_keys,
            key,
            combine,
        } = unchecked;
        if !api_keys.is_empty() && key.len() < SHORTEST_KEY {
            return Err(format!(
                "`api_keys` needs a `key` of at least {SHORTEST_KEY} bytes, the one their hashes were made with"
            ));
        }
        for api_key in &mut api_keys {
            if api_key.id.is_empty() {
                return Err("an entry of `api_keys` has an empty `id`".to_owned());
            }
            api_key.header.make_ascii_lowercase();
            if api_key.header.is_empty() || !api_key.header.bytes().all(is_token) {
                return Err(format!(
                    "`header` of API key `{}` is not a header name",
                    api_key.id
                ));
            }
        }
        if let Some(domain) = mtls
            .trust_domains
            .iter()
            .find(|domain| !super::spiffe::is_trust_domain(domain))
        {
            return Err(format!(
                "`{domain}` in `trust_domains` is not a SPIFFE trust domain: write it in lower case, without `spiffe://`"
            ));
        }
        Ok(Self {
            mtls,
            jwt,
            api_keys,
            combine,
            key: HashKey(key.into_bytes()),
        })
    }
}

impl Default for Jwt {
    fn default() -> Self {
        Self {
            payload_key: "payload".to_owned(),
            groups_claim: None,
            issuers: BTreeMap::new(),
        }
    }
}

impl TryFrom<String> for KeyedHash {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        decode_hex(&text)
            .map(Self)
            .ok_or_else(|| "`hmac_sha256` must be 64 hexadecimal digits".to_owned())
    }
}

impl fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyedHash(..)")
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(..)")
    }
}

fn default_header() -> String {
    "x-api-key".to_owned()
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn decode_hex(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != digest.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in digest.iter_mut().zip(pairs) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(digest)
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}
