//! What is tested and when a run counts: fixed before training, saved with
//! the sweep.

use serde::{Deserialize, Serialize};

use crate::quantity::{Quantity, Statistic};

/// The most resamples of a bootstrap: 80 MB of means for each interval.
pub const MOST_RESAMPLES: usize = 10_000_000;

/// Settings of a verification; the sweep's `[verify]` table.
///
/// Every key may be left out; unknown keys are refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VerifySettings {
    /// Level α of the family-wise error rate, and one minus the coverage of
    /// the slope's interval. Default 0.05.
    pub alpha: f64,
    /// When a run counts as converged. The conjectures are about converging
    /// training only (paper, Sec. 3), and the rule must be fixed before it.
    /// Default: completed, with a final training accuracy of at least 0.6.
    pub convergence: ConvergenceRule,
    /// The training accuracy in \[0, 1) past which `at_accuracy_` quantities
    /// are read, as the vertical lines of the paper's Fig. 4. Default 0.6.
    pub accuracy_threshold: f64,
    /// The per-run statistics that are tested. Default: all three.
    pub statistics: Vec<Statistic>,
    /// The measured quantities that are tested, where they were measured.
    /// Default: all that the conjectures speak of.
    pub quantities: Vec<Quantity>,
    /// The bootstrap of the slope's interval.
    pub bootstrap: BootstrapSettings,
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

/// The bootstrap over seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BootstrapSettings {
    /// How often the seeds are drawn anew, at most [`MOST_RESAMPLES`]. Default
    /// 10,000.
    pub resamples: usize,
    /// Seed of the random streams, one for each hypothesis. Default 0.
    pub seed: u64,
}

impl Default for VerifySettings {
    fn default() -> Self {
        Self {
            alpha: 0.05,
            convergence: ConvergenceRule::FinalTrainingAccuracy(0.6),
            accuracy_threshold: 0.6,
            statistics: Statistic::ALL.to_vec(),
            quantities: Quantity::ALL.to_vec(),
            bootstrap: BootstrapSettings::default(),
        }
    }
}

impl Default for BootstrapSettings {
    fn default() -> Self {
        Self {
            resamples: 10_000,
            seed: 0,
        }
    }
}

/// A setting outside its range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SettingsError {
    /// α is not a level.
    #[error("verify.alpha is {0}; give a number above 0 and below 1, such as 0.05")]
    Alpha(f64),
    /// α is too small for an interval.
    #[error(
        "verify.alpha is {alpha}; give at least {}, or the slope's interval needs more than \
         {MOST_RESAMPLES} resamples",
        2.0 / MOST_RESAMPLES as f64
    )]
    SmallAlpha {
        /// What was asked for.
        alpha: f64,
    },
    /// The accuracy threshold is not an accuracy that a run can pass.
    #[error("verify.accuracy_threshold is {0}; give a number from 0 to below 1, such as 0.6")]
    AccuracyThreshold(f64),
    /// The convergence rule's accuracy is not an accuracy.
    #[error(
        "verify.convergence.final_training_accuracy is {0}; give a number from 0 to 1, such as 0.6"
    )]
    FinalTrainingAccuracy(f64),
    /// Nothing would be tested.
    #[error("verify.{0} is empty, so nothing would be tested; name at least one, or leave it out")]
    Nothing(&'static str),
    /// An entry given twice would count twice in the family.
    #[error("verify.{0} names `{1}` twice; name it once")]
    Twice(&'static str, String),
    /// Too few resamples for an interval at α.
    #[error(
        "verify.bootstrap.resamples is {given}; an interval at this alpha needs at least {least}"
    )]
    Resamples {
        /// What was asked for.
        given: usize,
        /// 2/α, rounded up: at least one resample beyond each end.
        least: usize,
    },
    /// More resamples than memory should hold.
    #[error("verify.bootstrap.resamples is {0}; give at most {MOST_RESAMPLES}")]
    ManyResamples(usize),
}

impl SettingsError {
    /// The same in the words of the command line, where the setting was an
    /// option: `--alpha is 0; …`.
    pub fn of_options(&self) -> String {
        let (key, option) = match self {
            Self::Alpha(_) | Self::SmallAlpha { .. } => ("verify.alpha", "--alpha"),
            Self::Resamples { .. } | Self::ManyResamples(_) => {
                ("verify.bootstrap.resamples", "--resamples")
            }
            _ => return self.to_string(),
        };
        self.to_string().replacen(key, option, 1)
    }
}

