use std::collections::BTreeMap;

use proptest::prelude::*;
use prost::Message;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as ProtoValue};
use serde_json::{Value, json};

use super::*;

/// Envoy's message, as far as it matters: the oracle for our own decoder.
#[derive(Clone, PartialEq, Message)]
struct Metadata {
    #[prost(btree_map = "string, message", tag = "1")]
    filter_metadata: BTreeMap<String, Struct>,
}

const API_KEY: &str = "generated-for-this-test-only";
/// HMAC-SHA256 of [`API_KEY`] under `0123456789abcdef`.
const API_KEY_HASH: &str = "9bc21842781a4fc3eb860c03bc305e9f9c210dee7f03210f1ea5a7a9908fee38";

fn proto(value: &Value) -> ProtoValue {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(flag) => Kind::BoolValue(*flag),
        Value::Number(number) => Kind::NumberValue(number.as_f64().expect("a number")),
        Value::String(text) => Kind::StringValue(text.clone()),
        Value::Array(values) => Kind::ListValue(ListValue {
            values: values.iter().map(proto).collect(),
        }),
        Value::Object(_) => Kind::StructValue(proto_struct(value)),
    };
    ProtoValue { kind: Some(kind) }
}

fn proto_struct(value: &Value) -> Struct {
    let fields = value.as_object().expect("an object").iter();
    Struct {
        fields: fields
            .map(|(name, value)| (name.clone(), proto(value)))
            .collect(),
    }
}

fn metadata(claims: &Value) -> Vec<u8> {
    let payload = json!({ "payload": claims });
    let other = json!({ "x": { "y": [1, 2] } });
    let filter_metadata = BTreeMap::from([
        (
            "envoy.filters.http.jwt_authn".to_owned(),
            proto_struct(&payload),
        ),
        ("other.filter".to_owned(), proto_struct(&other)),
    ]);
    Metadata { filter_metadata }.encode_to_vec()
}

fn config(config: Value) -> IdentityConfig {
    serde_json::from_value(config).expect("a configuration")
}

fn mtls(uri_san: &str) -> Facts {
    Facts {
        tls: true,
        mtls: true,
        uri_san: Some(uri_san.as_bytes().to_vec()),
        ..Facts::default()
    }
}

fn identify_with(
    config: &IdentityConfig,
    headers: &[(&str, &str)],
    facts: &Facts,
) -> Vec<Identity> {
    let headers: Vec<(Vec<u8>, Vec<u8>)> = headers
        .iter()
        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect();
    let head = Head {
        method: b"GET",
        authority: b"",
        path: b"/",
        headers: &headers,
    };
    identify(config, &head, facts).iter().cloned().collect()
}

/// `Type id`, or `Anonymous reason`.
fn summary(identities: &[Identity]) -> Vec<String> {
    let one = |identity: &Identity| match identity {
        Identity::Anonymous(reason) => format!("Anonymous {}", reason.as_str()),
        known => format!("{} {}", known.kind(), known.id()),
    };
    identities.iter().map(one).collect()
}

#[test]
fn a_workload_is_the_spiffe_id_of_its_certificate() {
    let long = format!("spiffe://a.example/{}", "x".repeat(2048));
    let table = [
        (
            "spiffe://a.example/ns/shop/sa/api",
            "Workload spiffe://a.example/ns/shop/sa/api",
        ),
        ("spiffe://a.example/x", "Workload spiffe://a.example/x"),
        (
            "spiffe://a.example/ns/shop/../admin",
            "Anonymous spiffe-id-invalid",
        ),
        (
            "spiffe://a.example/ns/./shop",
            "Anonymous spiffe-id-invalid",
        ),
        ("spiffe://a.example//x", "Anonymous spiffe-id-invalid"),
        ("spiffe://a.example/x/", "Anonymous spiffe-id-invalid"),
        ("spiffe://a.example", "Anonymous spiffe-id-invalid"),
        ("spiffe://a.example/", "Anonymous spiffe-id-invalid"),
        ("spiffe://A.example/x", "Anonymous spiffe-id-invalid"),
        ("SPIFFE://a.example/x", "Anonymous spiffe-id-invalid"),
        ("spiffe:///x", "Anonymous spiffe-id-invalid"),
        ("spiffe://a.example:443/x", "Anonymous spiffe-id-invalid"),
        ("spiffe://user@a.example/x", "Anonymous spiffe-id-invalid"),
        ("spiffe://a.example/x?y", "Anonymous spiffe-id-invalid"),
        ("spiffe://a.example/x#y", "Anonymous spiffe-id-invalid"),
        ("spiffe://a.example/%78", "Anonymous spiffe-id-invalid"),
        ("spiffe://a.example/é", "Anonymous spiffe-id-invalid"),
        (long.as_str(), "Anonymous spiffe-id-invalid"),
        ("https://a.example/x", "Anonymous no-credential"),
        ("", "Anonymous no-credential"),
    ];
    for (uri, expected) in table {
        assert_eq!(
            summary(&identify_with(&IdentityConfig::default(), &[], &mtls(uri))),
            [expected],
            "{uri}"
        );
    }
}

