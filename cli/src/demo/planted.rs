//! The secrets of one run, made up on the spot: real in shape, worth nothing, and searched for at the end in everything the run wrote.

use anyhow::Context as _;
use veilgate_harness::lab::Authority;

/// Every secret the demo plants somewhere.
pub(super) struct Planted {
    /// The root token of the demo's OpenBao. Not among the secrets that are searched for: development mode prints it, and no
    /// request of the story carries it.
    pub(super) root_token: String,
    /// `api_key` of `payments/stripe`.
    pub(super) stripe_key: String,
    /// `private_key` of `payments/stripe`, PEM.
    pub(super) signing_key: String,
    /// `password` of `billing/db`.
    pub(super) password: String,
    /// The API key of the client `ci`.
    pub(super) client_key: String,
    /// In the leaky API's answer.
    pub(super) github_token: String,
    /// In the leaky API's answer.
    pub(super) aws_key_id: String,
    /// In the leaky API's answer.
    pub(super) aws_secret_key: String,
    /// In the leaky API's answer, PEM.
    pub(super) tls_key: String,
    /// In the query of a request.
    pub(super) query_token: String,
}

impl Planted {
    /// Draws all of them from the system's randomness.
    pub(super) fn draw() -> anyhow::Result<Self> {
        let authority = Authority::new()?;
        Ok(Self {
            root_token: text(24, ALPHANUMERIC)?,
            stripe_key: format!("sk_live_{}", text(32, ALPHANUMERIC)?),
            signing_key: authority.issue_server()?.key,
            password: text(24, ALPHANUMERIC)?,
            client_key: text(40, ALPHANUMERIC)?,
            github_token: github_token()?,
            aws_key_id: format!("AKIA{}", text(16, BASE32)?),
            aws_secret_key: text(40, ALPHANUMERIC)?,
            tls_key: authority.issue_server()?.key,
            query_token: github_token()?,
        })
    }

    /// What must not occur anywhere, with a name to report it by. A PEM key counts by its first line of key material.
    pub(super) fn all(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("the Stripe key", &self.stripe_key),
            ("the signing key", key_material(&self.signing_key)),
            ("the database password", &self.password),
            ("the client's API key", &self.client_key),
            ("the GitHub token", &self.github_token),
            ("the AWS access key id", &self.aws_key_id),
            ("the AWS secret key", &self.aws_secret_key),
            ("the TLS key", key_material(&self.tls_key)),
            ("the token in a query", &self.query_token),
        ]
    }
}

/// The first line below `-----BEGIN ...-----`.
pub(super) fn key_material(pem: &str) -> &str {
    pem.lines().nth(1).unwrap_or(pem)
}

/// `length` characters of `alphabet`, uniformly and from the system's randomness.
pub(super) fn text(length: usize, alphabet: &[u8]) -> anyhow::Result<String> {
    let mut drawn = String::with_capacity(length);
    let mut bytes = [0; 64];
    // Bytes past the last whole multiple of the alphabet would favour its first letters; they are thrown away.
    let fair = 256 - 256 % alphabet.len();
    while drawn.len() < length {
        getrandom::fill(&mut bytes).context("the system gives no randomness")?;
        let letters = bytes.iter().filter(|byte| usize::from(**byte) < fair);
        let letters = letters.filter_map(|byte| alphabet.get(usize::from(*byte) % alphabet.len()));
        drawn.extend(
            letters
                .take(length - drawn.len())
                .map(|letter| char::from(*letter)),
        );
    }
    Ok(drawn)
}

pub(super) const ALPHANUMERIC: &[u8] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A personal access token with the checksum GitHub puts at its end, because rules check it.
fn github_token() -> anyhow::Result<String> {
    let body = text(30, ALPHANUMERIC)?;
    let mut rest = crc32fast::hash(body.as_bytes()) as usize;
    let mut checksum = Vec::new();
    for _ in 0..6 {
        checksum.extend(ALPHANUMERIC.get(rest % 62));
        rest /= 62;
    }
    checksum.reverse();
    Ok(format!("ghp_{body}{}", String::from_utf8(checksum)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_secrets_are_equal_or_parts_of_each_other() {
        let planted = Planted::draw().unwrap();
        let all = planted.all();
        for (index, (_, one)) in all.iter().enumerate() {
            assert!(one.len() >= 16, "{one} is too short to search for");
            for (_, other) in all.iter().skip(index + 1) {
                assert!(!one.contains(other) && !other.contains(one));
            }
        }
    }

    #[test]
    fn key_material_is_not_the_header() {
        assert_eq!(
            key_material("-----BEGIN X-----\nMIGH\n-----END X-----\n"),
            "MIGH"
        );
    }
}
