//! The paper's proxy (Sec. 4.1): a step that raises the training loss, ΔL < 0, in
//! place of Eq. 1. Does it find the same step?

use breakeven_sim::record::Record;
use serde::Serialize;

use super::{median, why_absent};
use crate::input::Run;

/// ΔL < 0 against Eq. 1 on the runs of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proxy {
    /// Runs that have both numbers.
    pub runs: usize,
    /// Runs in which both find the same record.
    pub same: usize,
    /// Runs in which ΔL < 0 comes first.
    pub proxy_first: usize,
    /// Runs in which Eq. 1 is broken first.
    pub criterion_first: usize,
    /// Runs in which ΔL < 0 alone happens.
    pub proxy_only: usize,
    /// Runs in which Eq. 1 alone is broken.
    pub criterion_only: usize,
    /// Runs in which neither happens.
    pub neither: usize,
    /// Step of ΔL < 0 less step of Eq. 1: median over runs with both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_difference: Option<f64>,
    /// Records with both numbers.
    pub records: usize,
    /// Share of them in which both say the same: stable, or not.
    pub agreement: f64,
    /// The share that they would have if they had nothing to do with each other
    /// (the expected agreement of Cohen's κ).
    pub agreement_by_chance: f64,
    /// Run by run.
    pub per_run: Vec<FirstSteps>,
}

/// The first steps at which a run is unstable.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FirstSteps {
    /// The run.
    pub run: String,
    /// The first with ΔL < 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<u64>,
    /// The first with a left side of Eq. 1 of at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub criterion: Option<u64>,
}

/// What a record says by either criterion.
#[derive(Clone, Copy)]
struct Says {
    step: u64,
    /// ΔL < 0.
    proxy: bool,
    /// The left side of Eq. 1 is at least 1.
    criterion: bool,
}

impl Says {
    fn of(record: &Record) -> Option<Self> {
        Some(Self {
            step: record.step,
            proxy: record.loss_change? < 0.0,
            criterion: record.is_unstable()?,
        })
    }
}

/// Of all runs.
pub fn of_runs(runs: &[&Run]) -> Result<Proxy, String> {
    let says = |run: &Run| -> Vec<Says> { run.records.iter().filter_map(Says::of).collect() };
    let known: Vec<(&Run, Vec<Says>)> = runs
        .iter()
        .map(|run| (*run, says(run)))
        .filter(|(_, records)| !records.is_empty())
        .collect();
    if known.is_empty() {
        let lacks = |of: fn(&Record) -> bool| !runs.iter().flat_map(|run| &run.records).any(of);
        return Err(if lacks(|record| record.loss_change.is_some()) {
            why_absent(runs, "loss_change")
        } else {
            why_absent(runs, "stability")
        });
    }
    let per_run: Vec<FirstSteps> = known
        .iter()
        .map(|(run, records)| FirstSteps::of(&run.summary.run, records))
        .collect();
    let count = |is_it: &dyn Fn(Option<u64>, Option<u64>) -> bool| {
        let steps = per_run.iter().map(|run| (run.proxy, run.criterion));
        steps
            .filter(|&(proxy, criterion)| is_it(proxy, criterion))
            .count()
    };
    let differences: Vec<f64> = per_run
        .iter()
        .filter_map(|run| Some(run.proxy? as f64 - run.criterion? as f64))
        .collect();
    let all: Vec<Says> = known.into_iter().flat_map(|(_, records)| records).collect();
    let (agreement, agreement_by_chance) = agreement(&all);
    Ok(Proxy {
        runs: per_run.len(),
        same: count(&|proxy, criterion| proxy.is_some() && proxy == criterion),
        proxy_first: count(&|p, c| p.zip(c).is_some_and(|(p, c)| p < c)),
        criterion_first: count(&|p, c| p.zip(c).is_some_and(|(p, c)| p > c)),
        proxy_only: count(&|p, c| p.is_some() && c.is_none()),
        criterion_only: count(&|p, c| p.is_none() && c.is_some()),
        neither: count(&|p, c| p.is_none() && c.is_none()),
        median_difference: (!differences.is_empty()).then(|| median(differences)),
        records: all.len(),
        agreement,
        agreement_by_chance,
        per_run,
    })
}

impl FirstSteps {
    fn of(run: &str, records: &[Says]) -> Self {
        let first = |is_it: fn(&Says) -> bool| {
            let found = records.iter().find(|says| is_it(says));
            found.map(|says| says.step)
        };
        Self {
            run: run.to_owned(),
            proxy: first(|says| says.proxy),
            criterion: first(|says| says.criterion),
        }
    }
}

/// Share of records in which both agree, and the share by chance.
fn agreement(records: &[Says]) -> (f64, f64) {
    let share = |is_it: fn(&Says) -> bool| {
        let found = records.iter().filter(|says| is_it(says)).count();
        found as f64 / records.len() as f64
    };
    let (proxy, criterion) = (share(|says| says.proxy), share(|says| says.criterion));
    let by_chance = proxy * criterion + (1.0 - proxy) * (1.0 - criterion);
    (share(|says| says.proxy == says.criterion), by_chance)
}
