//! The paper's panels (Fig. 4, 5 and 10): measured quantities along training,
//! one bold mean a level over the thin curves of its seeds.

use std::collections::BTreeSet;

use breakeven_sim::record::Record;
use rayon::prelude::*;

use super::groups::Group;
use crate::input::{Run, Sweep};
use crate::level::Level;
use crate::quantity::Quantity;
use crate::trajectories::{AtLevel, Trajectories, accuracy_scale};
use breakeven_plot::{Across, Axis, Figure, Guide, Scale, Size, Ticks};

/// What a panel shows.
#[derive(Clone, Copy, PartialEq)]
enum Panel {
    Measured(Quantity),
    TrainingAccuracy,
    Stability,
}

impl Panel {
    /// The paper's panels first, then what else may have been measured.
    const ALL: [Self; 10] = [
        Self::Measured(Quantity::LambdaK),
        Self::Measured(Quantity::ConditionK),
        Self::Measured(Quantity::LambdaH),
        Self::Measured(Quantity::TraceK),
        Self::TrainingAccuracy,
        Self::Stability,
        Self::Measured(Quantity::LambdaKPerExample),
        Self::Measured(Quantity::TraceKPerExample),
        Self::Measured(Quantity::ConditionH),
        Self::Measured(Quantity::TraceH),
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Measured(quantity) => quantity.name(),
            Self::TrainingAccuracy => "training_accuracy",
            Self::Stability => "stability",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Measured(Quantity::LambdaK) => "λ_K, largest eigenvalue of K^M",
            Self::Measured(Quantity::ConditionK) => "λ_K*/λ_K, conditioning of K^M",
            Self::Measured(Quantity::LambdaH) => "λ_H, largest eigenvalue of H",
            Self::Measured(Quantity::TraceK) => "Tr K^M",
            Self::Measured(other) => other.symbol(),
            Self::TrainingAccuracy => "Training accuracy",
            Self::Stability => "Left side of Eq. 1",
        }
    }

    fn of(self, record: &Record) -> Option<f64> {
        let value = match self {
            Self::Measured(quantity) => quantity.of(record),
            Self::TrainingAccuracy => record.training_accuracy,
            Self::Stability => record.stability,
        };
        value.filter(|v| v.is_finite())
    }
}

/// The panels of a group, those that were measured, each drawn before its many
/// points are let go.
pub fn figures<T: Send>(
    sweep: &Sweep,
    group: &Group<'_>,
    id: &str,
    draw: impl Fn(&Figure) -> T + Sync,
) -> Vec<T> {
    let levels = by_level(sweep, group);
    let threshold = sweep.settings.accuracy_threshold;
    let one = |panel: Panel| {
        let of = |record: &Record| panel.of(record);
        let drawn = Trajectories::of(&levels, &of);
        let id = format!("{id}-{}", panel.name().replace('_', "-"));
        drawn
            .is_measured()
            .then(|| draw(&figure(panel, &drawn, threshold, id)))
    };
    Panel::ALL.into_par_iter().filter_map(one).collect()
}

fn by_level<'a>(sweep: &'a Sweep, group: &Group<'_>) -> Vec<AtLevel<'a>> {
    let in_group = |run: &&Run| group.fixed.is_of(&run.summary);
    let levels: BTreeSet<Level> = sweep
        .runs
        .iter()
        .filter(in_group)
        .map(|run| Level::of(&run.summary, group.factor))
        .collect();
    let at_level = |level: Level| AtLevel {
        name: format!("{} = {level}", group.factor.symbol()),
        runs: sweep
            .runs
            .iter()
            .filter(in_group)
            .filter(|run| level.is_of(&run.summary))
            .collect(),
    };
    levels.into_iter().map(at_level).collect()
}

fn figure(panel: Panel, drawn: &Trajectories<'_>, threshold: f64, id: String) -> Figure {
    Figure {
        id,
        title: panel.title().to_owned(),
        description: drawn.description(panel.title()),
        x: Axis {
            label: drawn.along.label().to_owned(),
            scale: Scale::linear_around(drawn.places()),
            ticks: Ticks::Round,
        },
        y: Axis {
            label: String::new(),
            scale: vertical_scale(panel, drawn),
            ticks: Ticks::Round,
        },
        guides: guides(panel, drawn, threshold),
        curves: drawn.series().into_iter().map(|one| one.curve).collect(),
        ground: None,
        size: Size::Wide,
    }
}

fn guides(panel: Panel, drawn: &Trajectories<'_>, threshold: f64) -> Vec<Guide> {
    let across = |y, label: String| Guide {
        at: Across::Y(y),
        look: None,
        label: Some(label),
    };
    let mut guides = drawn.guides(threshold);
    match panel {
        Panel::Stability => guides.push(across(1.0, "stable up to 1".to_owned())),
        Panel::TrainingAccuracy => {
            guides.push(across(threshold, format!("threshold {threshold}")));
        }
        Panel::Measured(_) => {}
    }
    guides
}

fn vertical_scale(panel: Panel, drawn: &Trajectories<'_>) -> Scale {
    let mut values = drawn.values();
    match panel {
        Panel::TrainingAccuracy => accuracy_scale(),
        Panel::Stability => {
            values.push(1.0);
            Scale::around(values)
        }
        Panel::Measured(_) => Scale::around(values),
    }
}

/// Whether a sweep's runs have trajectories to show.
pub fn has_trajectories(sweep: &Sweep) -> bool {
    sweep.runs.iter().any(|run| !run.records.is_empty())
}
