//! API clients, by the keyed hash of what a header holds.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::{ApiClient, Identity, IdentityConfig, Reason};
use crate::request::Head;

/// One identity for every configured header that is present. The header's value is compared as keyed hash with every key of that
/// header, in constant time, so neither the time taken nor the configuration gives a key away.
pub(super) fn clients(config: &IdentityConfig, head: &Head<'_>) -> Vec<Identity> {
    let mut found = Vec::new();
    for (index, api_key) in config.api_keys.iter().enumerate() {
        let header = &api_key.header;
        if config
            .api_keys
            .iter()
            .take(index)
            .any(|earlier| earlier.header == *header)
        {
            continue;
        }
        let mut values = head.values(header);
        let Some(value) = values.next() else { continue };
        found.push(if values.next().is_some() {
            Identity::Anonymous(Reason::ApiKeyDuplicate)
        } else {
            client(config, header, value)
        });
    }
    found
}

fn client(config: &IdentityConfig, header: &str, value: &[u8]) -> Identity {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&config.key.0) else {
        return Identity::Anonymous(Reason::ApiKeyUnknown);
    };
    mac.update(value);
    let digest = mac.finalize().into_bytes();
    let mut matched = None;
    for api_key in config
        .api_keys
        .iter()
        .filter(|api_key| api_key.header == header)
    {
        if bool::from(digest.as_slice().ct_eq(&api_key.hmac_sha256.0)) {
            matched = Some(api_key);
        }
    }
    match matched {
        Some(api_key) => Identity::ApiClient(ApiClient {
            id: api_key.id.clone(),
        }),
        None => Identity::Anonymous(Reason::ApiKeyUnknown),
    }
}