#[test]
fn the_kubernetes_form_gives_namespace_and_account() {
    let table = [
        ("spiffe://a.example/ns/shop/sa/api", ("shop", "api")),
        ("spiffe://a.example/ns/shop/sa/api/x", ("", "")),
        ("spiffe://a.example/x/ns/shop/sa/api", ("", "")),
        ("spiffe://a.example/ns/shop", ("", "")),
    ];
    for (uri, expected) in table {
        let identities = identify_with(&IdentityConfig::default(), &[], &mtls(uri));
        let [Identity::Workload(workload)] = identities.as_slice() else {
            panic!("{uri}: {identities:?}")
        };
        assert_eq!(
            (
                workload.namespace.as_str(),
                workload.service_account.as_str()
            ),
            expected,
            "{uri}"
        );
        assert_eq!(workload.trust_domain, "a.example");
        assert_eq!(workload.uri_sans, [uri]);
    }
}

#[test]
fn a_certificate_counts_only_when_the_host_verified_it() {
    let facts = Facts {
        mtls: false,
        ..mtls("spiffe://a.example/x")
    };
    assert_eq!(
        summary(&identify_with(&IdentityConfig::default(), &[], &facts)),
        ["Anonymous no-credential"]
    );
    let forged = [(
        "x-forwarded-client-cert",
        "Hash=aa;URI=spiffe://a.example/x",
    )];
    let config = config(json!({ "mtls": { "xfcc": "sanitized" } }));
    assert_eq!(
        summary(&identify_with(&config, &forged, &facts)),
        ["Anonymous no-credential"]
    );
}

#[test]
fn the_header_is_believed_only_when_told_and_only_as_far_as_the_connection_agrees() {
    let sanitized = config(json!({ "mtls": { "xfcc": "sanitized" } }));
    let forged = [(
        "x-forwarded-client-cert",
        "Hash=aa;URI=spiffe://a.example/forged",
    )];
    let own = mtls("spiffe://a.example/own");
    assert_eq!(
        summary(&identify_with(&IdentityConfig::default(), &forged, &own)),
        ["Workload spiffe://a.example/own"]
    );

    let hashed = |uri: &str| Facts {
        peer_certificate_sha256: Some(b"AABB".to_vec()),
        ..mtls(uri)
    };
    let table = [
        (
            "Hash=aabb;URI=spiffe://a.example/own",
            "Workload spiffe://a.example/own",
        ),
        (
            "Hash=ff;URI=spiffe://a.example/forged,Hash=aabb;URI=spiffe://a.example/own",
            "Workload spiffe://a.example/own",
        ),
        (
            "Hash=aabb;URI=spiffe://a.example/own,Hash=ff;URI=spiffe://a.example/forged",
            "Anonymous xfcc-mismatch",
        ),
        ("URI=spiffe://a.example/own", "Anonymous xfcc-mismatch"),
        (
            "Hash=aabb;URI=spiffe://a.example/forged;URI=spiffe://a.example/own",
            "Anonymous xfcc-mismatch",
        ),
        ("Hash=aabb", "Anonymous xfcc-mismatch"),
        ("nonsense", "Anonymous xfcc-malformed"),
    ];
    for (header, expected) in table {
        let found = identify_with(
            &sanitized,
            &[("x-forwarded-client-cert", header)],
            &hashed("spiffe://a.example/own"),
        );
        assert_eq!(summary(&found), [expected], "{header}");
    }
    assert_eq!(
        summary(&identify_with(&sanitized, &[], &own)),
        ["Anonymous xfcc-missing"]
    );
    let twice = [
        ("x-forwarded-client-cert", "Hash=aabb"),
        ("X-Forwarded-Client-Cert", "Hash=aabb"),
    ];
    assert_eq!(
        summary(&identify_with(&sanitized, &twice, &own)),
        ["Anonymous xfcc-malformed"]
    );
}

