//! Embeds the service definitions and the base policies, so that adding one touches no Rust.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a build script reads files and talks to cargo"
)]

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let policies = Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?)
        .join("../../../policies");
    let policies = policies.canonicalize()?;
    let code = format!(
        "/// The service definitions, as file name and text.\npub(crate) const SERVICES: &[(&str, &str)] = &[{}];\n\
         /// The base policies, as file name and text.\npub(crate) const BASE: &[(&str, &str)] = &[{}];\n\
         /// The policy schema.\npub(crate) const SCHEMA: &str = include_str!({:?});\n",
        entries(&policies.join("services"), "toml")?,
        entries(&policies.join("base"), "cedar")?,
        policies.join("schema.cedarschema"),
    );
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("embedded.rs"), code)
}

/// `(name, include_str!(path))` for every file with the extension, sorted by name.
fn entries(folder: &Path, extension: &str) -> io::Result<String> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            paths.push(path);
        }
    }
    paths.sort();
    let entry = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap_or_default();
        format!("({name:?}, include_str!({path:?})), ")
    };
    Ok(paths.iter().map(entry).collect())
}
