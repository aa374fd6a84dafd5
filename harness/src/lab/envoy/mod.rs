//! A real Envoy that serves one [`Setup`].
//!
//! Envoy picks its own ports and reports them, so no port can be lost between choosing and binding it. The listener, and the filter when it is
//! delivered by itself, are files that Envoy watches: a new configuration is written beside the old one and renamed over it, and Envoy's own
//! counters tell whether it was accepted.

mod bootstrap;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::setup::{Configuration, Delivery, Setup};
use super::wire::{End, Received, h1};
use super::{Process, ProcessError, with_memory};

/// A running Envoy; it ends when this is dropped.
#[derive(Debug)]
pub struct Envoy {
    process: Process,
    setup: Setup,
    admin: SocketAddr,
    listener: SocketAddr,
    /// Why the file that Envoy watches now was refused.
    refused: Option<String>,
    // Last, so that the files outlive the process.
    files: TempDir,
}

/// Why a change of the filter's configuration did not take effect.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// Envoy refused it and goes on with what it had.
    #[error("the configuration was refused: {0}")]
    Rejected(String),
    /// It could not be handed over, or no answer came.
    #[error("{0:#}")]
    Failed(anyhow::Error),
}

/// Compiling a module takes Envoy seconds on a busy machine.
const START_PATIENCE: Duration = Duration::from_secs(120);
const UPDATE_PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(10);

impl Envoy {
    /// Starts `program` and waits until its listener accepts connections.
    ///
    /// With a configuration that the filter refuses, Envoy still starts: the listener then answers every request with 500, as it does in
    /// production, until an acceptable configuration arrives through [`Envoy::update_filter`].
    ///
    /// # Errors
    /// When Envoy ends or does not become ready; the message holds the end of its log.
    pub async fn start(program: &Path, mut setup: Setup) -> anyhow::Result<Self> {
        let files = tempfile::Builder::new()
            .prefix("veilgate-envoy-")
            .tempdir()?;
        let dir = files.path();
        if let Some(filter) = &mut setup.filter
            && let Some(most) = filter.memory
        {
            // Envoy has no such setting, but its engine obeys the module.
            let capped = with_memory(&std::fs::read(&filter.module)?, most)?;
            filter.module = dir.join("module.wasm");
            std::fs::write(&filter.module, capped)?;
        }
        std::fs::write(
            dir.join("bootstrap.json"),
            bootstrap::bootstrap(&setup, dir).to_string(),
        )?;
        replace(
            &dir.join("lds.json"),
            &bootstrap::listeners(&setup, dir).to_string(),
        )?;
        if let (Some(filter), Delivery::Ecds) = (&setup.filter, setup.delivery) {
            replace(
                &dir.join("ecds.json"),
                &bootstrap::extensions(filter).to_string(),
            )?;
        }
        let arguments = [
            "--config-path".to_owned(),
            dir.join("bootstrap.json").display().to_string(),
            "--admin-address-path".to_owned(),
            dir.join("admin").display().to_string(),
            "--concurrency".to_owned(),
            setup.workers.to_string(),
            "--disable-hot-restart".to_owned(),
            "--file-flush-interval-msec".to_owned(),
            "20".to_owned(),
            "--drain-time-s".to_owned(),
            "1".to_owned(),
            "--log-level".to_owned(),
            "warning".to_owned(),
            "--component-log-level".to_owned(),
            "wasm:info".to_owned(),
        ];
        let process = Process::start(program, arguments, &[], &dir.join("envoy.log"))?;
        let unknown = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut envoy = Self {
            process,
            setup,
            admin: unknown,
            listener: unknown,
            refused: None,
            files,
        };
        envoy.wait_until_listening().await?;
        Ok(envoy)
    }

    /// Where clients connect.
    pub fn addr(&self) -> SocketAddr {
        self.listener
    }

    /// Its administration interface.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// What it was set up with, including the last accepted configuration of the filter.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Everything it has logged so far, the filter's messages included.
    pub fn log(&self) -> String {
        read(self.process.output())
    }

    /// The access log so far, one line for each finished request.
    pub fn access_log(&self) -> String {
        read(&self.files.path().join("access.log"))
    }

    /// Its folder: `bootstrap.json`, `lds.json`, `ecds.json`, `envoy.log`, `access.log`.
    pub fn folder(&self) -> &Path {
        self.files.path()
    }

    /// Fails when the process has ended.
    ///
    /// # Errors
    /// [`ProcessError::Ended`], with the end of the log.
    pub fn check(&mut self) -> Result<(), ProcessError> {
        self.process.check()
    }

    /// The operating system's number of the process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// A page of the administration interface, such as `/stats/prometheus`.
    ///
    /// # Errors
    /// When Envoy does not answer, or not with 200.
    pub async fn query(&self, path: &str) -> anyhow::Result<String> {
        let (status, body) = get(self.admin, path).await?;
        anyhow::ensure!(status == 200, "Envoy's `{path}` answered {status}: {body}");
        Ok(body)
    }

    /// A counter or gauge by its full name; zero when Envoy has never counted it.
    ///
    /// # Errors
    /// As [`Envoy::query`].
    pub async fn stat(&self, name: &str) -> anyhow::Result<u64> {
        let all = self.query("/stats").await?;
        Ok(stat(&all, name))
    }

