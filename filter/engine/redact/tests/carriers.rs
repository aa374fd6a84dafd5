//! The examples of every rule in every part of a request or response that a scrubber sees.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "to clippy the helpers of tests are no tests"
)]

mod support;

use veilgate_redact::{Sample, Scrubber};

use support::{Answers, masker, rules};

/// A request target, or a header by its name, around an example; `{}` stands for the example percent-encoded, `{raw}` for the example itself.
const CARRIERS: [(&str, &str); 19] = [
    ("target", "/x?page=1&note={}"),
    ("target", "/x?page=1&note={raw}"),
    ("target", "/v1/secret/data/{}"),
    ("target", "/v1/secret/data/{raw}?list=true"),
    ("target", "/v1/secret/data/{}.json"),
    ("target", "/x?redirect=https%3A%2F%2Fapp.test%2F%23{}"),
    ("target", "/x?redirect=https%3A%2F%2Fapp.test%2F{twice}"),
    ("target", "/x#{}"),
    ("authorization", "Bearer {raw}"),
    ("cookie", "theme=dark; session={}"),
    ("cookie", "theme=dark; choice={}; lang=en"),
    ("set-cookie", "a={raw}; Path=/"),
    ("referer", "https://app.test/cb?state=1&t={}"),
    ("referer", "https://app.test/{}"),
    ("location", "https://app.test/cb?a=1&v={}#done"),
    ("user-agent", "tool/1.0 ({raw})"),
    ("user-agent", "tool/{raw} (x)"),
    ("x-forwarded-secret", "{raw}"),
    ("x-original-uri", "/x/{}"),
];

#[test]
fn every_example_is_masked_in_every_carrier() {
    let samples = rules().corpus();
    let failures: Vec<String> = samples
        .iter()
        .filter(|sample| sample.text.bytes().all(|byte| (0x20..0x7f).contains(&byte)))
        .flat_map(|sample| CARRIERS.map(|(name, template)| (sample, name, template)))
        .filter_map(|(sample, name, template)| leak(sample, name, template))
        .collect();
    assert!(
        failures.is_empty(),
        "{} leaks\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn leak(sample: &Sample, name: &str, template: &str) -> Option<String> {
    let masker = masker();
    let scrubber = Scrubber::new(rules(), &masker);
    let value = template
        .replace("{}", &percent(&sample.text))
        .replace("{twice}", &percent(&percent(&sample.text)))
        .replace("{raw}", &sample.text);
    let judge = &mut Answers::default();
    let out = match name {
        "target" => scrubber.target(value.as_bytes(), judge),
        name => scrubber.header(name.as_bytes(), value.as_bytes(), judge),
    };
    let out = out
        .unwrap()
        .map_or(value, |out| String::from_utf8(out).unwrap());
    let mut forms = vec![sample.secret.clone()];
    forms.push(percent(&forms[0]));
    forms.push(percent(&forms[1]));
    forms
        .iter()
        .any(|form| out.contains(form.as_str()))
        .then(|| format!("{} in {name}: {out}", sample.kind))
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
