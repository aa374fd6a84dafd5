//! The section of docs/benchmarks.md, and the same as lines of JSON.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::envoy::Start;
use super::load::Load;
use super::ready::Ready;

/// Everything that was measured.
#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) ready: Vec<Ready>,
    pub(crate) envoy: Vec<Start>,
    pub(crate) load: Vec<Load>,
}

impl Figures {
    pub(crate) fn lines(&self) -> Result<String> {
        let mut lines = Vec::new();
        for ready in &self.ready {
            let node = ready.node.as_ref();
            lines.push(json!({
                "module": ready.name, "bytes": ready.bytes, "linear_bytes": ready.linear,
                "wasmtime_compile_ms": ms(ready.wasmtime_compile), "wasmtime_start_ms": ms(ready.wasmtime_start),
                "v8_compile_ms": node.map(|node| ms(node.compile)), "v8_compile_cpu_ms": node.map(|node| ms(node.compile_cpu)),
                "v8_start_ms": node.map(|node| ms(node.start)),
            }));
        }
        for start in &self.envoy {
            lines.push(json!({
                "envoy_with": start.name, "ready_ms": ms(start.wall), "ready_cpu_ms": ms(start.cpu),
                "resident_bytes": start.resident, "resident_per_worker_bytes": start.per_worker,
            }));
        }
        for load in &self.load {
            lines.push(json!({
                "envoy_load": load.traffic, "module": load.name, "per": load.per, "without_us": load.without, "idle_us": load.idle,
                "on_us": load.on, "added_us": load.added, "least_added_us": load.least,
            }));
        }
        let lines: serde_json::Result<Vec<String>> =
            lines.iter().map(serde_json::to_string).collect();
        Ok(lines?.join("\n") + "\n")
    }
}

pub(crate) fn markdown(figures: &Figures) -> String {
    let mut out = String::from(
        "| module | size | linear memory, configured | V8: compile, CPU | V8: start | wasmtime: compile | wasmtime: start |\n|---|---|---|---|---|---|---|\n",
    );
    for ready in &figures.ready {
        let (compile, start) = match &ready.node {
            Some(node) => (
                format!("{:.0} ms, {:.0} ms", ms(node.compile), ms(node.compile_cpu)),
                format!("{:.1} ms", ms(node.start)),
            ),
            None => ("-".to_owned(), "-".to_owned()),
        };
        out += &format!(
            "| {} | {:.2} MB | {} | {compile} | {start} | {:.0} ms | {:.2} ms |\n",
            ready.name,
            ready.bytes as f64 / 1e6,
            kib(ready.linear),
            ms(ready.wasmtime_compile),
            ms(ready.wasmtime_start),
        );
    }
    if !figures.envoy.is_empty() {
        out += "\n| Envoy with | ready after | CPU until then | resident, one worker | each further worker |\n|---|---|---|---|---|\n";
    }
    for start in &figures.envoy {
        out += &format!(
            "| {} | {:.0} ms | {:.0} ms | {:.0} MB | {:.1} MB |\n",
            start.name,
            ms(start.wall),
            ms(start.cpu),
            start.resident as f64 / 1e6,
            start.per_worker as f64 / 1e6,
        );
    }
    if !figures.load.is_empty() {
        out += "\n| Envoy's CPU time | module | without | loaded, idle | redacting | added | at least |\n|---|---|---|---|---|---|---|\n";
    }
    for load in &figures.load {
        out += &format!(
            "| {}, per {} | {} | {:.0} µs | {:.0} µs | {:.0} µs | {:.0} µs | {:.0} µs |\n",
            load.traffic,
            load.per,
            load.name,
            load.without,
            load.idle,
            load.on,
            load.added,
            load.least,
        );
    }
    out
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn kib(bytes: u64) -> String {
    format!("{} KiB", bytes / 1024)
}