#[test]
fn the_first_id_of_a_configured_trust_domain_counts_and_all_sans_are_kept() {
    let config = config(json!({ "mtls": { "xfcc": "sanitized", "trust_domains": ["b.example"] } }));
    let facts = Facts {
        mtls: true,
        ..Facts::default()
    };
    let header = "Hash=aa;URI=https://x/;URI=spiffe://a.example/1;URI=spiffe://b.example/2;URI=spiffe://b.example/3";
    let identities = identify_with(&config, &[("x-forwarded-client-cert", header)], &facts);
    let [Identity::Workload(workload)] = identities.as_slice() else {
        panic!("{identities:?}")
    };
    assert_eq!(workload.spiffe_id, "spiffe://b.example/2");
    assert_eq!(workload.uri_sans.len(), 4);
    let foreign = [(
        "x-forwarded-client-cert",
        "Hash=aa;URI=spiffe://a.example/1",
    )];
    assert_eq!(
        summary(&identify_with(&config, &foreign, &facts)),
        ["Anonymous trust-domain-unknown"]
    );
}

#[test]
fn a_user_is_issuer_and_subject_of_a_verified_token() {
    let claims = json!({
        "iss": "https://idp.example", "sub": "ann", "aud": ["a", "b"], "scope": "read write", "amr": ["pwd", "mfa"], "groups": ["ops", 7, "dev"],
        "exp": 1_900_000_000.5, "iat": 1_800_000_000, "nested": { "deep": [null, true, 1.5] },
    });
    let facts = Facts {
        metadata: metadata(&claims),
        ..Facts::default()
    };
    let with_groups = config(json!({ "jwt": { "groups_claim": "groups" } }));
    let identities = identify_with(&with_groups, &[], &facts);
    let [Identity::User(user)] = identities.as_slice() else {
        panic!("{identities:?}")
    };
    let expected = User {
        issuer: "https://idp.example".to_owned(),
        subject: "ann".to_owned(),
        audiences: vec!["a".to_owned(), "b".to_owned()],
        scopes: vec!["read".to_owned(), "write".to_owned()],
        groups: vec!["ops".to_owned(), "dev".to_owned()],
        mfa: true,
        expires_at: Some(1_900_000_000),
        authenticated_at: Some(1_800_000_000),
    };
    assert_eq!(*user, expected);
    assert_eq!(
        identities.first().map(Identity::id).as_deref(),
        Some("https://idp.example|ann")
    );
    let without_groups = identify_with(&IdentityConfig::default(), &[], &facts);
    assert!(matches!(without_groups.as_slice(), [Identity::User(user)] if user.groups.is_empty()));
}

