//! One figure a hypothesis: the per-run quantity against the factor's levels,
//! one line a seed, as the test sees it.

use std::collections::BTreeSet;

use super::statement;
use crate::description::Description;
use crate::hypothesis::Hypothesis;
use crate::input::Sweep;
use crate::level::{Fixed, Level};
use crate::quantity::{Factor, PerRun};
use crate::summary::{Reached, RunSummary};
use breakeven_plot::number::significant;
use breakeven_plot::{Axis, Curve, Figure, Mark, Scale, Shape, Size, Ticks, Weight};

/// From this ratio of largest to smallest, the vertical scale is logarithmic.
const LOG_FROM_RATIO: f64 = 4.0;

/// The figure of a tested hypothesis; `None` where there was no test.
pub fn figure(sweep: &Sweep, hypothesis: &Hypothesis, id: &str) -> Option<Figure> {
    hypothesis.test?;
    let shown = Shown {
        quantity: hypothesis.quantity,
        factor: hypothesis.factor,
        fixed: &hypothesis.fixed,
        levels: &hypothesis.levels,
        seeds: &hypothesis.seeds,
        means: hypothesis.level_means.iter().copied().map(Some).collect(),
    };
    let (quantity, verdict) = (hypothesis.quantity.symbol(), hypothesis.verdict);
    let title = format!("{} {quantity} {}", verdict.sign(), verdict.word());
    Some(shown.figure(sweep, id, title, description(hypothesis)))
}

/// The figure of what is described and not tested; `None` where no run has it.
pub fn described(sweep: &Sweep, description: &Description, id: &str) -> Option<Figure> {
    description.level_means.iter().flatten().next()?;
    let seeds: BTreeSet<u64> = sweep.runs.iter().map(|run| run.summary.seed).collect();
    let shown = Shown {
        quantity: description.quantity,
        factor: description.factor,
        fixed: &description.fixed,
        levels: &description.levels,
        seeds: &seeds.into_iter().collect::<Vec<_>>(),
        means: description.level_means.clone(),
    };
    let title = description.quantity.symbol();
    let in_words = format!(
        "{} against {}. {}. {}",
        description.quantity,
        description.factor.symbol(),
        statement::described(description).join("; "),
        description.reason
    );
    Some(shown.figure(sweep, id, title, in_words))
}

/// What a figure shows.
struct Shown<'a> {
    quantity: PerRun,
    factor: Factor,
    fixed: &'a Fixed,
    levels: &'a [Level],
    seeds: &'a [u64],
    means: Vec<Option<f64>>,
}

impl Shown<'_> {
    fn figure(&self, sweep: &Sweep, id: &str, title: String, description: String) -> Figure {
        let blocks: Vec<Vec<(f64, Reached)>> = self
            .seeds
            .iter()
            .map(|&seed| self.block(sweep, seed))
            .collect();
        let levels: Vec<f64> = self.levels.iter().map(|l| l.value()).collect();
        let mut curves: Vec<Curve> = blocks.iter().map(|b| seed_curve(b)).collect();
        let means = levels.iter().zip(&self.means);
        curves.push(Curve {
            label: None,
            points: means
                .filter_map(|(&level, mean)| Some((level, (*mean)?)))
                .collect(),
            look: 0,
            weight: Weight::Bold,
            marks: Vec::new(),
        });
        let values: Vec<f64> = blocks.iter().flatten().map(|(_, r)| r.value).collect();
        Figure {
            id: format!("{id}-{}", self.quantity.to_string().replace('_', "-")),
            title,
            description,
            x: Axis {
                label: self.factor.symbol().to_owned(),
                scale: self.across(&levels),
                ticks: Ticks::At(levels),
            },
            y: Axis {
                label: String::new(),
                scale: vertical_scale(&values),
                ticks: Ticks::Round,
            },
            curves,
            guides: Vec::new(),
            ground: None,
            size: Size::Small,
        }
    }

    /// Where levels stand: β may be 0, which no logarithm has.
    fn across(&self, levels: &[f64]) -> Scale {
        match self.factor {
            Factor::LearningRate | Factor::BatchSize => Scale::log_around(widened(levels)),
            Factor::Momentum => Scale::linear_around(levels.iter().copied()),
        }
    }

    /// The values of a seed at the levels where its run counts and has one.
    fn block(&self, sweep: &Sweep, seed: u64) -> Vec<(f64, Reached)> {
        let is_it = |run: &&RunSummary, level: Level| {
            run.seed == seed && run.has_converged() && level.is_of(run) && self.fixed.is_of(run)
        };
        let reached = |level: &Level| {
            let mut runs = sweep.runs.iter().map(|run| &run.summary);
            let run = runs.find(|run| is_it(run, *level))?;
            Some((level.value(), *run.values.get(&self.quantity)?))
        };
        self.levels.iter().filter_map(reached).collect()
    }
}

fn seed_curve(block: &[(f64, Reached)]) -> Curve {
    let mark = |&(level, reached): &(f64, Reached)| Mark {
        at: (level, reached.value),
        shape: if reached.is_at_step_zero() {
            Shape::Hollow
        } else {
            Shape::Dot
        },
    };
    Curve {
        label: None,
        points: block.iter().map(|(level, r)| (*level, r.value)).collect(),
        look: 0,
        weight: Weight::Thin,
        marks: block.iter().map(mark).collect(),
    }
}

/// The levels with room at both sides.
fn widened(levels: &[f64]) -> [f64; 2] {
    let smallest = levels.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = levels.iter().copied().fold(0.0, f64::max);
    [smallest / 1.15, largest * 1.15]
}

fn vertical_scale(values: &[f64]) -> Scale {
    let smallest = values.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if smallest > 0.0 && largest / smallest > LOG_FROM_RATIO {
        Scale::log_around(values.iter().copied())
    } else {
        Scale::linear_around(values.iter().copied())
    }
}

fn description(hypothesis: &Hypothesis) -> String {
    let factor = hypothesis.factor.symbol();
    let pairs = hypothesis.levels.iter().zip(&hypothesis.level_means);
    let means: Vec<String> = pairs
        .map(|(level, mean)| format!("{} at {factor} = {level}", significant(*mean, 3)))
        .collect();
    format!(
        "{} of {} seeds against {factor}. Means: {}. Verdict: {}. {}",
        hypothesis.quantity,
        hypothesis.seeds.len(),
        means.join(", "),
        hypothesis.verdict.word(),
        hypothesis.reason
    )
}
