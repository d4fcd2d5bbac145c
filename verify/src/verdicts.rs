//! The whole answer: hypotheses with their verdicts, what was excluded, the
//! settings and the summaries.

mod error;
mod exclusion;

pub use error::VerifyError;
pub use exclusion::{Exclusion, Scope};

use std::collections::BTreeSet;

use serde::Serialize;

use crate::analysis::Analysis;
use crate::description::{self, Description};
use crate::hypothesis::{self, Hypothesis};
use crate::input::{SettingsOrigin, Source, Sweep};
use crate::integrity::{Integrity, SweepIntegrity};
use crate::judgement::judge;
use crate::quantity::PerRun;
use crate::settings::{Procedure, VerifySettings};
use crate::summary::RunSummary;
use crate::verdict::Verdict;

use exclusion::{excluded_blocks, excluded_runs};

/// The answer of a verification; `verdicts.json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdicts {
    /// Version of breakeven that judged.
    pub version: &'static str,
    /// The level at which all hypotheses together were judged.
    pub alpha: f64,
    /// How they were judged.
    pub procedure: Procedure,
    /// The hypotheses: one family.
    pub hypotheses: Vec<Hypothesis>,
    /// What is described and not tested: the maxima after the break-even point.
    pub descriptive: Vec<Description>,
    /// What they went without.
    pub excluded: Vec<Exclusion>,
    /// The settings of each sweep.
    pub settings: Vec<SweepSettings>,
    /// Every run in numbers.
    pub summaries: Vec<SweepSummary>,
    /// Of each sweep that was read from a folder, what is known of its files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub integrity: Vec<SweepIntegrity>,
    /// What of the input was left unread.
    pub notes: Vec<String>,
    /// What stands beside the verdicts ([`crate::analysis::verify_in_full`]).
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub analysis: Option<Analysis>,
}

/// A sweep's settings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SweepSettings {
    /// The sweep.
    pub sweep: String,
    /// Where they come from.
    pub origin: SettingsOrigin,
    /// The settings. Of a table, the rule of convergence and the accuracy
    /// threshold are its own.
    #[serde(flatten)]
    pub settings: VerifySettings,
}

/// A run of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SweepSummary {
    /// The sweep.
    pub sweep: String,
    /// The run.
    #[serde(flatten)]
    pub run: RunSummary,
}

/// Tests the conjectures on `sweeps`; all their hypotheses are one family.
///
/// A λ_K that rises with η in every seed refutes Conjecture 1:
///
/// ```
/// use breakeven_verify::verdict::Verdict;
/// use breakeven_verify::verify;
/// # use breakeven_verify::{VerifySettings, parse_table};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut table = "seed,learning_rate,batch_size,max_lambda_k\n".to_owned();
/// # for (seed, eta) in (0..15).map(|run| (run / 3, [0.1, 0.2, 0.4][run % 3])) {
/// #     table += &format!("{seed},{eta},32,{eta}\n");
/// # }
/// # let path = std::path::Path::new("runs.csv");
/// # let sweep = parse_table(path, table.as_bytes(), VerifySettings::default())?;
///
/// let verdicts = verify(&[sweep])?;
/// assert_eq!(verdicts.count(Verdict::Refuted), 1);
/// let opposite = verdicts.hypotheses[0].opposite_p_value.unwrap_or(1.0);
/// assert!((opposite * 6_f64.powi(5) - 1.0).abs() < 1e-9);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// No sweep, two of one name, different levels α, or nothing to compare.
pub fn verify(sweeps: &[Sweep]) -> Result<Verdicts, VerifyError> {
    let first = sweeps.first().ok_or(VerifyError::Nothing)?;
    let alpha = first.settings.alpha;
    let procedure = first.settings.procedure();
    for (index, sweep) in sweeps.iter().enumerate() {
        if sweeps[..index]
            .iter()
            .any(|before| before.name == sweep.name)
        {
            return Err(VerifyError::SameName(sweep.name.clone()));
        }
        if sweep.settings.alpha != alpha {
            return Err(VerifyError::Alpha {
                first: first.name.clone(),
                of_first: alpha,
                second: sweep.name.clone(),
                of_second: sweep.settings.alpha,
            });
        }
        if sweep.settings.looks != first.settings.looks {
            return Err(VerifyError::Looks {
                first: first.name.clone(),
                second: sweep.name.clone(),
            });
        }
        if sweep.settings.adjustment != first.settings.adjustment {
            return Err(VerifyError::Adjustment {
                first: first.name.clone(),
                of_first: named(first),
                second: sweep.name.clone(),
                of_second: named(sweep),
            });
        }
        if sweep.settings.primary != first.settings.primary {
            return Err(VerifyError::Primary {
                first: first.name.clone(),
                of_first: listed(first),
                second: sweep.name.clone(),
                of_second: listed(sweep),
            });
        }
    }
    let mut hypotheses: Vec<_> = sweeps.iter().flat_map(hypothesis::of_sweep).collect();
    let descriptive: Vec<_> = sweeps.iter().flat_map(description::of_sweep).collect();
    if hypotheses.is_empty() && descriptive.is_empty() {
        return Err(VerifyError::NoLevels);
    }
    let mut notes: Vec<String> = sweeps
        .iter()
        .flat_map(|sweep| notes_of(sweep, &hypotheses))
        .collect();
    notes.extend(note_of_primary(first, &hypotheses));
    judge(&mut hypotheses, procedure);
    let mut excluded = excluded_runs(sweeps);
    excluded.extend(excluded_blocks(&hypotheses));
    Ok(Verdicts {
        version: env!("CARGO_PKG_VERSION"),
        alpha,
        procedure,
        excluded,
        hypotheses,
        descriptive,
        settings: sweeps.iter().map(settings_of).collect(),
        summaries: sweeps.iter().flat_map(summaries_of).collect(),
        integrity: sweeps.iter().filter_map(SweepIntegrity::of).collect(),
        notes,
        analysis: None,
    })
}

