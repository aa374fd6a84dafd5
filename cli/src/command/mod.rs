//! The subcommands.

mod demo;
mod engines;
mod redact;
mod rules;

use crate::exit::Status;

/// What the first word on the command line chose.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    Demo(demo::Args),
    Engines(engines::Args),
    Redact(redact::Args),
    Rules(rules::Args),
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<Status> {
        match self {
            Self::Demo(args) => demo::run(args),
            Self::Engines(args) => engines::run(&args),
            Self::Redact(args) => redact::run(&args),
            Self::Rules(args) => rules::run(args),
        }
    }
}
