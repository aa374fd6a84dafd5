//! One face for everything that can run a scenario.

use std::collections::BTreeMap;

use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::lab::setup::{Configuration, Setup};
use crate::lab::{Envoy, UpdateError};

/// Which engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The proxy of this crate.
    Harness,
    /// A real Envoy, by the path of its program.
    Envoy(PathBuf),
}

impl Engine {
    /// Its name in scenario files.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Harness => "harness",
            Self::Envoy(_) => "envoy",
        }
    }

    pub(super) async fn start(&self, setup: Setup) -> anyhow::Result<Running> {
        Ok(match self {
            Self::Harness => anyhow::bail!("the harness engine is not connected"),
            Self::Envoy(program) => Running::Envoy(Box::new(Envoy::start(program, setup).await?)),
        })
    }
}

/// A running engine.
pub(super) enum Running {
    Envoy(Box<Envoy>),
}

impl Running {
    pub(super) fn addr(&self) -> SocketAddr {
        match self {
            Self::Envoy(envoy) => envoy.addr(),
        }
    }

    pub(super) async fn update(&mut self, configuration: Configuration) -> Result<(), UpdateError> {
        match self {
            Self::Envoy(envoy) => envoy.update_filter(configuration).await,
        }
    }

    /// The access log since line `from`, each line an object.
    pub(super) fn access(&self, from: usize) -> Vec<Value> {
        match self {
            Self::Envoy(envoy) => {
                envoy.access_log().lines().skip(from).map(|line| serde_json::from_str(line).unwrap_or_default()).collect()
            }
        }
    }

    /// Everything that was logged, the access log included: where a credential must never be.
    pub(super) fn log(&self) -> String {
        match self {
            Self::Envoy(envoy) => format!("{}\n{}", envoy.log(), envoy.access_log()),
        }
    }

    /// Counters in Prometheus' text format.
    pub(super) async fn prometheus(&self) -> anyhow::Result<String> {
        match self {
            Self::Envoy(envoy) => envoy.query("/stats/prometheus").await,
        }
    }

    /// What went wrong inside the engine: VMs that had to be started again, and what would have crashed or hung an Envoy.
    pub(super) async fn diagnostics(&mut self) -> anyhow::Result<Vec<String>> {
        match self {
            Self::Envoy(envoy) => {
                envoy.check()?;
                let stats = envoy.query("/stats").await?;
                let reloads = stats.lines().filter(|line| line.contains("vm_reload") && !line.ends_with(": 0"));
                let traps = envoy.log();
                let traps = traps.lines().filter(|line| line.contains("Function: proxy_on_") || line.contains("[critical]"));
                Ok(reloads.chain(traps).map(str::to_owned).collect())
            }
        }
    }

    pub(super) async fn stop(self) {
        match self {
            Self::Envoy(envoy) => envoy.stop(),
        }
    }
}

/// Counters by name and labels, from Prometheus' text format.
pub(super) fn counters(text: &str) -> Vec<(String, BTreeMap<String, String>, f64)> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(counter).collect()
}

fn counter(line: &str) -> Option<(String, BTreeMap<String, String>, f64)> {
    let (series, value) = line.rsplit_once(' ')?;
    let (name, labels) = parse_series(series)?;
    Some((name, labels, value.parse().ok()?))
}

/// `name` or `name{label="value",...}`.
pub(super) fn parse_series(series: &str) -> Option<(String, BTreeMap<String, String>)> {
    let Some((name, rest)) = series.split_once('{') else {
        return Some((series.to_owned(), BTreeMap::new()));
    };
    let mut labels = BTreeMap::new();
    let mut rest = rest.strip_suffix('}')?;
    while !rest.is_empty() {
        let (label, after) = rest.split_once("=\"")?;
        let (value, after) = after.split_once('"')?;
        labels.insert(label.to_owned(), value.to_owned());
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    Some((name.to_owned(), labels))
}

/// The audit record in an access log line, if there is one.
pub(super) fn audit(access: &Value) -> Option<Value> {
    serde_json::from_str(access.get("audit")?.as_str()?).ok().filter(|audit: &Value| audit.as_object().is_some_and(|audit: &Map<_, _>| !audit.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_read_with_its_labels() {
        let found = counters("# TYPE a counter\na_total{x=\"1\",y=\"two\"} 3\nb 0.5\n");
        assert_eq!(found[0].0, "a_total");
        assert_eq!(found[0].1["y"], "two");
        assert_eq!((found[0].2, found[1].2), (3.0, 0.5));
    }
}
