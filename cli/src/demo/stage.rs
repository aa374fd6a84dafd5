//! Everything the steps are played with: an engine, the leaky API behind its gateway, and the callers.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use veilgate_harness::lab::{Authority, Credentials, Names, TokenIssuer, Upstream};

use super::configuration::Configuration;
use super::engine::{Door, Engine, Local, Materials, Programs, Real};
use super::files::{self, Project};
use super::http::{self, Endpoint, Reply, Request};
use super::json::text;
use super::leaky_api;
use super::planted::Planted;

/// The stage of one run. Dropping it ends everything.
pub(super) struct Stage {
    pub(super) engine: Engine,
    pub(super) api: Upstream,
    pub(super) planted: Planted,
    pub(super) configuration: Configuration,
    pub(super) cast: Cast,
    /// The tokens that travel in the story and must not be written down either.
    pub(super) tokens: Vec<(&'static str, String)>,
    authority: String,
    api_identity: Credentials,
    // Last, so that the files outlive the processes.
    folder: TempDir,
}

/// Who asks.
pub(super) struct Cast {
    /// A workload of the payments team.
    pub(super) api: Caller,
    /// Another workload of that team, which may read but not see everything.
    pub(super) dashboard: Caller,
    /// A developer of that team.
    pub(super) alice: Caller,
    /// A build server.
    pub(super) ci: Caller,
    /// Anybody.
    pub(super) nobody: Caller,
    /// Anybody, at the other door.
    pub(super) visitor: Caller,
}

/// One of them.
pub(super) struct Caller {
    /// As the story calls them.
    pub(super) name: &'static str,
    pub(super) endpoint: Endpoint,
    headers: Vec<(&'static str, String)>,
}

/// What to start.
pub(super) enum Choice {
    Real(Programs),
    Local,
}

/// Envoy writes its logs a moment after the answer.
const LOG_PATIENCE: Duration = Duration::from_secs(5);

impl Stage {
    /// Starts everything; returns when requests can be sent.
    pub(super) async fn set(
        project: &Project,
        module: PathBuf,
        choice: &Choice,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("veilgate-demo-")
            .tempdir()
            .context("cannot make a temporary folder")?;
        let planted = Planted::draw()?;
        let configuration = Configuration::read(project, &planted)?;
        let authority = Authority::new()?;
        let issuer = TokenIssuer::new(ISSUER)?;
        let api = leaky_api::start(&planted).await?;
        let materials = Materials {
            project,
            module,
            folder: folder.path(),
            planted: &planted,
            server: authority.issue_server()?,
            authority: authority.pem(),
            jwks: issuer.jwks().clone(),
            configuration: configuration.first.clone(),
            api: api.addr(),
        };
        let engine = match choice {
            Choice::Real(programs) => Engine::Real(Real::start(programs, materials).await?),
            Choice::Local => Engine::Local(Local::start(materials).await?),
        };
        let jwt = issuer
            .sign(&json!({"sub": "alice", "aud": "openbao", "groups": ["payments-developers"]}))?;
        let api_identity = authority.issue(&Names::spiffe(&[
            "spiffe://demo.veilgate/ns/payments/sa/api",
        ]))?;
        let cast = Cast::new(&engine, &authority, &api_identity, &jwt, &planted)?;
        let tokens = vec![
            ("the user's token", jwt),
            ("OpenBao's token", engine.vault_token().to_owned()),
        ];
        Ok(Self {
            engine,
            api,
            planted,
            configuration,
            cast,
            tokens,
            authority: authority.pem(),
            api_identity,
            folder,
        })
    }

    /// Where the run keeps its files.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes what `curl` needs to be the team's workload.
    pub(super) fn write_credentials(&self) -> anyhow::Result<()> {
        let folder = self.folder();
        files::write(&folder.join("ca.pem"), &self.authority)?;
        files::write(&folder.join("api.pem"), &self.api_identity.certificate)?;
        files::write(&folder.join("api.key"), &self.api_identity.key)?;
        files::write(
            &folder.join("vault-token"),
            format!("X-Vault-Token: {}\n", self.engine.vault_token()),
        )
    }

