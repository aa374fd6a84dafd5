//! Every configuration that the documentation shows is one, apart from what it leaves for the reader to fill in.
#![expect(
    clippy::disallowed_methods,
    reason = "a test reads the documentation from disk"
)]
#![expect(clippy::expect_used, reason = "a test ends where a page is wrong")]

use std::fs;
use std::path::Path;

use serde_json::Value;
use veilgate_exchange::Engine;

#[test]
fn the_configuration_of_the_operating_manual_is_accepted() {
    let page = page("docs/operating.md");
    let shown = between(&page, "```json\n", "```");
    accept(shown);
}

#[test]
fn the_configuration_of_the_readme_is_accepted() {
    let page = page("README.md");
    let shown = between(&page, "value: |\n", "```");
    accept(shown);
}

#[test]
fn every_field_in_the_manuals_table_exists() {
    let page = page("docs/operating.md");
    let table = between(&page, "|---|---|---|---|\n", "\n\n");
    let mut checked = 0;
    for row in table.lines() {
        let field = between(row, "`", "`");
        let path: Vec<&str> = field.split('.').collect();
        // A misspelt last name is refused as unknown; a known one is refused for its type or accepted.
        let error = configure(&nest(&path, Value::from(f64::MAX)))
            .err()
            .unwrap_or_default();
        assert!(!error.contains("unknown field"), "{field}: {error}");
        checked += 1;
    }
    assert!(checked > 25, "{checked} fields are listed");
    let misspelt = configure(&nest(&["services[]", "nmae"], Value::from(1)));
    assert!(misspelt.is_err_and(|error| error.contains("unknown field")));
}

fn nest(path: &[&str], leaf: Value) -> Value {
    let Some((name, rest)) = path.split_first() else {
        return leaf;
    };
    let inner = nest(rest, leaf);
    let (name, value) = match name.strip_suffix("[]") {
        Some(name) => (name, Value::Array(vec![inner])),
        None => (*name, inner),
    };
    Value::Object([(name.to_owned(), value)].into_iter().collect())
}

fn accept(shown: &str) {
    let filled = shown
        .replace("<64 hex>", &"0".repeat(64))
        .replace("<at least 16 bytes>", &"k".repeat(16))
        .replace("\"...\"", "\"\"");
    let config: Value = serde_json::from_str(&filled).expect("JSON");
    let error = configure(&config).err();
    assert!(error.is_none(), "{error:?}\n{shown}");
}

fn configure(config: &Value) -> Result<Engine, String> {
    Engine::configure(config.to_string().as_bytes()).map_err(|error| error.to_string())
}

fn page(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    fs::read_to_string(root.join(name)).expect(name)
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let (_, rest) = text.split_once(start).expect(start);
    rest.split_once(end).expect(end).0
}
