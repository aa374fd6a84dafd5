//! What happens to bodies that are encoded.

use serde::Deserialize;
use veilgate_coding::{Budget, Limits};

/// What happens to a client's `accept-encoding`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AcceptEncoding {
    /// Removed, so that the upstream answers in plain.
    #[default]
    Strip,
    /// Reduced to the codings that are decoded here.
    Decodable,
    /// Kept: a decompressor stands between this filter and the upstream.
    Keep,
}

/// What happens to a body whose `content-encoding` is not identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoded {
    /// It is decoded, inspected and encoded again. One in a coding that is not known here does not go on.
    #[default]
    Decode,
    /// The same, but one in an unknown coding goes on, and is counted.
    DecodeOrPass,
    /// It does not go on.
    Withhold,
    /// It goes on, and is counted.
    Pass,
}

/// How a body that was decoded is sent on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reencode {
    /// A response in `deflate` as before or in `gzip`, if the client accepts that; a request in the codings it came in.
    #[default]
    Compressed,
    /// Not encoded, unless the client refuses that: more bytes, less work.
    Identity,
}

/// Bounds on what encoded bodies may become and may cost.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DecodeLimits {
    /// Most decoded bytes for each encoded one.
    pub ratio: u64,
    /// Decoded bytes to which `ratio` does not apply.
    pub allowance_bytes: u64,
    /// Most decoded bytes of one body.
    pub body_bytes: Option<u64>,
    /// Largest window of a body in `br` or `zstd`.
    pub window_bytes: usize,
    /// Memory of all bodies together that are being decoded and encoded in one virtual machine.
    pub memory_bytes: usize,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        let Limits {
            ratio,
            allowance,
            decoded,
            window,
        } = Limits::default();
        DecodeLimits {
            ratio,
            allowance_bytes: allowance,
            body_bytes: decoded,
            window_bytes: window,
            // The module that only redacts is for hosts whose virtual machines have 16 MiB.
            memory_bytes: if cfg!(feature = "policy") {
                64 << 20
            } else {
                6 << 20
            },
        }
    }
}

impl DecodeLimits {
    /// The bounds on one body.
    pub(crate) fn of_a_body(&self) -> Limits {
        Limits {
            ratio: self.ratio,
            allowance: self.allowance_bytes,
            decoded: self.body_bytes,
            window: self.window_bytes,
        }
    }

    /// The bound on all of them.
    pub(crate) fn budget(&self) -> Budget {
        Budget::new(self.memory_bytes)
    }
}
