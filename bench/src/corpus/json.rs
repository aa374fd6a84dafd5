//! JSON as APIs send it: orders, Kubernetes pods, chat completions, places.

use std::fmt::Write as _;

use super::random::Random;

/// Documents of four APIs in turn, one to a line, until there are `length` bytes.
pub(crate) fn documents(seed: u64, length: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut text = String::new();
    while text.len() < length {
        match random.within(0, 4) {
            0 => order(&mut random, &mut text),
            1 => pods(&mut random, &mut text),
            2 => chat(&mut random, &mut text),
            _ => places(&mut random, &mut text),
        }
        text.push('\n');
    }
    text.truncate(length);
    text.into_bytes()
}

/// Uploads: objects with files of 20 to 300 KB in base64.
pub(crate) fn blobs(seed: u64, length: usize) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut random = Random::new(seed);
    let mut text = String::new();
    while text.len() < length {
        let size = random.size(20_000, 300_000) / 4 * 4;
        let _infallible = write!(
            text,
            r#"{{"id":"{}","name":"{}-{}.pdf","mime":"application/pdf","size":{size},"uploaded":"{}","content":"{}"}}"#,
            random.uuid(),
            random.word(),
            random.within(1, 9999),
            random.time(),
            random.text(ALPHABET, size),
        );
        text.push('\n');
    }
    text.truncate(length);
    text.into_bytes()
}

