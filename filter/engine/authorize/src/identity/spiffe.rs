//! SPIFFE ids, read as strictly as the standard allows.

use super::{Reason, Workload};

/// Longest SPIFFE id, in bytes.
const LONGEST: usize = 2048;
/// Longest trust domain, in bytes.
const LONGEST_DOMAIN: usize = 255;
const SCHEME: &str = "spiffe://";

/// Whether a URI claims to be a SPIFFE id, well formed or not.
pub(super) fn is_claimed(uri: &str) -> bool {
    uri.as_bytes()
        .get(..SCHEME.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(SCHEME.as_bytes()))
}

/// Whether a name can be a trust domain.
pub(super) fn is_trust_domain(name: &str) -> bool {
    (1..=LONGEST_DOMAIN).contains(&name.len())
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_'))
}

/// Reads a SPIFFE id. Anything a lenient reader might resolve to another id is refused: dot segments, empty segments, a
/// trailing slash, upper case in the trust domain, a port, user info, percent-encoding, a query or a fragment.
pub(super) fn parse(uri: &str) -> Result<Workload, Reason> {
    if uri.len() > LONGEST {
        return Err(Reason::SpiffeIdInvalid);
    }
    let rest = uri.strip_prefix(SCHEME).ok_or(Reason::SpiffeIdInvalid)?;
    let (trust_domain, path) = rest.split_once('/').ok_or(Reason::SpiffeIdInvalid)?;
    if !is_trust_domain(trust_domain) || !path.split('/').all(is_segment) {
        return Err(Reason::SpiffeIdInvalid);
    }
    let (namespace, service_account) = kubernetes(path);
    Ok(Workload {
        spiffe_id: uri.to_owned(),
        trust_domain: trust_domain.to_owned(),
        namespace: namespace.to_owned(),
        service_account: service_account.to_owned(),
        uri_sans: Vec::new(),
    })
}

fn is_segment(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..")
        && segment
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

/// The namespace and service account of the form that Istio and SPIRE issue in Kubernetes.
fn kubernetes(path: &str) -> (&str, &str) {
    let mut segments = path.split('/');
    match (
        segments.next(),
        segments.next(),
        segments.next(),
        segments.next(),
        segments.next(),
    ) {
        (Some("ns"), Some(namespace), Some("sa"), Some(account), None) => (namespace, account),
        _ => ("", ""),
    }
}
