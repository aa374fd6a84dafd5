//! Where the WebAssembly module under test is.

use std::path::{Path, PathBuf};

/// The build profiles that make a module, both below `target/wasm32-wasip1`.
const PROFILES: [&str; 2] = ["wasm", "wasm-dev"];
const FILE: &str = "veilgate.wasm";

/// Why there is no module.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModuleError {
    /// `VEILGATE_WASM` names a file that does not exist.
    #[error("VEILGATE_WASM names `{}`, which is not a file", .0.display())]
    Override(PathBuf),
    /// It was not built.
    #[error("there is no {FILE} below `{}`: run `make wasm`", .0.display())]
    Missing(PathBuf),
}

/// The module: `VEILGATE_WASM`, or the one built last, whatever its profile. Whoever has just built one means that one.
///
/// # Errors
/// [`ModuleError`], which says what to run.
pub fn module() -> Result<PathBuf, ModuleError> {
    if let Some(path) = std::env::var_os("VEILGATE_WASM").filter(|value| !value.is_empty()) {
        let path = PathBuf::from(path);
        return if path.is_file() {
            Ok(path)
        } else {
            Err(ModuleError::Override(path))
        };
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
        PathBuf::from,
    );
    youngest(&target.join("wasm32-wasip1"))
}

fn youngest(target: &Path) -> Result<PathBuf, ModuleError> {
    PROFILES
        .iter()
        .map(|profile| target.join(profile).join(FILE))
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
        .max()
        .map(|(_, path)| path)
        .ok_or_else(|| ModuleError::Missing(target.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn the_module_built_last_is_taken_and_a_missing_one_says_what_to_run() {
        let dir = tempfile::tempdir().unwrap();
        let error = youngest(dir.path()).unwrap_err().to_string();
        assert!(error.contains("make wasm"), "{error}");

        let [release, dev] = PROFILES.map(|profile| dir.path().join(profile).join(FILE));
        for (path, age) in [(&release, 1), (&dev, 2)] {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let built = SystemTime::now() - Duration::from_hours(age);
            File::create(path).unwrap().set_modified(built).unwrap();
        }
        assert_eq!(youngest(dir.path()).unwrap(), release);
        fs::remove_file(&release).unwrap();
        assert_eq!(youngest(dir.path()).unwrap(), dev);
    }
}
