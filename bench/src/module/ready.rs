//! From a file to a virtual machine that has its configuration, without a proxy around it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use veilgate_harness::vm::{
    Diagnostics, LogLevel, Logs, Metrics, Module, Plugin, Services, Shared, Vm, VmSettings,
};

use super::Subject;

/// One module. Times are the shortest of some rounds.
pub(crate) struct Ready {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    /// Linear memory after the configuration, its stack included.
    pub(crate) linear: u64,
    pub(crate) wasmtime_compile: Duration,
    pub(crate) wasmtime_start: Duration,
    /// None where there is no Node.
    pub(crate) node: Option<Node>,
}

/// In V8, everything compiled by the optimising compiler, as in Envoy.
pub(crate) struct Node {
    pub(crate) compile: Duration,
    /// CPU time of that, on all threads.
    pub(crate) compile_cpu: Duration,
    pub(crate) start: Duration,
}

pub(crate) fn measure(subject: &Subject, script: &Path, rounds: u32) -> Result<Ready> {
    let bytes = fs::read(&subject.file)?;
    let engine = wasmtime::Engine::default();
    // Seconds, for the larger ones.
    let wasmtime_compile = shortest(rounds.div_ceil(3), || {
        let at = Instant::now();
        wasmtime::Module::from_binary(&engine, &bytes)
            .map_err(|error| anyhow::anyhow!("{error:#}"))?;
        Ok(at.elapsed())
    })?;
    let module = Module::from_bytes(&bytes)?;
    let mut linear = 0;
    let wasmtime_start = shortest(rounds * 4, || {
        let (time, memory) = start(&module)?;
        linear = memory;
        Ok(time)
    })?;
    Ok(Ready {
        name: subject.name.clone(),
        bytes: bytes.len() as u64,
        linear: linear as u64,
        wasmtime_compile,
        wasmtime_start,
        node: node(script, &subject.file, rounds)?,
    })
}

/// Instantiates and configures; also the linear memory afterwards.
fn start(module: &Module) -> Result<(Duration, usize)> {
    let services = Services {
        shared: Shared::default(),
        metrics: Metrics::default(),
        logs: Logs::new(LogLevel::Error),
        diagnostics: Diagnostics::default(),
        queue_ready: Arc::new(|_, _| {}),
        upstreams: Arc::default(),
    };
    let plugin = Plugin {
        name: "veilgate".to_owned(),
        root_id: String::new(),
        configuration: Vec::new(),
    };
    let at = Instant::now();
    let mut vm = Vm::new(module, VmSettings::default(), services)?;
    let configured = vm.configure(plugin)?;
    let time = at.elapsed();
    ensure!(configured.is_some(), "the module refused its configuration");
    Ok((time, vm.memory_size()))
}

#[derive(Deserialize)]
struct Said {
    compile_ms: f64,
    compile_cpu_ms: f64,
    start_ms: f64,
}

fn node(script: &Path, module: &Path, rounds: u32) -> Result<Option<Node>> {
    if Command::new("node").arg("--version").output().is_err() {
        println!("  skipped in V8: node is not installed");
        return Ok(None);
    }
    let mut best: Option<Node> = None;
    for _ in 0..rounds {
        let output = Command::new("node")
            .args(["--no-liftoff", "--no-wasm-lazy-compilation"])
            .args([script, module])
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let said: Said = serde_json::from_str(&text).with_context(|| {
            format!(
                "node failed: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            )
        })?;
        let ms = |ms: f64| Duration::from_secs_f64(ms / 1000.0);
        let (compile, cpu, start) = (
            ms(said.compile_ms),
            ms(said.compile_cpu_ms),
            ms(said.start_ms),
        );
        best = Some(match best {
            None => Node {
                compile,
                compile_cpu: cpu,
                start,
            },
            Some(best) => Node {
                compile: best.compile.min(compile),
                compile_cpu: best.compile_cpu.min(cpu),
                start: best.start.min(start),
            },
        });
    }
    Ok(best)
}

fn shortest(rounds: u32, mut once: impl FnMut() -> Result<Duration>) -> Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..rounds {
        best = best.min(once()?);
    }
    Ok(best)
}
