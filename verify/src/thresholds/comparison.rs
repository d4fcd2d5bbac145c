//! Predicted against observed break-even points for a report: every run of every
//! sweep, what each prediction explains beside 2/η, and one sentence.

use std::collections::BTreeMap;

use serde::Serialize;

use super::jackknife::{Errors, Interval, errors};
use super::{Known, Located, Network, Observed, Predictor, locate};
use crate::input::{Source, Sweep};
use breakeven_plot::number::significant;

/// Predictions that are compared with 2/η.
pub const PREDICTORS: [Predictor; 3] = [
    Predictor::Eq4,
    Predictor::Eq4MiniBatch,
    Predictor::Eq4Variance,
];

/// Theory against networks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Thresholds {
    /// The answer in words.
    pub sentence: String,
    /// What each prediction explains, over all sweeps and, of several, of each.
    pub comparisons: Vec<Comparison>,
    /// Run by run.
    pub runs: Vec<RunThreshold>,
    /// The same for figures.
    #[serde(skip)]
    pub located: Vec<Located>,
}

/// A run's break-even λ_H, predicted and observed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunThreshold {
    /// The sweep.
    pub sweep: String,
    /// The run.
    pub run: String,
    /// Its seed.
    pub seed: u64,
    /// η at step 0.
    pub learning_rate: f64,
    /// S.
    pub batch_size: u64,
    /// The step that predictions are made at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicted_at_step: Option<u64>,
    /// Predictions by name, those that there are.
    pub predicted: BTreeMap<&'static str, f64>,
    /// 2/η, the null model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null: Option<f64>,
    /// The break-even step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub break_even_step: Option<u64>,
    /// λ_H there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<f64>,
    /// λ_H at the records before and at the break-even step, between which Eq. 1
    /// became an equality.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_bracket: Option<[f64; 2]>,
    /// The largest λ_H, of a run that completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest: Option<f64>,
    /// Its step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_step: Option<u64>,
    /// Why numbers are absent, by their names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub absent: BTreeMap<&'static str, String>,
}

/// What a prediction explains of an observation, beside 2/η on the same runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The sweep; absent where it is about all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sweep: Option<String>,
    /// What is predicted.
    pub observed: &'static str,
    /// By what.
    pub predictor: &'static str,
    /// Runs with a break-even point after their first record.
    pub runs: usize,
    /// Runs with prediction and observation, which are compared.
    pub compared: usize,
    /// Runs of which the prediction is that no λ_H is stable, though SGD was.
    pub nothing_stable: usize,
    /// Coverage of intervals, which are Student's over the pseudo-values of a
    /// jackknife over seeds.
    pub coverage: f64,
    /// R² of the prediction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r2: Option<Interval>,
    /// R² of 2/η.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null_r2: Option<Interval>,
    /// ln of the ratio of squared errors: below 0 where the prediction is closer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_error_ratio: Option<Interval>,
    /// Which explains more.
    pub explains_more: More,
    /// Why there are no numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absent: Option<String>,
}

/// Which of two predictions explains more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum More {
    /// The equation.
    Prediction,
    /// 2/η.
    Null,
    /// The interval of their ratio holds equality, or does not exist.
    NotShown,
}

impl More {
    fn of(ratio: &Interval) -> Self {
        match ratio.interval {
            Some([_, high]) if high < 0.0 => Self::Prediction,
            Some([low, _]) if low > 0.0 => Self::Null,
            _ => Self::NotShown,
        }
    }

    /// In a cell.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Prediction => "the equation",
            Self::Null => "2/η",
            Self::NotShown => "not shown",
        }
    }
}

