//! The JSON of a guarded secret: what is no JSON fails, and what is comes to what the parsed document says.
#![no_main]

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use veilgate_fuzz::{Input, masker};
use veilgate_redact::{Finding, Framing, Judge, Limits, RedactError, Redactor, RuleSet, Treatment};

/// Without rules, so that only fields are masked.
static NO_RULES: LazyLock<Arc<RuleSet>> =
    LazyLock::new(|| Arc::new(RuleSet::builder().build().expect("no rules are rules")));

const ROOTS: [&[&str]; 4] = [&[""], &["/data"], &["/a", "/b/0"], &["/data/data", "/data"]];

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::new(data, &[veilgate_fuzz::Encoding::Json], b"", b"") else {
        return;
    };
    let roots = ROOTS[usize::from(input.choice % 4)];
    let whole = run(roots, &[&input.text]);
    assert_eq!(
        run(roots, &input.pieces(&input.text)),
        whole,
        "cut up it comes to something else"
    );
    let parsed: Result<Value, _> = serde_json::from_slice(&input.text);
    match (parsed, whole.1) {
        (Ok(mut document), Ok(())) => {
            mask(&mut document, &mut String::new(), roots, false);
            let out: Value = serde_json::from_slice(&whole.0).expect("the output is JSON");
            assert_eq!(out, document);
        }
        // Nesting, names and fields have bounds.
        (Ok(_), Err(error)) => assert!(matches!(error, RedactError::Limit(_)), "{error}"),
        // Nothing at all is the body of an answer without one; numbers beyond 64 bits are for serde_json no numbers.
        (Err(error), Ok(())) => assert!(
            input.text.trim_ascii().is_empty()
                || error.to_string().contains("number out of range")
                || error.to_string().contains("surrogate")
                || error.to_string().contains("hex escape")
                || error.to_string().contains("unicode code point"),
            "{error}"
        ),
        (Err(_), Err(_)) => {}
    }
});

fn run(roots: &[&str], pieces: &[&[u8]]) -> (Vec<u8>, Result<(), RedactError>) {
    let framing = Framing::Fields {
        roots: roots.iter().map(|root| (*root).to_owned()).collect(),
    };
    let mut redactor = Redactor::new(
        Arc::clone(&NO_RULES),
        Arc::clone(masker()),
        framing,
        Limits::default(),
    );
    let mut out = Vec::new();
    let result = pieces
        .iter()
        .try_for_each(|piece| redactor.write(piece, &mut Coin, &mut out))
        .and_then(|()| redactor.end(&mut Coin, &mut out));
    (out, result)
}

/// The document as it must come out: every field below a root that the judge does not reveal is a mask.
fn mask(value: &mut Value, pointer: &mut String, roots: &[&str], asked: bool) {
    let scalar = !value.is_object() && !value.is_array();
    let field = roots.iter().any(|root| match pointer.strip_prefix(root) {
        Some("") => scalar,
        Some(below) => below.starts_with('/'),
        None => false,
    });
    if field && Coin.field(pointer) == Treatment::Mask {
        *value = Value::from("[REDACTED:field]");
        return;
    }
    let length = pointer.len();
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                mask(member, pointer, roots, asked);
                pointer.truncate(length);
            }
        }
        Value::Array(items) => {
            for (nth, item) in items.iter_mut().enumerate() {
                pointer.push_str(&format!("/{nth}"));
                mask(item, pointer, roots, asked);
                pointer.truncate(length);
            }
        }
        _ => {}
    }
}

/// Reveals every other pointer.
struct Coin;

impl Judge for Coin {
    fn treat(&mut self, _: &Finding<'_>) -> Treatment {
        Treatment::Mask
    }

    fn field(&mut self, pointer: &str) -> Treatment {
        let mut hasher = DefaultHasher::new();
        pointer.hash(&mut hasher);
        if hasher.finish() % 2 == 0 {
            Treatment::Reveal
        } else {
            Treatment::Mask
        }
    }
}
