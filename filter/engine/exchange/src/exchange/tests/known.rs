use super::*;

const VALUE: &str = "Inj3cted/upstream-key";
const KEY: &str = "a key of 16 bytes";
const HMAC: &str = "cfff1ee09a7b34c29e958e92097becf4b60b986ddc3d58160bba3dfc31427e06";
const CRC: &str = "c500";

fn knowing(entry: &Value) -> Value {
    json!({"redaction": {"known": [entry], "mask": {"key": KEY}}})
}

fn refused(config: &Value) -> String {
    let refused = Engine::configure(config.to_string().as_bytes());
    refused.err().unwrap().to_string()
}

#[test]
fn a_registered_value_is_masked_in_bodies_and_headers() {
    // The hashes as `openssl dgst -sha256 -hmac` and `gzip` print them.
    let entries = [
        json!({"name": "upstream-key", "value": VALUE}),
        json!({"name": "upstream-key", "length": 21, "hmac_sha256": HMAC, "crc": CRC}),
    ];
    for entry in entries {
        let (mut exchange, _) = begin(&knowing(&entry), get("/", &[]));
        let echo = format!("{{\"you_sent\": \"{VALUE}\"}}");
        let headers = [("content-type", "application/json"), ("x-echo", VALUE)];
        let (a, b) = echo.as_bytes().split_at(20);
        let (step, body) = respond(&mut exchange, &headers, &[a, b]);
        let body = String::from_utf8(body.unwrap()).unwrap();
        assert!(
            body.starts_with("{\"you_sent\": \"[REDACTED:upstream-key:"),
            "{body}"
        );
        assert!(!format!("{step:?}").contains(VALUE));
        let record = exchange.finish(&Ended::default()).log_line.unwrap();
        assert!(
            record.contains("upstream-key") && !record.contains(VALUE),
            "{record}"
        );
    }
}

#[test]
fn a_registered_value_can_be_blocked() {
    let config = json!({"redaction": {"known": [{"name": "upstream-key", "value": VALUE}], "block": ["known-value"]}});
    let (mut exchange, _) = begin(&config, get("/", &[]));
    let text = format!("key: {VALUE} and more text behind it, which does not go on");
    let (_, body) = respond(&mut exchange, &[], &[text.as_bytes(), b""]);
    assert!(body.is_err());
}

#[test]
fn an_entry_that_cannot_be_used_is_refused_without_the_value() {
    for (entry, said) in [
        (
            json!({"name": "a", "value": "s3cr3t"}),
            "`value`: is of 6 bytes",
        ),
        (
            json!({"name": "A", "value": "s3cr3t-value"}),
            "`name`: is not made of",
        ),
        (
            json!({"name": "jwt", "value": "s3cr3t-value"}),
            "`name`: is already the kind of a rule",
        ),
        (
            json!({"name": "a", "value": "s3cr3t-value", "length": 12}),
            "stands beside",
        ),
        (
            json!({"name": "a", "length": 12}),
            "`hmac_sha256`: is missing",
        ),
        (
            json!({"name": "a", "length": 21, "hmac_sha256": HMAC}),
            "`crc`: is missing",
        ),
        (
            json!({"name": "a", "length": 21, "hmac_sha256": "s3cr3t", "crc": CRC}),
            "64 hexadecimal digits",
        ),
        (
            json!({"name": "a", "length": 21, "hmac_sha256": HMAC, "crc": "s3cr3t"}),
            "4 hexadecimal digits",
        ),
    ] {
        let message = refused(&knowing(&entry));
        assert!(
            message.contains("at `redaction.known`") && message.contains(said),
            "{message}"
        );
        assert!(!message.contains("s3cr3t"), "{message}");
    }
    let unknown = refused(&knowing(&json!({"name": "a", "hash": "s3cr3t-value"})));
    assert!(
        unknown.contains("`redaction.known[0]") && !unknown.contains("s3cr3t"),
        "{unknown}"
    );
    let hashed = json!({"name": "a", "length": 21, "hmac_sha256": HMAC, "crc": CRC});
    let message = refused(&json!({"redaction": {"known": [hashed]}}));
    assert!(message.contains("without the key"), "{message}");
}

#[test]
fn what_cannot_be_held_is_refused() {
    let long = "s3cr3t".repeat(100);
    let mut config = knowing(&json!({"name": "a", "value": long}));
    config["limits"] = json!({"held_bytes": 1024});
    let message = refused(&config);
    assert!(
        message.contains("`limits.held_bytes`") && !message.contains("s3cr3t"),
        "{message}"
    );
    config["limits"] = json!({"held_bytes": 2048});
    engine(&config);
}