/// Predicted and observed break-even points of all sweeps with records; `None`
/// where there are none.
///
/// Single examples, η = ½, λ_K = λ_H and ψ = 1: by Eq. 4 the break-even λ_H is
/// 2/η − 1, and it lies between the two records.
///
/// ```
/// # use breakeven_sim::record::Record;
/// # use breakeven_verify::{VerifySettings, input::Source, parse_table};
/// use breakeven_verify::thresholds::of_sweeps;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let table = "seed,learning_rate,batch_size,break_even_step,max_lambda_h\n0,0.5,1,10,4\n";
/// # let path = std::path::Path::new("runs.csv");
/// # let mut sweep = parse_table(path, table.as_bytes(), VerifySettings::default())?;
/// # sweep.source = Source::Folder;
/// # sweep.runs[0].header = serde_json::from_str(r#"{"run": "a", "seed": 0, "learning_rate": 0.5,
/// #     "batch_size": 1, "model": "quadratic", "data": "none", "examples": 8, "parameters": 1,
/// #     "steps": 10, "version": "none", "device": "none"}"#)?;
/// let record = |step, lambda, left_side| Record {
///     step,
///     lambda_h: Some(lambda),
///     lambda_k_per_example: Some(lambda),
///     psi: Some(1.0),
///     stability: Some(left_side),
///     ..Record::default()
/// };
/// sweep.runs[0].records = vec![record(0, 2.0, 0.5), record(10, 4.0, 2.0)];
/// let found = &of_sweeps(&[sweep]).ok_or("no records")?.runs[0];
/// assert_eq!((found.predicted["eq4"], found.null), (3.0, Some(4.0)));
/// assert_eq!(found.observed_bracket, Some([2.0, 4.0]));
/// # Ok(())
/// # }
/// ```
pub fn of_sweeps(sweeps: &[Sweep]) -> Option<Thresholds> {
    let folders: Vec<&Sweep> = sweeps
        .iter()
        .filter(|sweep| sweep.source == Source::Folder)
        .collect();
    let alpha = folders.first()?.settings.alpha;
    let networks: Vec<Network<'_>> = folders
        .iter()
        .map(|sweep| Network::of(&sweep.name, sweep))
        .collect();
    Some(Thresholds::of(locate(&networks), alpha))
}

impl Thresholds {
    /// Of runs that were located, whose intervals cover 1 − `alpha`.
    pub fn of(located: Vec<Located>, alpha: f64) -> Self {
        let mut networks: Vec<&str> = Vec::new();
        for one in &located {
            if !networks.contains(&one.network.as_str()) {
                networks.push(&one.network);
            }
        }
        let mut comparisons = compare(None, &located.iter().collect::<Vec<_>>(), alpha);
        if networks.len() > 1 {
            for network in networks {
                let of_it = located.iter().filter(|one| one.network == network);
                comparisons.extend(compare(Some(network), &of_it.collect::<Vec<_>>(), alpha));
            }
        }
        Self {
            sentence: sentence(&comparisons, &located),
            comparisons,
            runs: located.iter().map(RunThreshold::of).collect(),
            located,
        }
    }
}

fn compare(sweep: Option<&str>, located: &[&Located], alpha: f64) -> Vec<Comparison> {
    let pairs = Observed::ALL.into_iter();
    let pairs = pairs.flat_map(|observed| PREDICTORS.map(|predictor| (observed, predictor)));
    pairs
        .map(|(observed, predictor)| {
            let known = located
                .iter()
                .filter_map(|one| error(one, predictor, observed));
            let known: Vec<Errors> = known.collect();
            let reached = located.iter().filter(|one| one.at.is_ok());
            let mut comparison = Comparison {
                sweep: sweep.map(str::to_owned),
                observed: observed.name(),
                predictor: predictor.name(),
                runs: reached.clone().count(),
                compared: known.len(),
                nothing_stable: reached
                    .filter(|one| one.nothing_is_stable(predictor))
                    .count(),
                coverage: 1.0 - alpha,
                r2: None,
                null_r2: None,
                log_error_ratio: None,
                explains_more: More::NotShown,
                absent: None,
            };
            match errors(&known, alpha) {
                Ok(found) => {
                    comparison.r2 = Some(found.prediction);
                    comparison.null_r2 = Some(found.null);
                    comparison.log_error_ratio = Some(found.log_ratio);
                    comparison.explains_more = More::of(&found.log_ratio);
                }
                Err(why) => comparison.absent = Some(why_absent(why, located, predictor)),
            }
            comparison
        })
        .collect()
}

fn error(one: &Located, predictor: Predictor, observed: Observed) -> Option<Errors> {
    let (predicted, seen) = one.pair(predictor, observed)?;
    let (null, _) = one.pair(Predictor::Null, observed)?;
    Some(Errors {
        seed: one.seed,
        predicted: predicted.ln(),
        null: null.ln(),
        observed: seen.ln(),
    })
}

/// The reason of the first run without a prediction, where no run has one.
fn why_absent(why: String, located: &[&Located], predictor: Predictor) -> String {
    let reached = located.iter().filter(|one| one.at.is_ok());
    let first = reached
        .filter_map(|one| one.predicted(predictor).as_ref().err())
        .next();
    match first {
        Some(first) => format!("{why}; {first}"),
        None => why,
    }
}