#[test]
fn a_token_that_cannot_name_a_user_is_refused() {
    let issuers = json!({ "jwt": { "issuers": { "https://idp.example": { "audiences": ["veilgate"], "group_prefix": "idp:", "groups_claim": "roles" } } } });
    let table = [
        (json!({}), json!({ "iss": "i", "sub": "s" }), "User i|s"),
        (
            json!({}),
            json!({ "iss": "i", "sub": "google|1" }),
            "User i|google|1",
        ),
        (
            json!({}),
            json!({ "iss": "i|s", "sub": "x" }),
            "Anonymous token-unusable",
        ),
        (json!({}), json!({ "sub": "s" }), "Anonymous token-unusable"),
        (json!({}), json!({ "iss": "i" }), "Anonymous token-unusable"),
        (
            json!({}),
            json!({ "iss": "i", "sub": "" }),
            "Anonymous token-unusable",
        ),
        (
            json!({}),
            json!({ "iss": "i", "sub": 7 }),
            "Anonymous token-unusable",
        ),
        (
            json!({}),
            json!({ "iss": "i", "sub": "a\nb" }),
            "Anonymous token-unusable",
        ),
        (
            json!({}),
            json!({ "iss": "i", "sub": "x".repeat(2000) }),
            "Anonymous token-unusable",
        ),
        (
            issuers.clone(),
            json!({ "iss": "https://idp.example", "sub": "s", "aud": "veilgate" }),
            "User https://idp.example|s",
        ),
        (
            issuers.clone(),
            json!({ "iss": "https://idp.example", "sub": "s", "aud": "other" }),
            "Anonymous audience-mismatch",
        ),
        (
            issuers.clone(),
            json!({ "iss": "https://idp.example", "sub": "s" }),
            "Anonymous audience-mismatch",
        ),
        (
            issuers.clone(),
            json!({ "iss": "https://other.example", "sub": "s", "aud": "veilgate" }),
            "Anonymous issuer-unknown",
        ),
    ];
    for (settings, claims, expected) in table {
        let facts = Facts {
            metadata: metadata(&claims),
            ..Facts::default()
        };
        assert_eq!(
            summary(&identify_with(&config(settings), &[], &facts)),
            [expected],
            "{claims}"
        );
    }
    let claims =
        json!({ "iss": "https://idp.example", "sub": "s", "aud": ["veilgate"], "roles": "ops" });
    let identities = identify_with(
        &config(issuers),
        &[],
        &Facts {
            metadata: metadata(&claims),
            ..Facts::default()
        },
    );
    assert!(matches!(identities.as_slice(), [Identity::User(user)] if user.groups == ["idp:ops"]));
}

#[test]
fn metadata_without_a_token_is_no_user_and_broken_metadata_is_refused() {
    let other = Metadata {
        filter_metadata: BTreeMap::from([("other".to_owned(), Struct::default())]),
    }
    .encode_to_vec();
    let failed = Metadata {
        filter_metadata: BTreeMap::from([(
            "envoy.filters.http.jwt_authn".to_owned(),
            proto_struct(&json!({ "failed": { "code": 3 } })),
        )]),
    };
    let table = [
        (other, "Anonymous no-credential"),
        (failed.encode_to_vec(), "Anonymous no-credential"),
        (
            metadata(&json!({ "iss": "i", "sub": "s" }))
                .split_last()
                .expect("bytes")
                .1
                .to_vec(),
            "Anonymous metadata-malformed",
        ),
        (b"\x0a\xff".to_vec(), "Anonymous metadata-malformed"),
        (b"\x0b".to_vec(), "Anonymous metadata-malformed"),
    ];
    for (metadata, expected) in table {
        let facts = Facts {
            metadata,
            ..Facts::default()
        };
        assert_eq!(
            summary(&identify_with(&IdentityConfig::default(), &[], &facts)),
            [expected]
        );
    }
}

fn with_keys(more: &Value) -> IdentityConfig {
    let mut value = json!({
        "key": "0123456789abcdef",
        "api_keys": [
            { "id": "other", "header": "X-Api-Key", "hmac_sha256": "00".repeat(32) },
            { "id": "ci", "header": "X-Api-Key", "hmac_sha256": API_KEY_HASH },
        ],
    });
    value
        .as_object_mut()
        .expect("an object")
        .extend(more.as_object().expect("an object").clone());
    config(value)
}

#[test]
fn an_api_key_is_known_by_its_keyed_hash() {
    let table: [(&[(&str, &str)], &str); 5] = [
        (&[("x-api-key", API_KEY)], "ApiClient ci"),
        (&[("X-API-KEY", API_KEY)], "ApiClient ci"),
        (&[("x-api-key", "guess")], "Anonymous api-key-unknown"),
        (
            &[("x-api-key", API_KEY), ("x-api-key", API_KEY)],
            "Anonymous api-key-duplicate",
        ),
        (&[("x-other", API_KEY)], "Anonymous no-credential"),
    ];
    for (headers, expected) in table {
        assert_eq!(
            summary(&identify_with(
                &with_keys(&json!({})),
                headers,
                &Facts::default()
            )),
            [expected],
            "{headers:?}"
        );
    }
}

