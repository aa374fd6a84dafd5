//! `veilgate demo`: a story of about ten steps, told with real requests.
//!
//! A [`Stage`] is set (real Envoys and OpenBao, or the local proxy and a bundled upstream), the steps of [`steps`] are played on
//! it, and everything is struck again, whatever happened in between. Secrets are drawn anew for each run, and the last step searches
//! everything the run has written for them.

mod configuration;
pub(crate) mod engine;
pub(crate) mod files;
mod http;
mod json;
mod leaky_api;
mod openbao;
mod planted;
mod scene;
mod stage;
mod steps;
mod traffic;

use std::path::PathBuf;
use std::time::Instant;

use tokio::signal::unix::{Signal, SignalKind, signal};
use veilgate_harness::lab::engines::{self, Program};

use crate::exit::Status;
use crate::terminal::Paint;
use engine::{Door, Programs};
use files::Project;
use scene::{Story, say};
use stage::{Choice, Stage};

/// What the command line asked for.
pub(crate) struct Options {
    /// Real Envoy and OpenBao, or the local proxy.
    pub(crate) real: bool,
    /// Leave everything running at the end.
    pub(crate) keep: bool,
    pub(crate) paint: Paint,
    /// A module other than the one that was built here.
    pub(crate) module: Option<PathBuf>,
}

/// Plays the story.
///
/// # Errors
/// When the stage cannot be set: a module or a program is missing, or something does not start. What differs in a step is not an error but
/// [`Status::Failure`].
pub(crate) fn play(options: Options) -> anyhow::Result<Status> {
    let Options {
        real,
        keep,
        paint,
        module,
    } = options;
    let project = Project::find()?;
    let module = project.module(module)?;
    // Before signals are caught: an interrupted installation ends like any other program.
    let choice = if real {
        Choice::Real(programs(paint)?)
    } else {
        Choice::Local
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut interrupt = Interrupt::watch()?;
        say(paint.faint(if real {
            "starting OpenBao and two Envoys on loopback; Envoy compiles the module first, up to half a minute on a busy machine"
        } else {
            "starting two local proxies and a bundled upstream; the module is compiled first, up to half a minute on a busy machine"
        }));
        let begun = Instant::now();
        let stage = tokio::select! {
            stage = Stage::set(&project, module, &choice) => stage?,
            () = interrupt.came() => return Ok(Status::Interrupted),
        };
        say(paint.faint(format_args!("ready after {:.1} s", begun.elapsed().as_secs_f32())));
        let mut story = Story::new(paint);
        tokio::select! {
            () = tell(&stage, &mut story) => {}
            () = interrupt.came() => return Ok(Status::Interrupted),
        }
        let (steps, differing) = (story.steps(), story.differing());
        match differing {
            0 => say(format_args!("\n{}", paint.good(format_args!("{steps} steps, all as promised")))),
            _ => say(format_args!("\n{}", paint.bad(format_args!("{differing} of {steps} steps differ from what they promise")))),
        }
        if keep {
            invite(&stage, paint)?;
            interrupt.came().await;
        }
        if let Some(folder) = stage.strike(keep || differing > 0).await {
            say(format_args!("logs and configuration of this run are in {}", folder.display()));
        }
        Ok(if differing == 0 { Status::Success } else { Status::Failure })
    })
}

async fn tell(stage: &Stage, story: &mut Story) {
    story
        .step("A workload reads its own team's secret", async |scene| {
            steps::own_secret(stage, scene).await
        })
        .await;
    story
        .step("It reads another team's secret", async |scene| {
            steps::other_team(stage, scene).await
        })
        .await;
    story
        .step("A user sees names, not values", async |scene| {
            steps::list_only(stage, scene).await
        })
        .await;
    story
        .step("The same secret without its private key", async |scene| {
            steps::masked_field(stage, scene).await
        })
        .await;
    story
        .step("An API leaks credentials, cut in two", async |scene| {
            steps::leak(stage, scene).await
        })
        .await;
    story
        .step("A token in a query", async |scene| {
            steps::query(stage, scene).await
        })
        .await;
    story
        .step("What the logs say", async |scene| {
            steps::logs(stage, scene).await
        })
        .await;
    story
        .step("A build server's API key, and no key", async |scene| {
            steps::api_client(stage, scene).await
        })
        .await;
    story
        .step("The policy changes under traffic", async |scene| {
            steps::policy_edit(stage, scene).await
        })
        .await;
    story
        .step("The metrics", async |scene| {
            steps::metrics(stage, scene).await
        })
        .await;
    story
        .step("No secret was written down", async |scene| {
            steps::nothing_written_down(stage, scene).await
        })
        .await;
}

/// Finds the programs, or installs them.
fn programs(paint: Paint) -> anyhow::Result<Programs> {
    let mut progress = |line: &str| say(paint.faint(line));
    Ok(Programs {
        envoy: engines::ensure(Program::Envoy, &mut progress)?,
        openbao: engines::ensure(Program::OpenBao, &mut progress)?,
    })
}

/// Tells how to go on by hand.
fn invite(stage: &Stage, paint: Paint) -> anyhow::Result<()> {
    let folder = stage.folder().display();
    stage.write_credentials()?;
    say(format_args!(
        "\n{}",
        paint.bold("Everything is still running. Try it yourself; Ctrl-C ends it.")
    ));
    say(format_args!(
        "  curl --cacert {folder}/ca.pem --cert {folder}/api.pem --key {folder}/api.key -H @{folder}/vault-token \\\n    \
         https://localhost:{}/v1/secret/data/payments/stripe",
        stage.engine.addr(Door::Sidecar).port()
    ));
    say(format_args!(
        "  curl http://localhost:{}{}",
        stage.engine.addr(Door::Gateway).port(),
        leaky_api::LEAK
    ));
    Ok(())
}

/// Ctrl-C and SIGTERM.
struct Interrupt {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupt {
    fn watch() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn came(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
