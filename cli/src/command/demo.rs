//! `veilgate demo`.

use std::path::PathBuf;

use crate::demo::{self, Options};
use crate::exit::Status;
use crate::terminal::Paint;

/// Watch Veilgate allow, deny and mask, in about ten steps with real requests.
///
/// Starts everything on free loopback ports, tells what each step promises and what came back, and ends everything it started. Fails if
/// a step differs from what it promises. Its policies are in policies/demo/, its Envoy configuration in envoy/: edit them and run it again.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 as promised, 1 a step differs or something failed, 3 wrong usage, 130 interrupted."
)]
pub(crate) struct Args {
    /// What to play it on.
    #[arg(long, value_enum, default_value_t = Engine::Envoy)]
    engine: Engine,
    /// Leave everything running at the end, until Ctrl-C, and keep the run's logs.
    #[arg(long)]
    keep: bool,
    /// Never colour the output.
    #[arg(long)]
    no_color: bool,
    /// The module to load instead of the one built here.
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Engine {
    /// Real Envoy in front of real OpenBao, installed into a private folder where they are missing.
    Envoy,
    /// The local proxy in front of a bundled upstream; needs neither Python nor Envoy.
    Harness,
}

pub(crate) fn run(args: Args) -> anyhow::Result<Status> {
    let Args {
        engine,
        keep,
        no_color,
        module,
    } = args;
    let real = matches!(engine, Engine::Envoy);
    demo::play(Options {
        real,
        keep,
        paint: Paint::detect(no_color),
        module,
    })
}
