//! Lists `policies/credentials/*.toml` into an array of `(file name, text)`, so that adding a rule file touches no Rust.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a build script reads the file system; the crate it builds does not"
)]

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

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

    let mut source = String::from("pub(super) static CREDENTIALS: &[(&str, &str)] = &[\n");
    for path in &files {
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
    fs::write(Path::new(&env::var("OUT_DIR")?).join("builtin.rs"), source)?;
    Ok(())
}