impl Verdicts {
    /// How many hypotheses have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        let has = |h: &&Hypothesis| h.verdict == verdict;
        self.hypotheses.iter().filter(has).count()
    }
}

/// The name of a sweep's adjustment.
fn named(sweep: &Sweep) -> &'static str {
    match sweep.settings.adjustment {
        Some(adjustment) => adjustment.name(),
        None => "that of earlier versions",
    }
}

/// The names of a sweep's primary quantities.
fn listed(sweep: &Sweep) -> String {
    let names: Vec<String> = sweep
        .settings
        .primary
        .iter()
        .map(PerRun::to_string)
        .collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}

fn settings_of(sweep: &Sweep) -> SweepSettings {
    SweepSettings {
        sweep: sweep.name.clone(),
        origin: sweep.settings_origin,
        settings: sweep.settings.clone(),
    }
}

fn summaries_of(sweep: &Sweep) -> impl Iterator<Item = SweepSummary> {
    sweep.runs.iter().map(|run| SweepSummary {
        sweep: sweep.name.clone(),
        run: run.summary.clone(),
    })
}

fn notes_of(sweep: &Sweep, hypotheses: &[Hypothesis]) -> Vec<String> {
    let mut notes: Vec<String> = sweep
        .notes
        .iter()
        .map(|note| format!("{}: {note}", sweep.name))
        .collect();
    if sweep.source == Source::Folder && sweep.settings_origin == SettingsOrigin::Verification {
        notes.push(format!(
            "{}: its config.json has no `verify` table, so the default settings were used; \
             nothing shows that they were chosen before training",
            sweep.name
        ));
    }
    let of_k = |h: &Hypothesis| h.sweep == sweep.name && h.quantity.quantity.is_of_mini_batches();
    if hypotheses.iter().any(of_k) {
        notes.extend(note_of_covariance(sweep));
    }
    notes.extend(beyond_the_theory(sweep));
    notes.extend(unplanned_look(sweep));
    notes.extend(Integrity::of(sweep).and_then(|found| found.warning(&sweep.name)));
    notes
}

/// That the runs are not those of a planned look, where looks are planned.
fn unplanned_look(sweep: &Sweep) -> Option<String> {
    let looks = sweep.settings.looks.as_ref()?;
    let seeds: BTreeSet<u64> = sweep.runs.iter().map(|run| run.summary.seed).collect();
    (!looks.contains(&seeds.len())).then(|| {
        format!(
            "{}: looks are planned at {looks:?} seeds, and there are runs of {}: alpha bounds false \
             verdicts at planned looks alone",
            sweep.name,
            seeds.len()
        )
    })
}

/// Primary quantities that nothing is tested on.
fn note_of_primary(sweep: &Sweep, hypotheses: &[Hypothesis]) -> Option<String> {
    let primary = sweep.settings.primary.iter();
    let is_absent = |q: &&PerRun| hypotheses.iter().all(|h| h.quantity != **q);
    let absent: Vec<String> = primary.filter(is_absent).map(PerRun::to_string).collect();
    (!absent.is_empty()).then(|| {
        format!(
            "verify.primary names {}, which no run has, so that nothing waits for it",
            absent.join(", ")
        )
    })
}

/// What a sweep trained with that the paper's theory does not have.
fn beyond_the_theory(sweep: &Sweep) -> Option<String> {
    let headers = sweep.runs.iter().filter_map(|run| run.header.as_ref());
    let options = || {
        headers
            .clone()
            .filter_map(|header| header.training.as_ref())
    };
    let mut beyond: Vec<&str> = Vec::new();
    for what in options().flat_map(|options| options.beyond_plain_sgd()) {
        if !beyond.contains(&what) {
            beyond.push(what);
        }
    }
    // Tables have no header.
    let by_table = sweep.runs.iter().any(|run| run.summary.momentum > 0.0);
    if by_table && !beyond.contains(&"momentum") {
        beyond.push("momentum");
    }
    let all = match beyond.split_last()? {
        (last, []) => (*last).to_owned(),
        (last, rest) => format!("{} and {last}", rest.join(", ")),
    };
    let ball = match beyond.contains(&"momentum") {
        true => {
            " The break-even point is that of steps with momentum, whose limit for full batches \
             is 2(1+β)/η."
        }
        false => "",
    };
    let by_momentum = match sweep.varies_momentum() {
        true => {
            " That a larger β acts like a larger η is what the paper's App. F observes, and no \
             theorem of its."
        }
        false => "",
    };
    Some(format!(
        "{}: trained with {all}. The paper's theory is that of plain SGD with a constant learning \
         rate; here its conjectures are tested beyond it.{ball}{by_momentum}",
        sweep.name
    ))
}

/// What is not known of K^M in a table.
fn note_of_covariance(sweep: &Sweep) -> Option<String> {
    let is_open = |run: &crate::input::Run| {
        let known = run.summary.covariance;
        known.batches.is_none() || known.batch_size.is_none()
    };
    if sweep.source == Source::Folder || !sweep.runs.iter().any(is_open) {
        return None;
    }
    Some(if sweep.same_covariance {
        format!(
            "{}: L and M of K^M are taken to be the same in all runs, as --same-covariance says",
            sweep.name
        )
    } else {
        format!(
            "{}: L and M of K^M are not known for every run, and verdicts on it hold only if they \
             are the same: give columns `batches` and `covariance_batch_size`, or \
             --same-covariance; where S varies and M is not known there is no verdict",
            sweep.name
        )
    })
}
