//! `veilgate-bench scan`: every engine on every corpus.

mod figures;
mod headers;
mod memory;
mod report;
mod rounds;
mod targets;
mod worst;

use std::fs;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use veilgate_redact::RuleSet;

use crate::corpus::{self, Sizes};
use crate::document;
use crate::engine::{
    Call, Engine, Keywords, Memory, Native, Node, Report, Set, Vectorscan, Wasmtime, library,
    patterns, version,
};
use crate::folders::Folders;
use rounds::Budget;

/// Flags of `scan`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Smaller corpora and fewer repetitions: under a minute, and the document stays as it is
    #[arg(long)]
    quick: bool,
    /// Only these corpora, by name; the document stays as it is
    #[arg(long, value_delimiter = ',')]
    corpus: Vec<String>,
    /// Only these engines, by name; the document stays as it is
    #[arg(long, value_delimiter = ',')]
    engine: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let folders = Folders::new();
    let (sizes, budget) = if options.quick {
        (Sizes::QUICK, Budget::QUICK)
    } else {
        (Sizes::FULL, Budget::FULL)
    };
    let (rules, rules_bytes) = memory::rules()?;
    let corpora = corpus::build(
        &sizes,
        &options.corpus,
        &rules,
        &folders.results().join("packages"),
        &folders.results().join("corpora"),
    )?;
    let first = corpora.first().context("no corpus of that name")?;

    let mut native = Native::new()?;
    ensure!(
        folders.guest().exists() && folders.guest_without_simd().exists(),
        "the guests are not built: `make bench-scan` does both"
    );
    let node = Node::new(&folders.script(), &folders.guest(), Call::Scan)
        .inspect_err(|reason| eprintln!("skipped: V8: {reason:#}"))
        .ok();
    let mut figures = figures::Figures::new(rules.rules().count());
    let mut engines = engines(options, &folders, node.as_ref(), &mut figures)?;
    ensure!(!engines.is_empty(), "no engine of that name");
    for corpus in &corpora {
        figures.add(corpus, rounds::measure(corpus, &mut engines, &budget)?);
    }
    drop(engines);

    if let Some(node) = &node
        && options.engine.is_empty()
        && options.corpus.is_empty()
    {
        let folder = folders.results().join("corpora");
        figures.worst = worst::pieces(&mut node.clone(), &rules, &folder)?;
    }
    figures.headers = headers::measure(&mut native, node.as_ref(), &folders.guest())?;
    figures.memory = memory::Memory {
        rules: rules_bytes,
        stream: memory::stream(&rules, &corpora)?,
        guest: node.as_ref().map(Node::memory).transpose()?,
        module: fs::metadata(folders.guest())?.len(),
        others: memory::others(&patterns(&folders.rules())?, first)?,
    };

    fs::write(folders.results().join("scan.jsonl"), figures.lines()?)?;
    let section = report::markdown(&figures);
    println!("\n{section}");
    if !options.quick && options.corpus.is_empty() && options.engine.is_empty() {
        document::rewrite(&folders.document(), "scan", &section)?;
    }
    Ok(())
}

/// Those that were asked for and can be had; of the others, the reason is printed.
fn engines(
    options: &Options,
    folders: &Folders,
    node: Option<&Node>,
    figures: &mut figures::Figures,
) -> Result<Vec<Box<dyn Engine>>> {
    let wanted = |name: &str| {
        options.engine.is_empty() || options.engine.iter().any(|engine| engine == name)
    };
    let patterns = patterns(&folders.rules())?;
    let mut engines: Vec<Box<dyn Engine>> = Vec::new();
    if wanted("veilgate") {
        engines.push(Box::new(Native::new()?));
        if let Some(node) = node {
            engines.push(Box::new(node.clone()));
        }
        engines.push(Box::new(Wasmtime::new(&folders.guest(), Call::Scan)?));
    }
    if wanted("veilgate_no_simd") && node.is_some() {
        let guest = folders.guest_without_simd();
        engines.push(Box::new(Node::new(
            &folders.script(),
            &guest,
            Call::ScanWithoutSimd,
        )?));
    }
    if wanted("vectorscan") || wanted("vectorscan_som") {
        match library(&folders.results().join("vectorscan")) {
            Ok(library) => {
                figures.note(format!("vectorscan {}", version(&library)?));
                for report in [Report::End, Report::Span] {
                    let engine = Vectorscan::new(&library, &patterns, report)?;
                    if wanted(engine.name()) {
                        figures.note(format!(
                            "`{}`: database of {} KB, {} rules that it cannot compile",
                            engine.name(),
                            engine.bytes / 1000,
                            engine.refused
                        ));
                        engines.push(Box::new(engine));
                    }
                }
            }
            Err(reason) => {
                eprintln!("skipped: vectorscan: {reason:#}");
                figures.note(format!("vectorscan was not there: {reason}"));
            }
        }
    }
    if wanted("ac_regex") {
        engines.push(Box::new(Keywords::new(&patterns)?));
    }
    if wanted("regexset") {
        engines.push(Box::new(Set::new(&patterns)?));
    }
    if wanted("memory") {
        engines.push(Box::new(Memory));
        if let Some(node) = node {
            engines.push(Box::new(node.of(Call::Sum)));
        }
        engines.push(Box::new(Wasmtime::new(&folders.guest(), Call::Sum)?));
    }
    Ok(engines)
}

/// The built-in rules, shared.
type Rules = Arc<RuleSet>;
