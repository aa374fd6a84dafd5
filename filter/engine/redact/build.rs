//! Embeds `policies/credentials/*.toml`, so that adding a rule file touches no Rust, and compiles their patterns, so that no VM has to.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a build script reads the file system; the crate it builds does not"
)]

use std::collections::{BTreeSet, HashMap};
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "src/rules/pattern.rs"]
mod pattern;

fn main() -> Result<(), Box<dyn Error>> {
    let policies = Path::new(&env::var("CARGO_MANIFEST_DIR")?)
        .join("../../../policies")
        .canonicalize()?;
    let credentials = policies.join("credentials");
    let carriers = policies.join("carriers.toml");
    println!("cargo::rerun-if-changed={}", credentials.display());
    println!("cargo::rerun-if-changed={}", carriers.display());

    let mut files: Vec<PathBuf> = fs::read_dir(&credentials)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    files.sort();

    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("builtin.rs"), embed(&files, &carriers)?)?;
    let (source, tables) = prebuild(&patterns(&files)?)?;
    fs::write(out.join("automata.rs"), source)?;
    fs::write(out.join("automata.bin"), tables)?;
    Ok(())
}

/// An array of file names and texts.
fn embed(files: &[PathBuf], carriers: &Path) -> Result<String, Box<dyn Error>> {
    let mut source = String::from("pub(super) static CREDENTIALS: &[(&str, &str)] = &[\n");
    for path in files {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or("a rule file's name is not UTF-8")?;
        writeln!(source, "    ({name:?}, include_str!({path:?})),")?;
    }
    source.push_str("];\n");
    writeln!(
        source,
        "pub(super) static CARRIERS: (&str, &str) = (\"carriers.toml\", include_str!({carriers:?}));"
    )?;
    Ok(source)
}

/// Every pattern in the files. What is wrong with a file the crate itself says better, when it reads it.
fn patterns(files: &[PathBuf]) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let mut patterns = BTreeSet::new();
    for path in files {
        let file: toml::Table = toml::from_str(&fs::read_to_string(path)?)?;
        let rules = file.get("rule").and_then(|rules| rules.as_array());
        patterns.extend(
            rules
                .into_iter()
                .flatten()
                .flat_map(|rule| ["lead", "pattern", "tail"].map(|field| rule.get(field)))
                .filter_map(|pattern| Some(pattern?.as_str()?.to_owned())),
        );
    }
    Ok(patterns)
}

/// The tables of all patterns that can be compiled, and the source that says where each is.
fn prebuild(patterns: &BTreeSet<String>) -> Result<(String, Vec<u8>), Box<dyn Error>> {
    let mut source = String::from("pub(super) static PREBUILT: &[Prebuilt] = &[\n");
    let mut tables = Vec::new();
    let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
    for pattern in patterns {
        let Ok(table) = pattern::Table::compile(pattern) else {
            continue;
        };
        let classes = *known.entry(table.classes).or_insert_with_key(|classes| {
            tables.extend_from_slice(classes);
            tables.len() - classes.len()
        });
        let cells = tables.len()..tables.len() + table.cells.len();
        tables.extend_from_slice(&table.cells);
        let anchors = pattern::anchors(pattern).unwrap_or_default();
        let anchors: Vec<String> = anchors.iter().map(|bytes| format!("&{bytes:?}")).collect();
        writeln!(
            source,
            "    Prebuilt {{ pattern: {pattern:?}, min_length: {}, max_length: {:?}, anchors: &[{}], start: {}, width: {}, classes: {classes}, cells: {cells:?} }},",
            table.min_length,
            table.max_length,
            anchors.join(", "),
            table.start,
            table.width,
        )?;
    }
    source.push_str("];\n");
    Ok((source, tables))
}
