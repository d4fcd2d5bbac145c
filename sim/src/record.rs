//! What one run writes and everything else reads: a header, one record a
//! measurement, and an outcome. Trained networks and the model's own
//! trajectories share these types, so that tests and reports take either.
//!
//! A run folder holds [`HEADER_FILE`] (written first), [`RECORDS_FILE`] (one
//! [`Record`] a line, appended as it comes) and [`OUTCOME_FILE`] (written when
//! the run has ended; a run without it is unfinished), and where it was asked
//! for a [`PREDICTIONS_FILE`] ([`Predictions`], a line a step). A sweep folder holds
//! [`CONFIG_FILE`] and one run folder each under [`RUNS_FOLDER`].
//!
//! Headers, records and outcomes carry a checksum ([`seal`]): whoever reads
//! them does so through [`from_page`] and [`RunHeader::record`], and writes
//! them through [`to_page`] and [`to_line`].

mod break_even;
mod density;
mod outliers;
mod parts;
mod planned;
mod predictions;
mod run;
pub mod seal;
mod solver;
mod training;

pub use break_even::{break_even, break_even_bracket};
pub use density::{OverProbes, Share, SpectralDensity};
pub use outliers::{LEAST_FOR_OUTLIERS, Outliers};
pub use parts::{CovarianceHalf, HessianHalf, LossLine, LossPlane};
pub use planned::{PlannedRun, combinations, planned_runs, run_name};
pub use predictions::{Digits, PREDICTIONS_FILE, Predictions};
pub use run::{MiniBatches, PretrainedWeights, RunHeader, RunOutcome, RunStatus};
pub use solver::{BoundKind, SolverStatus};
pub use training::{StepDecay, TrainingOptions};

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use seal::{Seal, SealError, Sealed, sealed, unsealed};

/// The header of a run, in its folder.
pub const HEADER_FILE: &str = "run.json";
/// The measurements of a run, one JSON object a line, in its folder.
pub const RECORDS_FILE: &str = "records.jsonl";
/// How a run ended, in its folder.
pub const OUTCOME_FILE: &str = "outcome.json";
/// How a sweep was made: the command, versions, the machine.
pub const ENVIRONMENT_FILE: &str = "environment.json";
/// The resolved configuration of a sweep, in the sweep's folder.
pub const CONFIG_FILE: &str = "config.json";
/// The folder of a sweep under which each run has its own.
pub const RUNS_FOLDER: &str = "runs";

/// What the header of a run of the one-dimensional model calls its model.
pub const ONE_DIMENSIONAL_MODEL: &str = "the paper's one-dimensional model";

/// A record as a line of [`RECORDS_FILE`], without the line's end.
///
/// # Errors
/// None that a record can give.
pub fn to_line(record: &Record) -> Result<String, serde_json::Error> {
    Ok(sealed(&serde_json::to_string(record)?))
}

/// A record from a line of [`RECORDS_FILE`], as it was written. Where the
/// run's header is known, [`RunHeader::record`] reads older names too.
///
/// ```
/// use breakeven_sim::record::{Record, from_line, seal::Seal, to_line};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let record = Record { step: 40, stability: Some(0.75), ..Record::default() };
/// let line = to_line(&record)?;
/// let read = from_line(line.as_bytes())?;
/// assert_eq!((read.value, read.seal), (record, Seal::Intact));
/// assert!(from_line(line.replace("0.75", "0.76").as_bytes()).is_err());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A checksum that does not hold, or text that is no record.
pub fn from_line(line: &[u8]) -> Result<Sealed<Record>, SealError> {
    unsealed(line)
}

/// A header or an outcome as the text of its file.
///
/// # Errors
/// None that a header or an outcome can give.
pub fn to_page(value: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(sealed(&serde_json::to_string_pretty(value)?) + "\n")
}

/// A header or an outcome from the text of its file.
///
/// ```
/// use breakeven_sim::record::{RunOutcome, RunStatus, from_page};
///
/// // Another program's, without a checksum.
/// let read = from_page::<RunOutcome>(br#"{"status": "completed", "steps": 500}"#)?;
/// assert_eq!((read.value.status, read.value.steps), (RunStatus::Completed, 500));
/// # Ok::<(), breakeven_sim::record::seal::SealError>(())
/// ```
///
/// # Errors
/// A checksum that does not hold, a page with one that was cut by as little as its
/// last newline, or text that is something else.
pub fn from_page<T: DeserializeOwned>(text: &[u8]) -> Result<Sealed<T>, SealError> {
    let read = unsealed(text)?;
    if read.seal == Seal::Intact && !text.ends_with(b"\n") {
        return Err(SealError::Damaged);
    }
    Ok(read)
}

