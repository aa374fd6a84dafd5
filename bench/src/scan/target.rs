//! What a target is, and when it is reached.

/// A bound, and what was measured.
pub(crate) struct Target {
    pub(crate) what: String,
    pub(crate) measured: f64,
    pub(crate) floor: f64,
    pub(crate) goal: Option<f64>,
    pub(crate) unit: Unit,
    more_is_better: bool,
}

/// What a target counts.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Rate,
    Time,
    Memory,
    Ratio,
}

impl Unit {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rate => "MB/s",
            Self::Time => "µs",
            Self::Memory => "MB",
            Self::Ratio => "x",
        }
    }

    /// What was measured on a machine of this speed, for a machine of speed 1; none where speed does not matter.
    pub(crate) fn at_speed(self, measured: f64, speed: f64) -> Option<f64> {
        match self {
            Self::Rate => Some(measured / speed),
            Self::Time => Some(measured * speed),
            Self::Memory | Self::Ratio => None,
        }
    }
}

impl Target {
    pub(super) fn at_least(
        what: String,
        measured: f64,
        floor: f64,
        goal: Option<f64>,
        unit: Unit,
    ) -> Self {
        Self {
            what,
            measured,
            floor,
            goal,
            unit,
            more_is_better: true,
        }
    }

    pub(super) fn at_most(
        what: String,
        measured: f64,
        floor: f64,
        goal: Option<f64>,
        unit: Unit,
    ) -> Self {
        Self {
            more_is_better: false,
            ..Self::at_least(what, measured, floor, goal, unit)
        }
    }

    /// Whether it is reached, by this value.
    pub(crate) fn verdict(&self, value: f64) -> &'static str {
        let reaches = |bound: f64| {
            if self.more_is_better {
                value >= bound
            } else {
                value <= bound
            }
        };
        match self.goal {
            _ if !reaches(self.floor) => "missed",
            Some(goal) if reaches(goal) => "reached, and the goal",
            _ => "reached",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floors_and_goals_are_told_apart() {
        let rate = Target::at_least(String::new(), 0.0, 10.0, Some(20.0), Unit::Rate);
        assert_eq!(
            [9.9, 10.0, 20.0].map(|value| rate.verdict(value)),
            ["missed", "reached", "reached, and the goal"]
        );
        let size = Target::at_most(String::new(), 0.0, 3.0, None, Unit::Memory);
        assert_eq!(
            [3.0, 3.1].map(|value| size.verdict(value)),
            ["reached", "missed"]
        );
    }
}