    /// The last line of a door's access log that `wanted` accepts.
    pub(super) async fn access_line(
        &self,
        door: Door,
        wanted: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        newest(|| self.engine.access_log(door), wanted)
            .await
            .context("no such line came up in the access log")
    }

    /// The audit record of a decision.
    pub(super) async fn audit_record(
        &self,
        door: Door,
        decision_id: &str,
    ) -> anyhow::Result<Value> {
        let wanted = |record: &Value| text(record, "/decision_id") == decision_id;
        newest(|| self.engine.audit_log(door), wanted)
            .await
            .with_context(|| format!("no audit record of decision `{decision_id}` came up"))
    }

    /// Ends everything in order. The folder stays when `keep`, and is returned.
    pub(super) async fn strike(self, keep: bool) -> Option<PathBuf> {
        let Self {
            engine,
            api,
            folder,
            ..
        } = self;
        engine.stop().await;
        drop(api);
        keep.then(|| folder.keep())
    }
}

/// Who issues the users' tokens; `envoy/sidecar.yaml` says the same.
pub(super) const ISSUER: &str = "https://login.example.com";

impl Cast {
    fn new(
        engine: &Engine,
        authority: &Authority,
        api: &Credentials,
        jwt: &str,
        planted: &Planted,
    ) -> anyhow::Result<Self> {
        let sidecar = engine.addr(Door::Sidecar);
        let vault = ("x-vault-token", engine.vault_token().to_owned());
        let dashboard = authority.issue(&Names::spiffe(&[
            "spiffe://demo.veilgate/ns/payments/sa/dashboard",
        ]))?;
        let workload = |name, identity: &Credentials| {
            let endpoint = Endpoint::tls(
                sidecar,
                authority.client_config(Some(identity), &[b"http/1.1"])?,
            );
            anyhow::Ok(Caller {
                name,
                endpoint,
                headers: vec![vault.clone()],
            })
        };
        let person = |name, header: Option<(&'static str, String)>| {
            let endpoint = Endpoint::tls(sidecar, authority.client_config(None, &[b"http/1.1"])?);
            anyhow::Ok(Caller {
                name,
                endpoint,
                headers: header.into_iter().chain([vault.clone()]).collect(),
            })
        };
        Ok(Self {
            api: workload("payments/api, by certificate", api)?,
            dashboard: workload("payments/dashboard, by certificate", &dashboard)?,
            alice: person(
                "alice, by token",
                Some(("authorization", format!("Bearer {jwt}"))),
            )?,
            ci: person(
                "ci, by API key",
                Some(("x-api-key", planted.client_key.clone())),
            )?,
            nobody: person("nobody in particular", None)?,
            visitor: Caller {
                name: "a visitor of the gateway",
                endpoint: Endpoint::plain(engine.addr(Door::Gateway)),
                headers: Vec::new(),
            },
        })
    }
}

impl Caller {
    /// A `GET` with what identifies this caller.
    pub(super) fn get(&self, target: &str) -> Request {
        self.headers
            .iter()
            .fold(Request::get(target), |request, (name, value)| {
                request.header(name, value)
            })
    }

    /// Sends one and returns the answer.
    pub(super) async fn ask(&self, target: &str) -> anyhow::Result<Reply> {
        http::send(&self.endpoint, &self.get(target)).await
    }
}

async fn newest(
    read: impl Fn() -> anyhow::Result<Vec<Value>>,
    wanted: impl Fn(&Value) -> bool,
) -> anyhow::Result<Value> {
    let deadline = Instant::now() + LOG_PATIENCE;
    loop {
        if let Some(found) = read()?.into_iter().rev().find(|line| wanted(line)) {
            return Ok(found);
        }
        anyhow::ensure!(
            Instant::now() < deadline,
            "waited {} s",
            LOG_PATIENCE.as_secs()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
