//! Verifies bearer tokens before the filter, as Envoy's `jwt_authn` does, and turns their claims into metadata.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header, errors::ErrorKind, jwk::JwkSet,
};
use serde_json::{Map, Value};

use super::{config::JwtConfig, metadata::metadata};
use crate::vm::{Headers, LocalReply};

/// Name under which claims are found in the metadata.
const NAMESPACE: &str = "envoy.filters.http.jwt_authn";

/// Clock difference that is forgiven.
const LEEWAY_SECONDS: u64 = 60;

/// Verifies tokens against configured issuers.
pub(crate) struct Verifier {
    providers: Vec<Provider>,
    allow_missing: bool,
}

struct Provider {
    issuer: String,
    audiences: Vec<String>,
    keys: JwkSet,
    payload_in_metadata: String,
    forward: bool,
}

impl Verifier {
    pub(crate) fn new(config: &JwtConfig) -> anyhow::Result<Verifier> {
        let mut providers = Vec::new();
        for provider in &config.providers {
            let keys = serde_json::from_str(&provider.jwks).map_err(|error| {
                anyhow::anyhow!("the JWKS of issuer `{}`: {error}", provider.issuer)
            })?;
            providers.push(Provider {
                issuer: provider.issuer.clone(),
                audiences: provider.audiences.clone(),
                keys,
                payload_in_metadata: provider.payload_in_metadata.clone(),
                forward: provider.forward,
            });
        }
        Ok(Verifier {
            providers,
            allow_missing: config.allow_missing,
        })
    }

    /// The metadata of a request whose token is good (empty without a token, where that is allowed). The token leaves the headers unless it is forwarded.
    ///
    /// # Errors
    /// The 401 to answer with.
    pub(crate) fn verify(&self, headers: &mut Headers) -> Result<Vec<u8>, LocalReply> {
        let token = headers
            .text(b"authorization")
            .strip_prefix("Bearer ")
            .map(|token| token.trim().to_owned());
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            return if self.allow_missing {
                Ok(Vec::new())
            } else {
                Err(refused(headers, "Jwt is missing", false))
            };
        };
        let (provider, claims) = self
            .claims(&token)
            .map_err(|reason| refused(headers, reason, true))?;
        if !provider.forward {
            headers.remove(b"authorization");
        }
        if provider.payload_in_metadata.is_empty() {
            return Ok(Vec::new());
        }
        let fields =
            Map::from_iter([(provider.payload_in_metadata.clone(), Value::Object(claims))]);
        Ok(metadata(NAMESPACE, &fields))
    }

    fn claims(&self, token: &str) -> Result<(&Provider, Map<String, Value>), &'static str> {
        let malformed =
            "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections";
        let payload = token
            .split('.')
            .nth(1)
            .filter(|_| token.split('.').count() == 3)
            .ok_or(malformed)?;
        let header = decode_header(token).map_err(|_| "Jwt header is an invalid JSON")?;
        let payload = URL_SAFE_NO_PAD
            .decode(payload)
            .map_err(|_| "Jwt payload is an invalid Base64")?;
        let unverified: Map<String, Value> =
            serde_json::from_slice(&payload).map_err(|_| "Jwt payload is an invalid JSON")?;
        let issuer = unverified
            .get("iss")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let provider = self
            .providers
            .iter()
            .find(|provider| provider.issuer == issuer)
            .ok_or("Jwt issuer is not configured")?;
        let validation = validation(header.alg, &provider.audiences);
        let mut reason = "Jwks doesn't have key to match kid or alg from Jwt";
        for key in &provider.keys.keys {
            if header.kid.is_some()
                && key.common.key_id.is_some()
                && header.kid != key.common.key_id
            {
                continue;
            }
            let Ok(key) = DecodingKey::from_jwk(key) else {
                continue;
            };
            match decode::<Map<String, Value>>(token, &key, &validation) {
                Ok(verified) => return Ok((provider, verified.claims)),
                Err(error) => reason = describe(error.kind()),
            }
        }
        Err(reason)
    }
}

fn validation(algorithm: Algorithm, audiences: &[String]) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.leeway = LEEWAY_SECONDS;
    validation.validate_nbf = true;
    validation.required_spec_claims.clear();
    validation.validate_aud = !audiences.is_empty();
    if validation.validate_aud {
        validation.set_audience(audiences);
    }
    validation
}

fn describe(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ExpiredSignature => "Jwt is expired",
        ErrorKind::ImmatureSignature => "Jwt not yet valid",
        ErrorKind::InvalidAudience => "Audiences in Jwt are not allowed",
        _ => "Jwt verification fails",
    }
}

fn refused(headers: &Headers, reason: &str, invalid: bool) -> LocalReply {
    let status = if reason == "Audiences in Jwt are not allowed" {
        403
    } else {
        401
    };
    let mut added = Headers::default();
    if status == 401 {
        let uri = format!(
            "{}://{}{}",
            headers.text(b":scheme"),
            headers.text(b":authority"),
            headers.text(b":path").split('?').next().unwrap_or_default()
        );
        let error = if invalid {
            ", error=\"invalid_token\""
        } else {
            ""
        };
        added.push(
            b"www-authenticate",
            format!("Bearer realm=\"{uri}\"{error}").as_bytes(),
        );
    }
    let details = format!("jwt_authn_access_denied{{{}}}", reason.replace(' ', "_"));
    LocalReply {
        status,
        headers: added,
        body: reason.into(),
        grpc_status: None,
        details,
    }
}
