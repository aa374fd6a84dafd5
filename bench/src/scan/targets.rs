//! What the engine must reach.

use super::figures::Figures;
use super::target::{Target, Unit};
use crate::engine::Runtime;

/// Every target whose figures were measured.
pub(crate) fn all(figures: &Figures) -> Vec<Target> {
    let mut targets = rates(figures);
    targets.extend(ratios(figures));
    let slowest = figures
        .corpora
        .iter()
        .filter(|(name, _)| name.starts_with("adv_") || name.starts_with("q_"))
        .filter_map(|(name, _)| Some((name, figures.rate(name, "veilgate", Runtime::V8)?)))
        .min_by(|(_, one), (_, other)| one.total_cmp(other));
    targets.extend(slowest.map(|(name, rate)| {
        Target::at_least(
            format!("slowest adversarial corpus (`{name}`), V8"),
            rate,
            100.0,
            Some(200.0),
            Unit::Rate,
        )
    }));
    targets.extend(figures.worst.first().map(|piece| {
        let what = format!(
            "slowest of {} repeated pieces of examples, V8",
            figures.worst.len()
        );
        Target::at_least(what, piece.mb_per_s, 100.0, Some(200.0), Unit::Rate)
    }));
    targets.extend(figures.memory.guest.map(|bytes| {
        let what = "linear memory of a VM".to_owned();
        Target::at_most(what, bytes as f64 / 1e6, 3.0, None, Unit::Memory)
    }));
    targets.extend(
        figures
            .headers
            .iter()
            .filter(|headers| headers.runtime == Runtime::V8)
            .map(|headers| {
                Target::at_most(
                    format!("{} headers, {}, V8", headers.lines, headers.map),
                    headers.time.as_secs_f64() * 1e6,
                    5.0,
                    None,
                    Unit::Time,
                )
            }),
    );
    targets
}

fn rates(figures: &Figures) -> Vec<Target> {
    let mut targets = Vec::new();
    for corpus in ["json", "log"] {
        for (runtime, floor, goal) in [
            (Runtime::V8, 1000.0, Some(2000.0)),
            (Runtime::Wasmtime, 700.0, None),
            (Runtime::Native, 2000.0, None),
        ] {
            let rate = figures.rate(corpus, "veilgate", runtime);
            targets.extend(rate.map(|rate| {
                Target::at_least(
                    format!("`{corpus}`, {runtime}"),
                    rate,
                    floor,
                    goal,
                    Unit::Rate,
                )
            }));
        }
    }
    for corpus in ["json_1k", "log_1k", "html_1k"] {
        let rate = figures.rate(corpus, "veilgate", Runtime::V8);
        targets.extend(rate.map(|rate| {
            Target::at_least(format!("`{corpus}`, V8"), rate, 600.0, None, Unit::Rate)
        }));
    }
    targets
}

fn ratios(figures: &Figures) -> Vec<Target> {
    let mut targets = Vec::new();
    for (other, floor, goal) in [
        ("vectorscan", 1.0, Some(2.0)),
        ("vectorscan_som", 4.0, None),
    ] {
        for corpus in ["json", "log"] {
            let ours = figures.rate(corpus, "veilgate", Runtime::V8);
            let theirs = figures.rate(corpus, other, Runtime::Native);
            if let (Some(ours), Some(theirs)) = (ours, theirs) {
                let what = format!("`{corpus}`, V8 to native `{other}`");
                targets.push(Target::at_least(
                    what,
                    ours / theirs,
                    floor,
                    goal,
                    Unit::Ratio,
                ));
            }
        }
    }
    targets
}
