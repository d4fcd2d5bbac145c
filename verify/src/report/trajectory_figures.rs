//! The paper's panels (Fig. 4, 5 and 10): measured quantities along training,
//! one bold mean a level over the thin curves of its seeds.

use std::collections::{BTreeMap, BTreeSet};

use breakeven_sim::record::Record;

use super::groups::Group;
use crate::input::{Run, Sweep};
use crate::level::Level;
use crate::number::significant;
use crate::plot::{Across, Axis, Curve, Figure, Guide, Mark, Scale, Shape, Size, Ticks, Weight};
use crate::quantity::{Factor, Quantity};

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

/// The runs at one level.
struct AtLevel<'a> {
    level: Level,
    runs: Vec<&'a Run>,
}

impl AtLevel<'_> {
    fn counted(&self) -> impl Iterator<Item = &Run> {
        self.runs
            .iter()
            .copied()
            .filter(|run| run.summary.has_converged())
    }

    /// Mean over the runs that count, at the steps that all of them measured:
    /// (epoch, mean).
    fn mean(&self, panel: Panel) -> Vec<(f64, f64)> {
        let mut at_step: BTreeMap<u64, Vec<(f64, f64)>> = BTreeMap::new();
        for record in self.counted().flat_map(|run| &run.records) {
            if let Some(value) = panel.of(record) {
                at_step
                    .entry(record.step)
                    .or_default()
                    .push((record.epoch, value));
            }
        }
        let runs = self.counted().count();
        let complete = at_step.into_values().filter(|values| values.len() == runs);
        complete
            .map(|values| {
                let sum: f64 = values.iter().map(|(_, value)| value).sum();
                (values[0].0, sum / runs as f64)
            })
            .collect()
    }

    /// The mean epoch of the first record past the accuracy threshold, over
    /// the runs that count, where all of them pass it.
    fn passes(&self, threshold: f64) -> Option<f64> {
        let is_past = |r: &&Record| r.training_accuracy.is_some_and(|a| a > threshold);
        let first = |run: &Run| Some(run.records.iter().find(is_past)?.epoch);
        let epochs: Vec<f64> = self.counted().map(first).collect::<Option<_>>()?;
        let runs = epochs.len() as f64;
        (runs > 0.0).then(|| epochs.iter().sum::<f64>() / runs)
    }
}

/// The panels of a group, those that were measured.
pub fn figures(sweep: &Sweep, group: &Group<'_>, id: &str) -> Vec<Figure> {
    let levels = by_level(sweep, group);
    Panel::ALL
        .into_iter()
        .filter(|panel| {
            let records = levels
                .iter()
                .flat_map(|l| &l.runs)
                .flat_map(|run| &run.records);
            records
                .filter_map(|record| panel.of(record))
                .next()
                .is_some()
        })
        .map(|panel| figure(panel, &levels, sweep, group, id))
        .collect()
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
        level,
        runs: sweep
            .runs
            .iter()
            .filter(in_group)
            .filter(|run| level.is_of(&run.summary))
            .collect(),
    };
    levels.into_iter().map(at_level).collect()
}