    /// Gives the filter a new configuration while requests go on, and waits until Envoy has taken or refused it.
    ///
    /// # Errors
    /// [`UpdateError::Rejected`] when Envoy refused it; the last good one goes on serving.
    pub async fn update_filter(&mut self, configuration: Configuration) -> Result<(), UpdateError> {
        let mut setup = self.setup.clone();
        match &mut setup.filter {
            Some(filter) => filter.configuration = configuration,
            None => {
                return Err(UpdateError::Failed(anyhow::anyhow!(
                    "this Envoy was set up without a filter"
                )));
            }
        }
        self.apply(setup).await
    }

    async fn apply(&mut self, setup: Setup) -> Result<(), UpdateError> {
        let (file, resources, prefix) = match (&setup.filter, setup.delivery) {
            (Some(filter), Delivery::Ecds) => (
                "ecds.json",
                bootstrap::extensions(filter),
                "extension_config_discovery.http_filter.veilgate.",
            ),
            _ => (
                "lds.json",
                bootstrap::listeners(&setup, self.folder()),
                "listener_manager.lds.",
            ),
        };
        let before = self.query("/stats").await.map_err(UpdateError::Failed)?;
        let log_before = self.log().len();
        // An unchanged resource is not an update to Envoy: it would never answer.
        let path = self.folder().join(file);
        let content = resources.to_string();
        if read(&path) == content {
            return self
                .refused
                .clone()
                .map_or(Ok(()), |reason| Err(UpdateError::Rejected(reason)));
        }
        replace(&path, &content).map_err(UpdateError::Failed)?;
        let deadline = Instant::now() + UPDATE_PATIENCE;
        loop {
            let now = self.query("/stats").await.map_err(UpdateError::Failed)?;
            let grew = |name: &str| {
                stat(&now, &format!("{prefix}{name}")) > stat(&before, &format!("{prefix}{name}"))
            };
            if grew("update_rejected") || grew("config_fail") {
                let reason = rejection(self.log().get(log_before..).unwrap_or_default());
                self.refused = Some(reason.clone());
                return Err(UpdateError::Rejected(reason));
            }
            let settled = stat(&now, "listener_manager.total_listeners_warming") == 0;
            if (grew("update_success") || grew("config_reload")) && settled {
                self.setup = setup;
                self.refused = None;
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(UpdateError::Failed(anyhow::anyhow!(
                    "Envoy neither took nor refused the new configuration"
                )));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn wait_until_listening(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_PATIENCE;
        let address_file = self.folder().join("admin");
        loop {
            self.process.check()?;
            if let Ok(admin) = read(&address_file).trim().parse::<SocketAddr>() {
                self.admin = admin;
                if let Some(listener) = self.listening().await {
                    self.listener = listener;
                    return Ok(());
                }
            }
            if Instant::now() > deadline {
                bail!("Envoy did not become ready; it said:\n{}", self.log());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The listener's address, once Envoy is live and its workers accept connections there.
    async fn listening(&self) -> Option<SocketAddr> {
        let (status, _) = get(self.admin, "/ready").await.ok()?;
        if status != 200 {
            return None;
        }
        let listeners: Value =
            serde_json::from_str(&self.query("/listeners?format=json").await.ok()?).ok()?;
        let address = listeners.pointer("/listener_statuses/0/local_address/socket_address")?;
        let port = u16::try_from(address.get("port_value")?.as_u64()?)
            .ok()
            .filter(|port| *port != 0)?;
        Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    /// Ends it politely.
    pub fn stop(self) {
        let Self { process, files, .. } = self;
        process.stop(Duration::from_secs(5));
        drop(files);
    }
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

/// Envoy reacts to a file moved into place, not to one that is written.
fn replace(path: &Path, content: &str) -> anyhow::Result<()> {
    let draft = path.with_extension("draft");
    std::fs::write(&draft, content)?;
    std::fs::rename(&draft, path).with_context(|| format!("writing `{}`", path.display()))
}

fn stat(all: &str, name: &str) -> u64 {
    all.lines()
        .find_map(|line| {
            line.strip_prefix(name)?
                .strip_prefix(": ")?
                .trim()
                .parse()
                .ok()
        })
        .unwrap_or(0)
}

/// What Envoy logged about a refused configuration, the filter's own words first.
fn rejection(log: &str) -> String {
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("wasm log") || line.contains("rejected"))
        .collect();
    if lines.is_empty() {
        log.trim().to_owned()
    } else {
        lines.join("\n")
    }
}

async fn get(address: SocketAddr, path: &str) -> anyhow::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut reader = h1::Reader::new(stream);
    let head = reader.head().await?.context("no answer")?;
    let [_, status, _] = &head.words;
    let status = std::str::from_utf8(status)?.parse()?;
    let received = Received::default();
    let (_, end) = reader
        .body(h1::response_end(b"GET", status, &head.fields), &received)
        .await;
    anyhow::ensure!(
        end == End::Complete,
        "the answer to `{path}` broke off: {end:?}"
    );
    Ok((
        status,
        String::from_utf8_lossy(&received.bytes()).into_owned(),
    ))
}
