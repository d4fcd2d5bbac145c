//! What changed since an earlier answer: verdicts that moved, effects that
//! moved beyond the noise between seeds, hypotheses and runs that came or went.

mod baseline;
mod compared;
mod difference;
mod effect;
mod runs;
mod terminal;
#[cfg(test)]
mod tests;

pub use baseline::{Baseline, BaselineError, EarlierHypothesis, EarlierRun};
pub use compared::{Compared, Presence};
pub use difference::Method;
pub use effect::{Effect, Mean, Scale};
pub use runs::{CountedOtherwise, RunsCompared};
pub use terminal::{compared as compared_in_words, terminal};

use std::path::Path;

use serde::Serialize;

use crate::holm::holm;
use crate::verdicts::Verdicts;
use breakeven_plot::number::significant;

/// The answer of a comparison, beside `verdicts.json`.
pub const FILE: &str = "against.json";
/// The level of all its tests together, where none is given.
pub const ALPHA: f64 = 0.01;

/// How an answer compares with an earlier one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Against {
    /// Whether anything changed: a verdict, an effect beyond noise, the
    /// hypotheses or their levels, or whether a run counts.
    pub changed: bool,
    /// The earlier answer.
    pub baseline: Earlier,
    /// The level of all tests together: the chance that any effect is said to
    /// have moved where none has.
    pub alpha: f64,
    /// Tests that p-values are adjusted over.
    pub comparisons: usize,
    /// Every hypothesis, in the order of the answer; those that are gone last.
    pub hypotheses: Vec<Compared>,
    /// The runs.
    pub runs: RunsCompared,
    /// What a reader has to know before taking a change for one of the runs.
    pub notes: Vec<String>,
}

/// Of an earlier answer, what it says of itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Earlier {
    /// Version of breakeven that judged.
    pub version: String,
    /// Its hypotheses.
    pub hypotheses: usize,
    /// Its runs.
    pub runs: usize,
}

/// Compares `verdicts` with an earlier answer, which `path` names in errors.
///
/// Each level's mean and each log slope is compared: by pairs of the same seed
/// where seeds are in both, and otherwise by Welch's test. Holm's adjustment is
/// over all of these comparisons, so that `alpha` is the chance that any is said
/// to have moved where none has.
///
/// λ_H falls with η in the earlier answer, and rises in this one:
///
/// ```
/// use breakeven_verify::against::{ALPHA, Baseline, against};
/// use breakeven_verify::{report, verify};
/// # use breakeven_verify::{Sweep, VerifySettings, parse_table};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let path = std::path::Path::new("runs.csv");
/// # let sweep = |power: i32| -> Result<Sweep, Box<dyn std::error::Error>> {
/// #     let mut table = "seed,learning_rate,batch_size,max_lambda_h\n".to_owned();
/// #     for (seed, eta) in (0..15).map(|run| (run / 3, [0.1_f64, 0.2, 0.4][run % 3])) {
/// #         table += &format!("{seed},{eta},32,{}\n", eta.powi(power));
/// #     }
/// #     Ok(parse_table(path, table.as_bytes(), VerifySettings::default())?)
/// # };
///
/// let earlier = report::json(&verify(&[sweep(-1)?])?)?;
/// let baseline = Baseline::parse(path, earlier.as_bytes())?;
/// let found = against(&verify(&[sweep(1)?])?, &baseline, path, ALPHA)?;
/// assert!(found.changed && found.hypotheses[0].verdict_moved());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A baseline that is about other sweeps, or that lacks values of its own seeds.
pub fn against(
    verdicts: &Verdicts,
    baseline: &Baseline,
    path: &Path,
    alpha: f64,
) -> Result<Against, BaselineError> {
    check_sweeps(verdicts, baseline, path)?;
    let mut hypotheses = compared::all(verdicts, baseline, path, alpha)?;
    let comparisons = adjust(&mut hypotheses, alpha);
    let runs = RunsCompared::of(baseline, verdicts);
    let is_changed = hypotheses.iter().any(Compared::is_changed);
    Ok(Against {
        changed: is_changed || !runs.counted_otherwise.is_empty(),
        baseline: Earlier {
            version: baseline.version.clone(),
            hypotheses: baseline.hypotheses.len(),
            runs: baseline.summaries.len(),
        },
        alpha,
        comparisons,
        hypotheses,
        runs,
        notes: notes(verdicts, baseline),
    })
}

