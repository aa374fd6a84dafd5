//! `veilgate-bench module`: what the modules that proxies load weigh, how soon they are ready, and what they add to real traffic.

mod envoy;
mod load;
mod process;
mod ready;
mod report;
mod wire;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use veilgate_harness::lab::{self, Build};

use crate::document;
use crate::folders::Folders;

/// Flags of `module`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Another module to measure in the same run, such as one of an older version; the document stays as it is
    #[arg(long, value_name = "NAME=FILE")]
    also: Vec<String>,
    /// Fewer repetitions; the document stays as it is
    #[arg(long)]
    quick: bool,
    /// Without real Envoy; the document stays as it is
    #[arg(long)]
    no_envoy: bool,
    /// Write the document all the same
    #[arg(long)]
    write: bool,
}

/// A module to measure.
pub(crate) struct Subject {
    name: String,
    file: PathBuf,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let folders = Folders::new();
    let subjects = subjects(options)?;
    let rounds = if options.quick { 2 } else { 5 };
    let mut figures = report::Figures::default();
    for subject in &subjects {
        println!("{}: {}", subject.name, subject.file.display());
        figures
            .ready
            .push(ready::measure(subject, &folders.module_script(), rounds)?);
    }
    if !options.no_envoy {
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(async {
            figures.envoy = envoy::measure(&subjects, rounds).await?;
            figures.load = load::measure(&subjects, rounds * 2).await?;
            anyhow::Ok(())
        })?;
    }
    fs::create_dir_all(folders.results())?;
    fs::write(folders.results().join("module.jsonl"), figures.lines()?)?;
    let section = report::markdown(&figures);
    println!("\n{section}");
    let complete = !options.quick && !options.no_envoy && options.also.is_empty();
    if complete || options.write {
        document::rewrite(&folders.document(), "module", &section)?;
    }
    Ok(())
}

fn subjects(options: &Options) -> Result<Vec<Subject>> {
    let mut subjects = Vec::new();
    for also in &options.also {
        let (name, file) = also
            .split_once('=')
            .with_context(|| format!("`{also}` is not NAME=FILE"))?;
        ensure!(PathBuf::from(file).is_file(), "`{file}` is not a file");
        subjects.push(Subject {
            name: name.to_owned(),
            file: file.into(),
        });
    }
    for (name, build) in [
        ("veilgate", Build::Whole),
        ("veilgate-redact", Build::Redact),
        ("veilgate-redact-scalar", Build::RedactScalar),
    ] {
        subjects.push(Subject {
            name: name.to_owned(),
            file: lab::module(build)?,
        });
    }
    Ok(subjects)
}
