//! Workloads, from the verified client certificate.

use super::{Mtls, Reason, Workload, Xfcc, spiffe, xfcc};
use crate::request::{Facts, Head};

/// The workload that the client certificate names; `None` without a certificate, or with one that has no SPIFFE id.
pub(super) fn workload(
    config: &Mtls,
    head: &Head<'_>,
    facts: &Facts,
) -> Result<Option<Workload>, Reason> {
    if !facts.mtls {
        return Ok(None);
    }
    let uri_sans = match config.xfcc {
        Xfcc::Ignore => from_connection(facts)?,
        Xfcc::Sanitized => from_header(head, facts)?,
    };
    let mut ids = Vec::new();
    for uri in uri_sans.iter().filter(|uri| spiffe::is_claimed(uri)) {
        ids.push(spiffe::parse(uri)?);
    }
    if ids.is_empty() {
        return Ok(None);
    }
    let mut trusted = ids.into_iter().filter(|id| {
        config.trust_domains.is_empty() || config.trust_domains.contains(&id.trust_domain)
    });
    let workload = trusted.next().ok_or(Reason::TrustDomainUnknown)?;
    Ok(Some(Workload {
        uri_sans,
        ..workload
    }))
}

fn from_connection(facts: &Facts) -> Result<Vec<String>, Reason> {
    match &facts.uri_san {
        None => Ok(Vec::new()),
        Some(uri) if uri.is_empty() => Ok(Vec::new()),
        Some(uri) => Ok(vec![
            String::from_utf8(uri.clone()).map_err(|_| Reason::SpiffeIdInvalid)?,
        ]),
    }
}

/// All URI SANs, from the header that the proxy wrote.
///
/// The header is believed only as far as the connection confirms it: the certificate's hash and its first URI SAN must agree where they
/// are known. So a SAN that holds the header's own separators cannot pass for another element.
fn from_header(head: &Head<'_>, facts: &Facts) -> Result<Vec<String>, Reason> {
    let mut values = head.values("x-forwarded-client-cert");
    let value = values.next().ok_or(Reason::XfccMissing)?;
    if values.next().is_some() {
        return Err(Reason::XfccMalformed);
    }
    let text = std::str::from_utf8(value).map_err(|_| Reason::XfccMalformed)?;
    let element = xfcc::last_element(text).ok_or(Reason::XfccMalformed)?;
    if let Some(digest) = &facts.peer_certificate_sha256 {
        let hash = element.hash.ok_or(Reason::XfccMismatch)?;
        if !hash.as_bytes().eq_ignore_ascii_case(digest) {
            return Err(Reason::XfccMismatch);
        }
    }
    if let Some(first) = facts.uri_san.as_deref().filter(|first| !first.is_empty())
        && element.uris.first().map(String::as_bytes) != Some(first)
    {
        return Err(Reason::XfccMismatch);
    }
    Ok(element.uris)
}
