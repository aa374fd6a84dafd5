use serde_json::{Value, json};

use super::*;
use crate::classify::{ServiceConfig, Services};
use crate::identity::{User, Workload};

fn bundle(cedar: &str, entities: &Value) -> PolicyBundle {
    serde_json::from_value(json!({ "cedar": cedar, "entities": entities })).expect("a bundle")
}

fn authorizer(cedar: &str, entities: &Value) -> Authorizer {
    Authorizer::new(&bundle(cedar, entities)).unwrap_or_else(|error| panic!("{error}"))
}

fn workload(account: &str) -> Identity {
    Identity::Workload(Workload {
        spiffe_id: format!("spiffe://prod.example/ns/shop/sa/{account}"),
        trust_domain: "prod.example".to_owned(),
        namespace: "shop".to_owned(),
        service_account: account.to_owned(),
        uri_sans: Vec::new(),
    })
}

fn user(subject: &str, groups: &[&str]) -> Identity {
    Identity::User(User {
        issuer: "https://idp.example".to_owned(),
        subject: subject.to_owned(),
        audiences: Vec::new(),
        scopes: Vec::new(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        mfa: false,
        expires_at: None,
        authenticated_at: Some(1_000),
    })
}

fn nobody() -> Identity {
    Identity::Anonymous(Reason::NoCredential)
}

fn call(method: &str, target: &str) -> crate::Call {
    let config: Vec<ServiceConfig> =
        serde_json::from_value(json!([{ "service": "openbao", "mounts": { "secret": "kv2", "kv": "kv1", "transit": "transit", "auth/approle": "approle" } }]))
            .expect("services");
    let services = Services::new(&config).unwrap_or_else(|error| panic!("{error}"));
    let head = head(method, target);
    let service = services
        .guarding(&head, &Facts::default())
        .expect("guarded");
    services
        .classify(service, &head)
        .unwrap_or_else(|refusal| panic!("{method} {target}: {refusal}"))
}

fn head<'a>(method: &'a str, target: &'a str) -> Head<'a> {
    Head {
        method: method.as_bytes(),
        authority: b"bao.internal",
        path: target.as_bytes(),
        headers: &[],
    }
}

fn facts() -> Facts {
    Facts {
        tls: true,
        mtls: true,
        source_address: Some(b"10.1.2.3:4".to_vec()),
        now_ms: 1_795_077_000_000,
        ..Facts::default()
    }
}

fn ask(authorizer: &Authorizer, identities: Vec<Identity>, subject: Subject<'_>) -> Verdict {
    let identities = Identities::new(identities);
    authorizer.decide(&Question {
        identities: &identities,
        subject,
        head: &head("GET", "/v1/x?token=1"),
        facts: &facts(),
    })
}

fn ask_call(authorizer: &Authorizer, identity: Identity, method: &str, target: &str) -> Verdict {
    ask(
        authorizer,
        vec![identity],
        Subject::Call(&call(method, target)),
    )
}

fn ask_field(authorizer: &Authorizer, identity: Identity, target: &str, pointer: &str) -> Verdict {
    ask(
        authorizer,
        vec![identity],
        Subject::Field {
            call: &call("GET", target),
            pointer,
        },
    )
}

fn credential<'a>(kind: &'a str, call: Option<&'a crate::Call>) -> Subject<'a> {
    Subject::Credential(Credential {
        kind,
        category: "source-forge",
        confidence: "high",
        direction: Direction::Response,
        place: Place::Body,
        carrier: "token",
        call,
    })
}

/// `reason: policies`.
fn summary(verdict: &Verdict) -> String {
    assert_eq!(verdict.allowed, verdict.reason == VerdictReason::Permitted);
    format!(
        "{}: {}",
        verdict.reason.as_str(),
        verdict.policies.join(" ")
    )
}

const PAYMENTS: &str = r#"
    @id("read-payments")
    permit (principal in Role::"payments", action in Action::"ReadOnly", resource in Folder::"vault/secret/payments");

    @id("no-private-keys")
    forbid (principal, action == Action::"Reveal", resource is Field in Folder::"vault/secret/payments")
    when { resource.name == "private_key" }
    unless { principal in Role::"custodian" };
"#;

fn roles() -> Value {
    json!([
        { "uid": { "type": "Workload", "id": "spiffe://prod.example/ns/shop/sa/api" }, "parents": [{ "type": "Role", "id": "payments" }] },
        { "uid": { "type": "Workload", "id": "spiffe://prod.example/ns/shop/sa/signer" },
          "parents": [{ "type": "Role", "id": "payments" }, { "type": "Role", "id": "custodian" }] },
    ])
}

#[test]
fn the_base_set_lets_callers_log_in_and_little_else() {
    let base = authorizer("", &json!([]));
    let table = [
        ("POST", "/v1/auth/approle/login", "permitted: base-login"),
        ("GET", "/v1/sys/health", "permitted: base-public"),
        (
            "GET",
            "/v1/auth/token/lookup-self",
            "permitted: base-own-token",
        ),
        (
            "POST",
            "/v1/auth/token/revoke-self",
            "permitted: base-own-token",
        ),
        (
            "GET",
            "/v1/sys/internal/ui/mounts/secret",
            "permitted: base-mount-info",
        ),
        (
            "GET",
            "/v1/secret/data/payments/stripe",
            "no-policy-permits: ",
        ),
        ("LIST", "/v1/secret/metadata", "no-policy-permits: "),
        ("POST", "/v1/auth/token/create", "no-policy-permits: "),
        ("POST", "/v1/auth/token/revoke", "no-policy-permits: "),
        ("GET", "/v1/sys/mounts", "no-policy-permits: "),
        ("GET", "/v1/sys/raw/core", "no-policy-permits: "),
    ];
    for (method, target, expected) in table {
        assert_eq!(
            summary(&ask_call(&base, nobody(), method, target)),
            expected,
            "{method} {target}"
        );
    }
    assert_eq!(
        summary(&ask(
            &base,
            vec![workload("api")],
            credential("github-pat", None)
        )),
        "no-policy-permits: "
    );
    assert_eq!(
        summary(&ask_field(
            &base,
            workload("api"),
            "/v1/secret/data/a",
            "/data/data/x"
        )),
        "permitted: base-reveal-fields"
    );
}

#[test]
fn without_the_base_set_nothing_is_permitted() {
    let bundle: PolicyBundle = serde_json::from_value(json!({ "base": false })).expect("a bundle");
    let empty = Authorizer::new(&bundle).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        summary(&ask_call(
            &empty,
            nobody(),
            "POST",
            "/v1/auth/approle/login"
        )),
        "no-policy-permits: "
    );
}

