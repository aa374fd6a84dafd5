//! A child process that does not outlive its owner.
//!
//! A test that panics and a demonstration that is interrupted must leave nothing behind. The child gets a process group of its own, and the
//! whole group is killed and the child reaped when the [`Process`] is dropped. Output goes to files rather than pipes: a pipe nobody reads
//! stops the writer once it is full, and a file can be searched after the process is gone.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// A running program.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    output: PathBuf,
}

/// Why a program did not run, or stopped running.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// It could not be started at all.
    #[error("cannot start `{program}`: {source}")]
    Start {
        /// The program's path.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It ended although it should be running.
    #[error("`{name}` ended with {status}; its last words:\n{tail}")]
    Ended {
        /// The program's name.
        name: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of its output.
        tail: String,
    },
}

impl Process {
    /// Starts `program`; standard output and error are appended to the file `output`, standard input is empty.
    ///
    /// # Errors
    /// When the file cannot be made or the program cannot be started.
    pub fn start<I, S>(
        program: &Path,
        arguments: I,
        environment: &[(&str, &str)],
        output: &Path,
    ) -> Result<Self, ProcessError>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let failed = |source| ProcessError::Start {
            program: program.display().to_string(),
            source,
        };
        let log = File::options()
            .create(true)
            .append(true)
            .open(output)
            .map_err(failed)?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(failed)?)
            .stderr(log);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn().map_err(failed)?;
        let name = program
            .file_name()
            .unwrap_or(program.as_os_str())
            .to_string_lossy()
            .into_owned();
        Ok(Self {
            name,
            child,
            output: output.to_owned(),
        })
    }

    /// The operating system's number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The file its output goes to.
    pub fn output(&self) -> &Path {
        &self.output
    }

    /// Fails, with the end of the output, when the program is not running any more.
    ///
    /// # Errors
    /// [`ProcessError::Ended`].
    pub fn check(&mut self) -> Result<(), ProcessError> {
        match self.child.try_wait() {
            Ok(Some(status)) => Err(ProcessError::Ended {
                name: self.name.clone(),
                status,
                tail: self.tail(),
            }),
            Ok(None) | Err(_) => Ok(()),
        }
    }

    /// Asks the program to end (SIGTERM), and kills it when it has not after `patience`.
    ///
    /// Returns how it ended; `None` when it had to be killed.
    pub fn stop(mut self, patience: Duration) -> Option<ExitStatus> {
        self.signal(Signal::TERM);
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    }

    fn signal(&self, signal: Signal) {
        // The group outlives its first member, so children of the child are reached too. A group that is gone already is what we want.
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, signal);
        }
    }

    fn tail(&self) -> String {
        let text = std::fs::read(&self.output).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let mut lines: Vec<&str> = text.lines().rev().take(20).collect();
        lines.reverse();
        lines.join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, output: &Path) -> Process {
        Process::start(Path::new("/bin/sh"), ["-c", script], &[], output).unwrap()
    }

    #[test]
    fn children_of_the_child_die_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let output = dir.path().join("log");
        let process = shell("sleep 600 & echo $!; wait", &output);
        let deadline = Instant::now() + Duration::from_secs(10);
        let grandchild = loop {
            let text = std::fs::read_to_string(&output).unwrap();
            if let Ok(pid) = text.trim().parse::<i32>() {
                break Pid::from_raw(pid).unwrap();
            }
            assert!(
                Instant::now() < deadline,
                "the shell never told its child's id"
            );
            std::thread::sleep(Duration::from_millis(5));
        };
        drop(process);
        // Killed, and then reaped by init at its leisure: a zombie still answers to signal 0, so look at what it is.
        let gone = || {
            let stat =
                std::fs::read_to_string(format!("/proc/{}/stat", grandchild.as_raw_nonzero()));
            stat.map_or(true, |stat| stat.contains(") Z "))
        };
        while !gone() {
            assert!(Instant::now() < deadline, "the grandchild is still running");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn an_early_end_is_reported_with_the_last_words() {
        let dir = tempfile::tempdir().unwrap();
        let mut process = shell("echo no such thing; exit 3", &dir.path().join("log"));
        let deadline = Instant::now() + Duration::from_secs(10);
        let error = loop {
            if let Err(error) = process.check() {
                break error.to_string();
            }
            assert!(Instant::now() < deadline, "the shell is still running");
        };
        assert!(
            error.contains("no such thing") && error.contains("3"),
            "{error}"
        );
    }

    #[test]
    fn a_polite_program_ends_by_itself() {
        let dir = tempfile::tempdir().unwrap();
        let process = shell("exec sleep 600", &dir.path().join("log"));
        assert!(process.stop(Duration::from_secs(10)).is_some());
    }
}
