//! The figures as tables.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use super::figures::Figures;
use super::verdicts;
use crate::engine::{Runtime, Yardstick};

use Runtime::{Native, V8, Wasmtime};

/// An engine and where it runs.
type Column = (&'static str, Runtime);

const ENGINES: &[Column] = &[
    ("veilgate", Native),
    ("veilgate", V8),
    ("veilgate", Wasmtime),
    ("veilgate_no_simd", V8),
    ("vectorscan", Native),
    ("vectorscan_som", Native),
    ("vectorscan_patterns", Native),
    ("ac_regex", Native),
    ("regexset", Native),
    (Yardstick::NAME, Native),
    ("memory", Native),
    ("memory", V8),
    ("memory", Wasmtime),
];

/// The section `scan` of the document.
pub(crate) fn markdown(figures: &Figures) -> String {
    let mut text = String::new();
    for part in [
        machine(figures),
        verdicts::table(figures),
        rates(figures),
        ratios(figures),
        worst(figures),
        costs(figures),
    ] {
        text.push_str(&part);
        text.push('\n');
    }
    text
}

fn machine(figures: &Figures) -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("an unknown CPU", |(_, model)| model);
    let mut text = format!(
        "{model}; {}; Node {}; {} built-in rules.\n",
        said("rustc", "--version"),
        said("node", "--version"),
        figures.rules,
    );
    for note in &figures.notes {
        let _infallible = writeln!(text, "\n{note}.");
    }
    text
}

/// What a program says of itself in one line.
fn said(program: &str, flag: &str) -> String {
    Command::new(program)
        .arg(flag)
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default()
}

fn rates(figures: &Figures) -> String {
    let mut text = String::from("### MB/s\n\n| corpus |");
    for (engine, runtime) in ENGINES {
        let _infallible = write!(text, " {engine} {runtime} |");
    }
    text.push_str("\n|---|");
    text.push_str(&"--:|".repeat(ENGINES.len()));
    for (corpus, _) in &figures.corpora {
        let _infallible = write!(text, "\n| `{corpus}` |");
        for (engine, runtime) in ENGINES {
            match figures.rate(corpus, engine, *runtime) {
                Some(rate) if rate < 10.0 => {
                    let _infallible = write!(text, " {rate:.2} |");
                }
                Some(rate) => {
                    let _infallible = write!(text, " {rate:.0} |");
                }
                None => text.push_str(" |"),
            }
        }
    }
    text.push('\n');
    text
}

fn ratios(figures: &Figures) -> String {
    const AGAINST: &[(Column, Column)] = &[
        (("veilgate", V8), ("vectorscan", Native)),
        (("veilgate", V8), ("vectorscan_som", Native)),
        (("veilgate", V8), ("vectorscan_patterns", Native)),
        (("veilgate", Native), ("vectorscan", Native)),
        (("veilgate", Native), ("vectorscan_som", Native)),
        (("veilgate", Native), ("vectorscan_patterns", Native)),
        (("veilgate", V8), ("ac_regex", Native)),
        (("veilgate", V8), ("regexset", Native)),
        (("veilgate", V8), ("veilgate", Native)),
        (("veilgate", Wasmtime), ("veilgate", Native)),
        (("veilgate", V8), ("veilgate_no_simd", V8)),
        (("veilgate", V8), ("memory", V8)),
    ];
    let mut text = String::from("### Ratios\n\n| corpus |");
    for ((engine, runtime), (other, other_runtime)) in AGAINST {
        let _infallible = write!(text, " {engine} {runtime} : {other} {other_runtime} |");
    }
    text.push_str("\n|---|");
    text.push_str(&"--:|".repeat(AGAINST.len()));
    for (corpus, _) in &figures.corpora {
        let _infallible = write!(text, "\n| `{corpus}` |");
        for ((engine, runtime), (other, other_runtime)) in AGAINST {
            let ratio = figures
                .rate(corpus, engine, *runtime)
                .zip(figures.rate(corpus, other, *other_runtime))
                .map(|(one, other)| one / other);
            match ratio {
                Some(ratio) if ratio >= 20.0 => {
                    let _infallible = write!(text, " {ratio:.0} |");
                }
                Some(ratio) => {
                    let _infallible = write!(text, " {ratio:.2} |");
                }
                None => text.push_str(" |"),
            }
        }
    }
    text.push('\n');
    text
}

/// Where an engine is slowest is where to look next.
fn worst(figures: &Figures) -> String {
    const SHOWN: usize = 12;
    let Some(slowest) = figures.worst.first() else {
        return String::new();
    };
    let mut text = format!(
        "### Repeated pieces of examples\n\nThe example of every rule, cut at several places and repeated: {} pieces, {} of them under 100 MB/s, the slowest at {:.0} MB/s. The slowest rules:\n\n| rule | cut | veilgate v8, MB/s |\n|---|---|--:|\n",
        figures.worst.len(),
        figures
            .worst
            .iter()
            .filter(|piece| piece.mb_per_s < 100.0)
            .count(),
        slowest.mb_per_s,
    );
    let mut rules = HashSet::new();
    let slowest = figures
        .worst
        .iter()
        .filter(|piece| rules.insert(&piece.kind));
    for piece in slowest.take(SHOWN) {
        let _infallible = writeln!(
            text,
            "| `{}` | {} | {:.0} |",
            piece.kind, piece.cut, piece.mb_per_s
        );
    }
    text
}

fn costs(figures: &Figures) -> String {
    let memory = &figures.memory;
    let mut text = String::from("### Memory\n\n| what | bytes |\n|---|--:|\n");
    for (what, bytes) in [
        ("compiled rules, native heap", memory.rules as u64),
        (
            &format!(
                "one stream, native heap, the most on any corpus (`{}`)",
                memory.stream.1
            ),
            memory.stream.0 as u64,
        ),
        (
            "linear memory of the guest after all corpora, its stack of 1 MiB and its chunks of 64 KB included",
            memory.guest.unwrap_or_default(),
        ),
        ("module of the guest", memory.module),
    ] {
        let _infallible = writeln!(text, "| {what} | {bytes} |");
    }
    for (name, bytes) in &memory.others {
        let _infallible = writeln!(text, "| `{name}`, heap after 1 MB | {bytes} |");
    }
    text.push_str("\n### Headers\n\n| map | native | wasmtime | V8 |\n|---|--:|--:|--:|\n");
    for maps in figures.headers.chunk_by(|one, next| one.map == next.map) {
        if let Some(map) = maps.first() {
            let _infallible = write!(
                text,
                "| {} lines, {} bytes, {} |",
                map.lines, map.bytes, map.map
            );
        }
        for map in maps {
            let _infallible = write!(text, " {:.1} µs |", map.time.as_secs_f64() * 1e6);
        }
        text.push('\n');
    }
    text
}
