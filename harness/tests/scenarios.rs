//! Runs every scenario of `harness/scenarios` on every engine, and prints how many of each passed. Those that need no policies run again on the
//! harness with the modules that only redact, in the 16 MiB of memory that the smallest hosts give a filter.
//!
//! `VEILGATE_SCENARIO=text` runs those whose name holds the text. Where Envoy cannot be had its scenarios are skipped, and the reason is
//! printed, and so it is where a module was not built; with `CI` or `VEILGATE_REQUIRE_ENGINES` set that is a failure.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use veilgate_harness::lab::{
    self, Build,
    engines::{self, Program},
};
use veilgate_harness::scenario::{Engine, Outcome, Scenario, Suite, Verdict};
use veilgate_harness::vm::ByteSize;

/// One test for each engine, and for each other module, by the protocol of cargo's own test harness as far as runners need it.
const TESTS: [&str; 4] = ["harness", "envoy", "redact", "redact-scalar"];

/// What Google's Service Extensions give one virtual machine.
const SMALL: ByteSize = ByteSize(16 << 20);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let names: Vec<&String> = arguments
        .iter()
        .filter(|argument| !argument.starts_with('-') && *argument != "terse")
        .collect();
    if has("--list") {
        if !has("--ignored") {
            TESTS.iter().for_each(|test| println!("{test}: test"));
        }
        return ExitCode::SUCCESS;
    }
    let wanted: Vec<&str> = TESTS
        .into_iter()
        .filter(|test| names.is_empty() || names.iter().any(|name| test.contains(name.as_str())))
        .collect();
    if has("--ignored") || wanted.is_empty() {
        return ExitCode::SUCCESS;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(run(&wanted)))
    {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(wanted: &[&str]) -> anyhow::Result<bool> {
    let only = std::env::var("VEILGATE_SCENARIO").unwrap_or_default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let module = lab::module(Build::Whole)?;
    let mut suite = Suite::read(&folder, &module, &only)?;
    if let Ok(path) = lab::module(Build::Redact) {
        suite = suite.with_module("redact", path);
    }
    println!("{} scenarios, module {}", suite.len(), module.display());
    let begun = Instant::now();
    let mut outcomes = Vec::new();
    let mut missing = Vec::new();
    for name in wanted {
        let build = match *name {
            "redact" => Some(Build::Redact),
            "redact-scalar" => Some(Build::RedactScalar),
            _ => None,
        };
        if let Some(build) = build {
            match lab::module(build) {
                Ok(module) => {
                    println!("{name}: module {}, {SMALL}", module.display());
                    let suite = suite.on(&module, SMALL, redacts_only);
                    outcomes.extend(suite.run(&Engine::Harness, &print).await?);
                }
                Err(error) => missing.push(format!("{name}: {error}")),
            }
            continue;
        }
        let engine = match *name {
            "envoy" => match engines::ensure(Program::Envoy, &mut |line| println!("  {line}")) {
                Ok(program) => Engine::Envoy(program),
                Err(error) => {
                    missing.push(format!("all {} on envoy: {error}", suite.len()));
                    continue;
                }
            },
            _ => Engine::Harness,
        };
        outcomes.extend(suite.run(&engine, &print).await?);
    }

    let count = |is: fn(&Verdict) -> bool| {
        outcomes
            .iter()
            .filter(|outcome| is(&outcome.verdict))
            .count()
    };
    let failed = count(|verdict| matches!(verdict, Verdict::Failed(_)));
    let skips: Vec<String> = outcomes
        .iter()
        .filter_map(|outcome| match &outcome.verdict {
            Verdict::Skipped(reason) => Some(format!(
                "{} on {}: {reason}",
                outcome.scenario, outcome.engine
            )),
            Verdict::Passed | Verdict::Failed(_) => None,
        })
        .chain(missing.iter().cloned())
        .collect();
    println!(
        "\nscenarios x engines: {} passed, {failed} failed, {} skipped ({} scenarios on {}, {:.1} s)",
        count(|verdict| *verdict == Verdict::Passed),
        skips.len(),
        suite.len(),
        wanted.join(" and "),
        begun.elapsed().as_secs_f64(),
    );
    skips.iter().for_each(|skip| println!("  skipped {skip}"));
    Ok(failed == 0 && (missing.is_empty() || !engines::required()) && !suite.is_empty())
}

/// Whether a scenario is about redaction, and configures nothing that only the whole module has.
fn redacts_only(name: &str, scenario: &Scenario) -> bool {
    let about = ["veil/", "logs/", "protocol/"];
    let updates = scenario
        .exchange
        .iter()
        .filter_map(|exchange| exchange.update.as_ref());
    about.iter().any(|folder| name.starts_with(folder))
        && scenario.filter.iter().chain(updates).all(|filter| {
            let fields = filter.config.iter().filter_map(|config| config.as_object());
            fields
                .flat_map(|fields| fields.keys())
                .all(|field| !["policy", "services", "identity"].contains(&field.as_str()))
        })
}

fn print(outcome: &Outcome) {
    let Outcome {
        scenario,
        engine,
        verdict,
        time,
    } = outcome;
    match verdict {
        Verdict::Passed => println!("  ok      {engine:8} {scenario} ({} ms)", time.as_millis()),
        Verdict::Skipped(_) => println!("  skipped {engine:8} {scenario}"),
        Verdict::Failed(differences) => {
            println!("  FAILED  {engine:8} {scenario}");
            differences
                .iter()
                .for_each(|difference| println!("            {difference}"));
        }
    }
}
