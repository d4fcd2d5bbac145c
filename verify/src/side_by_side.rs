//! Each claim under every statistic of a run, side by side: the paper's maximum
//! over the trajectory, and what takes its weaknesses away one by one. P-values
//! are not adjusted: verdicts are those of the hypotheses.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::description::REASON;
use crate::hypothesis::groups;
use crate::input::{Run, Source, Sweep};
use crate::interval;
use crate::level::{Fixed, Level};
use crate::quantity::{Conjecture, Direction, Factor, PerRun, Quantity, Statistic};
use crate::specifications::{
    Begins, Comparison, MatchedLoss, STATISTICS, Thresholds, matched_loss, read_plain,
};
use crate::summary::{Reached, RunSummary};

/// The statistics in the order in which they are compared.
const ORDER: [Statistic; 5] = [
    Statistic::Max,
    Statistic::MaxWithoutStepZero,
    Statistic::MaxAfter,
    Statistic::AtAccuracy,
    Statistic::AtLoss,
];

/// A claim under every statistic.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SideBySide {
    /// The sweep.
    pub sweep: String,
    /// Conjecture 1 or 2.
    pub conjecture: Conjecture,
    /// The quantity.
    pub quantity: Quantity,
    /// The hyperparameter that varies.
    pub factor: Factor,
    /// The levels of all other hyperparameters.
    #[serde(flatten)]
    pub fixed: Fixed,
    /// The claimed direction.
    pub expected: Direction,
    /// What each statistic says.
    pub statistics: Vec<OfStatistic>,
    /// Runs that count.
    pub runs: usize,
    /// Those whose maximum sits at step 0; absent where steps are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maxima_at_step_zero: Option<usize>,
    /// The loss at which `at_loss` is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_threshold: Option<MatchedLoss>,
}

/// What a statistic says of a claim.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OfStatistic {
    /// The statistic.
    pub statistic: Statistic,
    /// Runs that have it.
    pub runs: usize,
    /// Seeds compared.
    pub seeds: usize,
    /// Means of the levels over them; of the maximum after the break-even point
    /// over the runs that reached it.
    pub level_means: Vec<Option<f64>>,
    /// Log-log slope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_slope: Option<f64>,
    /// Its Student interval over seeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_slope_interval: Option<[f64; 2]>,
    /// Page's one-sided p-value for the claim, unadjusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// Why there is no slope or no p-value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absent: Option<String>,
}

impl SideBySide {
    /// Statistics whose slope has the claimed sign, and those of the opposite one.
    pub fn signs(&self) -> [Vec<Statistic>; 2] {
        let with = |rising: bool| -> Vec<Statistic> {
            let has = |of: &&OfStatistic| {
                of.log_slope
                    .is_some_and(|s| if rising { s > 0.0 } else { s < 0.0 })
            };
            self.statistics
                .iter()
                .filter(has)
                .map(|of| of.statistic)
                .collect()
        };
        let rises = self.expected == Direction::Increasing;
        [with(rises), with(!rises)]
    }
}

/// All claims of a sweep about measured quantities that its settings name.
///
/// ```
/// use breakeven_verify::side_by_side::of_sweep;
/// # use breakeven_verify::{VerifySettings, parse_table};
/// # let mut table = "seed,learning_rate,batch_size,max_lambda_k\n".to_owned();
/// # for (seed, eta) in (0..15).map(|run| (run / 3, [0.1, 0.2, 0.4][run % 3])) {
/// #     table += &format!("{seed},{eta},32,{}\n", 1.0 / eta);
/// # }
/// # let path = std::path::Path::new("runs.csv");
/// # let sweep = parse_table(path, table.as_bytes(), VerifySettings::default())?;
///
/// // λ_K is 1/η in each of five seeds; the maximum over a trajectory comes first.
/// let max = &of_sweep(&sweep)[0].statistics[0];
/// assert_eq!((max.runs, max.seeds), (15, 5));
/// assert!(max.log_slope.is_some_and(|slope| (slope + 1.0).abs() < 1e-12));
/// # Ok::<(), breakeven_verify::InputError>(())
/// ```
pub fn of_sweep(sweep: &Sweep) -> Vec<SideBySide> {
    let counts = |run: &&Run| run.summary.has_converged();
    let counted: Vec<&Run> = sweep.runs.iter().filter(counts).collect();
    let summaries: Vec<&RunSummary> = sweep.runs.iter().map(|run| &run.summary).collect();
    let loss = match sweep.source {
        Source::Folder => matched_loss(sweep, &counted),
        Source::Table => None,
    };
    let thresholds = Thresholds {
        accuracy: sweep.settings.accuracy_threshold,
        loss: loss.map(|loss| loss.value),
    };
    let mut found = Vec::new();
    for factor in Factor::ALL {
        for (fixed, group) in groups(&summaries, factor) {
            let is_in = |run: &&Run| group.iter().any(|known| std::ptr::eq(*known, &run.summary));
            let of_group: Vec<&Run> = sweep.runs.iter().filter(is_in).collect();
            let begins = |run: &&Run| {
                let [begins, ..] = Begins::of(&run.records, 0, thresholds);
                begins
            };
            let group = Group {
                begins: of_group.iter().map(begins).collect(),
                sweep,
                factor,
                fixed,
                runs: of_group,
                loss,
            };
            let mut comparison = Comparison::new(
                group.runs.iter().map(|run| &run.summary).collect(),
                factor,
                sweep.settings.alpha,
            );
            let asked = sweep.settings.quantities.iter();
            found.extend(asked.filter_map(|&q| group.of_quantity(q, &mut comparison)));
        }
    }
    found
}