impl VerifySettings {
    /// Whether all settings are in their ranges.
    ///
    /// # Errors
    /// The first setting that is not.
    pub fn check(&self) -> Result<(), SettingsError> {
        if !(self.alpha > 0.0 && self.alpha < 1.0) {
            return Err(SettingsError::Alpha(self.alpha));
        }
        if self.alpha < 2.0 / MOST_RESAMPLES as f64 {
            return Err(SettingsError::SmallAlpha { alpha: self.alpha });
        }
        if !(0.0..1.0).contains(&self.accuracy_threshold) {
            return Err(SettingsError::AccuracyThreshold(self.accuracy_threshold));
        }
        if let ConvergenceRule::FinalTrainingAccuracy(least) = self.convergence
            && !(0.0..=1.0).contains(&least)
        {
            return Err(SettingsError::FinalTrainingAccuracy(least));
        }
        each_once("statistics", &self.statistics, |s| s.name())?;
        each_once("quantities", &self.quantities, |q| q.name())?;
        let least = (2.0 / self.alpha).ceil() as usize;
        if self.bootstrap.resamples < least {
            let given = self.bootstrap.resamples;
            return Err(SettingsError::Resamples { given, least });
        }
        if self.bootstrap.resamples > MOST_RESAMPLES {
            return Err(SettingsError::ManyResamples(self.bootstrap.resamples));
        }
        Ok(())
    }
}

/// Whether a list names something, and nothing twice.
fn each_once<T: PartialEq>(
    key: &'static str,
    list: &[T],
    name: impl Fn(&T) -> &'static str,
) -> Result<(), SettingsError> {
    if list.is_empty() {
        return Err(SettingsError::Nothing(key));
    }
    for (index, item) in list.iter().enumerate() {
        if list[..index].contains(item) {
            return Err(SettingsError::Twice(key, name(item).to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_table_means_the_defaults() {
        let settings: VerifySettings = serde_json::from_str("{}").unwrap();
        assert_eq!(settings, VerifySettings::default());
        assert_eq!(settings.check(), Ok(()));
    }

    #[test]
    fn both_convergence_rules_read_as_documented() {
        let completed: VerifySettings =
            serde_json::from_str(r#"{"convergence": "completed"}"#).unwrap();
        assert_eq!(completed.convergence, ConvergenceRule::Completed);
        let accuracy: VerifySettings =
            serde_json::from_str(r#"{"convergence": {"final_training_accuracy": 0.75}}"#).unwrap();
        assert_eq!(
            accuracy.convergence,
            ConvergenceRule::FinalTrainingAccuracy(0.75)
        );
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = serde_json::from_str::<VerifySettings>(r#"{"alfa": 0.1}"#).unwrap_err();
        assert!(
            error.to_string().contains("unknown field `alfa`"),
            "{error}"
        );
    }

    #[test]
    fn settings_outside_their_range_are_refused() {
        let with = |change: fn(&mut VerifySettings)| {
            let mut settings = VerifySettings::default();
            change(&mut settings);
            settings.check().unwrap_err().to_string()
        };
        assert!(with(|s| s.alpha = 1.0).contains("verify.alpha is 1;"));
        assert!(with(|s| s.alpha = f64::NAN).contains("verify.alpha is NaN;"));
        assert!(with(|s| s.accuracy_threshold = 1.0).contains("accuracy_threshold is 1;"));
        assert!(with(|s| s.statistics.clear()).contains("verify.statistics is empty"));
        assert!(with(|s| s.quantities.push(Quantity::LambdaK)).contains("`lambda_k` twice"));
        assert!(with(|s| s.alpha = 1e-7).contains("verify.alpha is 0.0000001; give at least"));
        assert!(with(|s| s.bootstrap.resamples = 39).contains("at least 40"));
        assert!(with(|s| s.bootstrap.resamples = 10_000_001).contains("at most 10000000"));
        assert!(
            with(|s| s.convergence = ConvergenceRule::FinalTrainingAccuracy(60.0))
                .contains("final_training_accuracy is 60;")
        );
    }
}