#[test]
fn roles_come_from_the_operators_entities() {
    let authorizer = authorizer(PAYMENTS, &roles());
    let table = [
        (
            "api",
            "GET",
            "/v1/secret/data/payments/stripe",
            "permitted: read-payments",
        ),
        (
            "api",
            "LIST",
            "/v1/secret/metadata/payments",
            "permitted: read-payments",
        ),
        ("api", "LIST", "/v1/secret/metadata", "no-policy-permits: "),
        (
            "api",
            "POST",
            "/v1/secret/data/payments/stripe",
            "no-policy-permits: ",
        ),
        (
            "api",
            "GET",
            "/v1/secret/data/payments",
            "no-policy-permits: ",
        ),
        (
            "api",
            "GET",
            "/v1/secret/data/paymentsx/stripe",
            "no-policy-permits: ",
        ),
        (
            "web",
            "GET",
            "/v1/secret/data/payments/stripe",
            "no-policy-permits: ",
        ),
    ];
    for (account, method, target, expected) in table {
        assert_eq!(
            summary(&ask_call(&authorizer, workload(account), method, target)),
            expected,
            "{account} {method} {target}"
        );
    }
}

#[test]
fn a_field_can_be_kept_from_those_who_may_read_the_secret() {
    let authorizer = authorizer(PAYMENTS, &roles());
    let table = [
        ("api", "/data/data/user", "permitted: base-reveal-fields"),
        (
            "api",
            "/data/data/private_key",
            "forbidden: no-private-keys",
        ),
        (
            "signer",
            "/data/data/private_key",
            "permitted: base-reveal-fields",
        ),
        (
            "api",
            "/data/data/nested/private_key",
            "permitted: base-reveal-fields",
        ),
    ];
    for (account, pointer, expected) in table {
        let verdict = ask_field(
            &authorizer,
            workload(account),
            "/v1/secret/data/payments/stripe",
            pointer,
        );
        assert_eq!(summary(&verdict), expected, "{account} {pointer}");
    }
}

