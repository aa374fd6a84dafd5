//! The engines that take part: those that were asked for and can be had; of the others, the reason is printed.

use anyhow::Result;

use super::Options;
use super::figures::Figures;
use crate::engine::{
    Call, Engine, Expressions, Keywords, Memory, Native, Node, Report, Set, Vectorscan, Wasmtime,
    Yardstick, library, version,
};
use crate::folders::Folders;

/// In the order in which they take turns.
pub(super) fn engines(
    options: &Options,
    folders: &Folders,
    node: Option<&Node>,
    rules: &Expressions,
    figures: &mut Figures,
) -> Result<Vec<Box<dyn Engine>>> {
    let mut engines: Vec<Box<dyn Engine>> = Vec::new();
    if options.wants("veilgate") {
        engines.push(Box::new(Native::new()?));
        if let Some(node) = node {
            engines.push(Box::new(node.clone()));
        }
        engines.push(Box::new(Wasmtime::new(&folders.guest(), Call::Scan)?));
    }
    if options.wants("veilgate_no_simd") && node.is_some() {
        let guest = folders.guest_without_simd();
        engines.push(Box::new(Node::new(
            &folders.script(),
            &guest,
            Call::ScanWithoutSimd,
        )?));
    }
    for engine in vectorscan(options, folders, rules, figures)? {
        engines.push(Box::new(engine));
    }
    if options.wants("ac_regex") {
        engines.push(Box::new(Keywords::new(&rules.together)?));
    }
    if options.wants("regexset") {
        engines.push(Box::new(Set::new(&rules.together)?));
    }
    if options.wants(Yardstick::NAME) {
        engines.push(Box::new(Yardstick::new(&rules.credentials)?));
    }
    if options.wants("memory") {
        engines.push(Box::new(Memory));
        if let Some(node) = node {
            engines.push(Box::new(node.of(Call::Sum)));
        }
        engines.push(Box::new(Wasmtime::new(&folders.guest(), Call::Sum)?));
    }
    Ok(engines)
}

/// Vectorscan with all rules, in the form it is fastest with for what it reports, and with the credentials' patterns alone.
fn vectorscan(
    options: &Options,
    folders: &Folders,
    rules: &Expressions,
    figures: &mut Figures,
) -> Result<Vec<Vectorscan>> {
    let wanted: Vec<_> = [
        ("vectorscan", &rules.apart, Report::End),
        ("vectorscan_som", &rules.together, Report::Span),
        ("vectorscan_patterns", &rules.credentials, Report::End),
    ]
    .into_iter()
    .filter(|(name, _, _)| options.wants(name))
    .collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let library = match library(&folders.results().join("vectorscan")) {
        Ok(library) => library,
        Err(reason) => {
            eprintln!("skipped: vectorscan: {reason:#}");
            figures.note(format!("vectorscan was not there: {reason}"));
            return Ok(Vec::new());
        }
    };
    figures.note(format!("vectorscan {}", version(&library)?));
    wanted
        .into_iter()
        .map(|(name, expressions, report)| {
            let engine = Vectorscan::new(name, &library, expressions, report)?;
            figures.note(format!(
                "`{name}`: database of {} KB, {} of {} expressions that it cannot compile",
                engine.bytes / 1000,
                engine.refused,
                expressions.len(),
            ));
            Ok(engine)
        })
        .collect()
}
