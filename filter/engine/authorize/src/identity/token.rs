//! Users, from the claims that the proxy's token filter left in dynamic metadata.

use serde_json::{Map, Value};

use super::{Issuer, Jwt, Reason, User};

const FILTER: &str = "envoy.filters.http.jwt_authn";
/// Longest issuer, and longest subject, in bytes.
const LONGEST_NAME: usize = 1024;

type Claims = Map<String, Value>;

/// The user that a verified token names; `None` when the proxy verified none.
pub(super) fn user(config: &Jwt, metadata: &[u8]) -> Result<Option<User>, Reason> {
    if metadata.is_empty() {
        return Ok(None);
    }
    let claims = veilgate_facts::claims(metadata, FILTER, &config.payload_key)
        .map_err(|_| Reason::MetadataMalformed)?;
    claims
        .map(|claims| from_claims(config, &claims))
        .transpose()
}

fn from_claims(config: &Jwt, claims: &Claims) -> Result<User, Reason> {
    let issuer = name(claims, "iss")?;
    let subject = name(claims, "sub")?;
    // INVARIANT: `issuer|subject` is unique because no issuer holds the separator; subjects may.
    if issuer.contains('|') {
        return Err(Reason::TokenUnusable);
    }
    let standard = Issuer::default();
    let settings = match config.issuers.get(issuer) {
        Some(settings) => settings,
        None if config.issuers.is_empty() => &standard,
        None => return Err(Reason::IssuerUnknown),
    };
    let audiences = strings(claims.get("aud"));
    if !settings.audiences.is_empty()
        && !settings
            .audiences
            .iter()
            .any(|audience| audiences.contains(audience))
    {
        return Err(Reason::AudienceMismatch);
    }
    Ok(User {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        scopes: scopes(claims),
        groups: groups(config, settings, claims),
        mfa: strings(claims.get("amr"))
            .iter()
            .any(|method| method == "mfa"),
        expires_at: seconds(claims, "exp"),
        authenticated_at: seconds(claims, "auth_time").or_else(|| seconds(claims, "iat")),
        audiences,
    })
}

fn name<'a>(claims: &'a Claims, claim: &str) -> Result<&'a str, Reason> {
    claims
        .get(claim)
        .and_then(Value::as_str)
        .filter(|name| {
            (1..=LONGEST_NAME).contains(&name.len()) && !name.chars().any(char::is_control)
        })
        .ok_or(Reason::TokenUnusable)
}

fn groups(config: &Jwt, issuer: &Issuer, claims: &Claims) -> Vec<String> {
    let Some(claim) = issuer
        .groups_claim
        .as_ref()
        .or(config.groups_claim.as_ref())
    else {
        return Vec::new();
    };
    strings(claims.get(claim))
        .into_iter()
        .map(|group| format!("{}{group}", issuer.group_prefix))
        .collect()
}

fn scopes(claims: &Claims) -> Vec<String> {
    let listed = claims.get("scope").or_else(|| claims.get("scp"));
    strings(listed)
        .iter()
        .flat_map(|scopes| scopes.split_ascii_whitespace())
        .map(str::to_owned)
        .collect()
}

/// The strings of a claim that is a string or a list; anything else in it is ignored.
fn strings(claim: Option<&Value>) -> Vec<String> {
    match claim {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(values)) => values
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

fn seconds(claims: &Claims, claim: &str) -> Option<i64> {
    let number = claims.get(claim)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast from a float saturates"
    )]
    number
        .as_i64()
        .or_else(|| number.as_f64().map(|seconds| seconds as i64))
}
