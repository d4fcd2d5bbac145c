//! Whether what is judged is what was trained: checksums of the runs' files,
//! and the hash of the plan in their headers.

use serde::Serialize;

use crate::input::{Files, Plan, Run, Source, Sweep};

/// What is known of the files of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SweepIntegrity {
    /// The sweep.
    pub sweep: String,
    /// What is known.
    #[serde(flatten)]
    pub integrity: Integrity,
}

/// How many runs of a sweep are known to be as they were written, and to have
/// begun with the plan that they are judged by.
///
/// ```
/// use breakeven_verify::integrity::Integrity;
///
/// let found = Integrity { runs_checked: 2, plan_kept: 1, plan_changed: 1, ..Integrity::default() };
/// assert_eq!(found.files_in_words(), "2 runs: checksums hold");
/// assert!(!found.is_plan_kept());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Integrity {
    /// Runs whose files have checksums that hold.
    pub runs_checked: usize,
    /// Runs without checksums: of an earlier version, or another program.
    pub runs_unchecked: usize,
    /// Runs of which a checksum shows that a file has changed; they do not
    /// count.
    pub runs_changed: usize,
    /// Runs with a file that cannot be read; they do not count.
    #[serde(skip_serializing_if = "is_none")]
    pub runs_damaged: usize,
    /// Runs that began with the plan in config.json.
    pub plan_kept: usize,
    /// Runs whose header has no hash of the plan.
    pub plan_unchecked: usize,
    /// Runs that began with another plan; they do not count.
    pub plan_changed: usize,
}

impl SweepIntegrity {
    /// Of a sweep that was read from a folder.
    pub fn of(sweep: &Sweep) -> Option<Self> {
        Some(Self {
            sweep: sweep.name.clone(),
            integrity: Integrity::of(sweep)?,
        })
    }
}

impl Integrity {
    /// Of a sweep that was read from a folder.
    pub fn of(sweep: &Sweep) -> Option<Self> {
        if sweep.source == Source::Table {
            return None;
        }
        let count = |is: fn(&Run) -> bool| sweep.runs.iter().filter(|run| is(run)).count();
        let lost = |is_damaged: bool| {
            let lost = sweep.lost.iter();
            lost.filter(|lost| lost.is_damaged == is_damaged).count()
        };
        Some(Self {
            runs_checked: count(|run| run.files == Some(Files::Checked)),
            runs_unchecked: count(|run| run.files == Some(Files::Unchecked)),
            runs_changed: count(|run| matches!(run.files, Some(Files::Changed(_)))) + lost(false),
            runs_damaged: count(|run| matches!(run.files, Some(Files::Damaged(_)))) + lost(true),
            plan_kept: count(|run| run.plan == Some(Plan::Kept)),
            plan_unchecked: count(|run| run.plan == Some(Plan::Unchecked)),
            plan_changed: count(|run| run.plan == Some(Plan::Changed)),
        })
    }

    /// Whether every run is known to have begun with the plan in config.json.
    pub fn is_plan_kept(&self) -> bool {
        self.plan_unchecked == 0 && self.plan_changed == 0
    }

    /// The checksums in words.
    pub fn files_in_words(&self) -> String {
        in_words(&[
            (self.runs_checked, "checksums hold"),
            (
                self.runs_unchecked,
                "unchecked, as their files carry no checksums",
            ),
            (
                self.runs_changed,
                "changed on disk since they were written, and left out",
            ),
            (self.runs_damaged, "cannot be read, and are left out"),
        ])
    }

    /// The plan in words.
    pub fn plan_in_words(&self) -> String {
        in_words(&[
            (
                self.plan_kept,
                "the plan came first: they began with α, quantities, thresholds and levels as they \
                 are now",
            ),
            (
                self.plan_unchecked,
                "unchecked, as their headers carry no hash of the plan",
            ),
            (
                self.plan_changed,
                "began with another plan, and are left out",
            ),
        ])
    }

    /// What a reader has to know before any verdict.
    pub fn warning(&self, sweep: &str) -> Option<String> {
        let plan = (self.plan_changed > 0).then(|| {
            format!(
                "the plan in config.json (α, quantities, thresholds, levels) is not the one that \
                 {} began with: they have no part in any verdict. Put config.json back as it was \
                 before training, or train the sweep anew",
                runs(self.plan_changed)
            )
        });
        let files = (self.runs_changed > 0).then(|| {
            format!(
                "files of {} changed on disk since they were written: they have no part in any \
                 verdict. Resume the sweep with `--resume`, which carries them out anew",
                runs(self.runs_changed)
            )
        });
        let damaged = (self.runs_damaged > 0).then(|| {
            format!(
                "files of {} cannot be read: they have no part in any verdict, and what was left \
                 out says what is wrong with each",
                runs(self.runs_damaged)
            )
        });
        let said: Vec<String> = [plan, files, damaged].into_iter().flatten().collect();
        (!said.is_empty()).then(|| format!("{sweep}: {}", said.join("; ")))
    }
}

/// For serde.
fn is_none(count: &usize) -> bool {
    *count == 0
}

/// How many runs are what, without those that no run is.
fn in_words(counts: &[(usize, &str)]) -> String {
    let there = counts.iter().filter(|(count, _)| *count > 0);
    let words: Vec<String> = there
        .map(|(count, what)| format!("{}: {what}", runs(*count)))
        .collect();
    words.join("; ")
}

fn runs(count: usize) -> String {
    match count {
        1 => "1 run".to_owned(),
        _ => format!("{count} runs"),
    }
}