#[test]
fn a_fields_name_is_the_same_in_every_store() {
    let cedar = r#"@id("by-name") forbid (principal, action == Action::"Reveal", resource is Field) when { resource.name == "key" };"#;
    let authorizer = authorizer(cedar, &json!([]));
    for (target, pointer) in [
        ("/v1/secret/data/a", "/data/data/key"),
        ("/v1/kv/a", "/data/key"),
    ] {
        assert_eq!(
            summary(&ask_field(&authorizer, nobody(), target, pointer)),
            "forbidden: by-name",
            "{target}"
        );
    }
    assert_eq!(
        summary(&ask_field(&authorizer, nobody(), "/v1/kv/a", "/data/keys")),
        "permitted: base-reveal-fields"
    );
}

#[test]
fn a_credential_is_revealed_by_kind_and_place() {
    let cedar = r#"
        @id("forge") permit (principal, action == Action::"Reveal", resource is Credential)
        when { resource.kind == "github-pat" && resource.place == "body" && context.service == "" };
        @id("in-folder") permit (principal, action == Action::"Reveal", resource is Credential in Folder::"vault/secret/ci");
    "#;
    let authorizer = authorizer(cedar, &json!([]));
    assert_eq!(
        summary(&ask(
            &authorizer,
            vec![nobody()],
            credential("github-pat", None)
        )),
        "permitted: forge"
    );
    assert_eq!(
        summary(&ask(
            &authorizer,
            vec![nobody()],
            credential("aws-key", None)
        )),
        "no-policy-permits: "
    );
    let inside = call("GET", "/v1/secret/data/ci/forge");
    assert_eq!(
        summary(&ask(
            &authorizer,
            vec![nobody()],
            credential("aws-key", Some(&inside))
        )),
        "permitted: in-folder"
    );
}

#[test]
fn every_identity_must_be_permitted() {
    let cedar = r#"
        @id("workloads") permit (principal is Workload, action == Action::"Read", resource);
        @id("ops") permit (principal in Group::"ops", action == Action::"Read", resource);
    "#;
    let authorizer = authorizer(cedar, &json!([]));
    let read = call("GET", "/v1/secret/data/a");
    let table = [
        (vec![workload("api")], "permitted: workloads"),
        (
            vec![workload("api"), user("ann", &["ops"])],
            "permitted: ops workloads",
        ),
        (
            vec![workload("api"), user("ann", &[])],
            "no-policy-permits: ",
        ),
        (
            vec![user("ann", &[]), workload("api")],
            "no-policy-permits: ",
        ),
        (vec![workload("api"), nobody()], "no-policy-permits: "),
    ];
    for (identities, expected) in table {
        assert_eq!(
            summary(&ask(&authorizer, identities.clone(), Subject::Call(&read))),
            expected,
            "{identities:?}"
        );
    }
}

#[test]
fn a_policy_that_fails_is_a_refusal_even_if_another_permits() {
    let cedar = r#"
        @id("permit-all") permit (principal is User, action, resource is Secret);
        @id("overflows") forbid (principal, action == Action::"Read", resource) when { context.auth_age_s * 9223372036854775807 > 0 };
    "#;
    let authorizer = authorizer(cedar, &json!([]));
    let verdict = ask_call(&authorizer, user("ann", &[]), "GET", "/v1/secret/data/a");
    assert_eq!(verdict.reason, VerdictReason::PolicyError);
    assert!(!verdict.allowed);
    assert!(
        verdict
            .errors
            .iter()
            .any(|error| error.contains("overflows")),
        "{:?}",
        verdict.errors
    );
    assert_eq!(
        summary(&ask_call(
            &authorizer,
            user("ann", &[]),
            "LIST",
            "/v1/secret/metadata"
        )),
        "permitted: permit-all"
    );
}

