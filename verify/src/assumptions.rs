//! The paper's assumptions (Sec. 3) on real runs: each is tested on the records
//! of every run, and pooled over a sweep.
//!
//! Runs are those whose files are as they were written, whether they converged or
//! not: the assumptions are about training, not about its outcome. Records of one
//! run depend on each other, and so do runs of one seed, which share their initial
//! weights: so a number is first averaged over a run, then over the runs of a seed,
//! and intervals and tests are over seeds.

mod colinearity;
mod over_seeds;
mod phases;
mod proxy;
mod quadratic;

pub use colinearity::{Colinearity, Proportionality};
pub use over_seeds::{OverSeeds, SignTest};
pub use phases::{Phases, Statement, StatementOfRun};
pub use proxy::{FirstSteps, Proxy};
pub use quadratic::{LineFit, Quadratic, QuadraticRun, parabola};

use breakeven_sim::record::Record;
use serde::Serialize;

use crate::input::{Files, Run, Source, Sweep};

/// What was found, or why nothing was.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Tested<T> {
    /// What was found.
    Found(T),
    /// Why nothing was.
    Absent {
        /// The reason.
        absent: String,
    },
}

impl<T> Tested<T> {
    /// What was found.
    pub fn found(&self) -> Option<&T> {
        match self {
            Self::Found(found) => Some(found),
            Self::Absent { .. } => None,
        }
    }

    /// Why nothing was.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Found(_) => None,
            Self::Absent { absent } => Some(absent),
        }
    }
}

impl<T> From<Result<T, String>> for Tested<T> {
    fn from(found: Result<T, String>) -> Self {
        match found {
            Ok(found) => Self::Found(found),
            Err(absent) => Self::Absent { absent },
        }
    }
}

/// The assumptions on the runs of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Assumptions {
    /// The sweep.
    pub sweep: String,
    /// Runs whose records were looked at.
    pub runs: usize,
    /// A1: the loss along e_H¹ is a parabola.
    pub quadratic: Tested<Quadratic>,
    /// A2: e_H¹ = ±e_K¹.
    pub colinearity: Tested<Colinearity>,
    /// A2: λ_K = αλ_H.
    pub proportionality: Tested<Proportionality>,
    /// A3 and A4: which way λ_H and ψ go.
    pub phases: Tested<Phases>,
    /// ΔL < 0 in place of Eq. 1 (Sec. 4.1).
    pub proxy: Tested<Proxy>,
}

/// The assumptions on each sweep that has records.
///
/// ```
/// use breakeven_sim::record::Record;
/// use breakeven_verify::assumptions::of_sweeps;
/// # use breakeven_verify::{VerifySettings, input::Source, parse_table};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let table = "seed,learning_rate,batch_size,max_lambda_h\n0,0.1,8,2\n1,0.1,8,2\n";
/// # let path = std::path::Path::new("runs.csv");
/// # let mut sweep = parse_table(path, table.as_bytes(), VerifySettings::default())?;
/// # sweep.source = Source::Folder;
/// // |cos(e_H¹, e_K¹)| of one record a seed; a mean over seeds.
/// for (run, cosine) in sweep.runs.iter_mut().zip([0.5, 1.0]) {
///     run.records = vec![Record { alignment_hk: Some(cosine), ..Record::default() }];
/// }
/// let found = &of_sweeps(&[sweep])[0];
/// let colinearity = found.colinearity.found().ok_or("not measured")?;
/// assert_eq!((colinearity.cosine.mean, colinearity.cosine.seeds), (0.75, 2));
/// # Ok(())
/// # }
/// ```
pub fn of_sweeps(sweeps: &[Sweep]) -> Vec<Assumptions> {
    let folders = sweeps.iter().filter(|sweep| sweep.source == Source::Folder);
    folders.map(of_sweep).collect()
}

fn of_sweep(sweep: &Sweep) -> Assumptions {
    let runs = usable(sweep);
    let alpha = sweep.settings.alpha;
    Assumptions {
        sweep: sweep.name.clone(),
        runs: runs.len(),
        quadratic: quadratic::of_runs(&runs).into(),
        colinearity: colinearity::of_runs(&runs, alpha).into(),
        proportionality: colinearity::proportionality(&runs, alpha).into(),
        phases: phases::of_runs(&runs).into(),
        proxy: proxy::of_runs(&runs).into(),
    }
}

/// Runs with records, whose files are as they were written.
pub fn usable(sweep: &Sweep) -> Vec<&Run> {
    let is_usable = |run: &&Run| {
        let has_changed = matches!(run.files, Some(Files::Changed(_)));
        !has_changed && !run.records.is_empty()
    };
    sweep.runs.iter().filter(is_usable).collect()
}

/// The records up to the break-even point and with it, or all where the run never
/// reached it.
fn until_break_even(run: &Run) -> &[Record] {
    let last = run.summary.break_even_step.unwrap_or(u64::MAX);
    &run.records[..run.records.partition_point(|record| record.step <= last)]
}

/// Why no run has a number, as the first record that says so has it.
fn why_absent(runs: &[&Run], field: &str) -> String {
    let mut records = runs.iter().flat_map(|run| &run.records);
    match records.find_map(|record| record.absent.get(field)) {
        Some(why) => format!("{field} does not exist: {why}"),
        None => format!("{field} was not measured"),
    }
}

/// The middle of numbers, between two where they are even; NaN of none.
fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => (sorted[even / 2 - 1] + sorted[even / 2]) / 2.0,
    }
}
