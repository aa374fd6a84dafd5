use proptest::prelude::*;

use super::*;

fn services(config: serde_json::Value) -> Result<Services, ServiceError> {
    let config: Vec<ServiceConfig> = serde_json::from_value(config).expect("services");
    Services::new(&config)
}

fn openbao() -> Services {
    let config = serde_json::json!([{
        "service": "openbao",
        "mounts": {
            "secret": "kv2", "kv": "kv1", "team/kv": "kv1", "transit": "transit", "pki": "pki", "database": "database", "consul": "consul",
            "totp": "totp", "ssh": "ssh", "auth/approle": "approle", "auth/jwt": "jwt", "auth/ldap/eu": "ldap", "auth/userpass": "userpass",
            "team1/special": "kv1",
        },
        "namespaces": ["team1", "team1/sub"],
    }]);
    services(config).unwrap_or_else(|error| panic!("{error}"))
}

type Headers<'a> = &'a [(&'a str, &'a str)];

fn call_with(
    services: &Services,
    method: &str,
    target: &str,
    headers: Headers<'_>,
) -> Result<Call, Refusal> {
    let headers: Vec<(Vec<u8>, Vec<u8>)> = headers
        .iter()
        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect();
    let head = Head {
        method: method.as_bytes(),
        authority: b"bao.internal",
        path: target.as_bytes(),
        headers: &headers,
    };
    let service = services
        .guarding(&head, &Facts::default())
        .expect("guarded");
    services.classify(service, &head)
}

fn call(method: &str, target: &str) -> Result<Call, Refusal> {
    call_with(&openbao(), method, target, &[])
}

/// `Action[/sub_action] resource-id [kind]`, or the reason of a refusal.
fn summary(call: Result<Call, Refusal>) -> String {
    match call {
        Ok(call) => {
            let sub_action = call
                .sub_action
                .map(|sub_action| format!("/{sub_action}"))
                .unwrap_or_default();
            format!(
                "{}{sub_action} {} [{}]",
                call.action.as_str(),
                call.resource.id,
                call.resource.kind
            )
        }
        Err(refusal) => refusal.reason.as_str().to_owned(),
    }
}

