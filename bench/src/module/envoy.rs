//! Real Envoy, from its start until it takes requests.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use veilgate_harness::lab::engines::{self, Program};
use veilgate_harness::lab::setup::{Configuration, Delivery, Filter};
use veilgate_harness::lab::{Envoy, Setup};

use super::{Subject, process};

/// Envoy with one module, or with none.
pub(crate) struct Start {
    pub(crate) name: String,
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    pub(crate) resident: u64,
    /// What each further worker adds.
    pub(crate) per_worker: u64,
}

const WORKERS: u32 = 5;

pub(crate) async fn measure(subjects: &[Subject], rounds: u32) -> Result<Vec<Start>> {
    let program = engines::ensure(Program::Envoy, &mut |line| println!("  {line}"))?;
    let mut starts = vec![None; subjects.len() + 1];
    // Interleaved, so that a busy minute hits all of them.
    for _ in 0..rounds {
        for (slot, subject) in starts
            .iter_mut()
            .zip(std::iter::once(None).chain(subjects.iter().map(Some)))
        {
            let file = subject.map(|subject| subject.file.as_path());
            let one = start(&program, file, 1).await?;
            let many = start(&program, file, WORKERS).await?;
            let per_worker = many.2.saturating_sub(one.2) / u64::from(WORKERS - 1);
            *slot = Some(match slot.take() {
                None => (one.0, one.1, one.2, per_worker),
                Some((wall, cpu, resident, each)) => (
                    one.0.min(wall),
                    one.1.min(cpu),
                    one.2.min(resident),
                    per_worker.min(each),
                ),
            });
        }
    }
    let names = std::iter::once("none").chain(subjects.iter().map(|subject| subject.name.as_str()));
    Ok(names
        .zip(starts.into_iter().flatten())
        .map(|(name, (wall, cpu, resident, per_worker))| Start {
            name: name.to_owned(),
            wall,
            cpu,
            resident,
            per_worker,
        })
        .collect())
}

async fn start(
    program: &Path,
    module: Option<&Path>,
    workers: u32,
) -> Result<(Duration, Duration, u64)> {
    // Nothing listens there, and nothing asks.
    let mut setup = setup(SocketAddr::from(([127, 0, 0, 1], 9)), module, "{}");
    setup.workers = workers;
    let at = Instant::now();
    let envoy = Envoy::start(program, setup).await?;
    let wall = at.elapsed();
    let measured = (
        wall,
        process::cpu(envoy.id())?,
        process::resident(envoy.id())?,
    );
    envoy.stop();
    Ok(measured)
}

/// A listener in front of one upstream, with a module's filter or with none.
pub(crate) fn setup(upstream: SocketAddr, module: Option<&Path>, configuration: &str) -> Setup {
    let mut setup = Setup::new(upstream);
    setup.delivery = Delivery::Lds;
    setup.filter = module.map(|module| Filter {
        module: module.to_owned(),
        configuration: Configuration::Text(configuration.to_owned()),
        memory: None,
    });
    setup
}
