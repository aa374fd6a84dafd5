//! Measures what scanning costs, and writes down what it found: `docs/benchmarks.md` and lines of JSON under `target/bench/`.

mod corpus;
mod document;
mod engine;
mod eval;
mod folders;
mod gate;
mod heap;
mod module;
mod scan;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Veilgate's benchmarks", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure the scan engine beside others, and write the tables of docs/benchmarks.md
    Scan(scan::Options),
    /// Measure how well credentials are found, on labelled corpora
    Eval(eval::Options),
    /// Count instructions per byte, and fail where they are too many
    Gate,
    /// Measure the modules that proxies load: size, start, memory, and what they add to Envoy's CPU time
    Module(module::Options),
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    match &arguments.command {
        Command::Scan(options) => scan::run(options).map(|()| ExitCode::SUCCESS),
        Command::Eval(options) => eval::run(options).map(|()| ExitCode::SUCCESS),
        Command::Gate => gate::run(),
        Command::Module(options) => module::run(options).map(|()| ExitCode::SUCCESS),
    }
}
