//! `veilgate rules`.

use std::io;
use std::path::PathBuf;

use crate::exit::Status;
use crate::redact::Profile;
use crate::rules::{check, explain, import, list, new};
use crate::terminal::Paint;

/// Write, check and look up the rules that say what a credential looks like.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Rules,
}

#[derive(clap::Subcommand)]
enum Rules {
    Check(Check),
    New(New),
    Import(Import),
    Explain(Explain),
    List(List),
}

/// Say all that is wrong with rule files, and why an example is not found.
///
/// Every field is checked, then every example and counter-example is scanned as traffic would be. Of an example that is not found it is shown how far the rule got. Values are shown masked.
#[derive(clap::Args)]
#[command(after_help = "Exit status: 0 all good, 1 something is wrong, 3 a file cannot be read.")]
struct Check {
    /// Rule files; their rules are checked together.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Scan the examples with the built-in rules as well, as a filter would.
    #[arg(long)]
    against_builtin: bool,
    /// Never colour the output.
    #[arg(long)]
    no_color: bool,
}

/// Print a rule file to start from.
///
/// It passes `veilgate rules check` as it stands; comments say what to change.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 printed, 1 no rule can be made of this, 3 wrong usage or no sample.\n\nExample: veilgate rules new acme-api-key --sample < token.txt > acme.toml"
)]
struct New {
    /// What the credential will be called: lower-case letters, digits and `-`, such as acme-api-key.
    kind: String,
    /// Who issues it; guessed from the kind otherwise.
    #[arg(long)]
    provider: Option<String>,
    /// Take prefix, alphabet and length from a token on standard input. It is not printed.
    #[arg(long)]
    sample: bool,
}

/// Convert the rules of gitleaks to a rule file.
///
/// The file goes to standard output; what cannot be kept is listed on standard error, rule by rule, with the reason.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 every rule was converted, 1 some were not (the others are printed), 3 the file cannot be read."
)]
struct Import {
    /// A configuration of gitleaks, such as gitleaks.toml.
    file: PathBuf,
}

/// Show what is known of a kind: its patterns, its file, its examples and what becomes of them.
#[derive(clap::Args)]
#[command(after_help = "Exit status: 0 shown, 3 there is no such kind or a file cannot be read.")]
struct Explain {
    /// A kind, as masks and audit records call it: github-pat.
    kind: String,
    /// A rule file of your own, to look in first.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Never colour the output.
    #[arg(long)]
    no_color: bool,
}

/// List all kinds with their provider and confidence, one a line, apart by tabs.
#[derive(clap::Args)]
struct List {
    /// Only those that this profile uses.
    #[arg(long, value_enum)]
    profile: Option<Profile>,
}

pub(crate) fn run(args: Args) -> anyhow::Result<Status> {
    let out = &mut io::stdout().lock();
    match args.command {
        Rules::Check(args) => {
            let paint = Paint::detect(args.no_color);
            check::run(&args.files, args.against_builtin, paint, out)
        }
        Rules::New(args) => {
            let sample = args.sample.then(|| io::read_to_string(io::stdin().lock()));
            let sample = sample.transpose()?;
            new::run(&args.kind, args.provider, sample.as_deref(), out)
        }
        Rules::Import(args) => import::run(&args.file, out, &mut io::stderr().lock()),
        Rules::Explain(args) => {
            let paint = Paint::detect(args.no_color);
            explain::run(&args.kind, args.rules.as_deref(), paint, out)
        }
        Rules::List(args) => list::run(args.profile, out),
    }
}