impl Against {
    /// The change in a sentence: `2 verdicts and 1 effect size changed`.
    pub fn in_words(&self) -> String {
        let count = |of: &dyn Fn(&Compared) -> usize| self.hypotheses.iter().map(of).sum::<usize>();
        let is = |presence| move |h: &Compared| usize::from(h.presence == presence);
        let counts = [
            (
                count(&|h| usize::from(h.verdict_moved())),
                "verdict",
                "moved",
            ),
            (count(&|h| h.moved().count()), "effect size", "moved"),
            (count(&is(Presence::New)), "hypothesis", "new"),
            (count(&is(Presence::Gone)), "hypothesis", "gone"),
            (
                count(&|h| usize::from(h.levels_changed())),
                "hypothesis",
                "on other levels",
            ),
            (
                self.runs.counted_otherwise.len(),
                "run",
                "counted otherwise",
            ),
        ];
        let said: Vec<String> = counts
            .into_iter()
            .filter(|(count, ..)| *count > 0)
            .map(|(count, what, how)| format!("{count} {} {how}", plural(what, count)))
            .collect();
        match said.is_empty() {
            true => "nothing changed".to_owned(),
            false => said.join(", "),
        }
    }
}

fn plural(what: &str, count: usize) -> String {
    match (what, count) {
        (_, 1) => what.to_owned(),
        ("hypothesis", _) => "hypotheses".to_owned(),
        _ => format!("{what}s"),
    }
}

fn check_sweeps(
    verdicts: &Verdicts,
    baseline: &Baseline,
    path: &Path,
) -> Result<(), BaselineError> {
    let before = baseline.sweeps();
    let now: Vec<String> = verdicts.settings.iter().map(|s| s.sweep.clone()).collect();
    if before.iter().any(|sweep| now.contains(sweep)) {
        return Ok(());
    }
    Err(BaselineError::OtherSweeps {
        path: path.to_owned(),
        before,
        now,
    })
}

/// Adjusts the p-values of all effects, and says which moved.
fn adjust(hypotheses: &mut [Compared], alpha: f64) -> usize {
    let mut effects: Vec<&mut Effect> = hypotheses
        .iter_mut()
        .flat_map(|h| h.levels.iter_mut().chain(&mut h.log_slope))
        .filter(|effect| effect.p_in_family.is_some())
        .collect();
    let p_values: Vec<f64> = effects.iter().filter_map(|e| e.p_in_family).collect();
    for (effect, adjusted) in effects.iter_mut().zip(holm(&p_values)) {
        effect.moved = adjusted <= alpha;
        // Where nothing was tested there is no p-value to adjust.
        effect.p_adjusted = effect.p_value.map(|_| adjusted);
    }
    p_values.len()
}

fn notes(verdicts: &Verdicts, baseline: &Baseline) -> Vec<String> {
    let mut notes = Vec::new();
    if baseline.version != verdicts.version {
        notes.push(format!(
            "the baseline is of breakeven {}, this answer of {}: CHANGELOG.md lists under \
             Value-breaking what changed in between",
            baseline.version, verdicts.version
        ));
    }
    if baseline.alpha != verdicts.alpha {
        notes.push(format!(
            "the baseline was judged at α = {}, this answer at {}",
            significant(baseline.alpha, 3),
            significant(verdicts.alpha, 3)
        ));
    }
    let before = baseline
        .procedure
        .as_ref()
        .and_then(|procedure| procedure.adjustment.as_deref());
    let now = verdicts.procedure.adjustment.name();
    if let Some(before) = before.filter(|before| *before != now) {
        notes.push(format!(
            "p-values of the baseline are adjusted by {before}, those of this answer by {now}"
        ));
    }
    notes
}