#[test]
fn all_identities_count_unless_the_first_is_to() {
    let facts = Facts {
        metadata: metadata(&json!({ "iss": "i", "sub": "s" })),
        ..mtls("spiffe://a.example/x")
    };
    let headers = [("x-api-key", API_KEY)];
    let all = identify_with(&with_keys(&json!({})), &headers, &facts);
    assert_eq!(
        summary(&all),
        ["Workload spiffe://a.example/x", "User i|s", "ApiClient ci"]
    );
    let first = identify_with(&with_keys(&json!({ "combine": "first" })), &headers, &facts);
    assert_eq!(summary(&first), ["Workload spiffe://a.example/x"]);
}

#[test]
fn a_broken_credential_stays_beside_a_good_one() {
    let facts = Facts {
        metadata: metadata(&json!({ "iss": "i", "sub": "s" })),
        ..mtls("spiffe://a.example/../x")
    };
    let all = identify_with(&IdentityConfig::default(), &[], &facts);
    assert_eq!(summary(&all), ["Anonymous spiffe-id-invalid", "User i|s"]);
    let first = identify_with(&config(json!({ "combine": "first" })), &[], &facts);
    assert_eq!(summary(&first), ["Anonymous spiffe-id-invalid"]);
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let key = json!({ "id": "ci", "hmac_sha256": API_KEY_HASH });
    let table = [
        (
            json!({ "api_keys": [key] }),
            "needs a `key` of at least 16 bytes",
        ),
        (
            json!({ "api_keys": [key], "key": "short" }),
            "needs a `key` of at least 16 bytes",
        ),
        (
            json!({ "api_keys": [{ "id": "ci", "hmac_sha256": "abc" }] }),
            "64 hexadecimal digits",
        ),
        (
            json!({ "api_keys": [{ "id": "ci", "header": "a b", "hmac_sha256": API_KEY_HASH }], "key": "0123456789abcdef" }),
            "not a header name",
        ),
        (
            json!({ "mtls": { "trust_domains": ["spiffe://a"] } }),
            "not a SPIFFE trust domain",
        ),
        (
            json!({ "mtls": { "xfcc": "trusted" } }),
            "unknown variant `trusted`",
        ),
        (
            json!({ "jwt": { "payload": "x" } }),
            "unknown field `payload`",
        ),
        (json!({ "tokens": {} }), "unknown field `tokens`"),
    ];
    for (value, expected) in table {
        let error = serde_json::from_value::<IdentityConfig>(value.clone())
            .expect_err("refused")
            .to_string();
        assert!(error.contains(expected), "{value}: {error}");
    }
}

#[test]
fn keys_and_hashes_are_not_printed() {
    let printed = format!("{:?}", with_keys(&json!({})));
    assert!(
        !printed.contains("0123456789abcdef") && !printed.contains("155, 194"),
        "{printed}"
    );
}

proptest! {
    #[test]
    fn any_bytes_are_an_answer(metadata: Vec<u8>, uri_san: Vec<u8>, header: Vec<u8>, key: Vec<u8>) {
        let facts = Facts { mtls: true, metadata, uri_san: Some(uri_san), ..Facts::default() };
        let headers = [(b"x-forwarded-client-cert".to_vec(), header), (b"x-api-key".to_vec(), key)];
        let head = Head { method: b"GET", authority: b"", path: b"/", headers: &headers };
        for xfcc in ["ignore", "sanitized"] {
            let config = with_keys(&json!({ "mtls": { "xfcc": xfcc } }));
            prop_assert!(identify(&config, &head, &facts).iter().count() >= 1);
        }
    }

    #[test]
    fn damaged_metadata_is_an_answer(position in 0_usize..200, byte: u8) {
        let mut bytes = metadata(&json!({ "iss": "https://idp.example", "sub": "ann", "aud": ["a"], "n": { "x": [1, 2] } }));
        if let Some(place) = bytes.get_mut(position) {
            *place = byte;
        }
        let facts = Facts { metadata: bytes, ..Facts::default() };
        let head = Head { method: b"GET", authority: b"", path: b"/", headers: &[] };
        prop_assert_eq!(identify(&IdentityConfig::default(), &head, &facts).iter().count(), 1);
    }
}