#[test]
fn calls_mean_what_the_service_makes_of_them() {
    let table = [
        (
            "GET",
            "/v1/secret/data/payments/stripe",
            "Read vault/secret/payments/stripe [secret]",
        ),
        (
            "GET",
            "/v1/secret/data/payments/stripe?version=3",
            "Read vault/secret/payments/stripe [secret]",
        ),
        (
            "POST",
            "/v1/secret/data/payments/stripe",
            "Write vault/secret/payments/stripe [secret]",
        ),
        (
            "PUT",
            "/v1/secret/data/payments/stripe",
            "Write vault/secret/payments/stripe [secret]",
        ),
        (
            "PATCH",
            "/v1/secret/data/payments/stripe",
            "Write vault/secret/payments/stripe [secret]",
        ),
        (
            "DELETE",
            "/v1/secret/data/payments/stripe",
            "Delete vault/secret/payments/stripe [secret]",
        ),
        (
            "POST",
            "/v1/secret/delete/payments/stripe",
            "Delete vault/secret/payments/stripe [secret]",
        ),
        (
            "POST",
            "/v1/secret/undelete/payments/stripe",
            "Write/restore vault/secret/payments/stripe [secret]",
        ),
        (
            "POST",
            "/v1/secret/destroy/payments/stripe",
            "Destroy vault/secret/payments/stripe [secret]",
        ),
        (
            "DELETE",
            "/v1/secret/metadata/payments/stripe",
            "Destroy vault/secret/payments/stripe [secret]",
        ),
        (
            "GET",
            "/v1/secret/metadata/payments/stripe",
            "List vault/secret/payments/stripe [secret]",
        ),
        (
            "LIST",
            "/v1/secret/metadata/payments",
            "List vault/secret/payments [secret]",
        ),
        (
            "LIST",
            "/v1/secret/metadata/payments/",
            "List vault/secret/payments [secret]",
        ),
        (
            "GET",
            "/v1/secret/metadata/?list=true",
            "List vault/secret [secret]",
        ),
        (
            "GET",
            "/v1/secret/metadata/payments?scan=true",
            "List/scan vault/secret/payments [secret]",
        ),
        ("GET", "/v1/secret/data/payments?list=true", "unknown-call"),
        ("GET", "/v1/secret/payments/stripe", "unknown-call"),
        ("GET", "/v1/secret/DATA/payments/stripe", "unknown-call"),
        ("GET", "/v1/secret/config", "Admin vault/secret [mount]"),
        ("GET", "/v1/kv/data/x", "Read vault/kv/data/x [secret]"),
        ("GET", "/v1/team/kv/x", "Read vault/team/kv/x [secret]"),
        ("GET", "/v1/team/x", "unknown-mount"),
        (
            "GET",
            "/v1/cubbyhole/mine",
            "Read vault/cubbyhole/mine [secret]",
        ),
        ("GET", "/v1/nowhere/data/x", "unknown-mount"),
        ("GET", "/v1/secretive/data/x", "unknown-mount"),
        ("GET", "/v1", "unknown-mount"),
        ("GET", "/", "unknown-call"),
        ("GET", "/V1/secret/data/x", "unknown-call"),
        ("GET", "/ui/index.html", "unknown-call"),
        ("HEAD", "/v1/secret/data/x", "unknown-call"),
        (
            "GET",
            "/v1/database/creds/app",
            "Issue vault/database/creds/app [database]",
        ),
        (
            "GET",
            "/v1/consul/creds/app",
            "Issue vault/consul/creds/app [role]",
        ),
        (
            "GET",
            "/v1/totp/code/k",
            "Issue vault/totp/code/k [one-time-code]",
        ),
        (
            "POST",
            "/v1/transit/encrypt/k",
            "Encrypt vault/transit/keys/k [key]",
        ),
        (
            "POST",
            "/v1/transit/decrypt/k",
            "Decrypt vault/transit/keys/k [key]",
        ),
        (
            "POST",
            "/v1/transit/sign/k/sha2-256",
            "Sign vault/transit/keys/k [key]",
        ),
        (
            "POST",
            "/v1/transit/verify/k",
            "Sign/verify vault/transit/keys/k [key]",
        ),
        (
            "GET",
            "/v1/transit/export/signing-key/k/1",
            "Read vault/transit/keys/k [key]",
        ),
        (
            "POST",
            "/v1/transit/keys/k/rotate",
            "Rotate vault/transit/keys/k [key]",
        ),
        (
            "DELETE",
            "/v1/transit/keys/k",
            "Destroy vault/transit/keys/k [key]",
        ),
        (
            "GET",
            "/v1/pki/crl/rotate",
            "Rotate vault/pki/crl/rotate [certificate-authority]",
        ),
        (
            "GET",
            "/v1/pki/crl/pem",
            "Read vault/pki/crl/pem [certificate-authority]",
        ),
        (
            "POST",
            "/v1/pki/issuer/default/acme/new-eab",
            "Issue vault/pki/issuer/default/acme/new-eab [certificate-authority]",
        ),
        (
            "POST",
            "/v1/pki/issuer/default/acme/new-order",
            "Write/acme vault/pki/issuer/default/acme/new-order [certificate-authority]",
        ),
        (
            "POST",
            "/v1/auth/approle/login",
            "Login vault/auth/approle/login [auth]",
        ),
        (
            "POST",
            "/v1/auth/approle/role/login",
            "Admin vault/auth/approle/role/login [auth]",
        ),
        (
            "POST",
            "/v1/auth/approle/role/r/secret-id",
            "Issue vault/auth/approle/role/r/secret-id [auth]",
        ),
        (
            "POST",
            "/v1/auth/userpass/login/ann",
            "Login vault/auth/userpass/login/ann [auth]",
        ),
        (
            "POST",
            "/v1/auth/userpass/users/ann/password",
            "Rotate vault/auth/userpass/users/ann/password [auth]",
        ),
        (
            "POST",
            "/v1/auth/ldap/eu/login/ann",
            "Login vault/auth/ldap/eu/login/ann [auth]",
        ),
        ("POST", "/v1/auth/unknown/login", "unknown-mount"),
        (
            "POST",
            "/v1/auth/token/create",
            "Issue vault/auth/token/create [token]",
        ),
        (
            "GET",
            "/v1/auth/token/lookup-self",
            "Read vault/auth/token/lookup-self [own-token]",
        ),
        ("POST", "/v1/auth/token/login", "unknown-call"),
        ("GET", "/v1/sys/health", "Read vault/sys/health [system]"),
        ("HEAD", "/v1/sys/health", "Read vault/sys/health [system]"),
        ("GET", "/v1/sys/mounts", "Admin vault/sys/mounts [system]"),
        (
            "GET",
            "/v1/sys/internal/ui/mounts/secret/x",
            "List vault/sys/internal/ui/mounts/secret/x [mount-info]",
        ),
        (
            "GET",
            "/v1/sys/raw/core/keyring",
            "Admin/raw vault/sys/raw/core/keyring [system]",
        ),
        (
            "GET",
            "/v1/sys/storage/raft/snapshot",
            "Admin/export vault/sys/storage/raft/snapshot [system]",
        ),
        (
            "POST",
            "/v1/sys/wrapping/unwrap",
            "Read vault/sys/wrapping/unwrap [system]",
        ),
        (
            "DELETE",
            "/v1/sys/anything/new",
            "Admin vault/sys/anything/new [system]",
        ),
    ];
    let services = openbao();
    for (method, target, expected) in table {
        assert_eq!(
            summary(call_with(&services, method, target, &[])),
            expected,
            "{method} {target}"
        );
    }
}

