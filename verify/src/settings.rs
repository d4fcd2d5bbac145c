//! What is tested and when a run counts: fixed before training, saved with
//! the sweep.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::blocks::FEWEST_SEEDS;
use crate::quantity::{PerRun, Quantity, Statistic};

/// The smallest α: below, no number of seeds that anybody trains decides.
pub const SMALLEST_ALPHA: f64 = 1e-100;
/// From this α on, "supported" would be as likely as not where nothing is so.
pub const ALPHA_BELOW: f64 = 0.5;

/// Settings of a verification; the sweep's `[verify]` table.
///
/// Every key may be left out; unknown keys are refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VerifySettings {
    /// Level α of the family-wise error rate, and one minus the coverage of
    /// intervals; below 0.5. Default 0.05.
    pub alpha: f64,
    /// When a run counts as converged. The conjectures are about converging
    /// training only (paper, Sec. 3), and the rule must be fixed before it.
    /// Default: completed, with a final training accuracy of at least 0.6.
    pub convergence: ConvergenceRule,
    /// The training accuracy in \[0, 1) past which `at_accuracy_` quantities
    /// are read, as the vertical lines of the paper's Fig. 4. Default 0.6.
    pub accuracy_threshold: f64,
    /// The training loss above 0 from which on `at_loss_` quantities are read.
    /// Absent unless it was given: losses have no scale of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_threshold: Option<f64>,
    /// The per-run statistics that are tested or, `max_after`, described.
    /// Default: `max`, `max_after` and `at_accuracy`.
    pub statistics: Vec<Statistic>,
    /// The measured quantities that are tested, where they were measured.
    /// Default: all that the conjectures speak of.
    pub quantities: Vec<Quantity>,
    /// How p-values are adjusted for the number of hypotheses. Default:
    /// Westfall and Young's step-down minP. Absent in what is read without it, as
    /// the plans of earlier versions are, which are judged by the rule of their
    /// time: Holm's adjustment, each direction at α.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjustment: Option<Adjustment>,
    /// Numbers of seeds, rising, at which the runs are judged until all is
    /// decided: each look spends an equal part of α. Absent where they are judged
    /// once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looks: Option<Vec<usize>>,
    /// The per-run quantities whose hypotheses come first, by name, such as
    /// `max_lambda_k`: the others are tested only where all of these have their
    /// verdict ([`crate::gatekeeping`]). Default: none, so that all hypotheses are
    /// one family.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "names")]
    pub primary: Vec<PerRun>,
    /// A setting of earlier versions, whose slopes had bootstrapped intervals:
    /// read, and without effect.
    #[serde(skip_serializing)]
    pub bootstrap: Option<IgnoredAny>,
}

/// When a run counts as converged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConvergenceRule {
    /// It took all its steps. In TOML `convergence = "completed"`.
    Completed,
    /// It took all its steps, and the last training accuracy is at least this.
    /// In TOML `convergence = { final_training_accuracy = 0.6 }`.
    FinalTrainingAccuracy(f64),
}

impl ConvergenceRule {
    /// The rule in words.
    pub fn in_words(self) -> String {
        match self {
            Self::Completed => "the run took all its steps".to_owned(),
            Self::FinalTrainingAccuracy(least) => format!(
                "the run took all its steps and its last training accuracy is at least {least}"
            ),
        }
    }
}

impl Default for VerifySettings {
    fn default() -> Self {
        Self {
            alpha: 0.05,
            convergence: ConvergenceRule::FinalTrainingAccuracy(0.6),
            accuracy_threshold: 0.6,
            loss_threshold: None,
            statistics: Statistic::DEFAULT.to_vec(),
            quantities: Quantity::ALL.to_vec(),
            adjustment: Some(Adjustment::default()),
            looks: None,
            primary: Vec::new(),
            bootstrap: None,
        }
    }
}

/// How p-values are adjusted for the number of hypotheses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adjustment {
    /// Step-down minP over joint rearrangements of each seed's runs
    /// ([`crate::westfall_young`]): bounds the chance of any false verdict.
    #[default]
    WestfallYoung,
    /// Holm's step-down ([`crate::holm`]): the same bound, whatever the
    /// dependence.
    Holm,
    /// Benjamini and Hochberg's step-up ([`crate::benjamini_hochberg`]): bounds
    /// the expected share of false verdicts.
    BenjaminiHochberg,
}

