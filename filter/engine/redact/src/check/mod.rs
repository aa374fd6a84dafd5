//! What a value says about itself: checksums and structures that can be looked at offline.
//!
//! A check never decides alone whether a value is a credential. Most published samples fail theirs, and so does a credential with a typing error; so a
//! check makes a finding surer or less sure, and only the profile `strict` leaves alone what fails one.
//!
//! Every check is a pure function of the complete value: `Some(true)` it passes, `Some(false)` it fails, `None` it cannot tell. It cannot tell wherever the
//! value is not written in the one form that the check is for: with escapes among it, with something behind it, or in an older form without a
//! checksum. One check costs O(length) and less than 1 KiB of memory, whatever the value holds.

mod age;
mod atlassian;
mod azure;
mod confluent;
mod digits;
mod entropy;
mod github;
mod gitlab;
mod grafana;
mod hex;
mod jwt;
mod luhn;
mod nats;
mod pem;
#[cfg(test)]
mod tests;

use crate::Check;

/// A check, as rules name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Age,
    Atlassian,
    Azure,
    Confluent,
    Crc32Base62,
    Crc32Hex,
    /// At least so many hundredths of a bit of entropy per byte.
    Entropy(u32),
    GitlabRoutable,
    Grafana,
    Jwt,
    Luhn,
    Nats,
    Pem,
}

impl Method {
    /// The check of this name; none if there is none.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "age" => Self::Age,
            "atlassian" => Self::Atlassian,
            "azure" => Self::Azure,
            "confluent" => Self::Confluent,
            "crc32-base62" => Self::Crc32Base62,
            "crc32-hex" => Self::Crc32Hex,
            "gitlab-routable" => Self::GitlabRoutable,
            "grafana" => Self::Grafana,
            "jwt" => Self::Jwt,
            "luhn" => Self::Luhn,
            "nats" => Self::Nats,
            "pem" => Self::Pem,
            name => Self::Entropy(entropy::least(name.strip_prefix("entropy:")?)?),
        })
    }

    /// What the check says about a value that is complete.
    pub(crate) fn check(self, value: &[u8]) -> Check {
        let passes = match self {
            Self::Age => age::check(value),
            Self::Atlassian => atlassian::check(value),
            Self::Azure => azure::check(value),
            Self::Confluent => confluent::check(value),
            Self::Crc32Base62 => github::check(value),
            Self::Crc32Hex => hex::check(value),
            Self::Entropy(least) => entropy::check(value, least),
            Self::GitlabRoutable => gitlab::check(value),
            Self::Grafana => grafana::check(value),
            Self::Jwt => jwt::check(value),
            Self::Luhn => luhn::check(value),
            Self::Nats => nats::check(value),
            Self::Pem => pem::check(value),
        };
        passes.map_or(Check::Unknown, |passes| {
            if passes { Check::Passed } else { Check::Failed }
        })
    }

    /// Whether what passes is hardly there by chance. One number in ten passes Luhn's check, and every random text has entropy.
    pub(crate) fn is_proof(self) -> bool {
        !matches!(self, Self::Entropy(_) | Self::Luhn)
    }

    /// The checksum that belongs behind the beginning of a value, for examples; none where the value is not begun rightly, or the check has no checksum at
    /// its end.
    pub(crate) fn sum(self, begun: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Age => age::sum(begun),
            Self::Atlassian => Some(atlassian::sum(begun).to_vec()),
            Self::Confluent => confluent::sum(begun),
            Self::Crc32Base62 => github::sum(begun).map(|sum| sum.to_vec()),
            Self::Crc32Hex => hex::sum(begun).map(|sum| sum.to_vec()),
            Self::GitlabRoutable => Some(gitlab::sum(begun).to_vec()),
            Self::Grafana => grafana::sum(begun).map(|sum| sum.to_vec()),
            Self::Luhn => luhn::sum(begun).map(|digit| vec![digit]),
            Self::Azure | Self::Entropy(_) | Self::Jwt | Self::Nats | Self::Pem => None,
        }
    }
}
