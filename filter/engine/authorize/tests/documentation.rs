//! Every policy that the documentation shows can be loaded.
#![expect(
    clippy::disallowed_methods,
    reason = "a test reads the documentation from disk"
)]

use std::fs;
use std::path::Path;

use veilgate_authorize::{Authorizer, PolicyBundle, Texts};

#[test]
fn every_policy_that_the_documentation_shows_loads() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    for (page, least) in [("README.md", 1), ("docs/writing-policies.md", 3)] {
        let text = fs::read_to_string(root.join(page)).expect(page);
        let policies = blocks(&text, "cedar");
        assert!(
            policies.len() >= least,
            "{page} shows {} policies",
            policies.len()
        );
        for policy in policies {
            let bundle = PolicyBundle {
                cedar: Texts(vec![policy.clone()]),
                entities: Vec::new(),
                base: true,
            };
            let loaded = Authorizer::new(&bundle).err();
            assert!(loaded.is_none(), "{page}: {loaded:?}\n{policy}");
        }
    }
}

#[test]
fn the_entities_that_the_documentation_shows_load() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let text = fs::read_to_string(root.join("docs/writing-policies.md")).expect("the page");
    let entities = blocks(&text, "json");
    assert_eq!(entities.len(), 1, "one list of entities is shown");
    for shown in entities {
        let bundle = PolicyBundle {
            cedar: Texts(Vec::new()),
            entities: serde_json::from_str(&shown).expect("JSON"),
            base: true,
        };
        let loaded = Authorizer::new(&bundle).err();
        assert!(loaded.is_none(), "{loaded:?}\n{shown}");
    }
}

/// Contents of the fenced blocks of one language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line.strip_prefix("```") == Some(language) {
            let block: Vec<&str> = lines
                .by_ref()
                .take_while(|line| !line.starts_with("```"))
                .collect();
            blocks.push(block.join("\n"));
        }
    }
    blocks
}