impl Adjustment {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::WestfallYoung, Self::Holm, Self::BenjaminiHochberg];

    /// Its name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::WestfallYoung => "westfall_young",
            Self::Holm => "holm",
            Self::BenjaminiHochberg => "benjamini_hochberg",
        }
    }

    /// Its name in sentences.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::WestfallYoung => "Westfall and Young's step-down minP adjustment",
            Self::Holm => "Holm's adjustment",
            Self::BenjaminiHochberg => "Benjamini and Hochberg's adjustment",
        }
    }
}

/// The share of α that is spent on the opposites of claims.
const SHARE_OF_OPPOSITES: f64 = 0.3;

/// How a family is judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Procedure {
    /// How p-values are adjusted.
    pub adjustment: Adjustment,
    /// The level of all verdicts together, those of earlier looks included.
    pub alpha: f64,
    /// How often the runs are judged, where more than once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looks: Option<usize>,
    /// A claim whose adjusted p is at most this is supported.
    pub alpha_supported: f64,
    /// One whose opposite's adjusted p is at most this is refuted.
    pub alpha_refuted: f64,
}

/// A setting outside its range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SettingsError {
    /// α is not a level.
    #[error("verify.alpha is {0}; give a number above 0 and below {ALPHA_BELOW}, such as 0.05")]
    Alpha(f64),
    /// α is too small to decide anything.
    #[error("verify.alpha is {0:e}; give at least {SMALLEST_ALPHA:e}, such as 0.05")]
    SmallAlpha(f64),
    /// The accuracy threshold is not an accuracy that a run can pass.
    #[error("verify.accuracy_threshold is {0}; give a number from 0 to below 1, such as 0.6")]
    AccuracyThreshold(f64),
    /// The loss threshold is not a loss.
    #[error("verify.loss_threshold is {0}; give a training loss above 0, such as 0.5")]
    LossThreshold(f64),
    /// `at_loss` without a loss.
    #[error(
        "verify.statistics names at_loss, and there is no verify.loss_threshold; give one, such as \
         0.5, or leave at_loss out"
    )]
    NoLossThreshold,
    /// The convergence rule's accuracy is not an accuracy.
    #[error(
        "verify.convergence.final_training_accuracy is {0}; give a number from 0 to 1, such as 0.6"
    )]
    FinalTrainingAccuracy(f64),
    /// Nothing would be tested.
    #[error("verify.{0} is empty, so nothing would be tested; name at least one, or leave it out")]
    Nothing(&'static str),
    /// Looks that are none.
    #[error(
        "verify.looks is {0:?}; give numbers of seeds that rise, none below {FEWEST_SEEDS}, such as \
         [5, 8, 12]"
    )]
    Looks(Vec<usize>),
    /// A primary quantity that is not tested at all.
    #[error(
        "verify.primary names `{0}`, which these settings do not test; name one whose statistic \
         is in verify.statistics, not max_after, and whose quantity is in verify.quantities"
    )]
    NotTested(String),
    /// An entry given twice would count twice in the family.
    #[error("verify.{0} names `{1}` twice; name it once")]
    Twice(&'static str, String),
}

impl SettingsError {
    /// The same in the words of the command line, where the setting was an
    /// option: `--alpha is 0; …`.
    pub fn of_options(&self) -> String {
        match self {
            Self::Alpha(_) | Self::SmallAlpha(_) => {
                self.to_string().replacen("verify.alpha", "--alpha", 1)
            }
            Self::NotTested(name) => format!(
                "--primary names {name}, which is described and not tested; name a max_ or an \
                 at_accuracy_ quantity"
            ),
            Self::Twice("primary", name) => format!("--primary names {name} twice; name it once"),
            _ => self.to_string(),
        }
    }
}

impl VerifySettings {
    /// How the hypotheses are judged: claims and their opposites share α, seven
    /// tenths and three, in equal parts for each look (Bonferroni). Plans of
    /// earlier versions, without an adjustment, spend α on each.
    ///
    /// ```
    /// use breakeven_verify::VerifySettings;
    ///
    /// let settings: VerifySettings = toml::from_str("alpha = 0.1\nlooks = [3, 5]")?;
    /// let procedure = settings.with_adjustment().procedure();
    /// assert!((procedure.alpha_supported - 0.7 * 0.1 / 2.0).abs() < 1e-12);
    /// assert!((procedure.alpha_refuted - 0.3 * 0.1 / 2.0).abs() < 1e-12);
    /// # Ok::<(), toml::de::Error>(())
    /// ```
    pub fn procedure(&self) -> Procedure {
        let looks = self.looks.as_ref().map(Vec::len);
        let alpha = self.alpha / looks.unwrap_or(1) as f64;
        let (adjustment, [alpha_supported, alpha_refuted]) = match self.adjustment {
            Some(adjustment) => {
                let refuted = SHARE_OF_OPPOSITES * alpha;
                (adjustment, [alpha - refuted, refuted])
            }
            None => (Adjustment::Holm, [alpha, alpha]),
        };
        Procedure {
            adjustment,
            alpha: self.alpha,
            looks,
            alpha_supported,
            alpha_refuted,
        }
    }

