//! The invariants of ARCHITECTURE.md that a look at the sources can check.

#![expect(
    clippy::unwrap_used,
    reason = "a source tree that cannot be read is a failed test"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

#[test]
fn only_the_cedar_module_names_cedar() {
    let strays = lines(&["rs"], |path, line| {
        line.contains("cedar_policy") && !path.starts_with("filter/engine/authorize/src/cedar/")
    });
    assert_eq!(strays, Vec::<String>::new());
}

#[test]
fn unsafe_code_lives_where_it_is_said_to() {
    let strays = lines(&["rs"], |path, line| {
        let code = line.trim_start();
        !code.starts_with("//")
            && [
                "unsafe {",
                "unsafe fn",
                "unsafe extern",
                "unsafe impl",
                "#[unsafe(",
            ]
            .iter()
            .any(|word| code.contains(word))
            && !path.starts_with("filter/proxy-wasm/src/host.rs")
            && !path.starts_with("filter/engine/redact/src/scan/prefilter/lane/")
            // Benchmarks ship with nothing.
            && !path.starts_with("bench/")
    });
    assert_eq!(strays, Vec::<String>::new());
}

#[test]
fn the_harness_knows_the_filter_only_through_the_abi() {
    let manifest = fs::read_to_string(root().join("harness/Cargo.toml")).unwrap();
    for engine in [
        "veilgate-redact",
        "veilgate-authorize",
        "veilgate-exchange",
        "veilgate-proxy-wasm",
    ] {
        assert!(
            !manifest.contains(engine),
            "harness/Cargo.toml names {engine}"
        );
    }
}

#[test]
fn redaction_never_builds_the_policy_engine() {
    let manifest = fs::read_to_string(root().join("filter/engine/redact/Cargo.toml")).unwrap();
    assert!(!manifest.contains("cedar") && !manifest.contains("veilgate-authorize"));
}

#[test]
fn every_dependency_of_the_engine_states_its_reason() {
    let mut unexplained = Vec::new();
    for manifest in files(&["toml"])
        .iter()
        .filter(|path| path.starts_with("filter") && path.ends_with("Cargo.toml"))
    {
        let text = fs::read_to_string(root().join(manifest)).unwrap();
        let section = text
            .split("\n[dependencies]\n")
            .nth(1)
            .unwrap_or_default()
            .split("\n[")
            .next()
            .unwrap_or_default();
        let mut explained = false;
        for line in section.lines() {
            // One comment may stand above a group of lines.
            explained = line.starts_with('#') || (explained && !line.is_empty());
            if line.contains('=') && !line.contains("workspace = true") && !explained {
                unexplained.push(format!("{}: {line}", manifest.display()));
            }
        }
    }
    assert_eq!(unexplained, Vec::<String>::new());
}

#[test]
fn paths_that_documents_link_to_exist() {
    let mut dead = Vec::new();
    for document in files(&["md"]) {
        let text = fs::read_to_string(root().join(&document)).unwrap();
        for target in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let target = target.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let base = root().join(&document);
            if !base.parent().unwrap().join(target).exists() {
                dead.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert_eq!(dead, Vec::<String>::new());
}

#[test]
fn no_unfinished_marks() {
    let marks = [
        "TO".to_owned() + "DO",
        "FIX".to_owned() + "ME",
        "todo".to_owned() + "!(",
    ];
    let found = lines(&["rs", "toml", "md", "yaml", "cedar"], |_, line| {
        marks.iter().any(|mark| line.contains(mark))
    });
    assert_eq!(found, Vec::<String>::new());
}

fn lines(extensions: &[&str], wanted: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for path in files(extensions) {
        let name = path.to_string_lossy().replace('\\', "/");
        if name == "cli/tests/tidy.rs" {
            continue;
        }
        let text = fs::read_to_string(root().join(&path)).unwrap();
        let hits = text
            .lines()
            .enumerate()
            .filter(|(_, line)| wanted(&name, line));
        found.extend(hits.map(|(number, line)| format!("{name}:{}: {}", number + 1, line.trim())));
    }
    found
}

fn files(extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() {
                if !["target", ".git", ".venv"]
                    .iter()
                    .any(|skipped| name == *skipped)
                {
                    folders.push(path);
                }
            } else if path
                .extension()
                .is_some_and(|end| extensions.iter().any(|wanted| end == *wanted))
            {
                found.push(path.strip_prefix(root()).unwrap().to_path_buf());
            }
        }
    }
    found.sort();
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}
