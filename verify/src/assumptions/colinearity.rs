//! Assumption 2: e_H¹ and e_K¹ are one line, and λ_K = αλ_H, up to the break-even
//! point.

use breakeven_sim::record::Record;
use serde::Serialize;

use super::{OverSeeds, SignTest, median, until_break_even, why_absent};
use crate::input::Run;

/// The fewest records of a run through which a line is laid.
const FEWEST_RECORDS: usize = 3;

/// |cos(e_H¹, e_K¹)| up to the break-even point: 1 under Assumption 2.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Colinearity {
    /// Runs that have it.
    pub runs: usize,
    /// Their records.
    pub records: usize,
    /// Mean over seeds of the runs' medians.
    pub cosine: OverSeeds,
    /// Smallest and largest of any record.
    pub range: [f64; 2],
    /// √(2/(πD)): what two random directions of so many parameters have on
    /// average.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_random: Option<f64>,
    /// Run by run: its name and median.
    pub per_run: Vec<(String, f64)>,
}

/// How λ_K goes with λ_H up to the break-even point.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proportionality {
    /// Whether λ_K is that of single examples, or that of K^M over (N−M)/(M(N−1)),
    /// which estimates it and is too large for few batches.
    pub lambda_k: &'static str,
    /// α = λ_K/λ_H: geometric mean over records, runs and seeds.
    pub alpha: OverSeeds,
    /// The largest over the smallest α of a run's records: median over runs with
    /// at least two. 1 under Assumption 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread: Option<f64>,
    /// Slope of log λ_K on log λ_H in a run: 1 under Assumption 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slope: Option<OverSeeds>,
    /// Whether more seeds have a slope above 0 than chance would have it: that
    /// they go together at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rises_together: Option<SignTest>,
    /// Why slopes are absent, where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slope_absent: Option<String>,
    /// Run by run.
    pub per_run: Vec<ProportionalityOfRun>,
}

/// The same of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProportionalityOfRun {
    /// The run.
    pub run: String,
    /// Records up to the break-even point with both.
    pub records: usize,
    /// Geometric mean of α.
    pub alpha: f64,
    /// Slope of log λ_K on log λ_H, of at least three records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slope: Option<f64>,
    /// Their correlation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<f64>,
}

/// |cos(e_H¹, e_K¹)| of all runs.
pub fn of_runs(runs: &[&Run], alpha: f64) -> Result<Colinearity, String> {
    let cosines = |run: &Run| -> Vec<f64> {
        let records = until_break_even(run).iter();
        records.filter_map(|record| record.alignment_hk).collect()
    };
    let known: Vec<(&Run, Vec<f64>)> = runs
        .iter()
        .map(|run| (*run, cosines(run)))
        .filter(|(_, cosines)| !cosines.is_empty())
        .collect();
    let medians: Vec<(u64, f64)> = known
        .iter()
        .map(|(run, cosines)| (run.summary.seed, median(cosines.iter().copied())))
        .collect();
    let Some(cosine) = OverSeeds::of(&medians, alpha) else {
        let why = why_absent(runs, "alignment_hk");
        return Err(format!("{why} up to the break-even point"));
    };
    let all = || {
        known
            .iter()
            .flat_map(|(_, cosines)| cosines.iter().copied())
    };
    let parameters = known
        .iter()
        .find_map(|(run, _)| Some(run.header.as_ref()?.parameters));
    let random = |d: usize| (2.0 / (std::f64::consts::PI * d as f64)).sqrt();
    Ok(Colinearity {
        runs: known.len(),
        records: all().count(),
        cosine,
        range: [all().fold(1.0, f64::min), all().fold(0.0, f64::max)],
        at_random: parameters.map(random),
        per_run: known
            .iter()
            .zip(&medians)
            .map(|((run, _), (_, median))| (run.summary.run.clone(), *median))
            .collect(),
    })
}

