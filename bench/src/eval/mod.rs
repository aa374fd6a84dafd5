//! How well credentials are found: recall, precision and false alarms on labelled texts, beside the figures of other tools.

mod peers;
mod row;
mod score;
mod wrap;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use veilgate_redact::{MaskStyle, Masker, RuleSet};

use row::Row;
use score::{Engine, Labelled, Macro};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// A folder of corpora, one JSON object a line; without it the examples of the built-in rules
    #[arg(long)]
    corpus: Option<PathBuf>,
    /// Which rules take part
    #[arg(long, default_value = "balanced", value_parser = profile)]
    profile: veilgate_redact::Profile,
    /// List what was missed (recall below 1, by rule) and what was found by mistake, without values
    #[arg(long)]
    list: bool,
}

fn profile(name: &str) -> Result<veilgate_redact::Profile, String> {
    match name {
        "precise" => Ok(veilgate_redact::Profile::Precise),
        "balanced" => Ok(veilgate_redact::Profile::Balanced),
        "strict" => Ok(veilgate_redact::Profile::Strict),
        "wide" => Ok(veilgate_redact::Profile::Wide),
        _ => Err("is none of precise, balanced, strict, wide".to_owned()),
    }
}

/// Corpora of examples by rule.
const BY_RULE: [&str; 4] = ["gitleaks", "noseyparker", "titus", "kingfisher"];

pub(crate) fn run(options: &Options) -> Result<()> {
    let rules = RuleSet::builder()
        .builtin()?
        .profile(options.profile)
        .catalogue(options.profile)?
        .build()?;
    let engine = Engine {
        rules: Arc::new(rules),
        masker: Arc::new(Masker::new(MaskStyle::Label, None)),
    };
    println!(
        "{} rules of {} providers\n",
        engine.rules.rules().count(),
        providers(&engine.rules)
    );
    let examples = row::examples(&engine.rules);
    match &options.corpus {
        None => by_rule(&engine, "examples", &examples, options.list),
        Some(folder) => corpora(&engine, folder, options.list)?,
    }
    carriers(&engine);
    Ok(())
}

fn providers(rules: &RuleSet) -> usize {
    let mut providers: Vec<&str> = rules.rules().map(|rule| rule.provider()).collect();
    providers.sort_unstable();
    providers.dedup();
    providers.len()
}

fn corpora(engine: &Engine, folder: &Path, list: bool) -> Result<()> {
    for name in BY_RULE {
        let rows = read(folder, name)?;
        by_rule(engine, name, &rows, list);
    }
    let rows = read(folder, "creddata-dev")?;
    let labelled = Labelled::of(engine, &rows);
    print!("{labelled}");
    if list {
        print!("{}", score::list_labelled(engine, &rows));
    }
    println!("{}", peers::LABELLED);
    let rows = read(folder, "clean-json-api")?;
    let alarms = score::false_alarms(engine, &rows);
    print!("{alarms}");
    if list {
        print!("{}", alarms.kinds());
    }
    println!("{}", peers::CLEAN);
    Ok(())
}

fn read(folder: &Path, name: &str) -> Result<Vec<Row>> {
    let file = folder.join(format!("{name}.jsonl"));
    row::read(&file).with_context(|| format!("cannot read {}", file.display()))
}

/// Recall by rule, bare and wrapped.
fn by_rule(engine: &Engine, name: &str, rows: &[Row], list: bool) {
    let bare = Macro::of(rows, |row| engine.masks(row));
    println!("{name}: macro recall by rule {bare}");
    if list {
        print!("{}", bare.missed());
    }
    for wrap in wrap::WRAPS {
        // What is not found bare need not be found in there.
        let wrapped = Macro::of(rows, |row| {
            if engine.masks(row)? {
                wrap.masks(engine, row)
            } else {
                None
            }
        });
        println!("    in {:<12} of what is found bare {wrapped}", wrap.name);
        if list {
            print!("{}", wrapped.missed());
        }
    }
    if let Some(peers) = peers::by_rule(name) {
        println!("    {peers}");
    }
    println!();
}

/// Credentials where HTTP carries them, whatever they look like.
fn carriers(engine: &Engine) {
    println!("values of all sorts where HTTP carries credentials:");
    for carrier in wrap::CARRIERS {
        let rows = carrier.rows();
        let recall = Macro::of(&rows, |row| engine.masks(row));
        println!("    {:<14} {recall}", carrier.name);
    }
}
