//! What the engine must reach, and whether it does.

use super::figures::Figures;
use crate::engine::Runtime;

/// One target, and what was measured.
pub(crate) struct Target {
    pub(crate) what: String,
    pub(crate) measured: f64,
    pub(crate) floor: f64,
    pub(crate) goal: Option<f64>,
    pub(crate) unit: &'static str,
    more_is_better: bool,
}

impl Target {
    pub(crate) fn verdict(&self) -> &'static str {
        let reaches = |bound: f64| {
            if self.more_is_better {
                self.measured >= bound
            } else {
                self.measured <= bound
            }
        };
        match self.goal {
            _ if !reaches(self.floor) => "missed",
            Some(goal) if reaches(goal) => "reached, and the goal",
            _ => "reached",
        }
    }
}

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
        at_least(
            format!("slowest adversarial corpus (`{name}`), V8"),
            rate,
            100.0,
            Some(200.0),
            "MB/s",
        )
    }));
    targets.extend(figures.worst.first().map(|piece| {
        let what = format!(
            "slowest of {} repeated pieces of examples, V8",
            figures.worst.len()
        );
        at_least(what, piece.mb_per_s, 100.0, Some(200.0), "MB/s")
    }));
    targets.extend(figures.memory.guest.map(|bytes| {
        let what = "linear memory of a VM".to_owned();
        at_most(what, bytes as f64 / 1e6, 3.0, None, "MB")
    }));
    targets.extend(
        figures
            .headers
            .iter()
            .filter(|headers| headers.runtime == Runtime::V8)
            .map(|headers| {
                at_most(
                    format!("{} headers, {}, V8", headers.lines, headers.map),
                    headers.time.as_secs_f64() * 1e6,
                    5.0,
                    None,
                    "µs",
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
            targets.extend(
                rate.map(|rate| {
                    at_least(format!("`{corpus}`, {runtime}"), rate, floor, goal, "MB/s")
                }),
            );
        }
    }
    for corpus in ["json_1k", "log_1k", "html_1k"] {
        let rate = figures.rate(corpus, "veilgate", Runtime::V8);
        targets.extend(
            rate.map(|rate| at_least(format!("`{corpus}`, V8"), rate, 600.0, None, "MB/s")),
        );
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
                targets.push(at_least(what, ours / theirs, floor, goal, "x"));
            }
        }
    }
    targets
}

fn at_least(
    what: String,
    measured: f64,
    floor: f64,
    goal: Option<f64>,
    unit: &'static str,
) -> Target {
    Target {
        what,
        measured,
        floor,
        goal,
        unit,
        more_is_better: true,
    }
}

fn at_most(
    what: String,
    measured: f64,
    floor: f64,
    goal: Option<f64>,
    unit: &'static str,
) -> Target {
    Target {
        more_is_better: false,
        ..at_least(what, measured, floor, goal, unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floors_and_goals_are_told_apart() {
        let rate = |measured| at_least(String::new(), measured, 10.0, Some(20.0), "").verdict();
        assert_eq!(
            [rate(9.9), rate(10.0), rate(20.0)],
            ["missed", "reached", "reached, and the goal"]
        );
        let size = |measured| at_most(String::new(), measured, 3.0, None, "").verdict();
        assert_eq!([size(3.0), size(3.1)], ["reached", "missed"]);
    }
}