#[test]
fn a_guard_rail_on_an_action_group_holds_for_every_call() {
    let cedar = r#"
        @id("permit-all") @allow_unrestricted permit (principal, action, resource);
        @id("guard") forbid (principal is Anonymous, action in Action::"Call", resource);
        @id("mutations") forbid (principal, action in Action::"Mutate", resource);
    "#;
    let authorizer = authorizer(cedar, &json!([]));
    for (method, target) in [
        ("GET", "/v1/secret/data/a"),
        ("GET", "/v1/sys/mounts"),
        ("POST", "/v1/auth/approle/login"),
    ] {
        assert_eq!(
            summary(&ask_call(&authorizer, nobody(), method, target)),
            "forbidden: guard",
            "{target}"
        );
    }
    assert_eq!(
        summary(&ask_call(
            &authorizer,
            workload("api"),
            "DELETE",
            "/v1/secret/metadata/a"
        )),
        "forbidden: mutations"
    );
    assert_eq!(
        summary(&ask_call(
            &authorizer,
            workload("api"),
            "POST",
            "/v1/transit/sign/k"
        )),
        "permitted: permit-all"
    );
}

#[test]
fn the_operators_hierarchy_reaches_through_every_parent_of_a_request() {
    let entities = json!([
        { "uid": { "type": "TrustDomain", "id": "prod.example" }, "parents": [{ "type": "Role", "id": "production" }] },
        { "uid": { "type": "Group", "id": "ops" }, "parents": [{ "type": "Group", "id": "staff" }] },
        { "uid": { "type": "Group", "id": "staff" }, "parents": [{ "type": "Role", "id": "employee" }] },
        { "uid": { "type": "Folder", "id": "vault/secret/payments" }, "parents": [{ "type": "Folder", "id": "pci" }] },
        { "uid": { "type": "Secret", "id": "vault/secret/lone" }, "parents": [{ "type": "Folder", "id": "pci" }], "tags": { "owner": "shop" } },
        { "uid": { "type": "Workload", "id": "spiffe://prod.example/ns/shop/sa/api" }, "tags": { "team": "shop" } },
    ]);
    let cedar = r#"
        @id("production") permit (principal in Role::"production", action == Action::"Read", resource in Folder::"pci");
        @id("employee") permit (principal in Role::"employee", action == Action::"List", resource);
        @id("owner") permit (principal is Workload, action == Action::"Write", resource is Secret)
        when { principal.hasTag("team") && resource.hasTag("owner") && principal.getTag("team") == resource.getTag("owner") };
    "#;
    let authorizer = authorizer(cedar, &entities);
    assert_eq!(
        summary(&ask_call(
            &authorizer,
            workload("web"),
            "GET",
            "/v1/secret/data/payments/stripe"
        )),
        "permitted: production"
    );
    assert_eq!(
        summary(&ask_call(
            &authorizer,
            workload("web"),
            "GET",
            "/v1/secret/data/lone"
        )),
        "permitted: production"
    );
    assert_eq!(
        summary(&ask_call(
            &authorizer,
            workload("web"),
            "GET",
            "/v1/secret/data/other"
        )),
        "no-policy-permits: "
    );
    assert_eq!(
        summary(&ask_call(
            &authorizer,
            user("ann", &["ops"]),
            "LIST",
            "/v1/secret/metadata"
        )),
        "permitted: employee"
    );
    assert_eq!(
        summary(&ask_call(
            &authorizer,
            workload("api"),
            "POST",
            "/v1/secret/data/lone"
        )),
        "permitted: owner"
    );
    assert_eq!(
        summary(&ask_call(
            &authorizer,
            workload("web"),
            "POST",
            "/v1/secret/data/lone"
        )),
        "no-policy-permits: "
    );
}

#[test]
fn what_the_request_proves_wins_over_what_the_operator_writes() {
    let entities = json!([{ "uid": { "type": "Workload", "id": "spiffe://prod.example/ns/shop/sa/api" }, "attrs": { "namespace": "admin" } }]);
    let cedar = r#"@id("admin") permit (principal is Workload, action, resource) when { principal.namespace == "admin" };"#;
    assert_eq!(
        summary(&ask_call(
            &authorizer(cedar, &entities),
            workload("api"),
            "GET",
            "/v1/secret/data/a"
        )),
        "no-policy-permits: "
    );
}

