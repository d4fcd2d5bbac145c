//! Every claim under every choice between records and verdict: a specification
//! curve (Simonsohn, Simmons & Nelson, *Specification curve analysis*, Nature
//! Human Behaviour 4, 2020).
//!
//! Whoever may choose among many analyses finds one that says what he hopes. So
//! all are made that the records allow without training again ([`Choices`]), each
//! with its log-log slope and its unadjusted one-sided p-value, and it is counted
//! in how many the sign is as claimed. They are variations on one set of runs, no
//! independent tests: the share that is significant is no p-value, and no verdict
//! rests on it. M is varied by the K of single examples; L, and the examples that H
//! is measured on, where records hold their halves.

mod choices;
mod csv;
mod effect;
mod reading;

pub use choices::{Cadence, Choices, Measured, STATISTICS, Sample, Smoothing, Subject, Window};
pub use csv::csv;
pub use effect::{Comparison, Effect};
pub use reading::{Begins, Thresholds, read_plain};

use std::collections::BTreeSet;

use serde::Serialize;

use crate::hypothesis::groups;
use crate::input::{Run, Source, Sweep};
use crate::level::Fixed;
use crate::quantity::{Conjecture, Direction, Factor};
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
///
/// ```
/// use breakeven_verify::specifications::of_sweep;
/// # use breakeven_sim::record::Record;
/// # use breakeven_verify::{VerifySettings, input::Source, parse_table};
/// # let mut table = "seed,learning_rate,batch_size,max_lambda_h\n".to_owned();
/// # for (seed, eta) in (0..15).map(|run| (run / 3, [0.1, 0.2, 0.4][run % 3])) {
/// #     table += &format!("{seed},{eta},32,{}\n", 1.0 / eta);
/// # }
/// # let path = std::path::Path::new("runs.csv");
/// # let mut sweep = parse_table(path, table.as_bytes(), VerifySettings::default())?;
/// # sweep.source = Source::Folder;
/// # for run in &mut sweep.runs {
/// #     let lambda_h = Some(1.0 / run.summary.learning_rate);
/// #     run.records = vec![Record { step: 1, lambda_h, ..Record::default() }];
/// # }
///
/// // The records of each run say λ_H = 1/η.
/// let curve = &of_sweep(&sweep)[0];
/// assert!(curve.log_slope_of_paper.is_some_and(|slope| (slope + 1.0).abs() < 1e-12));
/// assert_eq!((curve.as_claimed, curve.opposite), (curve.specifications, 0));
/// # Ok::<(), breakeven_verify::InputError>(())
/// ```
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
    let reader = Reader::of(sweep, thresholds);
    let summaries: Vec<&RunSummary> = sweep.runs.iter().map(|run| &run.summary).collect();
    let mut found: Vec<(Group<'_>, Vec<SpecificationCurve>)> = Factor::ALL
        .into_iter()
        .flat_map(|factor| Group::all(sweep, &summaries, factor))
        .map(|group| (group, Vec::new()))
        .collect();
    // Quantity by quantity, so that one is held at a time.
    for subject in Subject::ALL {
        let values = reader.read(subject);
        for (group, curves) in &mut found {
            let all = group.all_of(&values);
            curves.extend(curve(sweep, subject, group, loss, all));
        }
    }
    found.into_iter().flat_map(|(_, curves)| curves).collect()
}

/// Runs that differ in one factor alone.
struct Group<'a> {
    factor: Factor,
    fixed: Fixed,
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

/// Reads runs under every choice.
struct Reader<'a> {
    sweep: &'a Sweep,
    begins: Vec<[Begins; 3]>,
}

/// What each run gives under each choice, \[runs\]\[choices\].
type Values = Vec<Vec<Option<Reached>>>;

impl<'a> Reader<'a> {
    fn of(sweep: &'a Sweep, thresholds: Thresholds) -> Self {
        let of_run = |run: &Run| Begins::of(&run.records, steps(run), thresholds);
        Self {
            sweep,
            begins: sweep.runs.iter().map(of_run).collect(),
        }
    }

    /// What is asked for of a subject and measured.
    fn read(&self, subject: Subject) -> Vec<(Measured, Values)> {
        let runs = &self.sweep.runs;
        let is_there = |measured: &Measured| {
            let has = |run: &Run| run.records.iter().any(|r| measured.of(r).is_some());
            runs.iter().any(has)
        };
        let asked = &self.sweep.settings.quantities;
        Measured::all(subject)
            .filter(|measured| asked.contains(&measured.quantity))
            .filter(is_there)
            .map(|measured| {
                let nothing = vec![None; Choices::all(measured).len()];
                let of_run = |(run, begins): (&Run, &[Begins; 3])| match run.summary.has_converged()
                {
                    true => reading::read(measured, &run.records, steps(run), begins),
                    false => nothing.clone(),
                };
                let values = runs.iter().zip(&self.begins).map(of_run);
                (measured, values.collect())
            })
            .collect()
    }
}

/// Steps that a run was to take.
fn steps(run: &Run) -> u64 {
    let last = run.records.last().map_or(0, |record| record.step);
    run.header.as_ref().map_or(last, |header| header.steps)
}

impl<'a> Group<'a> {
    fn all(sweep: &Sweep, summaries: &[&'a RunSummary], factor: Factor) -> Vec<Self> {
        let group = |(fixed, runs): (Fixed, Vec<&'a RunSummary>)| Self {
            factor,
            fixed,
            same_covariance: same_covariance(&runs),
            places: (0..summaries.len())
                .filter(|&place| runs.iter().any(|run| std::ptr::eq(*run, summaries[place])))
                .collect(),
            comparison: Comparison::new(runs, factor, sweep.settings.alpha),
        };
        groups(summaries, factor).into_iter().map(group).collect()
    }

    fn all_of(&mut self, values: &[(Measured, Values)]) -> Vec<Specification> {
        let mut all = Vec::new();
        for (measured, values) in values {
            let quantity = measured.quantity;
            let alike = !quantity.is_of_mini_batches() || self.same_covariance;
            let expected = quantity.expected(self.factor);
            for (index, choices) in Choices::all(*measured).into_iter().enumerate() {
                let of = |&place: &usize| values[place][index];
                let here: Vec<Option<Reached>> = self.places.iter().map(of).collect();
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
    group: &Group<'_>,
    loss_threshold: Option<MatchedLoss>,
    mut all: Vec<Specification>,
) -> Option<SpecificationCurve> {
    let Group { factor, fixed, .. } = group;
    let factor = *factor;
    let quantity = subject.quantity();
    let first = all.first()?.choices.measured.quantity;
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
