//! The one configuration document, the same for every way to run Veilgate.
//!
//! It arrives as JSON text, as nothing at all, or (Envoy with a `google.protobuf.Struct`) as raw protobuf bytes.
//! Unknown fields are errors: a misspelt `mode` must not mean "enforce nothing". Keys that start with `_` are left
//! alone at the top level, because Higress adds its own `_rules_` and `_match_*` there.

mod allow;
mod document;
mod encoded;
mod read;

pub use allow::Allow;
pub use document::{
    Audit, Config, Jwt, Limits, Mask, MaskStyle, Mode, OnLimit, RangeRequests, Redaction, Requests,
    Responses, Rules, Secret, Uninspected, Upgrades,
};
pub use encoded::{AcceptEncoding, DecodeLimits, Encoded, Reencode};
pub use read::ConfigError;
pub(crate) use read::read;
