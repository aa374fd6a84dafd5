//! Made-up credentials, in the shape and with the checksums of real ones, valid nowhere.
//!
//! | kind | looks like |
//! |---|---|
//! | `github-pat` | `ghp_` and 36 characters, the last six a checksum |
//! | `aws-access-key-id` | `AKIA` and 16 characters |
//! | `slack-bot-token` | `xoxb-` and numbers and letters |
//! | `pem-private-key` | a PKCS#8 block over several lines |
//! | `pem-private-key-json` | the same with `\n` escaped, as inside a JSON string |

use anyhow::bail;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const DIGITS: &[u8; 10] = b"0123456789";

/// The credential called `name`: a kind, or a kind, a dot and a number. The same name always gives the same value.
pub(super) fn sample(name: &str) -> anyhow::Result<String> {
    let kind = match name.rsplit_once('.') {
        Some((kind, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => kind,
        _ => name,
    };
    let mut noise = Noise::new(name);
    Ok(match kind {
        "github-pat" => {
            let body = noise.pick(BASE62, 30);
            let mut crc = flate2::Crc::new();
            crc.update(body.as_bytes());
            format!("ghp_{body}{}", base62(crc.sum()))
        }
        "aws-access-key-id" => format!("AKIA{}", noise.pick(BASE32, 16)),
        "slack-bot-token" => {
            format!(
                "xoxb-{}-{}-{}",
                noise.pick(DIGITS, 12),
                noise.pick(DIGITS, 12),
                noise.pick(BASE62, 24)
            )
        }
        "pem-private-key" => pem(&mut noise).join("\n"),
        "pem-private-key-json" => pem(&mut noise).join("\\n"),
        _ => bail!("no made-up credential of kind `{kind}`"),
    })
}

/// HMAC-SHA256 in hexadecimal (RFC 2104).
pub(super) fn hmac_sha256_hex(key: &[u8], message: &[u8]) -> String {
    let mut block = [0; 64];
    let hashed = Sha256::digest(key);
    let key: &[u8] = if key.len() > block.len() {
        &hashed
    } else {
        key
    };
    for (slot, byte) in block.iter_mut().zip(key) {
        *slot = *byte;
    }
    let inner = Sha256::new_with_prefix(block.map(|byte| byte ^ 0x36))
        .chain_update(message)
        .finalize();
    let outer = Sha256::new_with_prefix(block.map(|byte| byte ^ 0x5c))
        .chain_update(inner)
        .finalize();
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Looks random, and is the same for the same seed: a failing scenario can be run again.
struct Noise {
    seed: String,
    counter: u32,
}

impl Noise {
    fn new(seed: &str) -> Self {
        Self {
            seed: seed.to_owned(),
            counter: 0,
        }
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < count {
            bytes.extend_from_slice(&Sha256::digest(format!("{}#{}", self.seed, self.counter)));
            self.counter += 1;
        }
        bytes.truncate(count);
        bytes
    }

    fn pick(&mut self, alphabet: &[u8], count: usize) -> String {
        self.bytes(count)
            .into_iter()
            .filter_map(|byte| alphabet.get(usize::from(byte) % alphabet.len()))
            .map(|byte| char::from(*byte))
            .collect()
    }
}

fn pem(noise: &mut Noise) -> Vec<String> {
    let body = STANDARD.encode(noise.bytes(300));
    let mut lines = vec!["-----BEGIN PRIVATE KEY-----".to_owned()];
    lines.extend(
        body.as_bytes()
            .chunks(64)
            .map(|line| String::from_utf8_lossy(line).into_owned()),
    );
    lines.push("-----END PRIVATE KEY-----".to_owned());
    lines
}

fn base62(mut number: u32) -> String {
    let mut digits = [b'0'; 6];
    for slot in digits.iter_mut().rev() {
        if let Some(digit) = BASE62.get((number % 62) as usize) {
            *slot = *digit;
        }
        number /= 62;
    }
    digits.map(char::from).iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mac_agrees_with_rfc_4231() {
        let mac = hmac_sha256_hex(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(
            mac,
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        let mac = hmac_sha256_hex(
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
        );
        assert_eq!(
            mac,
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn samples_have_the_promised_shape() {
        assert_eq!(sample("github-pat").unwrap().len(), 40);
        assert_eq!(sample("aws-access-key-id").unwrap().len(), 20);
        assert_eq!(sample("github-pat").unwrap(), sample("github-pat").unwrap());
        assert!(
            sample("pem-private-key")
                .unwrap()
                .lines()
                .all(|line| line.len() <= 64)
        );
    }
}
