//! The audit record: one JSON object per decision and per exchange in which something was found or skipped.
//!
//! Every string in it is either ours (names, ids of policies) or has been through the scrubber: what a message says (target, method,
//! host, request id, names of fields), what was made of it (resource, identity), and what quotes it (errors of policies).

use jiff::Timestamp;
use serde::Serialize;

use crate::ledger::{Decoded, Fields, Redaction, Skipped};

#[derive(Debug, Serialize)]
pub(crate) struct Record<'r> {
    /// RFC 3339, UTC, milliseconds.
    pub(crate) time: String,
    pub(crate) decision_id: &'r str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) request_id: &'r str,
    pub(crate) mode: &'static str,
    pub(crate) verdict: &'static str,
    /// Whether the verdict took effect.
    pub(crate) enforced: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'r str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) policies: &'r [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) errors: &'r [String],
    pub(crate) identities: Vec<Identity<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) call: Option<Call<'r>>,
    pub(crate) request: Request<'r>,
    pub(crate) response: Response<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fields: Option<Fields<'r>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) redactions: Vec<Redaction<'r>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) skipped: Vec<Skipped>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) decoded: Vec<Decoded>,
    pub(crate) inspected_bytes: Inspected,
}

/// Who asked: a verified identity, or nobody and why.
#[derive(Debug, Serialize)]
pub(crate) struct Identity<'r> {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'r str>,
}

/// What was asked of which service.
#[derive(Debug, Serialize)]
pub(crate) struct Call<'r> {
    pub(crate) service: &'r str,
    pub(crate) entry: &'r str,
    pub(crate) action: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sub_action: Option<&'r str>,
    pub(crate) resource: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Request<'r> {
    pub(crate) method: &'r str,
    pub(crate) authority: &'r str,
    /// Path and query with every credential masked.
    pub(crate) path: &'r str,
}

#[derive(Debug, Serialize)]
pub(crate) struct Response<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) withheld: Option<&'r str>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Inspected {
    pub(crate) request: u64,
    pub(crate) response: u64,
}

impl Record<'_> {
    /// One line of JSON, without a line feed.
    pub(crate) fn line(&self) -> String {
        serde_json::to_string(self)
            .unwrap_or_else(|_| r#"{"error":"audit record could not be written"}"#.to_owned())
    }
}

/// Unix milliseconds as RFC 3339; the epoch for a clock that cannot be right.
pub(crate) fn time(now_ms: u64) -> String {
    let timestamp = i64::try_from(now_ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .unwrap_or_default();
    format!("{timestamp:.3}")
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn time_is_rfc_3339_with_milliseconds() {
        assert_eq!(time(1_763_596_800_005), "2025-11-20T00:00:00.005Z");
        assert_eq!(time(1_763_596_800_000), "2025-11-20T00:00:00.000Z");
        assert_eq!(time(u64::MAX), "1970-01-01T00:00:00.000Z");
    }
}