/// Runs that differ in one factor alone.
struct Group<'a> {
    sweep: &'a Sweep,
    factor: Factor,
    fixed: Fixed,
    runs: Vec<&'a Run>,
    begins: Vec<Begins>,
    loss: Option<MatchedLoss>,
}

impl Group<'_> {
    fn of_quantity(
        &self,
        quantity: Quantity,
        comparison: &mut Comparison<'_>,
    ) -> Option<SideBySide> {
        let all = self.values(quantity);
        if all.iter().flatten().all(Option::is_none) {
            return None;
        }
        let expected = quantity.expected(self.factor);
        // The first is the maximum over the trajectory.
        let steps: Option<Vec<u64>> = all[0]
            .iter()
            .flatten()
            .map(|reached| reached.step)
            .collect();
        let of = |(statistic, values): (Statistic, &Vec<Option<Reached>>)| match statistic {
            Statistic::MaxAfter => self.described(values),
            _ => {
                let per_run = PerRun {
                    statistic,
                    quantity,
                };
                self.compared(per_run, values, expected, comparison)
            }
        };
        Some(SideBySide {
            sweep: self.sweep.name.clone(),
            conjecture: quantity.conjecture(),
            quantity,
            factor: self.factor,
            fixed: self.fixed.clone(),
            expected,
            statistics: ORDER.into_iter().zip(&all).map(of).collect(),
            runs: self
                .runs
                .iter()
                .filter(|run| run.summary.has_converged())
                .count(),
            maxima_at_step_zero: steps
                .filter(|steps| !steps.is_empty())
                .map(|steps| steps.iter().filter(|step| **step == 0).count()),
            loss_threshold: self.loss,
        })
    }

    /// A value for each run, where it has one, in the order of [`ORDER`].
    fn values(&self, quantity: Quantity) -> [Vec<Option<Reached>>; 5] {
        let mut all = ORDER.map(|_| Vec::with_capacity(self.runs.len()));
        for (run, begins) in self.runs.iter().zip(&self.begins) {
            for (values, value) in all.iter_mut().zip(self.of_run(quantity, run, begins)) {
                values.push(value);
            }
        }
        all
    }

    fn of_run(&self, quantity: Quantity, run: &Run, begins: &Begins) -> [Option<Reached>; 5] {
        if !run.summary.has_converged() {
            return [None; 5];
        }
        let of_summary = |statistic| {
            let per_run = PerRun {
                statistic,
                quantity,
            };
            run.summary.values.get(&per_run).copied()
        };
        if self.sweep.source == Source::Table {
            return ORDER.map(of_summary);
        }
        let plain = read_plain(quantity, &run.records, begins);
        ORDER.map(|statistic| {
            let place = STATISTICS.iter().position(|known| *known == statistic);
            match place {
                Some(place) => plain[place],
                None => of_summary(statistic),
            }
        })
    }

    fn compared(
        &self,
        per_run: PerRun,
        values: &[Option<Reached>],
        expected: Direction,
        comparison: &mut Comparison<'_>,
    ) -> OfStatistic {
        let PerRun { statistic, .. } = per_run;
        let runs = values.iter().flatten().count();
        let nothing = |why: String| OfStatistic {
            statistic,
            runs,
            seeds: 0,
            level_means: Vec::new(),
            log_slope: None,
            log_slope_interval: None,
            p_value: None,
            absent: Some(why),
        };
        if runs == 0 {
            return nothing(match (self.sweep.source, statistic) {
                (Source::Table, _) => format!("no column {per_run}"),
                (_, Statistic::AtLoss) => "the training loss was not measured".to_owned(),
                (_, Statistic::AtAccuracy) => "no run passed the accuracy threshold".to_owned(),
                _ => "nothing was measured".to_owned(),
            });
        }
        match comparison.effect(values, expected) {
            Err(why) => nothing(why),
            Ok(effect) => OfStatistic {
                statistic,
                runs,
                seeds: effect.seeds,
                level_means: effect.level_means.into_iter().map(Some).collect(),
                log_slope: effect.slope.as_ref().map(|slope| slope.slope),
                log_slope_interval: effect.slope.as_ref().and_then(|slope| slope.interval),
                p_value: Some(effect.p_value),
                absent: effect
                    .slope
                    .is_none()
                    .then(|| "a value is not positive: no slope".to_owned()),
            },
        }
    }

    /// The maximum after the break-even point: means over the runs that reached it.
    fn described(&self, values: &[Option<Reached>]) -> OfStatistic {
        let level = |run: &&Run| Level::of(&run.summary, self.factor);
        let levels: BTreeSet<Level> = self.runs.iter().map(level).collect();
        let mean = |wanted: &Level| {
            let at = self.runs.iter().zip(values);
            let at: Vec<f64> = at
                .filter(|(run, _)| level(run) == *wanted)
                .filter_map(|(_, value)| Some((*value)?.value))
                .collect();
            (!at.is_empty()).then(|| interval::mean(&at))
        };
        OfStatistic {
            statistic: Statistic::MaxAfter,
            runs: values.iter().flatten().count(),
            seeds: 0,
            level_means: levels.iter().map(mean).collect(),
            log_slope: None,
            log_slope_interval: None,
            p_value: None,
            absent: Some(REASON.to_owned()),
        }
    }
}
