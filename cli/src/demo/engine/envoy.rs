//! One Envoy process: ports that Envoy picks itself, a filter that changes by rename, and Envoy's own word for what it accepted.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;
use veilgate_harness::lab::Process;

use crate::demo::files;
use crate::demo::http::{self, Endpoint, Request};

/// One running Envoy.
pub(super) struct Envoy {
    /// Ends Envoy when dropped.
    process: Process,
    name: &'static str,
    admin: SocketAddr,
    listener: SocketAddr,
}

/// Compiling the module takes Envoy seconds on a busy machine.
const START_PATIENCE: Duration = Duration::from_secs(120);
const UPDATE_PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

impl Envoy {
    /// Starts `program` with `bootstrap`; its files are `<name>.*` in `folder`.
    pub(super) async fn start(
        program: &Path,
        name: &'static str,
        bootstrap: &str,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let file = |suffix: &str| folder.join(format!("{name}.{suffix}"));
        files::write(&file("yaml"), bootstrap)?;
        let arguments = [
            "--config-path".to_owned(),
            file("yaml").display().to_string(),
            "--admin-address-path".to_owned(),
            file("admin").display().to_string(),
            "--concurrency".to_owned(),
            "2".to_owned(),
            "--disable-hot-restart".to_owned(),
            "--file-flush-interval-msec".to_owned(),
            "20".to_owned(),
            "--log-level".to_owned(),
            "warning".to_owned(),
            "--component-log-level".to_owned(),
            "wasm:info".to_owned(),
        ];
        let process = Process::start(program, arguments, &[], &file("log"))?;
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut envoy = Self {
            process,
            name,
            admin: nowhere,
            listener: nowhere,
        };
        envoy.wait_until_listening(&file("admin")).await?;
        Ok(envoy)
    }

    /// Ends it in order.
    pub(super) fn stop(self) {
        self.process.stop(Duration::from_secs(5));
    }

    /// Where clients connect.
    pub(super) fn addr(&self) -> SocketAddr {
        self.listener
    }

    /// A page of its administration interface.
    pub(super) async fn page(&self, path: &str) -> anyhow::Result<String> {
        let reply = http::send(&Endpoint::plain(self.admin), &Request::get(path)).await?;
        if reply.status != 200 {
            bail!("Envoy's admin page `{path}` answered {}", reply.status);
        }
        Ok(reply.text())
    }

    /// Renames `draft` to `file`, the filter that Envoy watches, and waits until it is in force.
    pub(super) async fn replace_filter(&self, draft: &Path, file: &Path) -> anyhow::Result<()> {
        let before = self.updates().await?;
        std::fs::rename(draft, file)
            .with_context(|| format!("cannot write `{}`", file.display()))?;
        let deadline = Instant::now() + UPDATE_PATIENCE;
        while Instant::now() < deadline {
            let now = self.updates().await?;
            if now.refused > before.refused {
                bail!(
                    "Envoy refused the new policy and keeps the old one; it said:\n{}",
                    self.last_words()
                );
            }
            if now.taken > before.taken {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
        bail!(
            "Envoy did not notice the new `{}` within {} s",
            file.display(),
            UPDATE_PATIENCE.as_secs()
        )
    }

    async fn updates(&self) -> anyhow::Result<Updates> {
        let stats = self
            .page("/stats?filter=extension_config_discovery")
            .await?;
        let sum = |name: &str| {
            let lines = stats.lines().filter_map(|line| line.split_once(": "));
            lines
                .filter(|(stat, _)| stat.ends_with(name))
                .filter_map(|(_, value)| value.parse::<u64>().ok())
                .sum()
        };
        Ok(Updates {
            taken: sum(".config_reload"),
            refused: sum(".config_fail") + sum(".update_rejected"),
        })
    }

    async fn wait_until_listening(&mut self, address_file: &Path) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_PATIENCE;
        loop {
            self.process.check()?;
            let admin = std::fs::read_to_string(address_file)
                .ok()
                .and_then(|text| text.trim().parse().ok());
            if let Some(admin) = admin {
                self.admin = admin;
                if let Some(listener) = self.listening().await {
                    self.listener = listener;
                    return Ok(());
                }
            }
            if Instant::now() > deadline {
                bail!(
                    "Envoy ({}) did not become ready; it said:\n{}",
                    self.name,
                    self.last_words()
                );
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The listener's address, once Envoy is live and its workers accept connections there.
    async fn listening(&self) -> Option<SocketAddr> {
        self.page("/ready").await.ok()?;
        let listeners: Value =
            serde_json::from_str(&self.page("/listeners?format=json").await.ok()?).ok()?;
        let port = listeners
            .pointer("/listener_statuses/0/local_address/socket_address/port_value")?
            .as_u64()?;
        let port = u16::try_from(port).ok().filter(|port| *port != 0)?;
        Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    fn last_words(&self) -> String {
        let log = files::read(self.process.output()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines
            .get(lines.len().saturating_sub(12)..)
            .unwrap_or_default()
            .join("\n")
    }
}

/// How many configurations of the filter Envoy has taken and refused.
struct Updates {
    taken: u64,
    refused: u64,
}
