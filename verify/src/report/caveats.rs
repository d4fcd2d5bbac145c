//! What a reader has to bear in mind, found in the runs at hand.

use breakeven_sim::record::{Record, SolverStatus};

use crate::hypothesis::Hypothesis;
use crate::input::{Source, Sweep};
use crate::quantity::Statistic;
use crate::report::statement;
use crate::verdicts::Verdicts;

/// All caveats that apply, the most important ones first.
pub fn caveats(verdicts: &Verdicts, sweeps: &[Sweep]) -> Vec<String> {
    let mut caveats = Vec::new();
    caveats.extend(step_zero(verdicts));
    caveats.extend(statement::at_worst(verdicts).map(str::to_owned));
    caveats.extend(tables(verdicts, sweeps));
    caveats.extend(mini_batches(verdicts));
    caveats.extend(sweeps.iter().filter_map(break_even_not_reached));
    caveats.extend(sweeps.iter().filter_map(break_even_unsure));
    caveats.extend(sweeps.iter().filter_map(solver));
    caveats.extend(few_seeds(verdicts));
    caveats.extend(measured_steps(sweeps));
    caveats.extend(verdicts.notes.iter().cloned());
    caveats
}

fn step_zero(verdicts: &Verdicts) -> Option<String> {
    let concerned = |h: &&Hypothesis| h.step_zero_blocks.is_some_and(|blocks| blocks > 0);
    let ids = listed(verdicts.hypotheses.iter().filter(concerned));
    (!ids.is_empty()).then(|| {
        format!(
            "Maxima at step 0: runs of one seed start from the same weights, so where the maximum \
             sits at step 0 for several levels it is the same number and says nothing about the \
             factor. Read the value at the accuracy threshold beside it. Concerned: {ids}."
        )
    })
}

/// Of a table, without columns for them, no steps are known.
fn tables(verdicts: &Verdicts, sweeps: &[Sweep]) -> Option<String> {
    sweeps.iter().find(|sweep| sweep.source == Source::Table)?;
    let unknown = |h: &&Hypothesis| h.step_zero_blocks.is_none() && h.tied_blocks > 0;
    let ids = listed(verdicts.hypotheses.iter().filter(unknown));
    let ties = match ids.as_str() {
        "" => String::new(),
        _ => format!(
            " Without columns of steps it is not known whether ties sit at step 0, where they \
             say nothing: {ids}."
        ),
    };
    Some(format!(
        "A table does not say when the rule of convergence was fixed.{ties}"
    ))
}

fn mini_batches(verdicts: &Verdicts) -> Option<String> {
    let of_mini_batches = |h: &Hypothesis| h.quantity.quantity.is_of_mini_batches();
    verdicts.hypotheses.iter().any(of_mini_batches).then(|| {
        "λ_K, λ_K*/λ_K and Tr K are those of K^M, the covariance of L mini-batch gradients of M \
         examples. K^M is about K/M, so they are comparable only for equal L and M. It has at \
         most L − 1 non-zero eigenvalues, and λ_K* is the smallest of them."
            .to_owned()
    })
}

fn break_even_not_reached(sweep: &Sweep) -> Option<String> {
    let measured = |r: &&crate::input::Run| r.records.iter().any(|r| r.stability.is_some());
    let runs: Vec<_> = sweep.runs.iter().filter(measured).collect();
    let missing = runs.iter().filter(|r| r.summary.break_even_step.is_none());
    let names: Vec<&str> = missing.map(|r| r.summary.run.as_str()).collect();
    (!names.is_empty()).then(|| {
        format!(
            "{}: the break-even point was not reached in {} of {} runs ({}); they have no maximum \
             after it.",
            sweep.name,
            names.len(),
            runs.len(),
            names.join(", ")
        )
    })
}

/// Runs whose break-even point another sample of examples might move.
fn break_even_unsure(sweep: &Sweep) -> Option<String> {
    let is_unsure = |record: &Record| {
        let both = record.stability.zip(record.stability_standard_error);
        both.is_some_and(|(left, error)| (left - 1.0).abs() < 2.0 * error)
    };
    let (mut all, mut unsure) = (0, 0);
    for run in &sweep.runs {
        let Some(step) = run.summary.break_even_step else {
            continue;
        };
        all += 1;
        let mut up_to = run.records.iter().filter(|record| record.step <= step);
        unsure += usize::from(up_to.any(is_unsure));
    }
    (unsure > 0).then(|| {
        format!(
            "{}: in {unsure} of {all} runs that break even the left side of Eq. 1 comes within two \
             standard errors of 1, at the break-even point or before it: s² over other examples \
             might have put the point at another record.",
            sweep.name
        )
    })
}

fn solver(sweep: &Sweep) -> Option<String> {
    let statuses = || {
        let records = sweep.runs.iter().flat_map(|run| &run.records);
        records.filter_map(|record| record.lambda_h_status)
    };
    let all = statuses().count();
    let short = statuses().filter(|s| *s != SolverStatus::Converged).count();
    (short > 0).then(|| {
        format!(
            "{}: the eigenvalue solver stopped short of its tolerance in {short} of {all} \
             measurements of λ_H; such a value is a lower bound.",
            sweep.name
        )
    })
}

fn few_seeds(verdicts: &Verdicts) -> Option<String> {
    let with_interval = |h: &&Hypothesis| h.log_slope_interval.is_some();
    let shown = verdicts.hypotheses.iter().filter(with_interval);
    let fewest = shown.map(|h| h.seeds.len()).min()?;
    (fewest < 10).then(|| {
        format!(
            "Intervals of means and slopes are Student's, over as few as {fewest} seeds: their \
             coverage is as stated where seeds scatter normally. Verdicts do not depend on them."
        )
    })
}

fn measured_steps(sweeps: &[Sweep]) -> Option<String> {
    let is_folder = |sweep: &&Sweep| sweep.source == Source::Folder;
    sweeps.iter().find(is_folder)?;
    let after = Statistic::MaxAfter.in_words();
    Some(format!(
        "Maxima and break-even points are over the measured steps only. The {after} looks at \
         measurements strictly later than the first one at which the left side of Eq. 1 is at \
         least 1."
    ))
}

fn listed<'a>(hypotheses: impl Iterator<Item = &'a Hypothesis>) -> String {
    let name = |h: &Hypothesis| {
        let symbol = h.factor.symbol();
        format!("{} by {symbol} ({})", h.quantity.symbol(), h.sweep)
    };
    hypotheses.map(name).collect::<Vec<_>>().join(", ")
}
