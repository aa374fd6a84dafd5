//! `veilgate redact`.

use std::io;

use crate::exit::Status;
use crate::redact::{self, Records};

/// Mask credentials in what passes from standard input to standard output.
///
/// What comes out is what came in, but for masks such as [REDACTED:github-pat]. The input is one text and may be of any length: what cannot be a part of a
/// credential any more goes on at once, and memory does not grow. A closed pipe behind it is no failure.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Read records that end with a NUL byte, each a text of its own, and write them so, in order
    #[arg(long)]
    null: bool,
    /// Which rules: sure ones only, all but the doubtful, or all
    #[arg(long, value_enum, default_value_t)]
    profile: redact::Profile,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Status> {
    let records = if args.null {
        Records::Null
    } else {
        Records::One
    };
    redact::run(
        args.profile,
        records,
        &mut io::stdin().lock(),
        &mut io::stdout().lock(),
    )
}