fn order(random: &mut Random, text: &mut String) {
    let _infallible = write!(
        text,
        r#"{{"id":{},"order_number":"SO-{}","created_at":"{}","currency":"{}","customer":{{"id":{},"first_name":"{}","email":"{}.{}@example.com","phone":"+1-555-{:04}","addresses":["#,
        random.within(1_000_000, 9_999_999),
        random.within(10_000, 99_999),
        random.time(),
        random.one(&["EUR", "USD", "GBP", "JPY"]),
        random.within(1, 999_999),
        random.word(),
        random.word(),
        random.word(),
        random.within(0, 10_000),
    );
    for nth in 0..random.within(1, 4) {
        let _infallible = write!(
            text,
            r#"{}{{"line1":"{} {} street","city":"{}","postal_code":"{:05}","country":"{}","default":{}}}"#,
            comma(nth),
            random.within(1, 400),
            random.word(),
            random.word(),
            random.within(0, 99_999),
            random.one(&["DE", "FR", "US", "JP"]),
            nth == 0,
        );
    }
    text.push_str(r#"]},"line_items":["#);
    for nth in 0..random.within(1, 12) {
        let _infallible = write!(
            text,
            r#"{}{{"sku":"{}-{}","title":"{}","quantity":{},"unit_price":"{}.{:02}","taxable":true,"properties":{{"color":"{}","size":"{}"}},"image_url":"https://cdn.example.com/images/{}/{}.jpg?v={}"}}"#,
            comma(nth),
            random.text(b"ABCDEFGHJKLMNPQRSTUVWXYZ", 3),
            random.within(1000, 9999),
            random.sentence(4),
            random.within(1, 9),
            random.within(1, 400),
            random.within(0, 100),
            random.word(),
            random.one(&["S", "M", "L", "XL"]),
            random.word(),
            random.hex(12),
            random.within(1_600_000_000, 1_700_000_000),
        );
    }
    let _infallible = write!(
        text,
        r#"],"total":"{}.{:02}","status":"{}","note":{},"tracking":{{"carrier":"{}","number":"{}"}},"tags":["{}","{}"]}}"#,
        random.within(10, 4000),
        random.within(0, 100),
        random.one(&["paid", "pending", "refunded", "fulfilled"]),
        random.one(&[
            "null",
            "\"leave at the door\"",
            "\"\"",
            "\"ring twice\\nthen wait\""
        ]),
        random.one(&["dhl", "ups", "fedex"]),
        random.text(b"0123456789", 18),
        random.word(),
        random.word(),
    );
}

fn pods(random: &mut Random, text: &mut String) {
    let _infallible = write!(
        text,
        r#"{{"kind":"PodList","apiVersion":"v1","metadata":{{"resourceVersion":"{}","continue":""}},"items":["#,
        random.within(100_000, 99_999_999)
    );
    for nth in 0..random.within(1, 8) {
        let app = random.word();
        let _infallible = write!(
            text,
            r#"{}{{"metadata":{{"name":"{app}-{}-{}","namespace":"{}","uid":"{}","creationTimestamp":"{}","labels":{{"app.kubernetes.io/name":"{app}","pod-template-hash":"{}"}},"annotations":{{"prometheus.io/scrape":"true","checksum/config":"{}"}},"ownerReferences":[{{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"{app}-{}","controller":true}}]}},"spec":{{"containers":[{{"name":"{app}","image":"registry.example.com/{app}:v{}.{}.{}@sha256:{}","ports":[{{"containerPort":8080,"protocol":"TCP"}}],"env":[{{"name":"LOG_LEVEL","value":"info"}},{{"name":"{}_URL","valueFrom":{{"configMapKeyRef":{{"name":"{app}","key":"url"}}}}}},{{"name":"DB_PASSWORD","valueFrom":{{"secretKeyRef":{{"name":"{app}-db","key":"password"}}}}}}],"resources":{{"limits":{{"cpu":"500m","memory":"{}Mi"}}}},"volumeMounts":[{{"name":"kube-api-access-{}","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}}],"imagePullPolicy":"IfNotPresent"}}],"restartPolicy":"Always","serviceAccountName":"{app}","nodeName":"ip-10-0-{}-{}.eu-central-1.compute.internal"}},"status":{{"phase":"Running","conditions":[{{"type":"Ready","status":"True","lastProbeTime":null,"lastTransitionTime":"{}"}}],"hostIP":"{}","podIP":"{}","containerStatuses":[{{"containerID":"containerd://{}","ready":true,"restartCount":{}}}],"qosClass":"Burstable"}}}}"#,
            comma(nth),
            random.hex(10),
            random.text(b"bcdfghjklmnpqrstvwxz2456789", 5),
            random.word(),
            random.uuid(),
            random.time(),
            random.hex(10),
            random.hex(64),
            random.hex(10),
            random.within(0, 9),
            random.within(0, 40),
            random.within(0, 20),
            random.hex(64),
            random.word().to_ascii_uppercase(),
            random.within(64, 4096),
            random.text(b"bcdfghjklmnpqrstvwxz2456789", 5),
            random.within(0, 256),
            random.within(0, 256),
            random.time(),
            random.ip(),
            random.ip(),
            random.hex(64),
            random.within(0, 5),
        );
    }
    text.push_str("]}");
}

fn chat(random: &mut Random, text: &mut String) {
    const ID: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let _infallible = write!(
        text,
        r#"{{"id":"chatcmpl-{}","object":"chat.completion","created":{},"model":"large-4o-2026-01","choices":[{{"index":0,"message":{{"role":"assistant","content":""#,
        random.text(ID, 29),
        random.within(1_700_000_000, 1_790_000_000),
    );
    for _ in 0..random.within(1, 14) {
        let words = random.size(4, 22);
        text.push_str(&random.sentence(words));
        text.push_str(random.one(&[
            " ",
            "\\n\\n",
            "\\n- ",
            " \\\"quoted\\\" ",
            " caf\u{e9} ",
            " `code` ",
        ]));
    }
    let prompt = random.within(20, 4000);
    let completion = random.within(20, 900);
    let _infallible = write!(
        text,
        r#""}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":{prompt},"completion_tokens":{completion},"total_tokens":{}}},"system_fingerprint":"fp_{}"}}"#,
        prompt + completion,
        random.hex(10),
    );
}

fn places(random: &mut Random, text: &mut String) {
    text.push_str(r#"{"type":"FeatureCollection","features":["#);
    for nth in 0..random.within(2, 20) {
        let _infallible = write!(
            text,
            r#"{}{{"type":"Feature","id":"way/{}","properties":{{"name":"{} {}","highway":"{}","maxspeed":"{}","surface":"asphalt"}},"geometry":{{"type":"LineString","coordinates":["#,
            comma(nth),
            random.within(1_000_000, 999_999_999),
            random.word(),
            random.word(),
            random.one(&["residential", "primary", "service", "footway"]),
            random.within(2, 13) * 10,
        );
        for point in 0..random.within(2, 24) {
            let _infallible = write!(
                text,
                "{}[{}.{:07},{}.{:07}]",
                comma(point),
                random.within(5, 15),
                random.within(0, 9_999_999),
                random.within(45, 55),
                random.within(0, 9_999_999),
            );
        }
        text.push_str("]}}");
    }
    text.push_str("]}");
}

fn comma(nth: u64) -> &'static str {
    if nth == 0 { "" } else { "," }
}
