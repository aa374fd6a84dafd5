//! What the operator knows to be none.

use std::fmt;

use serde::Deserialize;

/// Findings that pass unmasked: those that meet every condition that is given.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Allow {
    /// Kinds of findings; any if there is none.
    pub kinds: Vec<String>,
    /// The request's path, without its query: a path and all below it, or with `*` (within a segment) or `**` (anything) a pattern of the whole.
    pub path: Option<String>,
    /// The name of the header, cookie, parameter, or part of a form that carries it, in any case.
    pub carrier: Option<String>,
    /// The value's HMAC-SHA256 under `mask.key`, in hexadecimal.
    pub value_hmac_sha256: Option<String>,
    /// Why. Stands in the audit record beside what was allowed.
    pub reason: String,
}

impl fmt::Debug for Allow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Allow")
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}
