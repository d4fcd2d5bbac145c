//! Every claim under every choice between records and verdict: a specification
//! curve (Simonsohn, Simmons & Nelson, *Specification curve analysis*, Nature
//! Human Behaviour 4, 2020).
//!
//! Whoever may choose among many analyses finds one that says what he hopes. So
//! all are made that the records allow without training again ([`Choices`]), each
//! with its log-log slope and its unadjusted one-sided p-value, and it is counted
//! in how many the sign is as claimed. They are variations on one set of runs, no
//! independent tests: the share that is significant is no p-value, and no verdict
//! rests on it. L, M and the subset of examples, which records do not hold more
//! than once, are not varied.

mod choices;
mod csv;
mod effect;
mod reading;

pub use choices::{Cadence, Choices, STATISTICS, Smoothing, Subject, Window};
pub use csv::csv;
pub use effect::{Comparison, Effect};
pub use reading::{Thresholds, read_one};

use std::collections::BTreeSet;

use serde::Serialize;

use crate::hypothesis::groups;
use crate::input::{Run, Source, Sweep};
use crate::level::Fixed;
use crate::quantity::{Conjecture, Direction, Factor, Quantity};
use crate::summary::{Reached, RunSummary};

/// A claim under all choices.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpecificationCurve {
    /// `sweep/quantity/factor@other_factor=fixed`.
    pub id: String,
    /// The sweep.
    pub sweep: String,
    /// Conjecture 1 or 2.
    pub conjecture: Conjecture,
    /// What the claim is about.
    pub subject: Subject,
    /// The hyperparameter that varies.
    pub factor: Factor,
    /// The levels of all other hyperparameters.
    #[serde(flatten)]
    pub fixed: Fixed,
    /// The claimed direction.
    pub expected: Direction,
    /// Choices that have a slope.
    pub specifications: usize,
    /// Those that have none, and so do not count.
    pub without_slope: usize,
    /// Slopes of the claimed sign.
    pub as_claimed: usize,
    /// Those of them whose unadjusted p-value is at most α.
    pub significant: usize,
    /// Slopes of the opposite sign.
    pub opposite: usize,
    /// Those of them whose unadjusted opposite p-value is at most α.
    pub opposite_significant: usize,
    /// Smallest slope, quartiles and largest.
    pub log_slope_quantiles: Option<[f64; 5]>,
    /// Slope by the paper's choice: the maximum over all records as they are, of
    /// K^M where it is K.
    pub log_slope_of_paper: Option<f64>,
    /// The loss at which values are matched, and whether it was fixed before
    /// training.
    pub loss_threshold: Option<MatchedLoss>,
    /// All choices, by slope; those without one last.
    #[serde(skip)]
    pub all: Vec<Specification>,
}

/// The training loss at which values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MatchedLoss {
    /// The loss.
    pub value: f64,
    /// Whether it stands in the sweep's configuration; otherwise it is the
    /// smallest loss that every run which counts came down to.
    pub planned: bool,
}

/// A choice, and what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Specification {
    /// The choice.
    pub choices: Choices,
    /// What it says, or why it says nothing.
    pub effect: Result<Effect, String>,
}

impl Specification {
    /// Its slope.
    pub fn slope(&self) -> Option<f64> {
        Some(self.effect.as_ref().ok()?.slope.as_ref()?.slope)
    }
}

/// The curves of a sweep's claims, in the order of reports. None of a table,
/// which has no records.
pub fn of_sweep(sweep: &Sweep) -> Vec<SpecificationCurve> {
    if sweep.source == Source::Table {
        return Vec::new();
    }
    let counted: Vec<&Run> = sweep
        .runs
        .iter()
        .filter(|run| run.summary.has_converged() && !run.records.is_empty())
        .collect();
    let loss = matched_loss(sweep, &counted);
    let thresholds = Thresholds {
        accuracy: sweep.settings.accuracy_threshold,
        loss: loss.map(|loss| loss.value),
    };
    let values = AllValues::of(sweep, thresholds);
    let summaries: Vec<&RunSummary> = sweep.runs.iter().map(|run| &run.summary).collect();
    let mut curves = Vec::new();
    for factor in Factor::ALL {
        for (fixed, runs) in groups(&summaries, factor) {
            let places: Vec<usize> = (0..summaries.len())
                .filter(|&place| runs.iter().any(|run| std::ptr::eq(*run, summaries[place])))
                .collect();
            let mut group = Group {
                factor,
                same_covariance: same_covariance(&runs),
                places,
                comparison: Comparison::new(runs, factor, sweep.settings.alpha),
            };
            for subject in Subject::ALL {
                let all = group.all_of(subject, &values);
                curves.extend(curve(sweep, subject, factor, &fixed, loss, all));
            }
        }
    }
    curves
}

/// Runs that differ in one factor alone.
struct Group<'a> {
    factor: Factor,
    same_covariance: bool,
    /// Their places in the sweep.
    places: Vec<usize>,
    comparison: Comparison<'a>,
}

/// The planned loss, or the smallest one that every run came down to.
pub fn matched_loss(sweep: &Sweep, counted: &[&Run]) -> Option<MatchedLoss> {
    if let Some(value) = sweep.settings.loss_threshold {
        return Some(MatchedLoss {
            value,
            planned: true,
        });
    }
    let least = |run: &&Run| {
        let losses = run.records.iter().filter_map(|record| record.loss);
        losses.filter(|loss| loss.is_finite()).reduce(f64::min)
    };
    let least: Vec<f64> = counted.iter().map(least).collect::<Option<_>>()?;
    let value = least.into_iter().reduce(f64::max)?;
    Some(MatchedLoss {
        value,
        planned: false,
    })
}

