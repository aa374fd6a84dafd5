//! Counters of the host. Envoy's have no labels: a label is written into the name as `_<label>=.=<value>;.;`, and the
//! `stats_tags` of `envoy/stats-tags.yaml` take it out again.

use std::{collections::BTreeMap, fmt::Write};

use veilgate_exchange::Count;

use crate::host;

/// The host never forgets a counter, so there is a bound on how many this module creates.
const MAX: usize = 1024;

/// Ids of the counters defined so far, by full name.
#[derive(Debug, Default)]
pub(crate) struct Counters(BTreeMap<String, u32>);

impl Counters {
    /// Adds to a counter, defining it when it is new. A host without metrics is no reason to stop.
    pub(crate) fn add(&mut self, count: &Count) {
        let name = full_name(count);
        let id = match self.0.get(&name) {
            Some(id) => *id,
            None if self.0.len() >= MAX => return,
            None => match host::define_counter(name.as_bytes()) {
                Ok(id) => *self.0.entry(name).or_insert(id),
                Err(_) => return,
            },
        };
        let _uncounted = host::increment_metric(id, count.value);
    }
}

fn full_name(count: &Count) -> String {
    let mut name = count.name.to_owned();
    for (label, value) in &count.labels {
        // A value with `;` or a line feed would end the tag early.
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '_'
            }
        };
        let value: String = value.chars().map(plain).collect();
        let _infallible = write!(name, "_{label}=.={value};.;");
    }
    name + "_total"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(value: &str) -> Count {
        Count {
            name: "veilgate_requests",
            labels: vec![
                ("verdict", value.to_owned()),
                ("mode", "enforce".to_owned()),
            ],
            value: 2,
        }
    }

    #[test]
    fn labels_are_written_into_the_name() {
        assert_eq!(
            full_name(&count("deny")),
            "veilgate_requests_verdict=.=deny;.;_mode=.=enforce;.;_total"
        );
        assert_eq!(
            full_name(&count("a;.;b\n")),
            "veilgate_requests_verdict=.=a_._b_;.;_mode=.=enforce;.;_total"
        );
    }

    #[test]
    fn a_counter_is_defined_once_and_adds_up() {
        let mut counters = Counters::default();
        counters.add(&count("deny"));
        counters.add(&count("deny"));
        counters.add(&count("allow"));
        let values: Vec<u64> =
            host::with(|fake| fake.counters.iter().map(|(_, value)| *value).collect());
        assert_eq!(values, [4, 2]);
    }

    #[test]
    fn there_is_a_bound() {
        let mut counters = Counters::default();
        for value in 0..MAX + 10 {
            counters.add(&count(&value.to_string()));
        }
        assert_eq!(host::with(|fake| fake.counters.len()), MAX);
    }
}