    /// The settings with the adjustment that is used where none is named, for a
    /// plan that is yet to be saved.
    pub fn with_adjustment(mut self) -> Self {
        self.adjustment.get_or_insert_default();
        self
    }

    /// Whether all settings are in their ranges.
    ///
    /// # Errors
    /// The first setting that is not.
    pub fn check(&self) -> Result<(), SettingsError> {
        if !(self.alpha > 0.0 && self.alpha < ALPHA_BELOW) {
            return Err(SettingsError::Alpha(self.alpha));
        }
        if self.alpha < SMALLEST_ALPHA {
            return Err(SettingsError::SmallAlpha(self.alpha));
        }
        if !(0.0..1.0).contains(&self.accuracy_threshold) {
            return Err(SettingsError::AccuracyThreshold(self.accuracy_threshold));
        }
        if let Some(loss) = self.loss_threshold
            && !(loss > 0.0 && loss.is_finite())
        {
            return Err(SettingsError::LossThreshold(loss));
        }
        if self.loss_threshold.is_none() && self.statistics.contains(&Statistic::AtLoss) {
            return Err(SettingsError::NoLossThreshold);
        }
        if let ConvergenceRule::FinalTrainingAccuracy(least) = self.convergence
            && !(0.0..=1.0).contains(&least)
        {
            return Err(SettingsError::FinalTrainingAccuracy(least));
        }
        if let Some(looks) = &self.looks {
            let rises = looks.windows(2).all(|pair| pair[0] < pair[1]);
            let is_enough = looks.first().is_some_and(|&first| first >= FEWEST_SEEDS);
            if !(rises && is_enough) {
                return Err(SettingsError::Looks(looks.clone()));
            }
        }
        at_least_one("statistics", &self.statistics)?;
        at_least_one("quantities", &self.quantities)?;
        each_once("statistics", &self.statistics, |s| s.name().to_owned())?;
        each_once("quantities", &self.quantities, |q| q.name().to_owned())?;
        each_once("primary", &self.primary, PerRun::to_string)?;
        match self.primary.iter().find(|per_run| !self.tests(**per_run)) {
            Some(per_run) => Err(SettingsError::NotTested(per_run.to_string())),
            None => Ok(()),
        }
    }

    /// Whether hypotheses about a per-run quantity are tested, where measured.
    fn tests(&self, per_run: PerRun) -> bool {
        per_run.statistic.is_tested()
            && self.statistics.contains(&per_run.statistic)
            && self.quantities.contains(&per_run.quantity)
    }

    /// Whether hypotheses about a per-run quantity are declared primary.
    pub fn is_primary(&self, per_run: PerRun) -> bool {
        self.primary.contains(&per_run)
    }
}

/// Per-run quantities by their names.
mod names {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::quantity::PerRun;

    pub fn serialize<S: Serializer>(list: &[PerRun], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(list.iter().map(PerRun::to_string))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(reader: D) -> Result<Vec<PerRun>, D::Error> {
        let read = |name: String| {
            PerRun::from_name(&name).ok_or_else(|| {
                D::Error::custom(format!(
                    "verify.primary names `{name}`, which is no per-run quantity; name one such as \
                     max_lambda_k or at_accuracy_trace_h"
                ))
            })
        };
        Vec::<String>::deserialize(reader)?
            .into_iter()
            .map(read)
            .collect()
    }
}

fn at_least_one<T>(key: &'static str, list: &[T]) -> Result<(), SettingsError> {
    match list.is_empty() {
        true => Err(SettingsError::Nothing(key)),
        false => Ok(()),
    }
}

/// Whether a list names nothing twice.
fn each_once<T: PartialEq>(
    key: &'static str,
    list: &[T],
    name: impl Fn(&T) -> String,
) -> Result<(), SettingsError> {
    for (index, item) in list.iter().enumerate() {
        if list[..index].contains(item) {
            return Err(SettingsError::Twice(key, name(item)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