/// What every run gives under every choice, quantity by quantity.
struct AllValues(Vec<(Quantity, Vec<Vec<Option<Reached>>>)>);

impl AllValues {
    fn of(sweep: &Sweep, thresholds: Thresholds) -> Self {
        let is_measured = |quantity: &Quantity| {
            let has = |run: &Run| run.records.iter().any(|r| quantity.of(r).is_some());
            sweep.runs.iter().any(has)
        };
        let asked = sweep.settings.quantities.iter().copied();
        let of_run = |quantity, run: &Run| {
            if !run.summary.has_converged() {
                return vec![None; Choices::all(quantity).len()];
            }
            let last = run.records.last().map_or(0, |record| record.step);
            let steps = run.header.as_ref().map_or(last, |header| header.steps);
            reading::read(quantity, &run.records, steps, thresholds)
        };
        let of = |quantity| {
            let runs = sweep.runs.iter().map(|run| of_run(quantity, run));
            (quantity, runs.collect())
        };
        Self(asked.filter(is_measured).map(of).collect())
    }

    fn of_quantity(&self, quantity: Quantity) -> Option<&Vec<Vec<Option<Reached>>>> {
        let found = self.0.iter().find(|(known, _)| *known == quantity);
        found.map(|(_, values)| values)
    }
}

impl Group<'_> {
    fn all_of(&mut self, subject: Subject, values: &AllValues) -> Vec<Specification> {
        let mut all = Vec::new();
        for &quantity in subject.quantities() {
            let Some(values) = values.of_quantity(quantity) else {
                continue;
            };
            let alike = !quantity.is_of_mini_batches() || self.same_covariance;
            let expected = quantity.expected(self.factor);
            for (index, choices) in Choices::all(quantity).into_iter().enumerate() {
                let here: Vec<Option<Reached>> = self
                    .places
                    .iter()
                    .map(|&place| values[place][index])
                    .collect();
                let effect = match alike {
                    true => self.comparison.effect(&here, expected),
                    false => Err("L and M of K^M are not the same in all runs".to_owned()),
                };
                all.push(Specification { choices, effect });
            }
        }
        all
    }
}

/// Whether K^M is made of the same number and size of batches in all runs that
/// count.
fn same_covariance(runs: &[&RunSummary]) -> bool {
    let counted = runs.iter().filter(|run| run.has_converged());
    let of = |run: &&RunSummary| (run.covariance.batches, run.covariance.batch_size);
    counted.map(of).collect::<BTreeSet<_>>().len() <= 1
}

fn curve(
    sweep: &Sweep,
    subject: Subject,
    factor: Factor,
    fixed: &Fixed,
    loss_threshold: Option<MatchedLoss>,
    mut all: Vec<Specification>,
) -> Option<SpecificationCurve> {
    let quantity = subject.quantity();
    let first = all.first()?.choices.quantity;
    let expected = quantity.expected(factor);
    let alpha = sweep.settings.alpha;
    let of_paper = all
        .iter()
        .find(|s| s.choices == Choices::of_paper(first))
        .and_then(Specification::slope);
    all.sort_by(|a, b| {
        let key = |s: &Specification| s.slope().unwrap_or(f64::INFINITY);
        key(a).total_cmp(&key(b))
    });
    let slopes: Vec<f64> = all.iter().filter_map(Specification::slope).collect();
    let agrees = |slope: f64| match expected {
        Direction::Increasing => slope > 0.0,
        Direction::Decreasing => slope < 0.0,
    };
    let count = |is_it: &dyn Fn(f64, &Effect) -> bool| {
        let effects = all
            .iter()
            .filter_map(|s| Some((s.slope()?, s.effect.as_ref().ok()?)));
        effects
            .filter(|(slope, effect)| is_it(*slope, effect))
            .count()
    };
    Some(SpecificationCurve {
        id: format!(
            "{}/{}/{}@{}",
            sweep.name,
            quantity.name(),
            factor.name(),
            fixed.id()
        ),
        sweep: sweep.name.clone(),
        conjecture: quantity.conjecture(),
        subject,
        factor,
        fixed: fixed.clone(),
        expected,
        specifications: slopes.len(),
        without_slope: all.len() - slopes.len(),
        as_claimed: count(&|slope, _| agrees(slope)),
        significant: count(&|slope, e| agrees(slope) && e.p_value <= alpha),
        opposite: count(&|slope, _| agrees(-slope)),
        opposite_significant: count(&|slope, e| agrees(-slope) && e.opposite_p_value <= alpha),
        log_slope_quantiles: quantiles(&slopes),
        log_slope_of_paper: of_paper,
        loss_threshold,
        all,
    })
}

/// Smallest, quartiles and largest of sorted numbers, between two where they have
/// to be.
fn quantiles(sorted: &[f64]) -> Option<[f64; 5]> {
    let last = sorted.len().checked_sub(1)? as f64;
    Some([0.0, 0.25, 0.5, 0.75, 1.0].map(|part| {
        let place: f64 = part * last;
        let (below, above) = (
            sorted[place.floor() as usize],
            sorted[place.ceil() as usize],
        );
        below + place.fract() * (above - below)
    }))
}
