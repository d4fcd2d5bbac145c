//! A plan: what will be tested, how, and with which chance of a verdict, said
//! before there are data.

mod markdown;
mod power;
mod prepared;

use breakeven_sim::meter::Meter;
use breakeven_sim::record::seal::sha256;
use serde::Serialize;

pub use markdown::markdown;
pub use power::{Assumed, Power, PowerOf};
pub use prepared::Prepared;

use crate::hypothesis::Hypothesis;
use crate::level::{Fixed, Level};
use crate::quantity::{Conjecture, Direction, Factor, PerRun};
use crate::settings::{Procedure, VerifySettings};
use crate::verdicts::{VerifyError, verify};

/// A plan; `plan.json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// Version of breakeven that wrote it.
    pub version: &'static str,
    /// How the hypotheses will be judged.
    pub procedure: Procedure,
    /// The sweeps that will be trained.
    pub sweeps: Vec<PlannedSweep>,
    /// What will be tested: one family.
    pub hypotheses: Vec<PlannedHypothesis>,
    /// The chance of a verdict, by simulation.
    pub power: Power,
}

/// A sweep to be trained.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlannedSweep {
    /// Its name.
    pub sweep: String,
    /// The hash that the header of each of its runs will have as
    /// `plan_sha256`, if it begins with this plan.
    pub plan_sha256: String,
    /// Seeds.
    pub seeds: Vec<u64>,
    /// When a run counts, α, thresholds, quantities and statistics.
    #[serde(flatten)]
    pub settings: VerifySettings,
}

/// A hypothesis before there are data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlannedHypothesis {
    /// As that of the verdict.
    pub id: String,
    /// The sweep.
    pub sweep: String,
    /// Conjecture 1 or 2.
    pub conjecture: Conjecture,
    /// The per-run quantity.
    #[serde(serialize_with = "crate::hypothesis::as_name")]
    pub quantity: PerRun,
    /// What varies.
    pub factor: Factor,
    /// The levels of all other hyperparameters.
    #[serde(flatten)]
    pub fixed: Fixed,
    /// How the quantity changes as the factor grows, if the conjecture holds.
    pub expected: Direction,
    /// The levels.
    pub levels: Vec<Level>,
    /// The smallest p-value that these seeds and levels allow.
    pub smallest_p_value: Option<f64>,
    /// The same after adjustment.
    pub smallest_p_adjusted: Option<f64>,
    /// Whether any outcome would be a verdict.
    pub decidable: bool,
    /// The fewest seeds with which one would be.
    pub seeds_needed: Option<usize>,
}

impl Plan {
    /// The plan of `sweeps`, which will be judged together.
    ///
    /// Five seeds of three levels, all in order, have a chance of 1/6⁵:
    ///
    /// ```
    /// use breakeven_sim::meter::Meter;
    /// use breakeven_verify::VerifySettings;
    /// use breakeven_verify::plan::{Assumed, Plan, Prepared};
    /// use breakeven_verify::quantity::{Quantity, Statistic};
    ///
    /// let sweep = Prepared {
    ///     settings: VerifySettings { statistics: vec![Statistic::Max], ..VerifySettings::default() },
    ///     measured: vec![Quantity::LambdaH],
    ///     learning_rates: vec![0.1, 0.2, 0.4],
    /// #   name: "by-learning-rate".to_owned(), plan_sha256: String::new(), batch_sizes: vec![32],
    /// #   momenta: vec![0.0], covariance_batch_size: None,
    ///     seeds: (0..5).collect(),
    /// };
    /// let plan = Plan::of(&[sweep], Assumed { studies: 5, ..Assumed::default() }, &Meter::new())?;
    /// let smallest = plan.hypotheses[0].smallest_p_value.unwrap_or(1.0);
    /// assert!((smallest * 6_f64.powi(5) - 1.0).abs() < 1e-9);
    /// # Ok::<(), breakeven_verify::VerifyError>(())
    /// ```
    ///
    /// # Errors
    /// What cannot be judged together, or has nothing to compare.
    pub fn of(sweeps: &[Prepared], assumed: Assumed, meter: &Meter) -> Result<Self, VerifyError> {
        // Every run in the expected order: which hypotheses there are does not
        // depend on values.
        let in_order: Vec<_> = sweeps.iter().map(Prepared::in_order).collect();
        let verdicts = verify(&in_order)?;
        Ok(Self {
            version: env!("CARGO_PKG_VERSION"),
            procedure: verdicts.procedure,
            sweeps: sweeps.iter().map(PlannedSweep::of).collect(),
            hypotheses: verdicts.hypotheses.iter().map(planned).collect(),
            power: Power::of(sweeps, assumed, meter)?,
        })
    }

    /// The plan as the text of its file, and the SHA-256 of that, which names
    /// it.
    ///
    /// # Errors
    /// None that a plan can give.
    pub fn page(&self) -> Result<(String, String), serde_json::Error> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        let hash = sha256(text.as_bytes());
        Ok((text, hash))
    }
}

impl PlannedSweep {
    fn of(sweep: &Prepared) -> Self {
        Self {
            sweep: sweep.name.clone(),
            plan_sha256: sweep.plan_sha256.clone(),
            seeds: sweep.seeds.clone(),
            settings: sweep.settings.clone(),
        }
    }
}

fn planned(hypothesis: &Hypothesis) -> PlannedHypothesis {
    PlannedHypothesis {
        id: hypothesis.id.clone(),
        sweep: hypothesis.sweep.clone(),
        conjecture: hypothesis.conjecture,
        quantity: hypothesis.quantity,
        factor: hypothesis.factor,
        fixed: hypothesis.fixed.clone(),
        expected: hypothesis.expected,
        levels: hypothesis.levels.clone(),
        smallest_p_value: hypothesis.smallest_p_value,
        smallest_p_adjusted: hypothesis.smallest_p_adjusted,
        decidable: hypothesis.decidable,
        seeds_needed: hypothesis.seeds_needed,
    }
}
