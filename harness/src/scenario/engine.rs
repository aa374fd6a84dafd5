//! One face for everything that can run a scenario.

use std::collections::BTreeMap;

use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::lab::setup::{Configuration, FIELD_SEPARATOR, Filter, Setup};
use crate::lab::{Envoy, UpdateError};
use crate::proxy::Proxy;

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
            Self::Harness => {
                let proxy = Box::new(Proxy::start(setup.proxy_config()).await?);
                Running::Harness {
                    proxy,
                    setup: Box::new(setup),
                }
            }
            Self::Envoy(program) => Running::Envoy(Box::new(Envoy::start(program, setup).await?)),
        })
    }
}

/// A running engine.
pub(super) enum Running {
    Harness {
        proxy: Box<Proxy>,
        setup: Box<Setup>,
    },
    Envoy(Box<Envoy>),
}

impl Running {
    pub(super) fn addr(&self) -> SocketAddr {
        match self {
            Self::Harness { proxy, .. } => proxy.addr(),
            Self::Envoy(envoy) => envoy.addr(),
        }
    }

    pub(super) async fn update(&mut self, configuration: Configuration) -> Result<(), UpdateError> {
        match self {
            Self::Harness { proxy, setup } => {
                let filter = setup
                    .filter
                    .as_mut()
                    .ok_or_else(|| UpdateError::Failed(anyhow::anyhow!("there is no filter")))?;
                let next = Filter {
                    configuration,
                    ..filter.clone()
                };
                let said_before = proxy.logs().len();
                proxy
                    .update_filter(next.in_process())
                    .await
                    .map_err(|error| {
                        // The filter's own words are in the log, as they are with Envoy.
                        let said = proxy
                            .logs()
                            .into_iter()
                            .skip(said_before)
                            .map(|line| line.text);
                        UpdateError::Rejected(
                            said.chain([error.to_string()])
                                .collect::<Vec<_>>()
                                .join("\n"),
                        )
                    })?;
                *filter = next;
                Ok(())
            }
            Self::Envoy(envoy) => envoy.update_filter(configuration).await,
        }
    }

    /// The access log since line `from`, each line an object.
    pub(super) fn access(&self, from: usize) -> Vec<Value> {
        match self {
            Self::Harness { proxy, setup } => {
                let lines = proxy
                    .logs()
                    .into_iter()
                    .filter(|line| line.source == "access")
                    .skip(from);
                lines
                    .map(|line| fields(&setup.access_log, &line.text))
                    .collect()
            }
            Self::Envoy(envoy) => envoy
                .access_log()
                .lines()
                .skip(from)
                .map(|line| serde_json::from_str(line).unwrap_or_default())
                .collect(),
        }
    }

    /// What the engine and the module said.
    pub(super) fn log(&self) -> String {
        match self {
            Self::Harness { proxy, .. } => {
                let said = proxy
                    .logs()
                    .into_iter()
                    .filter(|line| line.source != "access");
                said.map(|line| line.text + "\n").collect()
            }
            Self::Envoy(envoy) => envoy.log(),
        }
    }

    /// The access log, as it was written.
    pub(super) fn raw_access(&self) -> String {
        match self {
            Self::Harness { proxy, .. } => {
                let lines = proxy
                    .logs()
                    .into_iter()
                    .filter(|line| line.source == "access");
                lines.map(|line| line.text + "\n").collect()
            }
            Self::Envoy(envoy) => envoy.access_log(),
        }
    }

    /// Counters in Prometheus' text format.
    pub(super) async fn prometheus(&self) -> anyhow::Result<String> {
        match self {
            Self::Harness { proxy, .. } => Ok(proxy.stats().prometheus),
            Self::Envoy(envoy) => envoy.query("/stats/prometheus").await,
        }
    }

    /// What went wrong inside the engine: VMs that had to be started again, and what would have crashed or hung an Envoy.
    pub(super) async fn diagnostics(&mut self) -> anyhow::Result<Vec<String>> {
        match self {
            Self::Harness { proxy, .. } => {
                let stats = proxy.stats().values.into_iter();
                let reloads =
                    stats.filter(|(name, value)| name.contains("vm_reload") && *value > 0);
                let reloads = reloads.map(|(name, value)| format!("{name}: {value}"));
                Ok(proxy.diagnostics().into_iter().chain(reloads).collect())
            }
            Self::Envoy(envoy) => {
                envoy.check()?;
                let stats = envoy.query("/stats").await?;
                let reloads = stats
                    .lines()
                    .filter(|line| line.contains("vm_reload") && !line.ends_with(": 0"));
                let traps = envoy.log();
                // A configuration that is refused is critical to Envoy and expected here; the update itself is judged elsewhere.
                let critical =
                    |line: &&str| line.contains("[critical]") && !line.contains("failed to load");
                let traps = traps
                    .lines()
                    .filter(|line| line.contains("Function: proxy_on_") || critical(line));
                Ok(reloads.chain(traps).map(str::to_owned).collect())
            }
        }
    }

    pub(super) async fn stop(self) {
        match self {
            Self::Harness { proxy, .. } => proxy.stop().await,
            Self::Envoy(envoy) => envoy.stop(),
        }
    }
}

/// A line of the harness's access log as the object that Envoy would have written for the same format.
fn fields(format: &Value, line: &str) -> Value {
    let Value::Object(names) = format else {
        return Value::Null;
    };
    let values = line.split(FIELD_SEPARATOR);
    let typed = |(name, value): (&String, &str)| {
        let value = match (name.as_str(), value.parse::<u64>()) {
            (_, _) if value == "-" => Value::Null,
            ("status", Ok(number)) => Value::from(number),
            _ => Value::from(value),
        };
        (name.clone(), value)
    };
    Value::Object(names.keys().zip(values).map(typed).collect())
}

/// Counters by name and labels, from Prometheus' text format.
pub(super) fn counters(text: &str) -> Vec<(String, BTreeMap<String, String>, f64)> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(counter)
        .collect()
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
    serde_json::from_str(access.get("audit")?.as_str()?)
        .ok()
        .filter(|audit: &Value| {
            audit
                .as_object()
                .is_some_and(|audit: &Map<_, _>| !audit.is_empty())
        })
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
