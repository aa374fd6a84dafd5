//! What the story is played on: real Envoys in front of a real OpenBao, or the local proxy in front of a bundled one.
//!
//! Both have the same two doors, write the same logs and answer the same questions, so every step is written once.

pub(crate) mod envoy;
mod local;
mod real;
pub(crate) mod shipped;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::Value;
use veilgate_harness::lab::Credentials;

use super::files::Project;
use super::planted::Planted;

pub(super) use local::Local;
pub(super) use real::{Programs, Real};

/// What an engine needs to start.
pub(super) struct Materials<'a> {
    pub(super) project: &'a Project,
    pub(super) module: PathBuf,
    /// Where everything the run writes goes.
    pub(super) folder: &'a Path,
    pub(super) planted: &'a Planted,
    /// The sidecar's certificate.
    pub(super) server: Credentials,
    /// Who issues client certificates, PEM.
    pub(super) authority: String,
    /// The keys of the users' tokens.
    pub(super) jwks: Value,
    /// The sidecar's filter configuration.
    pub(super) configuration: Value,
    /// Where the leaky API listens.
    pub(super) api: SocketAddr,
}

/// The two ways in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// In front of OpenBao.
    Sidecar,
    /// In front of the leaky API.
    Gateway,
}

impl Door {
    pub(super) const BOTH: [Self; 2] = [Self::Sidecar, Self::Gateway];
}

/// Something the run wrote or shows, to be searched for secrets.
pub(super) struct Written {
    /// What it is, for the report.
    pub(super) name: String,
    pub(super) text: String,
}

/// One of the two.
pub(super) enum Engine {
    Real(Real),
    Local(Local),
}

impl Engine {
    pub(super) fn addr(&self, door: Door) -> SocketAddr {
        match self {
            Self::Real(real) => real.addr(door),
            Self::Local(local) => local.addr(door),
        }
    }

    /// The token that OpenBao gave the callers.
    pub(super) fn vault_token(&self) -> &str {
        match self {
            Self::Real(real) => real.vault_token(),
            Self::Local(local) => local.vault_token(),
        }
    }

    /// How many requests for `path` (without `/v1/`) have reached OpenBao.
    pub(super) fn served(&self, path: &str) -> anyhow::Result<usize> {
        match self {
            Self::Real(real) => real.served(path),
            Self::Local(local) => Ok(local.served(path)),
        }
    }

    /// Gives the sidecar's filter another configuration while requests go on.
    pub(super) async fn replace_policy(&self, configuration: &Value) -> anyhow::Result<()> {
        match self {
            Self::Real(real) => real.replace_policy(configuration).await,
            Self::Local(local) => local.replace_policy(configuration).await,
        }
    }

    /// The metrics of a door, in Prometheus' text format.
    pub(super) async fn metrics(&self, door: Door) -> anyhow::Result<String> {
        match self {
            Self::Real(real) => real.metrics(door).await,
            Self::Local(local) => Ok(local.metrics(door)),
        }
    }

    /// The access log of a door, one JSON object for each line. Envoy writes it a moment after the answer.
    pub(super) fn access_log(&self, door: Door) -> anyhow::Result<Vec<Value>> {
        match self {
            Self::Real(real) => real.access_log(door),
            Self::Local(local) => Ok(local.access_log(door)),
        }
    }

    /// The audit records of a door.
    pub(super) fn audit_log(&self, door: Door) -> anyhow::Result<Vec<Value>> {
        match self {
            Self::Real(real) => real.audit_log(door),
            Self::Local(local) => Ok(local.audit_log(door)),
        }
    }

    /// Faults of the filter that a caller need not have noticed; there should be none.
    pub(super) async fn faults(&self) -> anyhow::Result<Vec<String>> {
        match self {
            Self::Real(real) => real.faults().await,
            Self::Local(local) => Ok(local.faults()),
        }
    }

    /// Every log, metric and page there is.
    pub(super) async fn written(&self) -> anyhow::Result<Vec<Written>> {
        match self {
            Self::Real(real) => real.written().await,
            Self::Local(local) => Ok(local.written()),
        }
    }

    /// Ends everything in order. Dropping does so too, only less politely.
    pub(super) async fn stop(self) {
        match self {
            Self::Real(real) => real.stop(),
            Self::Local(local) => local.stop().await,
        }
    }
}
