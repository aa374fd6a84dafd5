//! Real Envoys, started with the very files of `envoy/`, and a real OpenBao behind one of them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use super::envoy::Envoy;
use super::{Door, Materials, Written, shipped};
use crate::demo::files::{self, Project};
use crate::demo::openbao::OpenBao;

/// Two Envoys and an OpenBao.
pub(in crate::demo) struct Real {
    sidecar: Envoy,
    gateway: Envoy,
    openbao: OpenBao,
    folder: PathBuf,
    project: Project,
    module: PathBuf,
}

/// The programs it starts.
pub(in crate::demo) struct Programs {
    pub(in crate::demo) envoy: PathBuf,
    pub(in crate::demo) openbao: PathBuf,
}

/// Pages of Envoy's administration interface that show what it holds.
const PAGES: [&str; 7] = [
    "/config_dump?include_eds",
    "/stats",
    "/stats/prometheus",
    "/clusters",
    "/listeners",
    "/server_info",
    "/certs",
];

impl Real {
    pub(in crate::demo) async fn start(
        programs: &Programs,
        materials: Materials<'_>,
    ) -> anyhow::Result<Self> {
        let Materials {
            project,
            module,
            folder,
            planted,
            server,
            authority,
            jwks,
            configuration,
            api,
        } = materials;
        let tls = folder.join("tls");
        std::fs::create_dir_all(&tls)
            .with_context(|| format!("cannot make `{}`", tls.display()))?;
        files::write(&tls.join("server.pem"), server.certificate)?;
        files::write(&tls.join("server.key"), server.key)?;
        files::write(&tls.join("clients-ca.pem"), authority)?;
        files::write(&folder.join("jwks.json"), jwks.to_string())?;
        let filter = shipped::sidecar_filter(project, &module, Some(&configuration))?;
        files::write(&folder.join(FILTER), filter)?;

        let openbao = OpenBao::start(&programs.openbao, folder, planted).await?;
        let sidecar = shipped::sidecar(project, folder, openbao.address())?;
        let gateway = shipped::gateway(project, folder, &module, api)?;
        // Side by side: most of the time goes into compiling the module.
        let (sidecar, gateway) = tokio::try_join!(
            Envoy::start(&programs.envoy, "sidecar", &sidecar, folder),
            Envoy::start(&programs.envoy, "gateway", &gateway, folder),
        )?;
        Ok(Self {
            sidecar,
            gateway,
            openbao,
            folder: folder.to_owned(),
            project: project.clone(),
            module,
        })
    }

    pub(super) fn addr(&self, door: Door) -> SocketAddr {
        self.envoy(door).addr()
    }

    pub(super) fn vault_token(&self) -> &str {
        self.openbao.token()
    }

    pub(super) fn served(&self, path: &str) -> anyhow::Result<usize> {
        self.openbao.served(path)
    }

    pub(super) async fn replace_policy(&self, configuration: &Value) -> anyhow::Result<()> {
        let draft = self.folder.join("sidecar-filter.yaml.new");
        files::write(
            &draft,
            shipped::sidecar_filter(&self.project, &self.module, Some(configuration))?,
        )?;
        self.sidecar
            .replace_filter(&draft, &self.folder.join(FILTER))
            .await
    }

    pub(super) async fn metrics(&self, door: Door) -> anyhow::Result<String> {
        self.envoy(door).page("/stats/prometheus").await
    }

    pub(super) fn access_log(&self, door: Door) -> anyhow::Result<Vec<Value>> {
        lines(&self.folder.join(match door {
            Door::Sidecar => "access.log",
            Door::Gateway => "gateway-access.log",
        }))
    }

    pub(super) fn audit_log(&self, door: Door) -> anyhow::Result<Vec<Value>> {
        lines(&self.folder.join(match door {
            Door::Sidecar => "audit.log",
            Door::Gateway => "gateway-audit.log",
        }))
    }

    /// Restarts of the filter's VM: there is one after every trap.
    pub(super) async fn faults(&self) -> anyhow::Result<Vec<String>> {
        let mut faults = Vec::new();
        for envoy in [&self.sidecar, &self.gateway] {
            let stats = envoy.page("/stats?filter=vm_reload").await?;
            faults.extend(
                stats
                    .lines()
                    .filter(|line| !line.ends_with(": 0"))
                    .map(str::to_owned),
            );
        }
        Ok(faults)
    }

    pub(super) async fn written(&self) -> anyhow::Result<Vec<Written>> {
        let mut written = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.is_file() {
                let text = String::from_utf8_lossy(&std::fs::read(&path)?).into_owned();
                written.push(Written {
                    name: format!("`{}`", path.display()),
                    text,
                });
            }
        }
        for (name, envoy) in [("sidecar", &self.sidecar), ("gateway", &self.gateway)] {
            for page in PAGES {
                written.push(Written {
                    name: format!("the {name}'s admin page `{page}`"),
                    text: envoy.page(page).await?,
                });
            }
        }
        Ok(written)
    }

    pub(super) fn stop(self) {
        self.sidecar.stop();
        self.gateway.stop();
        self.openbao.stop();
    }

    fn envoy(&self, door: Door) -> &Envoy {
        match door {
            Door::Sidecar => &self.sidecar,
            Door::Gateway => &self.gateway,
        }
    }
}

/// The file that the sidecar watches.
const FILTER: &str = "sidecar-filter.yaml";

/// The lines of a log that are JSON objects; a line that is still being written is not, yet.
fn lines(path: &Path) -> anyhow::Result<Vec<Value>> {
    let text = files::read(path)?;
    Ok(text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(Value::is_object)
        .collect())
}
