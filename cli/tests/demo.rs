//! The `veilgate` program from outside: its help, its exit statuses, the whole demo, and how it ends when it is interrupted.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use veilgate_harness::lab::{
    self,
    engines::{self, Program},
};

fn veilgate(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_veilgate"));
    command
        .args(arguments)
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS");
    command
}

fn run(arguments: &[&str]) -> Output {
    veilgate(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Whether the module is built. Without it there is nothing to show, except on CI, where it has to be.
fn module_is_built() -> bool {
    match lab::module(lab::Build::Whole) {
        Ok(_) => true,
        Err(error) => {
            assert!(!engines::required(), "{error}");
            eprintln!("skipped: {error}");
            false
        }
    }
}

fn engines_are_installed() -> bool {
    [Program::Envoy, Program::OpenBao]
        .into_iter()
        .all(|program| engines::for_tests(program).unwrap().is_some())
}

#[test]
fn help_is_what_the_documentation_shows() {
    let help = run(&["demo", "--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert_eq!(text(&help.stdout), include_str!("demo-help.txt"));
    let help = run(&["--help"]);
    assert_eq!(text(&help.stdout), include_str!("help.txt"));
}

#[test]
fn wrong_usage_is_3_and_a_failure_1() {
    let wrong = run(&["demo", "--engine", "teapot"]);
    assert_eq!(wrong.status.code(), Some(3));
    assert!(
        text(&wrong.stderr).contains("harness"),
        "{}",
        text(&wrong.stderr)
    );
    let failed = run(&[
        "demo",
        "--engine",
        "harness",
        "--module",
        "/no/such/module.wasm",
    ]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(
        text(&failed.stderr).contains("`/no/such/module.wasm`"),
        "{}",
        text(&failed.stderr)
    );
}

#[test]
fn the_story_comes_out_on_the_local_proxy() {
    if module_is_built() {
        tell("harness");
    }
}

#[test]
fn the_story_comes_out_on_real_envoy_and_openbao() {
    if module_is_built() && engines_are_installed() {
        tell("envoy");
    }
}

fn tell(engine: &str) {
    let told = run(&["demo", "--engine", engine]);
    let (out, err) = (text(&told.stdout), text(&told.stderr));
    assert_eq!(told.status.code(), Some(0), "{out}{err}");
    assert!(out.contains("11 steps, all as promised"), "{out}");
    assert!(!out.contains('\x1b'), "colour although nobody is looking");
}

#[test]
fn a_module_that_does_nothing_keeps_no_promise() {
    let folder = tempfile::tempdir().unwrap();
    let module = folder.path().join("nothing.wasm");
    std::fs::write(&module, wat::parse_str(NOTHING).unwrap()).unwrap();
    let told = run(&[
        "demo",
        "--engine",
        "harness",
        "--module",
        module.to_str().unwrap(),
    ]);
    let out = text(&told.stdout);
    assert_eq!(told.status.code(), Some(1), "{out}");
    // Reading one's own secret needs no filter, and what logs nothing leaks nothing; all the rest does not come about by itself.
    assert!(out.contains("9 of 11 steps differ"), "{out}");
    let kept = out
        .lines()
        .find_map(|line| line.strip_prefix("logs and configuration of this run are in "))
        .unwrap();
    std::fs::remove_dir_all(kept).unwrap();
}

/// Accepts any configuration and looks at nothing.
const NOTHING: &str = r#"(module
  (memory (export "memory") 17)
  (global $free (mut i32) (i32.const 65536))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32)
    (global.get $free)
    (global.set $free (i32.add (global.get $free) (local.get 0))))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_done") (param i32) (result i32) (i32.const 1))
  (func (export "proxy_on_delete") (param i32)))"#;

#[test]
fn an_interrupted_story_leaves_nothing_behind() {
    if module_is_built() {
        let mut demo = Running::start(if engines_are_installed() {
            "envoy"
        } else {
            "harness"
        });
        demo.wait_for("ready after");
        demo.signal(Signal::TERM);
        assert_eq!(demo.wait(), Some(130));
        assert_eq!((demo.family(), demo.left_behind()), (Vec::new(), 0));
    }
}

#[test]
fn an_interrupted_start_leaves_nothing_behind() {
    if module_is_built() && engines_are_installed() {
        let mut demo = Running::start("envoy");
        demo.wait_for("starting");
        // OpenBao and two Envoys.
        let deadline = Instant::now() + PATIENCE;
        while demo.family().len() < 3 {
            assert!(Instant::now() < deadline, "it never started three programs");
            std::thread::sleep(Duration::from_millis(20));
        }
        demo.signal(Signal::INT);
        assert_eq!(demo.wait(), Some(130));
        assert_eq!((demo.family(), demo.left_behind()), (Vec::new(), 0));
    }
}

#[test]
fn what_was_kept_running_ends_with_ctrl_c() {
    if !module_is_built() {
        return;
    }
    let mut demo = Running::start("harness");
    demo.wait_for("Everything is still running");
    demo.signal(Signal::INT);
    assert_eq!(demo.wait(), Some(0));
    assert_eq!(
        demo.left_behind(),
        1,
        "the folder with its logs was to be kept"
    );
}

/// A demo in the background, with a mark in its environment that everything it starts inherits.
struct Running {
    child: Child,
    mark: String,
    /// Where it makes its own folder.
    temporary: tempfile::TempDir,
}

const PATIENCE: Duration = Duration::from_secs(180);

impl Running {
    fn start(engine: &str) -> Self {
        let nanos = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_nanos();
        let mark = format!("VEILGATE_TEST_RUN={}-{nanos}", std::process::id());
        let (name, value) = mark.split_once('=').unwrap();
        let temporary = tempfile::tempdir().unwrap();
        let child = veilgate(&["demo", "--keep", "--engine", engine])
            .env(name, value)
            .env("TMPDIR", temporary.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            child,
            mark,
            temporary,
        }
    }

    /// Reads its output up to a line with `words`, and leaves the rest to a thread, so that the pipe never fills.
    fn wait_for(&mut self, words: &str) {
        let mut lines = BufReader::new(self.child.stdout.take().unwrap()).lines();
        let found = lines
            .by_ref()
            .map_while(Result::ok)
            .any(|line| line.contains(words));
        assert!(found, "it ended without saying `{words}`");
        std::thread::spawn(move || lines.for_each(drop));
    }

    fn signal(&self, signal: Signal) {
        kill_process(
            Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap(),
            signal,
        )
        .unwrap();
    }

    fn wait(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// How many files and folders it has left behind.
    fn left_behind(&self) -> usize {
        std::fs::read_dir(self.temporary.path()).unwrap().count()
    }

    /// Every other process that carries the mark.
    fn family(&self) -> Vec<u32> {
        let processes = std::fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let marked = |process: &u32| {
            let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
            environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == self.mark.as_bytes())
        };
        processes
            .filter(|process| *process != self.child.id())
            .filter(marked)
            .collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