impl RunThreshold {
    fn of(one: &Located) -> Self {
        let mut absent = BTreeMap::new();
        let mut note = |name: &'static str, why: &String| {
            absent.insert(name, why.clone());
        };
        let mut predicted = BTreeMap::new();
        for predictor in PREDICTORS {
            match one.predicted(predictor) {
                Ok(value) => {
                    predicted.insert(predictor.name(), *value);
                }
                Err(why) => note(predictor.name(), why),
            }
        }
        let mut known = |name: &'static str, found: &Known<(f64, u64)>| match found {
            Ok(found) => Some(*found),
            Err(why) => {
                note(name, why);
                None
            }
        };
        let observed = known("observed", one.observed(Observed::BreakEven));
        let largest = known("largest", one.observed(Observed::Largest));
        if let Err(why) = one.predicted(Predictor::Null) {
            note("null", why);
        }
        Self {
            sweep: one.network.clone(),
            run: one.run.clone(),
            seed: one.seed,
            learning_rate: one.learning_rate,
            batch_size: one.batch_size,
            predicted_at_step: one.at.as_ref().ok().copied(),
            predicted,
            null: one.predicted(Predictor::Null).as_ref().ok().copied(),
            break_even_step: one.break_even_step,
            observed: observed.map(|(value, _)| value),
            observed_bracket: one
                .bracket
                .as_ref()
                .ok()
                .map(|ends| ends.map(|(value, _)| value)),
            largest: largest.map(|(value, _)| value),
            largest_step: largest.map(|(_, step)| step),
            absent,
        }
    }
}

/// What the runs say of Eq. 4 and 2/η at the break-even point, in words: by the
/// prediction that most runs have, of equal ones the first.
fn sentence(comparisons: &[Comparison], located: &[Located]) -> String {
    let all = located.len();
    let reached = located.iter().filter(|one| one.at.is_ok()).count();
    let first = match reached {
        0 => return format!("No run of {all} goes from stable to unstable between two records."),
        _ => format!("{reached} of {all} runs go from stable to unstable between two records"),
    };
    let at_break_even = |c: &&Comparison| c.sweep.is_none() && c.observed == "break_even";
    let here: Vec<&Comparison> = comparisons.iter().filter(at_break_even).collect();
    let known = here.iter().rev().filter(|c| c.r2.is_some());
    let best = known.max_by_key(|c| c.compared);
    let second = match best {
        Some(best) => explained(best),
        None => "too few runs have a prediction to compare it with 2/η".to_owned(),
    };
    let failed = here.iter().filter(|c| c.nothing_stable > 0).map(|c| {
        format!(
            "{} says of {} of {reached} that no λ_H at all is stable, though SGD was",
            in_words(c.predictor),
            c.nothing_stable
        )
    });
    let parts: Vec<String> = [first, second].into_iter().chain(failed).collect();
    parts.join("; ") + "."
}

fn explained(comparison: &Comparison) -> String {
    let ends = |found: Option<Interval>| found.as_ref().map_or_else(String::new, with_ends);
    format!(
        "of the variance of log λ_H at the break-even point {} explains {}, 2/η alone {} ({} runs): {}",
        in_words(comparison.predictor),
        ends(comparison.r2),
        ends(comparison.null_r2),
        comparison.compared,
        match comparison.explains_more {
            More::Prediction => "the equation explains more",
            More::Null => "2/η explains more",
            More::NotShown => "neither is shown to explain more",
        }
    )
}

/// A prediction's name in a sentence.
pub fn in_words(predictor: &str) -> &'static str {
    match predictor {
        "eq4" => "Eq. 4",
        "eq4_mini_batch" => "Eq. 4 with α from K^M",
        "eq4_variance" => "Eq. 4 by s²",
        _ => "2/η",
    }
}

/// `0.42 [0.1, 0.6]`; what is far below 0 is said to be so.
pub fn with_ends(found: &Interval) -> String {
    let short = |value: f64| match value < FAR_BELOW {
        true => format!("< {FAR_BELOW}"),
        false => significant(value, 2),
    };
    let value = short(found.value);
    match found.interval {
        Some([low, high]) => format!("{value} [{}, {}]", short(low), short(high)),
        None => value,
    }
}

/// Shares of variance below it are bad, however far.
const FAR_BELOW: f64 = -10.0;
