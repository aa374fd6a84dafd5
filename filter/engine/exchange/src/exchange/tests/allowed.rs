use super::*;

const KEY: &str = "a key of 16 bytes";
/// Of [`token`], as `openssl dgst -sha256 -hmac` prints it.
const HMAC: &str = "4501ab89b46be5147bf7a32d633e772f0645d696dca869fc5f4557998317f8f3";

fn allowing(entries: &Value) -> Value {
    json!({"redaction": {"rules": {"allow": entries}, "mask": {"key": KEY}}})
}

/// What comes out of a response to a request for a path.
fn answer(config: &Value, path: &str) -> (String, Value, Vec<Count>) {
    let (mut exchange, _) =
        Exchange::request_headers(shared(config), get(path, &[]), facts(), true, 7);
    let text = format!("see {} here", token());
    let (_, out) = respond(&mut exchange, &[("x-id", &token())], &[text.as_bytes()]);
    let record = exchange.finish(&Ended::default());
    let audit = serde_json::from_str(&record.log_line.unwrap()).unwrap();
    (
        String::from_utf8(out.unwrap()).unwrap(),
        audit,
        record.counts,
    )
}

#[test]
fn what_meets_all_conditions_passes_and_is_told() {
    for (entry, path, passes) in [
        (json!({"kinds": ["github-pat"]}), "/", true),
        (json!({"kinds": ["jwt", "github-pat"]}), "/", true),
        (json!({"kinds": ["jwt"]}), "/", false),
        (json!({"path": "/docs"}), "/docs/a?b=c", true),
        (json!({"path": "/docs"}), "/docs/../a", false),
        (json!({"path": "/docs"}), "/", false),
        (json!({"value_hmac_sha256": HMAC}), "/", true),
        (json!({"value_hmac_sha256": "00".repeat(32)}), "/", false),
        (
            json!({"kinds": ["github-pat"], "path": "/docs", "value_hmac_sha256": HMAC}),
            "/docs",
            true,
        ),
        (
            json!({"kinds": ["github-pat"], "path": "/docs"}),
            "/",
            false,
        ),
        (json!({"carrier": "x-id"}), "/", false),
    ] {
        let mut entry = entry;
        entry["reason"] = json!("an example of the manual");
        let (out, audit, counts) = answer(&allowing(&json!([entry])), path);
        assert_eq!(out.contains(&token()), passes, "{entry}: {out}");
        let lines = audit["redactions"].as_array().unwrap();
        let of = |line: &&Value| line["kind"] == "github-pat" && line["place"] == "body";
        let line = lines.iter().find(of).unwrap();
        if passes {
            assert_eq!(line["action"], "allowed");
            assert_eq!(line["reason"], "an example of the manual");
        } else {
            assert_eq!(line["action"], "masked");
            assert!(line.get("reason").is_none());
        }
        let is_allowed = |count: &Count| count.labels.contains(&("action", "allowed".to_owned()));
        let in_header = entry["carrier"] == "x-id";
        assert_eq!(
            counts.iter().any(is_allowed),
            passes || in_header,
            "{entry}"
        );
    }
}

#[test]
fn a_header_is_a_carrier() {
    let config = allowing(&json!([{"carrier": "X-Id", "reason": "a public id"}]));
    let (mut exchange, _) = begin(&config, get("/", &[]));
    let headers = [("x-id", &*token()), ("x-other", &*token())];
    let (step, _) = respond(&mut exchange, &headers, &[]);
    let Step::Replace(headers) = step else {
        panic!("{step:?}");
    };
    let value = |nth: usize| String::from_utf8(headers[nth].1.clone()).unwrap();
    assert_eq!(value(0), token());
    assert!(
        value(1).starts_with("[REDACTED:github-pat:"),
        "{}",
        value(1)
    );
}

#[test]
fn what_is_allowed_is_not_blocked_and_stays_masked_in_logs() {
    let mut config = allowing(&json!([{"kinds": ["github-pat"], "reason": "a test"}]));
    config["redaction"]["block"] = json!(["source-forge"]);
    let (mut exchange, _) = begin(&config, get(&format!("/{}", token()), &[]));
    let (_, out) = respond(&mut exchange, &[], &[token().as_bytes()]);
    assert_eq!(out.unwrap(), token().as_bytes());
    let record = exchange.finish(&Ended::default());
    assert!(!format!("{record:?}").contains(&token()));
}

#[test]
fn an_entry_that_cannot_be_used_is_refused() {
    for (entry, said) in [
        (json!({"reason": "a"}), "allow[0]`: has no condition"),
        (json!({"kinds": [], "reason": "a"}), "has no condition"),
        (json!({"kinds": ["jwt"]}), "allow[0].reason`: is missing"),
        (
            json!({"kinds": ["jwt"], "reason": " "}),
            "reason`: is missing",
        ),
        (
            json!({"kinds": ["jot"], "reason": "a"}),
            "`jot` is the kind of no rule",
        ),
        (json!({"path": "docs", "reason": "a"}), "is no path"),
        (json!({"path": "/a/../b", "reason": "a"}), "is no path"),
        (json!({"path": "/a?b", "reason": "a"}), "is no path"),
        (json!({"carrier": "", "reason": "a"}), "carrier`: is empty"),
        (
            json!({"value_hmac_sha256": "s3cr3t", "reason": "a"}),
            "64 hexadecimal digits",
        ),
        (json!({"value": "s3cr3t", "reason": "a"}), "unknown field"),
    ] {
        let config = allowing(&json!([entry])).to_string();
        let message = Engine::configure(config.as_bytes())
            .err()
            .unwrap()
            .to_string();
        assert!(message.contains(said), "{message}");
        assert!(!message.contains("s3cr3t"), "{message}");
    }
    let mut config = allowing(&json!([{"value_hmac_sha256": HMAC, "reason": "a"}]));
    config["redaction"]["mask"] = json!({});
    let message = Engine::configure(config.to_string().as_bytes());
    let message = message.err().unwrap().to_string();
    assert!(message.contains("without the key"), "{message}");
}
