//! A real OpenBao for one run: in memory, on loopback, with its own audit log.
//!
//! Development mode gives an unsealed server in a second. Its API cannot enable audit devices, but a configuration file beside `-dev` can,
//! and that audit log is the demo's witness: what Veilgate denied does not occur in it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use veilgate_harness::lab::Process;

use super::files;
use super::http::{self, Request};
use super::json::text;
use super::planted::Planted;

/// A running OpenBao with the demo's secrets in it.
pub(super) struct OpenBao {
    /// Ends the server when dropped.
    process: Process,
    address: SocketAddr,
    audit: PathBuf,
    /// A token that OpenBao itself lets read and list everything under `secret/`: whatever is denied, Veilgate denied it.
    token: String,
}

/// How long the server may take to come up on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is started on other ports before that is an error.
const ATTEMPTS: usize = 3;
const POLL: Duration = Duration::from_millis(50);

impl OpenBao {
    /// Starts `program`, keeps its files in `folder`, writes the demo's secrets and makes a token for the callers.
    pub(super) async fn start(
        program: &Path,
        folder: &Path,
        planted: &Planted,
    ) -> anyhow::Result<Self> {
        let mut attempts = 1;
        loop {
            match Self::launch(program, folder, planted).await {
                // Between choosing a port and binding it, somebody else may have.
                Err(error)
                    if attempts < ATTEMPTS
                        && error.to_string().contains("address already in use") =>
                {
                    attempts += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn launch(program: &Path, folder: &Path, planted: &Planted) -> anyhow::Result<Self> {
        let audit = folder.join("openbao-audit.log");
        let config = folder.join("openbao.hcl");
        let path = audit
            .to_str()
            .context("the temporary folder's name is not UTF-8: set TMPDIR")?;
        let device = format!(
            "audit \"file\" \"demo\" {{\n  options {{\n    file_path = {}\n  }}\n}}\n",
            json!(path)
        );
        files::write(&config, device)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, two_free_ports()?));
        let arguments = [
            "server".to_owned(),
            "-dev".to_owned(),
            "-dev-no-store-token".to_owned(),
            format!("-dev-listen-address={address}"),
            format!("-config={}", config.display()),
        ];
        // Not on the command line, where every user of the machine could read it.
        let environment = [("BAO_DEV_ROOT_TOKEN_ID", planted.root_token.as_str())];
        let mut process = Process::start(
            program,
            arguments,
            &environment,
            &folder.join("openbao.console"),
        )?;
        wait_until_ready(&mut process, address).await?;
        let mut bao = Self {
            process,
            address,
            audit,
            token: String::new(),
        };
        bao.fill(planted).await?;
        Ok(bao)
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The callers' token.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Ends the server in order.
    pub(super) fn stop(self) {
        self.process.stop(Duration::from_secs(5));
    }

    /// How many requests for `path` (without `/v1/`) it has served, by its own audit log.
    pub(super) fn served(&self, path: &str) -> anyhow::Result<usize> {
        let log = files::read(&self.audit)?;
        let records = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        Ok(records
            .filter(|record| {
                text(record, "/type") == "request" && text(record, "/request/path") == path
            })
            .count())
    }

    async fn fill(&mut self, planted: &Planted) -> anyhow::Result<()> {
        for (path, fields) in secrets(planted) {
            self.write(
                planted,
                &format!("/v1/secret/data/{path}"),
                &json!({"data": fields}),
            )
            .await?;
        }
        let policy = r#"path "secret/*" { capabilities = ["read", "list"] }"#;
        self.write(
            planted,
            "/v1/sys/policies/acl/demo",
            &json!({"policy": policy}),
        )
        .await?;
        let answer = self
            .write(
                planted,
                "/v1/auth/token/create",
                &json!({"policies": ["demo"]}),
            )
            .await?;
        let token = answer
            .pointer("/auth/client_token")
            .and_then(Value::as_str)
            .context("OpenBao created no token")?;
        token.clone_into(&mut self.token);
        Ok(())
    }

    async fn write(&self, planted: &Planted, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request =
            Request::post(path, body.to_string()).header("x-vault-token", &planted.root_token);
        let deadline = Instant::now() + PATIENCE;
        let reply = loop {
            let reply = http::send(&http::Endpoint::plain(self.address), &request).await?;
            // A new KV store of version 2 upgrades itself first and says so.
            if !reply.text().contains("Upgrading") || Instant::now() > deadline {
                break reply;
            }
            tokio::time::sleep(POLL).await;
        };
        if !(200..300).contains(&reply.status) {
            bail!(
                "OpenBao answered {} to the demo's own `POST {path}`: {}",
                reply.status,
                reply.text()
            );
        }
        Ok(reply.json().unwrap_or(Value::Null))
    }
}

/// What is kept under which path, for the real OpenBao and for the one that the harness engine brings along.
pub(super) fn secrets(planted: &Planted) -> [(&'static str, Value); 3] {
    [
        (
            "payments/stripe",
            json!({"account": "acct_demo", "api_key": planted.stripe_key, "private_key": planted.signing_key}),
        ),
        ("payments/paypal", json!({"client_id": "demo-client"})),
        (
            "billing/db",
            json!({"username": "billing", "password": planted.password}),
        ),
    ]
}

async fn wait_until_ready(process: &mut Process, address: SocketAddr) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        process.check()?;
        let probe = http::send(
            &http::Endpoint::plain(address),
            &Request::get("/v1/sys/health"),
        )
        .await;
        if probe.is_ok_and(|reply| reply.status == 200) {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!(
                "OpenBao does not answer on {address}; its output is in `{}`",
                process.output().display()
            );
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The first of two neighbouring free ports: development mode also listens on the one after its own.
fn two_free_ports() -> anyhow::Result<u16> {
    for _ in 0..100 {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = first.local_addr()?.port();
        if port < u16::MAX && TcpListener::bind((Ipv4Addr::LOCALHOST, port + 1)).is_ok() {
            return Ok(port);
        }
    }
    bail!("found no two neighbouring free ports on 127.0.0.1")
}
