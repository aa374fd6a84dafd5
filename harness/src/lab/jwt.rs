//! Signed tokens and the key set that verifies them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PublicKeyData as _};
use serde_json::{Value, json};

/// Issues ES256 tokens under one key, which lives as long as the lab.
pub struct TokenIssuer {
    issuer: String,
    key: EncodingKey,
    jwks: Value,
}

const KEY_ID: &str = "lab-1";

impl TokenIssuer {
    /// Makes a fresh key. `issuer` becomes the `iss` claim of every token that does not set its own.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn new(issuer: &str) -> anyhow::Result<Self> {
        let pair = KeyPair::generate()?;
        // An uncompressed P-256 point: a tag byte, then x and y, 32 bytes each.
        let (x, y) = match pair.der_bytes() {
            [4, point @ ..] if point.len() == 64 => point.split_at(32),
            _ => anyhow::bail!("the generated key is not an uncompressed P-256 point"),
        };
        let jwks = json!({"keys": [{
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": KEY_ID,
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        }]});
        let key = EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes())?;
        Ok(Self {
            issuer: issuer.to_owned(),
            key,
            jwks,
        })
    }

    /// The `iss` claim of its tokens.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The public key as a JSON Web Key Set.
    pub fn jwks(&self) -> &Value {
        &self.jwks
    }

    /// Signs `claims`. Where they do not say otherwise, `iss` is ours and `exp` is an hour away.
    ///
    /// # Errors
    /// When `claims` is not a JSON object.
    pub fn sign(&self, claims: &Value) -> anyhow::Result<String> {
        let Value::Object(claims) = claims else {
            anyhow::bail!("the claims of a token are a JSON object, not `{claims}`");
        };
        let mut claims = claims.clone();
        claims.entry("iss").or_insert_with(|| json!(self.issuer));
        claims
            .entry("exp")
            .or_insert_with(|| json!(unix_seconds() + 3600));
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(KEY_ID.to_owned());
        Ok(jsonwebtoken::encode(&header, &claims, &self.key)?)
    }
}

fn unix_seconds() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation, decode};

    use super::*;

    #[test]
    fn the_key_set_verifies_a_signed_token() {
        let issuer = TokenIssuer::new("https://issuer.test").unwrap();
        let token = issuer.sign(&json!({"sub": "alice"})).unwrap();
        let key = &issuer.jwks()["keys"][0];
        let key =
            DecodingKey::from_ec_components(key["x"].as_str().unwrap(), key["y"].as_str().unwrap())
                .unwrap();
        let claims = decode::<Value>(&token, &key, &Validation::new(Algorithm::ES256))
            .unwrap()
            .claims;
        assert_eq!(claims["sub"], "alice");
        assert_eq!(claims["iss"], "https://issuer.test");
    }

    #[test]
    fn claims_that_are_no_object_are_refused() {
        assert!(
            TokenIssuer::new("i")
                .unwrap()
                .sign(&json!("alice"))
                .is_err()
        );
    }
}