/// One measurement along a trajectory.
///
/// N is the number of training examples, D of parameters; losses are means
/// over examples and gradients are those of mean losses. A field is absent
/// where it was not measured, never 0 or −1. Fields of many numbers, which most
/// records lack, are boxed: `verify` holds hundreds of thousands of records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Optimisation steps taken before this measurement.
    pub step: u64,
    /// Epochs of ⌊N/S⌋ steps taken before it: `step` / ⌊N/S⌋.
    pub epoch: f64,
    /// η of the next step, where it is no longer that of the header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// Share in \[0, 1\] of the steps since the last measurement whose gradient
    /// was clipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clipped_share: Option<f64>,
    /// Mean loss on the fixed training subset on which H is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// Accuracy in \[0, 1\] on the same training subset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training_accuracy: Option<f64>,
    /// Accuracy in \[0, 1\] on the fixed validation subset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_accuracy: Option<f64>,

    /// λ_K¹, the largest eigenvalue of K^M = (1/L) Σ (g_j − ḡ)(g_j − ḡ)ᵀ over
    /// L mini-batch gradients of size M (paper, App. C). About K/M.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_k: Option<f64>,
    /// Bound on the absolute error of `lambda_k` by rounding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_k_error_bound: Option<f64>,
    /// Eigenvalues of K^M above their rounding error: L − 1 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank_k: Option<usize>,
    /// λ_K*, the smallest non-zero eigenvalue of K^M: its (L−1)th largest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_k_smallest: Option<f64>,
    /// λ_K*/λ_K¹; larger is better conditioned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition_k: Option<f64>,
    /// Bound on the absolute error of `condition_k` by rounding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition_k_error_bound: Option<f64>,
    /// Tr K^M.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_k: Option<f64>,
    /// Bound on the absolute error of `trace_k` by rounding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_k_error_bound: Option<f64>,
    /// All L eigenvalues of K^M, largest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spectrum_k: Option<Vec<f64>>,
    /// How many eigenvalues of K^M stand out above the others ([`Outliers`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outliers_k: Option<usize>,
    /// How many times as wide, at least, the gap below them is as any below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outliers_k_separation: Option<f64>,
    /// K^M of the first ⌊L/2⌋ mini-batches, and of the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covariance_halves: Option<Box<[CovarianceHalf; 2]>>,
    /// Largest eigenvalue of the exact, centred per-example K (1/N) on the
    /// measurement subset; of the model, of the K that its noise stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_k_per_example: Option<f64>,
    /// Bound on the absolute error of `lambda_k_per_example`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_k_per_example_error_bound: Option<f64>,
    /// What that bound says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_k_per_example_error_bound_kind: Option<BoundKind>,
    /// Trace of the exact, centred per-example K (1/N) on the same subset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_k_per_example: Option<f64>,
    /// Bound on the absolute error of `trace_k_per_example` by rounding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_k_per_example_error_bound: Option<f64>,

    /// λ_H¹, the largest eigenvalue of the Hessian of the mean loss on the
    /// fixed training subset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_h: Option<f64>,
    /// Bound on the absolute error of `lambda_h` from the solver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_h_error_bound: Option<f64>,
    /// ‖Hv − λv‖ of the returned unit vector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_h_residual: Option<f64>,
    /// What that bound says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_h_error_bound_kind: Option<BoundKind>,
    /// Hessian products that this measurement used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_h_matvecs: Option<u64>,
    /// Whether the solver reached its tolerance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_h_status: Option<SolverStatus>,
    /// The smallest eigenvalue of H, which may be negative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_h_min: Option<f64>,
    /// Bound on the absolute error of `lambda_h_min`, of the kind
    /// `lambda_h_min_error_bound_kind`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_h_min_error_bound: Option<f64>,
    /// What that bound says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_h_min_error_bound_kind: Option<BoundKind>,
    /// H and the per-example K of the first half of the measurement subset, and of
    /// the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hessian_halves: Option<Box<[HessianHalf; 2]>>,
    /// The loss along e_H¹ (paper, Assumption 1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_line: Option<Box<LossLine>>,
    /// The smallest non-zero eigenvalue of H, where the spectrum is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_h_smallest: Option<f64>,
    /// Bound on the absolute error of `lambda_h_smallest` by rounding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_h_smallest_error_bound: Option<f64>,
    /// λ_H*/λ_H¹, where the spectrum is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition_h: Option<f64>,
    /// Bound on the absolute error of `condition_h` by rounding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition_h_error_bound: Option<f64>,
    /// Tr H: Hutchinson's estimate, or exact where the spectrum is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_h: Option<f64>,
    /// Standard error of `trace_h` over the probes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_h_standard_error: Option<f64>,
    /// The leading eigenvalues of H that were asked for, largest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spectrum_h: Option<Vec<f64>>,
    /// How many of them stand out above the others ([`Outliers`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outliers_h: Option<usize>,
    /// How many times as wide, at least, the gap below them is as any below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outliers_h_separation: Option<f64>,
    /// Spectral density of the per-example K, as `density_h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub density_k_per_example: Option<Box<SpectralDensity>>,
    /// Spectral density of the Gauss–Newton matrix, as `density_h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub density_g: Option<Box<SpectralDensity>>,
    /// Spectral density of the empirical Fisher, as `density_h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub density_f: Option<Box<SpectralDensity>>,
    /// Spectral density of H by stochastic Lanczos quadrature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub density_h: Option<Box<SpectralDensity>>,

    /// ΔL = L(before) − L(after) one step of SGD, on the training subset
    /// (paper, Sec. 4.1); positive where the step reduced the loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_change: Option<f64>,
    /// s² = Var_i(eᵀH_i e) along e = e_H¹ over the subset (1/n).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curvature_variance: Option<f64>,
    /// Standard error of `curvature_variance` as that of all N training examples
    /// along e, for the examples that it was measured on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curvature_variance_standard_error: Option<f64>,
    /// The left side of Eq. 1 for the η in force, S and N; stable up to 1.
    /// With momentum, what takes its place ([`crate::momentum::growth`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stability: Option<f64>,
    /// By how much `stability` grows with one standard error of s².
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stability_standard_error: Option<f64>,
    /// ψ = |⟨g, e_H¹⟩| / λ_H¹, the distance to the minimum along e_H¹.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub psi: Option<f64>,
    /// |cos(e_H¹, e_K¹)|.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alignment_hk: Option<f64>,
    /// tr(P P')/k of the projections onto H's top k eigenvectors here and at the last
    /// measurement: 1 for one eigenspace, cos² of the angle for k = 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap_h: Option<f64>,
    /// Bound on its absolute error, as sure as the eigenvalues' bounds are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap_h_error_bound: Option<f64>,
    /// Cosine of the angle between the last step taken and the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_cosine: Option<f64>,
    /// ‖g‖/‖g₅‖, g a mini-batch gradient and g₅ its projection onto the top 5
    /// eigenvectors of K^M (paper, Sec. 4.3); mean over the L batches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subspace_ratio: Option<f64>,
    /// ‖γ‖ of the last batch-normalisation layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gamma_norm: Option<f64>,
    /// E_B\[g_Bᵀ H_B g_B / ‖g_B‖²\] over mini-batches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_sharpness: Option<f64>,
    /// Its standard error over other draws of the mini-batches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_sharpness_standard_error: Option<f64>,
    /// E_B\[g_Bᵀ H_B g_B\] / E_B\[‖g_B‖²\] over the same mini-batches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_sharpness_ratio_of_means: Option<f64>,
    /// Its standard error, to first order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_sharpness_ratio_of_means_standard_error: Option<f64>,

    /// Why a quantity that was to be measured does not exist here, by the
    /// name of its field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub absent: BTreeMap<String, String>,
}

impl Record {
    /// Whether SGD is no longer stable along e_H¹: the left side of Eq. 1 is at least
    /// 1. Absent where that was not measured.
    pub fn is_unstable(&self) -> Option<bool> {
        self.stability.map(|left_side| left_side >= 1.0)
    }
}
