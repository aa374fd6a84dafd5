//! Counters, gauges and histograms, of modules and of the proxy, and their Prometheus text.
//!
//! Envoy keeps names flat and finds labels by regular expressions over the names (`stats_tags`). So does this: `name_key=.=value;.` stays one
//! name in the plain listing, and becomes `name{key="value"}` in the Prometheus text where a tag matches.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use regex::Regex;

/// Name of a label and the expression that finds it: the whole of group 1 is cut from the name, group 2 is the value.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatsTag {
    /// Label name.
    pub tag_name: String,
    /// Expression with two groups.
    pub regex: String,
}

/// All metrics of a proxy; cheap to clone.
#[derive(Clone, Default)]
pub struct Metrics(Arc<Mutex<BTreeMap<String, Metric>>>);

#[derive(Clone, Debug)]
pub(super) enum Metric {
    Counter(u64),
    Gauge(i64),
    Histogram { count: u64, sum: u64 },
}

impl Metrics {
    /// Adds to a counter, which exists from the first addition on.
    pub fn add(&self, name: &str, amount: u64) {
        let mut table = self.table();
        match table.get_mut(name) {
            Some(Metric::Counter(value)) => *value = value.wrapping_add(amount),
            Some(_) => {}
            None => {
                table.insert(name.to_owned(), Metric::Counter(amount));
            }
        }
    }

    /// Lifts a gauge to `value` where it is lower.
    pub(super) fn raise(&self, name: &str, value: usize) {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        let mut table = self.table();
        let metric = table.entry(name.to_owned()).or_insert(Metric::Gauge(value));
        if let Metric::Gauge(known) = metric {
            *known = value.max(*known);
        }
    }

    pub(super) fn define(&self, name: &str, metric: Metric) {
        self.table().entry(name.to_owned()).or_insert(metric);
    }

    pub(super) fn with<T>(&self, name: &str, act: impl FnOnce(&mut Metric) -> T) -> Option<T> {
        self.table().get_mut(name).map(act)
    }

    /// Every metric by its flat name; a histogram as `name.count` and `name.sum`.
    pub fn values(&self) -> BTreeMap<String, u64> {
        let mut out = BTreeMap::new();
        for (name, metric) in self.table().iter() {
            match metric {
                Metric::Counter(value) => out.insert(name.clone(), *value),
                Metric::Gauge(value) => {
                    out.insert(name.clone(), u64::try_from(*value).unwrap_or(0))
                }
                Metric::Histogram { count, sum } => {
                    out.insert(format!("{name}.count"), *count);
                    out.insert(format!("{name}.sum"), *sum)
                }
            };
        }
        out
    }

    /// The Prometheus text format, labels found by `tags`. An expression that does not compile is skipped.
    pub fn prometheus(&self, tags: &[StatsTag]) -> String {
        let tags: Vec<(&str, Regex)> = tags
            .iter()
            .filter_map(|tag| Some((tag.tag_name.as_str(), Regex::new(&tag.regex).ok()?)))
            .collect();
        let mut families: BTreeMap<String, (&'static str, Vec<String>)> = BTreeMap::new();
        for (name, metric) in self.table().iter() {
            let (name, labels) = extract(name, &tags);
            let family = families
                .entry(exposition_name(&name))
                .or_insert((kind(metric), Vec::new()));
            let full = exposition_name(&name);
            match metric {
                Metric::Counter(value) => family.1.push(format!("{full}{{{labels}}} {value}")),
                Metric::Gauge(value) => family.1.push(format!("{full}{{{labels}}} {value}")),
                Metric::Histogram { count, sum } => {
                    family.1.push(format!("{full}_sum{{{labels}}} {sum}"));
                    family.1.push(format!("{full}_count{{{labels}}} {count}"));
                }
            }
        }
        let mut out = String::new();
        for (name, (kind, lines)) in families {
            out.push_str(&format!("# TYPE {name} {kind}\n{}\n", lines.join("\n")));
        }
        out
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<String, Metric>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn kind(metric: &Metric) -> &'static str {
    match metric {
        Metric::Counter(_) => "counter",
        Metric::Gauge(_) => "gauge",
        Metric::Histogram { .. } => "histogram",
    }
}

fn extract(name: &str, tags: &[(&str, Regex)]) -> (String, String) {
    let mut rest = name.to_owned();
    let mut labels = Vec::new();
    for (label, regex) in tags {
        let Some(captures) = regex.captures(name) else {
            continue;
        };
        let Some(whole) = captures.get(1) else {
            continue;
        };
        let value = captures.get(2).unwrap_or(whole).as_str();
        labels.push(format!(
            "{}=\"{}\"",
            exposition_label(label),
            value.replace('\\', "\\\\").replace('"', "\\\"")
        ));
        rest = rest.replacen(whole.as_str(), "", 1);
    }
    (rest, labels.join(","))
}

/// Metrics of modules keep their own name, the proxy's own get Envoy's prefix.
fn exposition_name(name: &str) -> String {
    match name.strip_prefix("wasmcustom.") {
        Some(own) => exposition_label(own),
        None => format!("envoy_{}", exposition_label(name)),
    }
}

fn exposition_label(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '_'
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_cut_out_of_names() {
        let metrics = Metrics::default();
        metrics.add("wasmcustom.denied_policy=.=p0;.;_total", 12);
        let tag = StatsTag {
            tag_name: "policy".into(),
            regex: r"(_policy=\.=(.*?);\.;)".into(),
        };
        assert_eq!(
            metrics.prometheus(&[tag]),
            "# TYPE denied_total counter\ndenied_total{policy=\"p0\"} 12\n"
        );
        assert_eq!(
            metrics.values()["wasmcustom.denied_policy=.=p0;.;_total"],
            12
        );
    }

    #[test]
    fn the_proxys_own_metrics_carry_its_prefix() {
        let metrics = Metrics::default();
        metrics.add("http.ingress.downstream_rq_total", 1);
        assert!(
            metrics
                .prometheus(&[])
                .contains("envoy_http_ingress_downstream_rq_total{} 1")
        );
    }
}
