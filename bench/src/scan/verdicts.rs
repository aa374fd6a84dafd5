//! The table of targets: what was measured, and what that would be on the machine that they were set on.

use std::fmt::Write as _;

use super::figures::Figures;
use super::target::Target;
use super::{reference, targets};
use crate::engine::Yardstick;

pub(super) fn table(figures: &Figures) -> String {
    let mut text = String::from(
        "### Targets\n\n| what | measured | at least / at most | goal | | computed for the reference machine |\n|---|--:|--:|--:|---|---|\n",
    );
    let speed = reference::speed(figures);
    if let Some(speed) = speed {
        let _infallible = writeln!(
            text,
            "| this machine to the reference machine, by `{}` | {speed:.2} x | | | | |",
            Yardstick::NAME
        );
    }
    for target in targets::all(figures) {
        text.push_str(&row(&target, speed));
    }
    text
}

fn row(target: &Target, speed: Option<f64>) -> String {
    let number = |value: f64| {
        let unit = target.unit.name();
        if value < 20.0 {
            format!("{value:.2} {unit}")
        } else {
            format!("{value:.0} {unit}")
        }
    };
    let there = speed.and_then(|speed| target.unit.at_speed(target.measured, speed));
    format!(
        "| {} | {} | {} | {} | {} | {} |\n",
        target.what,
        number(target.measured),
        number(target.floor),
        target.goal.map(number).unwrap_or_default(),
        target.verdict(target.measured),
        there
            .map(|there| format!("{}: {}", number(there), target.verdict(there)))
            .unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::target::Unit;

    fn target(measured: f64, unit: Unit) -> Target {
        Target::at_least("it".to_owned(), measured, 1000.0, Some(2000.0), unit)
    }

    #[test]
    fn a_rate_is_judged_as_measured_and_as_computed() {
        assert_eq!(
            row(&target(600.0, Unit::Rate), Some(0.5)),
            "| it | 600 MB/s | 1000 MB/s | 2000 MB/s | missed | 1200 MB/s: reached |\n"
        );
    }

    #[test]
    fn times_grow_where_rates_shrink() {
        let target = Target::at_most("it".to_owned(), 8.0, 5.0, None, Unit::Time);
        assert_eq!(
            row(&target, Some(0.5)),
            "| it | 8.00 µs | 5.00 µs |  | missed | 4.00 µs: reached |\n"
        );
    }

    #[test]
    fn what_no_machine_changes_is_not_computed() {
        for unit in [Unit::Ratio, Unit::Memory] {
            assert!(row(&target(1.0, unit), Some(0.5)).ends_with("| missed |  |\n"));
        }
        assert!(row(&target(1.0, Unit::Rate), None).ends_with("| missed |  |\n"));
    }
}
