//! What the build without policies does in their place.

use super::*;

#[test]
fn a_field_for_the_gate_is_refused_by_its_name() {
    for (field, value) in [
        (
            "policy",
            json!({ "cedar": "permit (principal, action, resource);" }),
        ),
        ("policy", json!(null)),
        ("services", json!([])),
        ("services", json!([{ "service": "openbao" }])),
        ("identity", json!({ "jwt": {} })),
    ] {
        let config = json!({ field: value }).to_string();
        let error = Engine::configure(config.as_bytes()).err().unwrap();
        let error = error.to_string();
        assert!(
            error.contains(&format!("`{field}`")) && error.contains("`veilgate.wasm`"),
            "{error}"
        );
    }
}

#[test]
fn nothing_is_revealed_and_nobody_is_named() {
    let secret = get(
        "/v1/secret/data/payments/stripe",
        &[("x-api-key", &token())],
    );
    let (mut exchange, step) = begin(&json!({}), secret);
    assert_eq!(step, Step::Forward);
    let (_, out) = respond(
        &mut exchange,
        &[(":status", "200"), ("content-type", "application/json")],
        &[token().as_bytes()],
    );
    assert_eq!(out.unwrap(), b"[REDACTED:github-pat]");
    let audit = audit(exchange);
    assert_eq!(
        (&audit["verdict"], &audit["identities"], &audit["call"]),
        (&json!("none"), &json!([]), &Value::Null)
    );
    assert_eq!(audit["redactions"][0]["action"], "masked");
}