/// λ_K against λ_H of all runs.
pub fn proportionality(runs: &[&Run], alpha: f64) -> Result<Proportionality, String> {
    let per_example = of_kind(runs, |run, record| {
        Some(record.lambda_k_per_example? / share(run, false)?)
    });
    let (lambda_k, known) = match per_example.is_empty() {
        false => ("lambda_k_per_example", per_example),
        true => (
            "lambda_k",
            of_kind(runs, |run, record| {
                Some(record.lambda_k? / share(run, true)?)
            }),
        ),
    };
    let found: Vec<(u64, ProportionalityOfRun, f64)> = known
        .iter()
        .map(|(run, pairs)| of_run(run, pairs))
        .collect();
    let logs: Vec<(u64, f64)> = found
        .iter()
        .map(|(seed, of, _)| (*seed, of.alpha.ln()))
        .collect();
    let Some(alphas) = OverSeeds::of(&logs, alpha) else {
        return Err("λ_K and λ_H were not both measured above 0 up to the break-even point".into());
    };
    let slopes: Vec<(u64, f64)> = found
        .iter()
        .filter_map(|(seed, of, _)| Some((*seed, of.slope?)))
        .collect();
    let many = found.iter().filter(|(_, of, _)| of.records >= 2);
    let spreads: Vec<f64> = many.map(|(_, _, spread)| *spread).collect();
    let none = format!(
        "no run has {FEWEST_RECORDS} different λ_H up to its break-even point: measure more often there"
    );
    Ok(Proportionality {
        lambda_k,
        alpha: alphas.exp(),
        spread: (!spreads.is_empty()).then(|| median(spreads)),
        slope: OverSeeds::of(&slopes, alpha),
        rises_together: SignTest::of(&slopes, 0.0),
        slope_absent: slopes.is_empty().then_some(none),
        per_run: found.into_iter().map(|(_, of, _)| of).collect(),
    })
}

/// (N−M)/(M(N−1)) of K^M, 1 of the per-example K.
fn share(run: &Run, of_batches: bool) -> Option<f64> {
    if !of_batches {
        return Some(1.0);
    }
    let header = run.header.as_ref()?;
    let (n, m) = (header.examples as f64, header.covariance?.batch_size as f64);
    let share = (n - m) / (m * (n - 1.0));
    (share > 0.0).then_some(share)
}

/// log λ_H and log λ_K of the records that have both above 0, of runs with any.
fn of_kind<'a>(
    runs: &[&'a Run],
    lambda_k: impl Fn(&Run, &Record) -> Option<f64>,
) -> Vec<(&'a Run, Vec<(f64, f64)>)> {
    let pairs = |run: &Run| -> Vec<(f64, f64)> {
        let both = |record: &Record| Some((record.lambda_h?, lambda_k(run, record)?));
        let all = until_break_even(run).iter().filter_map(both);
        all.filter(|(h, k)| *h > 0.0 && *k > 0.0 && h.is_finite() && k.is_finite())
            .map(|(h, k)| (h.ln(), k.ln()))
            .collect()
    };
    let known = runs.iter().map(|run| (*run, pairs(run)));
    known.filter(|(_, pairs)| !pairs.is_empty()).collect()
}

/// A run's seed, what it says, and its largest α over its smallest.
fn of_run(run: &Run, pairs: &[(f64, f64)]) -> (u64, ProportionalityOfRun, f64) {
    let n = pairs.len() as f64;
    let ratios = || pairs.iter().map(|(h, k)| k - h);
    let line = line(pairs);
    let of = ProportionalityOfRun {
        run: run.summary.run.clone(),
        records: pairs.len(),
        alpha: (ratios().sum::<f64>() / n).exp(),
        slope: line.map(|(slope, _)| slope),
        correlation: line.and_then(|(_, correlation)| correlation),
    };
    let low = ratios().fold(f64::INFINITY, f64::min);
    let high = ratios().fold(f64::NEG_INFINITY, f64::max);
    (run.summary.seed, of, (high - low).exp())
}

/// Slope of y on x by least squares, and their correlation where y varies.
fn line(pairs: &[(f64, f64)]) -> Option<(f64, Option<f64>)> {
    let n = pairs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let sum =
        |of: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|p| of(p.0 - x, p.1 - y)).sum::<f64>();
    let (xx, xy, yy) = (
        sum(&|dx, _| dx * dx),
        sum(&|dx, dy| dx * dy),
        sum(&|_, dy| dy * dy),
    );
    // Relative differences of 10⁻⁹ are rounding.
    let varies = |squares: f64| squares > n * 1e-18;
    let is_line = pairs.len() >= FEWEST_RECORDS && varies(xx);
    is_line.then(|| (xy / xx, varies(yy).then(|| xy / (xx * yy).sqrt())))
}