fn figure(
    panel: Panel,
    levels: &[AtLevel<'_>],
    sweep: &Sweep,
    group: &Group<'_>,
    id: &str,
) -> Figure {
    let means: Vec<_> = levels.iter().map(|level| level.mean(panel)).collect();
    let mut curves = Vec::new();
    for (look, level) in levels.iter().enumerate() {
        curves.extend(level.runs.iter().map(|run| seed_curve(panel, run, look)));
    }
    for (look, (level, mean)) in levels.iter().zip(&means).enumerate() {
        curves.push(mean_curve(level, mean, group.factor, look));
    }
    Figure {
        id: format!("{id}-{}", panel.name().replace('_', "-")),
        title: panel.title().to_owned(),
        description: description(panel, levels, &means, group.factor),
        x: Axis {
            label: "epoch".to_owned(),
            scale: Scale::linear_around(epochs(levels)),
            ticks: Ticks::Round,
        },
        y: Axis {
            label: String::new(),
            scale: vertical_scale(panel, levels),
            ticks: Ticks::Round,
        },
        guides: guides(panel, levels, sweep),
        curves,
        ground: None,
        size: Size::Wide,
    }
}

fn seed_curve(panel: Panel, run: &Run, look: usize) -> Curve {
    let point = |record: &Record| Some((record.epoch, panel.of(record)?));
    let points: Vec<_> = run.records.iter().filter_map(point).collect();
    let is_break_even = |record: &&Record| Some(record.step) == run.summary.break_even_step;
    let mark = |at| Mark {
        at,
        shape: Shape::Cross,
    };
    Curve {
        label: None,
        points,
        look,
        weight: Weight::Thin,
        marks: run
            .records
            .iter()
            .find(is_break_even)
            .and_then(point)
            .map(mark)
            .into_iter()
            .collect(),
    }
}

fn mean_curve(level: &AtLevel<'_>, mean: &[(f64, f64)], factor: Factor, look: usize) -> Curve {
    let counted = level.counted().count();
    let label = match counted {
        0 => format!("{} = {} (no run counts)", factor.symbol(), level.level),
        _ => format!("{} = {}", factor.symbol(), level.level),
    };
    Curve {
        label: Some(label),
        points: mean.to_vec(),
        look,
        weight: Weight::Bold,
        marks: Vec::new(),
    }
}

fn guides(panel: Panel, levels: &[AtLevel<'_>], sweep: &Sweep) -> Vec<Guide> {
    let threshold = sweep.settings.accuracy_threshold;
    let passed = |(look, level): (usize, &AtLevel<'_>)| {
        Some(Guide {
            at: Across::X(level.passes(threshold)?),
            look: Some(look),
            label: None,
        })
    };
    let across = |y, label: String| Guide {
        at: Across::Y(y),
        look: None,
        label: Some(label),
    };
    let mut guides: Vec<Guide> = levels.iter().enumerate().filter_map(passed).collect();
    match panel {
        Panel::Stability => guides.push(across(1.0, "stable up to 1".to_owned())),
        Panel::TrainingAccuracy => {
            guides.push(across(threshold, format!("threshold {threshold}")));
        }
        Panel::Measured(_) => {}
    }
    guides
}

fn epochs(levels: &[AtLevel<'_>]) -> Vec<f64> {
    let runs = levels.iter().flat_map(|level| &level.runs);
    runs.flat_map(|run| run.records.iter().map(|r| r.epoch))
        .collect()
}

/// Around the runs that count: one that diverged would squash the others.
fn vertical_scale(panel: Panel, levels: &[AtLevel<'_>]) -> Scale {
    let any_counts = levels.iter().any(|level| level.counted().next().is_some());
    let shown = |run: &&&Run| !any_counts || run.summary.has_converged();
    let runs = levels.iter().flat_map(|level| &level.runs).filter(shown);
    let mut values: Vec<f64> = runs
        .flat_map(|run| run.records.iter().filter_map(|record| panel.of(record)))
        .collect();
    match panel {
        Panel::TrainingAccuracy => Scale::linear_around([0.0, 1.0]),
        Panel::Stability => {
            values.push(1.0);
            Scale::around(values)
        }
        Panel::Measured(_) => Scale::around(values),
    }
}

fn description(
    panel: Panel,
    levels: &[AtLevel<'_>],
    means: &[Vec<(f64, f64)>],
    factor: Factor,
) -> String {
    let one = |(level, mean): (&AtLevel<'_>, &Vec<(f64, f64)>)| {
        let name = format!("{} = {}", factor.symbol(), level.level);
        let largest = mean
            .iter()
            .copied()
            .reduce(|a, b| if b.1 > a.1 { b } else { a });
        match (largest, mean.last()) {
            (Some((epoch, value)), Some((_, last))) => format!(
                "{name}: the mean of {} seeds is largest at epoch {}, with {}, and ends at {}",
                level.counted().count(),
                significant(epoch, 3),
                significant(value, 3),
                significant(*last, 3)
            ),
            _ => format!("{name}: no run counts"),
        }
    };
    let all: Vec<String> = levels.iter().zip(means).map(one).collect();
    format!(
        "{} against epochs. {}.",
        crate::plot::text::plain(panel.title()),
        all.join("; ")
    )
}

/// Whether a sweep's runs have trajectories to show.
pub fn has_trajectories(sweep: &Sweep) -> bool {
    sweep.runs.iter().any(|run| !run.records.is_empty())
}