#[test]
fn namespaces_come_from_the_header_and_from_the_path() {
    let table = [
        ("", "/v1/team1/kv/a", "Read vault/team1/kv/a [secret]"),
        ("team1", "/v1/kv/a", "Read vault/team1/kv/a [secret]"),
        ("team1/", "/v1/kv/a", "Read vault/team1/kv/a [secret]"),
        ("root", "/v1/team1/kv/a", "Read vault/team1/kv/a [secret]"),
        (
            "team1",
            "/v1/sub/kv/a",
            "Read vault/team1/sub/kv/a [secret]",
        ),
        (
            "team1/sub",
            "/v1/kv/a",
            "Read vault/team1/sub/kv/a [secret]",
        ),
        (
            "",
            "/v1/team1%2fsub/kv/a",
            "Read vault/team1/sub/kv/a [secret]",
        ),
        (
            "team1",
            "/v1/special/a",
            "Read vault/team1/special/a [secret]",
        ),
        (
            "team1",
            "/v1/sys/mounts",
            "Admin vault/team1/sys/mounts [system]",
        ),
        ("", "/v1/special/a", "unknown-mount"),
        ("team1/sub", "/v1/special/a", "unknown-mount"),
        ("team2", "/v1/kv/a", "unknown-namespace"),
        ("", "/v1/team2/kv/a", "unknown-mount"),
        ("team1/..", "/v1/kv/a", "namespace-not-canonical"),
    ];
    let services = openbao();
    for (namespace, target, expected) in table {
        assert_eq!(
            summary(call_with(
                &services,
                "GET",
                target,
                &[("x-vault-namespace", namespace)]
            )),
            expected,
            "{namespace} {target}"
        );
    }
}

