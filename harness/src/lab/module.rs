//! Where the WebAssembly modules under test are, and the same module with less memory.

use std::path::{Path, PathBuf};

use crate::vm::ByteSize;

/// One of the modules that this workspace builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// Policies and redaction.
    Whole,
    /// Redaction alone.
    Redact,
    /// Redaction alone, for hosts without SIMD.
    RedactScalar,
}

/// Why there is no module.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModuleError {
    /// The variable names a file that does not exist.
    #[error("{variable} names `{}`, which is not a file", path.display())]
    Override {
        /// The variable.
        variable: &'static str,
        /// What it holds.
        path: PathBuf,
    },
    /// It was not built.
    #[error("there is no {file} below `{}`: run `make wasm`", target.display())]
    Missing {
        /// The file's name.
        file: &'static str,
        /// Where it was looked for.
        target: PathBuf,
    },
    /// It is no WebAssembly, or its memory is declared in a way of its own.
    #[error("not a WebAssembly module with one memory of its own")]
    Malformed,
    /// Its memory is larger from the start.
    #[error("the module starts with {least} of linear memory and may have {most}")]
    TooLarge {
        /// What it starts with.
        least: ByteSize,
        /// What it may have.
        most: ByteSize,
    },
}

impl Build {
    /// The variable that names another file, the file's name, and the build profiles that make it, below `target/wasm32-wasip1`.
    fn found_by(self) -> (&'static str, &'static str, &'static [&'static str]) {
        match self {
            Build::Whole => ("VEILGATE_WASM", "veilgate.wasm", &["wasm", "wasm-dev"]),
            Build::Redact => (
                "VEILGATE_REDACT_WASM",
                "veilgate_redact_only.wasm",
                &["wasm", "wasm-dev"],
            ),
            Build::RedactScalar => (
                "VEILGATE_SCALAR_WASM",
                "veilgate_redact_only.wasm",
                &["wasm-scalar"],
            ),
        }
    }
}

/// A module: what its variable names (`VEILGATE_WASM` for the whole one), or the one built last, whatever its profile.
/// Whoever has just built one means that one.
///
/// # Errors
/// [`ModuleError`], which says what to run.
pub fn module(build: Build) -> Result<PathBuf, ModuleError> {
    let (variable, file, profiles) = build.found_by();
    if let Some(path) = std::env::var_os(variable).filter(|value| !value.is_empty()) {
        let path = PathBuf::from(path);
        return if path.is_file() {
            Ok(path)
        } else {
            Err(ModuleError::Override { variable, path })
        };
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
        PathBuf::from,
    );
    youngest(&target.join("wasm32-wasip1"), file, profiles)
}

fn youngest(target: &Path, file: &'static str, profiles: &[&str]) -> Result<PathBuf, ModuleError> {
    profiles
        .iter()
        .map(|profile| target.join(profile).join(file))
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
        .max()
        .map(|(_, path)| path)
        .ok_or_else(|| ModuleError::Missing {
            file,
            target: target.to_owned(),
        })
}

const PAGE: usize = 65536;
const MEMORY_SECTION: u8 = 5;

/// The same module, which declares that its linear memory never grows beyond `most`: every engine holds it to that.
///
/// # Errors
/// [`ModuleError::Malformed`] and [`ModuleError::TooLarge`].
pub fn with_memory(wasm: &[u8], most: ByteSize) -> Result<Vec<u8>, ModuleError> {
    let (header, mut sections) = wasm.split_at_checked(8).ok_or(ModuleError::Malformed)?;
    let mut out = header.to_vec();
    let mut found = false;
    while let Some((&id, rest)) = sections.split_first() {
        let (size, rest) = read_number(rest).ok_or(ModuleError::Malformed)?;
        let (content, rest) = rest.split_at_checked(size).ok_or(ModuleError::Malformed)?;
        sections = rest;
        out.push(id);
        if id == MEMORY_SECTION {
            let section = memory_section(content, most)?;
            write_number(&mut out, section.len());
            out.extend_from_slice(&section);
            found = true;
        } else {
            write_number(&mut out, size);
            out.extend_from_slice(content);
        }
    }
    if found {
        Ok(out)
    } else {
        Err(ModuleError::Malformed)
    }
}

/// One memory that begins as `content` says and ends at `most`.
fn memory_section(content: &[u8], most: ByteSize) -> Result<Vec<u8>, ModuleError> {
    const ONE: u8 = 1;
    const WITH_MAXIMUM: u8 = 1;
    let [ONE, 0 | WITH_MAXIMUM, limits @ ..] = content else {
        return Err(ModuleError::Malformed);
    };
    let (least, _) = read_number(limits).ok_or(ModuleError::Malformed)?;
    let (pages, least) = (least, ByteSize(least.saturating_mul(PAGE)));
    if least > most {
        return Err(ModuleError::TooLarge { least, most });
    }
    let mut section = vec![ONE, WITH_MAXIMUM];
    write_number(&mut section, pages);
    write_number(&mut section, most.0 / PAGE);
    Ok(section)
}

/// A LEB128 number of at most 32 bits, and what follows it.
fn read_number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0;
    for (index, byte) in bytes.iter().enumerate().take(5) {
        number |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(index + 1..)?));
        }
    }
    None
}

fn write_number(out: &mut Vec<u8>, mut number: usize) {
    loop {
        let byte = number.to_le_bytes()[0] & 0x7f;
        number >>= 7;
        if number == 0 {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn the_module_built_last_is_taken_and_a_missing_one_says_what_to_run() {
        let (_, file, profiles) = Build::Whole.found_by();
        let dir = tempfile::tempdir().unwrap();
        let youngest = || youngest(dir.path(), file, profiles);
        let error = youngest().unwrap_err().to_string();
        assert!(error.contains("make wasm"), "{error}");

        let [release, dev] = [0, 1].map(|index| dir.path().join(profiles[index]).join(file));
        for (path, age) in [(&release, 1), (&dev, 2)] {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let built = SystemTime::now() - Duration::from_hours(age);
            File::create(path).unwrap().set_modified(built).unwrap();
        }
        assert_eq!(youngest().unwrap(), release);
        fs::remove_file(&release).unwrap();
        assert_eq!(youngest().unwrap(), dev);
    }

    #[test]
    fn a_module_is_held_to_its_memory() {
        let wasm = wat::parse_str(
            r#"(module (import "env" "f" (func)) (memory (export "memory") 300) (data (i32.const 0) "x"))"#,
        )
        .unwrap();
        let capped = with_memory(&wasm, ByteSize(32 << 20)).unwrap();
        let expected = wat::parse_str(
            r#"(module (import "env" "f" (func)) (memory (export "memory") 300 512) (data (i32.const 0) "x"))"#,
        )
        .unwrap();
        assert_eq!(capped, expected);
        assert_eq!(with_memory(&capped, ByteSize(32 << 20)).unwrap(), expected);

        let error = with_memory(&wasm, ByteSize(16 << 20)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the module starts with 19200KiB of linear memory and may have 16MiB"
        );
        for cut in 0..wasm.len() {
            let _no_panic = with_memory(&wasm[..cut], ByteSize(32 << 20));
        }
        assert!(with_memory(b"\0asm\x01\0\0\0", ByteSize(1 << 20)).is_err());
    }
}