#[test]
fn the_context_says_what_is_known() {
    let cedar = r#"
        @id("context") permit (principal, action == Action::"Read", resource)
        when {
          context.tls && context.mtls && context.method == "GET" && context.host == "bao.internal" && context.path == "/v1/x" &&
          context.source_ip.isInRange(ip("10.0.0.0/8")) && context.service == "vault" && context.auth == "jwt" &&
          context.auth_age_s == 1795076000 && context.expires_in_s == -1 && context.now == datetime("2026-11-19T08:30:00Z")
        };
    "#;
    assert_eq!(
        summary(&ask_call(
            &authorizer(cedar, &json!([])),
            user("ann", &[]),
            "GET",
            "/v1/secret/data/a"
        )),
        "permitted: context"
    );
}

#[test]
fn a_bad_policy_is_refused_with_its_place() {
    let deep = format!(
        "@id(\"x\") permit (principal, action, resource) when {{ {}true{} }};",
        "(".repeat(90),
        ")".repeat(90)
    );
    let table = [
        (
            "@id(\"a\")\npermit (principal, action, resource)\nwhen { tru };",
            "cedar[0]:3:8",
        ),
        (
            "permit (principal, action, resource) when { true",
            "cedar[0]:1:",
        ),
        (
            "\n\npermit (principal == Role::\"x\", action, resource);",
            "cedar[0]:3:1: every policy needs an `@id",
        ),
        (
            "@id(\"a b\") forbid (principal, action, resource);",
            "every policy needs an `@id",
        ),
        (
            "@id(\"a\") forbid (principal, action, resource);\n@id(\"a\") forbid (principal, action, resource);",
            "cedar[0]:2:1: policy `a`: the id is taken by the policy at cedar[0]:1",
        ),
        (
            "@id(\"base-login\") forbid (principal, action, resource);",
            "the id is taken by the policy at base/login.cedar",
        ),
        (
            "@id(\"a\") permit (principal, action, resource);",
            "policy `a`: it permits everything to everyone",
        ),
        (
            "@id(\"a\") permit (principal == ?principal, action, resource);",
            "policy `a`: templates",
        ),
        (
            "@id(\"a\") permit (principal in Rolle::\"x\", action, resource);",
            "policy `a`: ",
        ),
        (
            "@id(\"a\") permit (principal, action == Action::\"Raed\", resource);",
            "policy `a`: ",
        ),
        (
            "@id(\"a\")\npermit (principal is Workload, action, resource)\nwhen { principal.name == \"x\" };",
            "cedar[0]:3:8: policy `a`: ",
        ),
        (
            "@id(\"a\") permit (principal, action, resource is Secret) when { resource.path == 1 };",
            "policy `a`: ",
        ),
        (
            "@id(\"a\") permit (principal is Role, action, resource);",
            "policy `a`: ",
        ),
        (
            "@id(\"a\") permit (principal, action == Action::\"Read\", resource is Field);",
            "policy `a`: ",
        ),
        (
            "@id(\"a\") permit (principal in Role::\"\u{430}dmin\", action, resource);",
            "policy `a`: ",
        ),
        (deep.as_str(), "brackets are nested deeper"),
    ];
    for (cedar, expected) in table {
        let error = Authorizer::new(&bundle(cedar, &json!([])))
            .expect_err(cedar)
            .to_string();
        assert!(error.contains(expected), "{cedar}\n  {error}");
        assert!(
            !error.contains('\n') && !error.contains("for policy"),
            "{error}"
        );
    }
}

