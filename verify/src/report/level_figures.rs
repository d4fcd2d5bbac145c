//! One figure a hypothesis: the per-run quantity against the factor's levels,
//! one line a seed, as Page's test sees it.

use crate::blocks::Level;
use crate::hypothesis::Hypothesis;
use crate::input::Sweep;
use crate::number::significant;
use crate::plot::{Axis, Curve, Figure, Mark, Scale, Shape, Size, Ticks, Weight};
use crate::summary::{Reached, RunSummary};

/// From this ratio of largest to smallest, the vertical scale is logarithmic.
const LOG_FROM_RATIO: f64 = 4.0;

/// The figure of a tested hypothesis; `None` where there was no test.
pub fn figure(sweep: &Sweep, hypothesis: &Hypothesis, id: &str) -> Option<Figure> {
    hypothesis.page_l?;
    let seeds = hypothesis.seeds.iter();
    let blocks: Vec<Vec<Reached>> = seeds.map(|&seed| block(sweep, hypothesis, seed)).collect();
    let levels: Vec<f64> = hypothesis.levels.iter().map(|l| l.value()).collect();
    let factor = hypothesis.factor.symbol();
    let mut curves: Vec<Curve> = blocks.iter().map(|b| seed_curve(&levels, b)).collect();
    curves.push(Curve {
        label: None,
        points: levels
            .iter()
            .copied()
            .zip(hypothesis.level_means.iter().copied())
            .collect(),
        look: 0,
        weight: Weight::Bold,
        marks: Vec::new(),
    });
    let values: Vec<f64> = blocks.iter().flatten().map(|r| r.value).collect();
    Some(Figure {
        id: format!("{id}-{}", hypothesis.quantity.to_string().replace('_', "-")),
        title: format!(
            "{} {} {}",
            hypothesis.verdict.sign(),
            hypothesis.quantity.symbol(),
            hypothesis.verdict.word()
        ),
        description: description(hypothesis),
        x: Axis {
            label: factor.to_owned(),
            scale: Scale::log_around(widened(&levels)),
            ticks: Ticks::At(levels),
        },
        y: Axis {
            label: String::new(),
            scale: vertical_scale(&values),
            ticks: Ticks::Round,
        },
        curves,
        guides: Vec::new(),
        size: Size::Small,
    })
}

/// The values of a seed, in the order of the hypothesis' levels.
fn block(sweep: &Sweep, hypothesis: &Hypothesis, seed: u64) -> Vec<Reached> {
    let factor = hypothesis.factor;
    let is_it = |run: &&RunSummary, level: Level| {
        run.seed == seed
            && Level::of(run, factor) == level
            && Level::of(run, factor.other()) == hypothesis.fixed
    };
    let reached = |level: &Level| {
        let mut runs = sweep.runs.iter().map(|run| &run.summary);
        runs.find(|run| is_it(run, *level))?
            .values
            .get(&hypothesis.quantity)
            .copied()
    };
    hypothesis.levels.iter().filter_map(reached).collect()
}

fn seed_curve(levels: &[f64], block: &[Reached]) -> Curve {
    let mark = |(&level, reached): (&f64, &Reached)| Mark {
        at: (level, reached.value),
        shape: match reached.step {
            Some(0) => Shape::Hollow,
            _ => Shape::Dot,
        },
    };
    Curve {
        label: None,
        points: levels
            .iter()
            .copied()
            .zip(block.iter().map(|r| r.value))
            .collect(),
        look: 0,
        weight: Weight::Thin,
        marks: levels.iter().zip(block).map(mark).collect(),
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
