//! The `veilgate` command: parse, run, report.
//!
//! Every subcommand is one file under `command/`; what a larger one is made of lives in a folder of its own name.

mod command;
mod demo;
mod exit;
mod redact;
mod rules;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use crate::command::Command;
use crate::exit::Status;

/// Decide who may see which credential, and mask the rest.
#[derive(Parser)]
#[command(name = "veilgate", version, about, after_help = exit::HELP, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(message) => {
            // Help and version are messages too, and successes.
            let status = if message.use_stderr() {
                Status::Invalid
            } else {
                Status::Success
            };
            let _ = message.print();
            return status.into();
        }
    };
    match cli.command.run() {
        Ok(status) => status.into(),
        Err(error) => {
            eprintln!("veilgate: {}", exit::explain(&error));
            Status::Failure.into()
        }
    }
}