#[test]
fn bad_entities_are_refused_with_their_place() {
    let table = [
        (
            json!([{ "id": "x" }]),
            "entities[0]: `uid` must be an object",
        ),
        (
            json!([{ "uid": { "type": "Role", "id": "ok" } }, { "uid": { "type": "Robot", "id": "x" } }]),
            "entities[1]: an entity of type `Robot`",
        ),
        (
            json!([{ "uid": { "type": "Field", "id": "x" } }]),
            "entities[0]: an entity of type `Field`",
        ),
        (
            json!([{ "uid": { "type": "Workload", "id": "api" } }]),
            "`api` is not a SPIFFE id",
        ),
        (
            json!([{ "uid": { "type": "User", "id": "ann" } }]),
            "`ann` is not of the form `issuer|subject`",
        ),
        (
            json!([{ "uid": { "type": "ApiClient", "id": "ci" }, "parents": [{ "type": "Folder", "id": "x" }] }]),
            "entities[0]: ",
        ),
        (
            json!([{ "uid": { "type": "ApiClient", "id": "ci" }, "attrs": { "admin": true } }]),
            "entities[0]: ",
        ),
        (
            json!([{ "uid": { "type": "ApiClient", "id": "ci" }, "tags": { "level": 3 } }]),
            "entities[0]: ",
        ),
    ];
    for (entities, expected) in table {
        let error = Authorizer::new(&bundle("", &entities))
            .expect_err("refused")
            .to_string();
        assert!(error.contains(expected), "{entities}\n  {error}");
    }
}

#[test]
fn slices_change_no_answer() {
    let scopes = [
        "action",
        "action == Action::\"Read\"",
        "action in Action::\"Mutate\"",
        "action in Action::\"Call\"",
        "action in [Action::\"List\", Action::\"Access\"]",
    ];
    let mut cedar = String::new();
    for (index, scope) in scopes.iter().enumerate() {
        for (effect, condition) in [
            ("permit", "when { context.tls }"),
            ("forbid", "when { context.sub_action == \"scan\" }"),
        ] {
            cedar.push_str(&format!(
                "@id(\"{effect}-{index}\") {effect} (principal, {scope}, resource) {condition};\n"
            ));
        }
    }
    let sliced = authorizer(&cedar, &json!([]));
    let mut whole = authorizer(&cedar, &json!([]));
    let (schema, _) = Schema::from_cedarschema_str(embedded::SCHEMA).expect("the schema");
    let all = policies::load(&sources(&bundle(&cedar, &json!([]))), &schema).expect("policies");
    let all = Arc::new(PolicySet::from_policies(all).expect("a set"));
    whole
        .slices
        .values_mut()
        .for_each(|slice| *slice = Arc::clone(&all));
    let calls = [
        ("GET", "/v1/secret/data/a"),
        ("LIST", "/v1/secret/metadata"),
        ("SCAN", "/v1/secret/metadata"),
        ("POST", "/v1/secret/data/a"),
        ("DELETE", "/v1/secret/data/a"),
        ("POST", "/v1/transit/sign/k"),
        ("GET", "/v1/sys/mounts"),
        ("POST", "/v1/auth/approle/login"),
    ];
    for (method, target) in calls {
        assert_eq!(
            ask_call(&sliced, nobody(), method, target),
            ask_call(&whole, nobody(), method, target),
            "{method} {target}"
        );
    }
    assert_eq!(
        ask(&sliced, vec![nobody()], credential("x", None)),
        ask(&whole, vec![nobody()], credential("x", None))
    );
    assert!(
        sliced
            .slices
            .values()
            .any(|slice| slice.num_of_policies() < all.num_of_policies())
    );
}

#[test]
fn the_deepest_policy_that_is_accepted_can_be_evaluated() {
    let nested = format!(
        "{}context.tls{}",
        "(".repeat(depth::DEEPEST - 1),
        ")".repeat(depth::DEEPEST - 1)
    );
    let long = "context.tls || ".repeat(depth::MOST_OPERATORS / 2 - 2);
    let cedar = format!(
        "@id(\"nested\") permit (principal, action == Action::\"Read\", resource) when {{ {nested} }};
         @id(\"long\") permit (principal, action == Action::\"List\", resource) when {{ {long} context.tls }};"
    );
    let authorizer = authorizer(&cedar, &json!([]));
    assert_eq!(
        summary(&ask_call(&authorizer, nobody(), "GET", "/v1/secret/data/a")),
        "permitted: nested"
    );
    assert_eq!(
        summary(&ask_call(
            &authorizer,
            nobody(),
            "LIST",
            "/v1/secret/metadata"
        )),
        "permitted: long"
    );
}
