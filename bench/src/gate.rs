//! `veilgate-bench gate`: what a change must not make worse, in figures that a busy machine does not change.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};
use veilgate_redact::RuleSet;

use crate::corpus;
use crate::engine::{keywords, patterns};
use crate::folders::Folders;

/// Instructions per byte of the scan, native, that are aimed at, by corpus.
const GOALS: [(&str, f64); 2] = [("json", 10.0), ("html", 9.0)];

/// The same on texts made to hurt. Time that grows faster than the text misses this, too.
const GOAL_ON_HOSTILE: f64 = 100.0;

/// What is not there yet, and how much it may take until it is: less with each change that helps, never more.
const NOT_YET: [(&str, f64); 11] = [
    ("html", 10.7),
    ("adv_kw", 176.0),
    ("adv_escape", 140.0),
    ("q_glpat", 104.0),
    ("q_eyj", 228.0),
    ("q_pem", 188.0),
    ("q_secret", 104.0),
    ("q_upper", 300.0),
    ("q_url", 286.0),
    ("q_quote", 170.0),
    ("q_ops", 232.0),
];

/// The scan is at least so many times as fast as a search for the rules' keywords by `aho-corasick`: two and a half as a rule, less where both have a busy
/// machine to themselves.
const LEAST_RATIO: f64 = 1.5;

/// Instructions are counted on a third of a text and on all of it, and subtracted, so that starting up does not count.
const LONG: usize = 600_000;
const LONG_HOSTILE: usize = 300_000;

/// Exits with 1 where a limit is missed.
pub(crate) fn run() -> Result<ExitCode> {
    let folders = Folders::new();
    let folder = folders.results().join("gate");
    fs::create_dir_all(&folder)?;
    let list = folder.join("keywords");
    fs::write(&list, keywords(&patterns(&folders.rules())?)?.join("\n"))?;

    let mut missed = false;
    for (name, text) in corpus::deterministic(LONG) {
        let file = folder.join(name);
        fs::write(&file, text)?;
        let ratio = ratio(&folders.counted(), &file, &list)?;
        println!("{name}: {ratio:.2} times as fast as aho-corasick; at least {LEAST_RATIO}");
        missed |= ratio < LEAST_RATIO;
    }
    if !valgrind()? {
        return Ok(code(missed));
    }
    let rules = Arc::new(RuleSet::builtin()?);
    let mut texts = GOALS.map(|(name, goal)| (name, goal, LONG)).to_vec();
    for (name, text) in corpus::hostile(&rules, LONG_HOSTILE) {
        fs::write(folder.join(name), text)?;
        texts.push((name, GOAL_ON_HOSTILE, LONG_HOSTILE));
    }
    for (name, goal, long) in texts {
        let each = per_byte(&folders.counted(), &folder.join(name), long)?;
        let not_yet = NOT_YET.iter().find(|(other, _)| *other == name);
        let most = not_yet.map_or(goal, |(_, most)| *most);
        println!("{name}: {each:.2} instructions per byte; at most {most}, and {goal} is the goal");
        missed |= each > most;
    }
    Ok(code(missed))
}

/// Instructions per byte between the first part of a text and all of it.
fn per_byte(program: &Path, text: &Path, long: usize) -> Result<f64> {
    let short = long / 3;
    let [less, more] = [short, long].map(|length| instructions(program, text, length));
    Ok((more? - less?) / (long - short) as f64)
}

fn code(missed: bool) -> ExitCode {
    if missed {
        eprintln!("error: the scan engine misses a limit above");
    }
    ExitCode::from(u8::from(missed))
}

/// Whether instructions can be counted here; where everything must be checked, they have to be.
fn valgrind() -> Result<bool> {
    let there = Command::new("valgrind").arg("--version").output().is_ok();
    if !there {
        let must = env::var("CI").is_ok_and(|value| value == "true");
        ensure!(!must, "valgrind is not installed");
        println!("skipped: instructions per byte: valgrind is not installed");
    }
    Ok(there)
}

fn instructions(program: &Path, text: &Path, length: usize) -> Result<f64> {
    let report = run_quietly(
        Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(program)
            .arg("scan")
            .arg(text)
            .arg(length.to_string()),
    )?;
    report
        .lines()
        .find_map(|line| line.split_once("Collected : "))
        .and_then(|(_, count)| count.trim().parse().ok())
        .with_context(|| format!("callgrind counted nothing:\n{report}"))
}

fn ratio(program: &Path, text: &Path, keywords: &Path) -> Result<f64> {
    let said = run_quietly(Command::new(program).arg("ratio").arg(text).arg(keywords))?;
    said.trim()
        .parse()
        .with_context(|| format!("not a number: {said}"))
}

/// All that a program prints, if it succeeds.
fn run_quietly(command: &mut Command) -> Result<String> {
    let name = command.get_program().display().to_string();
    let output = command
        .output()
        .with_context(|| format!("{name} does not start; `make bench-gate` builds it"))?;
    let text: String = [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat();
    if !output.status.success() {
        bail!("{name} failed: {text}");
    }
    Ok(text)
}
