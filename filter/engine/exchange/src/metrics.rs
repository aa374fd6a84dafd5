//! Counters, with bounded labels.

use crate::{config::Mode, ledger::Ledger};

/// One increment. `name` carries no `_total`; the host adds what its metrics system wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// `veilgate_requests`, `veilgate_redactions`, `veilgate_scanned_bytes`, `veilgate_decoded` or `veilgate_skipped`.
    pub name: &'static str,
    /// Label names and values, in a fixed order per name. Values come from closed sets and rule files, never from traffic.
    pub labels: Vec<(&'static str, String)>,
    /// How much to add.
    pub value: u64,
}

/// The counters of one finished exchange.
pub(crate) fn counts(mode: Mode, verdict: &'static str, ledger: &Ledger) -> Vec<Count> {
    let mode = || ("mode", mode.name().to_owned());
    let mut counts = vec![Count {
        name: "veilgate_requests",
        labels: vec![("verdict", verdict.to_owned()), mode()],
        value: 1,
    }];
    for line in ledger.redactions() {
        add(
            &mut counts,
            "veilgate_redactions",
            line.count,
            vec![
                ("category", line.category.to_owned()),
                ("action", line.action.name().to_owned()),
                mode(),
            ],
        );
    }
    if let Some(fields) = ledger.fields() {
        for (action, value) in [("masked", fields.masked), ("revealed", fields.revealed)] {
            let labels = vec![
                ("category", "field".to_owned()),
                ("action", action.to_owned()),
                mode(),
            ];
            add(&mut counts, "veilgate_redactions", value, labels);
        }
    }
    let (request, response) = ledger.bytes();
    for (direction, bytes) in [("request", request), ("response", response)] {
        add(
            &mut counts,
            "veilgate_scanned_bytes",
            bytes,
            vec![("direction", direction.to_owned())],
        );
    }
    for decoded in ledger.codings() {
        let labels = vec![
            ("coding", decoded.coding.to_owned()),
            ("direction", decoded.direction.to_owned()),
        ];
        add(&mut counts, "veilgate_decoded", 1, labels);
    }
    for skipped in ledger.skips() {
        let labels = vec![
            ("reason", skipped.reason.to_owned()),
            ("direction", skipped.direction.to_owned()),
        ];
        add(&mut counts, "veilgate_skipped", 1, labels);
    }
    counts
}

fn add(
    counts: &mut Vec<Count>,
    name: &'static str,
    value: u64,
    labels: Vec<(&'static str, String)>,
) {
    if value == 0 {
        return;
    }
    match counts
        .iter_mut()
        .find(|count| count.name == name && count.labels == labels)
    {
        Some(count) => count.value += value,
        None => counts.push(Count {
            name,
            labels,
            value,
        }),
    }
}