#[test]
fn a_call_names_the_fields_that_hold_values() {
    let table: [(&str, &str, Headers<'_>, &[&str]); 9] = [
        ("GET", "/v1/secret/data/a", &[], &["/data/data"]),
        ("GET", "/v1/kv/a", &[], &["/data"]),
        ("GET", "/v1/database/creds/a", &[], &["/data"]),
        (
            "GET",
            "/v1/secret/data/a",
            &[("x-vault-wrap-ttl", "60")],
            &["/data/data", "/wrap_info"],
        ),
        ("POST", "/v1/auth/approle/login", &[], &["/auth"]),
        ("POST", "/v1/auth/token/create", &[], &["/auth"]),
        ("POST", "/v1/sys/wrapping/unwrap", &[], &["/data", "/auth"]),
        ("LIST", "/v1/secret/metadata", &[], &[]),
        ("GET", "/v1/sys/health", &[], &[]),
    ];
    let services = openbao();
    for (method, target, headers, expected) in table {
        let call = call_with(&services, method, target, headers).expect(target);
        assert_eq!(call.fields, expected, "{method} {target}");
    }
}

#[test]
fn whoever_makes_another_ones_second_factor_is_asked_for_its_fields() {
    let call = call("POST", "/v1/identity/mfa/method/totp/admin-generate").expect("known");
    assert_eq!(call.fields, ["/data"]);
}

#[test]
fn a_listing_that_the_server_may_not_take_for_one_is_administration() {
    for target in [
        "/v1/sys/pprof/heap",
        "/v1/sys/metrics",
        "/v1/sys/generate-root/attempt",
        "/v1/sys/rekey/init",
        "/v1/sys/anything/new",
    ] {
        for flag in ["list", "scan"] {
            let call = call("GET", &format!("{target}?{flag}=true")).expect(target);
            assert_eq!(call.action, Action::Admin, "{target}?{flag}");
        }
    }
}

#[test]
fn every_prefix_is_a_folder_and_a_listing_lies_in_what_it_lists() {
    let read = call("GET", "/v1/team1/secret/data/payments/stripe").expect("a call");
    assert_eq!(
        read.resource.folders,
        [
            "vault",
            "vault/team1",
            "vault/team1/secret",
            "vault/team1/secret/payments"
        ]
    );
    assert_eq!(
        (
            read.resource.namespace.as_str(),
            read.resource.mount.as_str(),
            read.resource.path.as_str()
        ),
        ("team1", "secret", "payments/stripe")
    );
    let list = call("LIST", "/v1/secret/metadata/payments").expect("a call");
    assert_eq!(
        list.resource.folders,
        ["vault", "vault/secret", "vault/secret/payments"]
    );
}

#[test]
fn wrapping_is_noted() {
    let wrapped = call_with(
        &openbao(),
        "GET",
        "/v1/secret/data/a",
        &[("X-Vault-Wrap-TTL", "5m")],
    )
    .expect("a call");
    assert!(wrapped.wrapped);
    assert_eq!(wrapped.sub_action.as_deref(), Some("wrap"));
}

#[test]
fn a_service_is_found_by_everything_its_match_names() {
    let config = serde_json::json!([
        { "service": "openbao", "name": "a", "match": { "authority": ["Bao.Internal", "*.bao.example:8200"], "path_prefix": "/vault/" }, "base_path": "/vault" },
        { "service": "openbao", "name": "b", "match": { "cluster": ["bao"] } },
    ]);
    let services = services(config).unwrap_or_else(|error| panic!("{error}"));
    let table = [
        ("bao.internal", "/vault/v1/sys/health", "", Some("a")),
        ("BAO.internal.:443", "/vault/v1/sys/health", "", Some("a")),
        ("bao.internal:9000", "/vault", "", Some("a")),
        ("eu.bao.example:8200", "/vault/x", "", Some("a")),
        ("eu.bao.example", "/vault/x", "", None),
        ("bao.example:8200", "/vault/x", "", None),
        ("bao.internal", "/vaulted", "", None),
        ("bao.internal", "/web/page;x=1//y", "", None),
        ("bao.internal", "/%76ault/v1", "", Some("a")),
        ("bao.internal", "//vault/v1", "", Some("a")),
        ("bao.internal", "/x/../vault/v1", "", Some("a")),
        ("bao.internal", "/x/%252e%252e/vault/v1", "", Some("a")),
        ("bao.internal", "/vault;x/v1", "", Some("a")),
        ("bao.internal", "\\vault\\v1", "", Some("a")),
        ("bao.internal", "/VAULT/v1", "", Some("a")),
        ("bao.internal", "http://other/vault/v1", "", Some("a")),
        ("bao.internal", "/%25252525252525", "", Some("a")),
        ("elsewhere", "/vault/v1", "", None),
        ("elsewhere", "/anything", "bao", Some("b")),
    ];
    for (authority, path, cluster, expected) in table {
        let head = Head {
            method: b"GET",
            authority: authority.as_bytes(),
            path: path.as_bytes(),
            headers: &[],
        };
        let facts = Facts {
            cluster: (!cluster.is_empty()).then(|| cluster.as_bytes().to_vec()),
            ..Facts::default()
        };
        let found = services
            .guarding(&head, &facts)
            .map(|service| services.name(service));
        assert_eq!(found, expected, "{authority} {path}");
    }
    let head = Head {
        method: b"GET",
        authority: b"bao.internal",
        path: b"/vault/v1/sys/health",
        headers: &[],
    };
    let service = services
        .guarding(&head, &Facts::default())
        .expect("guarded");
    assert_eq!(
        summary(services.classify(service, &head)),
        "Read a/sys/health [system]"
    );
}

#[test]
fn a_configuration_that_cannot_work_is_refused_with_its_place() {
    let table = [
        (
            serde_json::json!([{ "service": "valt" }]),
            "services[0]: `valt` is not a known service",
        ),
        (
            serde_json::json!([{ "service": "openbao" }, { "service": "openbao" }]),
            "services[1]: there are two services called `vault`",
        ),
        (
            serde_json::json!([{ "service": "openbao", "mounts": { "secret": "kv" } }]),
            "mount `secret`: `kv` is not a known engine",
        ),
        (
            serde_json::json!([{ "service": "openbao", "mounts": { "approle": "approle" } }]),
            "`approle` is mounted below `auth/`",
        ),
        (
            serde_json::json!([{ "service": "openbao", "mounts": { "auth/kv": "kv2" } }]),
            "`kv2` is not mounted below `auth/`",
        ),
        (
            serde_json::json!([{ "service": "openbao", "mounts": { "/secret": "kv2" } }]),
            "`/secret` in `mounts` is not a plain path",
        ),
        (
            serde_json::json!([{ "service": "openbao", "mounts": { "a/../b": "kv2" } }]),
            "is not a plain path",
        ),
        (
            serde_json::json!([{ "service": "openbao", "mounts": { "a": "kv2", "a/b": "kv1" } }]),
            "mount `a/b` lies inside mount `a`",
        ),
        (
            serde_json::json!([{ "service": "openbao", "namespaces": ["/x"] }]),
            "`/x` in `namespaces` is not a plain path",
        ),
        (
            serde_json::json!([{ "service": "openbao", "name": "a/b" }]),
            "`name` is `a/b`",
        ),
        (
            serde_json::json!([{ "service": "openbao", "base_path": "/a//b" }]),
            "`base_path` is",
        ),
        (
            serde_json::json!([{ "service": "openbao", "match": { "path_prefix": "x" } }]),
            "paths begin with a slash",
        ),
        (
            serde_json::json!([{ "service": "openbao", "match": { "authority": ["a*.b"] } }]),
            "is not a host name",
        ),
    ];
    for (config, expected) in table {
        let error = services(config.clone()).expect_err("refused").to_string();
        assert!(error.contains(expected), "{config}: {error}");
    }
}

#[test]
fn a_namespaced_auth_mount_is_an_auth_mount() {
    let config = serde_json::json!([{ "service": "openbao", "namespaces": ["team1"], "mounts": { "team1/auth/approle": "approle" } }]);
    let services = services(config).unwrap_or_else(|error| panic!("{error}"));
    let login = call_with(
        &services,
        "POST",
        "/v1/auth/approle/login",
        &[("x-vault-namespace", "team1")],
    );
    assert_eq!(
        summary(login),
        "Login vault/team1/auth/approle/login [auth]"
    );
    assert_eq!(
        summary(call_with(&services, "POST", "/v1/auth/approle/login", &[])),
        "unknown-mount"
    );
}

#[test]
fn entry_names_are_stable() {
    assert_eq!(
        call("GET", "/v1/secret/data/a").expect("a call").entry,
        "openbao.kv2.get-data-path"
    );
    assert_eq!(
        call("POST", "/v1/auth/userpass/login/a")
            .expect("a call")
            .entry,
        "openbao.auth.post-login-name"
    );
}

proptest! {
    #[test]
    fn any_bytes_are_an_answer(method in "GET|POST|LIST|\\PC{0,4}", path: Vec<u8>, name: Vec<u8>, value: Vec<u8>) {
        let services = openbao();
        let mut target = b"/v1/secret/data/".to_vec();
        target.extend(path);
        let headers = [(name, value.clone()), (b"x-vault-namespace".to_vec(), value)];
        let head = Head { method: method.as_bytes(), authority: b"", path: &target, headers: &headers };
        let service = services.guarding(&head, &Facts::default()).expect("guarded");
        let _answer = services.classify(service, &head);
    }
}
