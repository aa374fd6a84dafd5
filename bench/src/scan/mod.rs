//! `veilgate-bench scan`: every engine on every corpus.

mod engines;
mod figures;
mod headers;
mod memory;
mod reference;
mod report;
mod rounds;
mod target;
mod targets;
mod verdicts;
mod worst;

use std::fs;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use veilgate_redact::RuleSet;

use crate::corpus::{self, Sizes};
use crate::document;
use crate::engine::{Call, Expressions, Native, Node};
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

impl Options {
    /// Whether an engine takes part.
    fn wants(&self, name: &str) -> bool {
        self.engine.is_empty() || self.engine.iter().any(|engine| engine == name)
    }
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
    let expressions = Expressions::read(&folders.rules(), &folders.carriers())?;
    let mut engines =
        engines::engines(options, &folders, node.as_ref(), &expressions, &mut figures)?;
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
        others: memory::others(&expressions.together, first)?,
    };

    fs::write(folders.results().join("scan.jsonl"), figures.lines()?)?;
    let section = report::markdown(&figures);
    println!("\n{section}");
    if !options.quick && options.corpus.is_empty() && options.engine.is_empty() {
        document::rewrite(&folders.document(), "scan", &section)?;
    }
    Ok(())
}

/// The built-in rules, shared.
type Rules = Arc<RuleSet>;
