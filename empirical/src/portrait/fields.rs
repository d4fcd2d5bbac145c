//! What a portrait says: the fields of `breakeven measure --json`.

use std::collections::BTreeMap;

use breakeven_sim::record::{
    BoundKind, HessianHalf, LossLine, LossPlane, Outliers, SolverStatus, SpectralDensity,
};
use serde::Serialize;

use super::StepPortrait;
use crate::known::keep;
use crate::moments::Moments;
use crate::solver::{Eigenpair, Eigenpairs, Trace};
use crate::weights::NamedTensor;

/// K and H at one θ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Portrait {
    /// D.
    pub parameters: usize,
    /// The names of those that vary, where not all do: all matrices are their
    /// blocks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub varying: Vec<String>,
    /// Examples that H and the per-example K are taken over.
    pub examples: usize,
    /// Mean cross entropy over them.
    pub loss: f64,
    /// Share of them that is classified correctly.
    pub accuracy: f64,
    /// Norm of the gradient of the mean loss.
    pub gradient_norm: f64,
    /// The Hessian of the mean loss.
    pub hessian: HessianPortrait,
    /// The exact K = (1/N) Σ (g_i − g)(g_i − g)ᵀ; absent where examples depend
    /// on each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covariance_per_example: Option<CovariancePortrait>,
    /// K^M of mini-batch gradients.
    pub covariance_mini_batch: MiniBatchPortrait,
    /// G = (1/n) Σ J_iᵀ(∇²ℓ_i)J_i, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gauss_newton: Option<GaussNewtonPortrait>,
    /// F = (1/n) Σ g_i g_iᵀ, where it was asked for; absent where examples depend on
    /// each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub empirical_fisher: Option<CovariancePortrait>,
    /// |cos| of the top eigenvectors of H and of the per-example K.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cosine_hessian_covariance: Option<f64>,
    /// Cosines of the principal angles between their top eigenspaces, largest
    /// first: one, the cosine above, but where an eigenvalue is repeated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eigenspace_cosines: Option<Vec<f64>>,
    /// Of eᵀH_i e over the examples, e the top eigenvector of H.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curvature_along_top: Option<Moments>,
    /// E_B\[g_BᵀH_B g_B/‖g_B‖²\] over the mini-batches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_sharpness: Option<f64>,
    /// Its standard error over other draws of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_sharpness_standard_error: Option<f64>,
    /// E_B\[g_BᵀH_B g_B\]/E_B\[‖g_B‖²\] over the mini-batches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_sharpness_ratio_of_means: Option<f64>,
    /// Its standard error, to first order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_sharpness_ratio_of_means_standard_error: Option<f64>,
    /// Tr K/‖g‖², the batch size at which the noise of a gradient is as long as the
    /// gradient (McCandlish et al., *An Empirical Model of Large-Batch Training*,
    /// 2018, the simple noise scale).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gradient_noise_scale: Option<f64>,
    /// How far rounding may have moved that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gradient_noise_scale_error_bound: Option<f64>,
    /// The distributions of the eigenvalues of `hessian`, `covariance_per_example`
    /// and the others by their fields' names, where they were asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub densities: BTreeMap<&'static str, SpectralDensity>,
    /// The loss along the top eigenvector of H, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_line: Option<LossLine>,
    /// The loss in the plane of the two top eigenvectors of H, where it was asked
    /// for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_plane: Option<LossPlane>,
    /// How stable a step of SGD is, where a learning rate was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<StepPortrait>,
    /// H and K on the first half of the examples and on the rest, where it was asked
    /// for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub halves: Option<[HessianHalf; 2]>,
    /// The same of each layer by itself, where it was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerPortrait>,
    /// Why a quantity does not exist here, by the path of its field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub absent: BTreeMap<String, String>,
    /// What was done with the checkpoint's tensors so that they fit, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The eigenvectors of all eigenvalues of H and of the per-example K that are
    /// above, where they were asked for: `hessian.0.fc1.weight`.
    #[serde(skip)]
    pub eigenvectors: Vec<NamedTensor>,
    /// The diagonal of H and its standard errors, where it was asked for:
    /// `hessian.diagonal.fc1.weight`, `hessian.diagonal_standard_error.fc1.weight`.
    #[serde(skip)]
    pub diagonal: Vec<NamedTensor>,
    /// eᵀH_i e of every example; empty where e is not determined.
    #[serde(skip)]
    pub curvatures: Vec<f64>,
}

/// K and H of the parameters of one layer, the others held fixed: the diagonal
/// blocks that belong to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerPortrait {
    /// What the names of its parameters begin with: `conv1`.
    pub layer: String,
    /// Of its parameters alone.
    #[serde(flatten)]
    pub portrait: Portrait,
}

/// The leading eigenvalues of a matrix.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Leading {
    /// Eigenvalues with what is known of them, the leading first.
    #[serde(flatten)]
    pub values: Values,
    /// Those that stand out above the others, where enough were asked for to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outliers: Option<Outliers>,
    /// Products that they took.
    pub matvecs: usize,
    /// Whether all bounds met the tolerance, or rounding.
    pub status: SolverStatus,
    /// Error of a product with a unit vector by rounding, part of each bound.
    pub rounding: f64,
}

/// Eigenvalues at one end of a spectrum.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Values {
    /// From the end inwards.
    pub eigenvalues: Vec<f64>,
    /// ‖Av − λv‖ of each.
    pub residuals: Vec<f64>,
    /// Bound on the error of each.
    pub error_bounds: Vec<f64>,
    /// What each bound says.
    pub error_bound_kinds: Vec<BoundKind>,
    /// Eigenvalues in the cluster of each, which the tolerance does not tell
    /// apart; absent where they were not counted.
    pub multiplicities: Vec<Option<usize>>,
}

impl Values {
    pub(super) fn of(pairs: &[Eigenpair]) -> Self {
        Self {
            eigenvalues: pairs.iter().map(|pair| pair.value).collect(),
            residuals: pairs.iter().map(|pair| pair.residual).collect(),
            error_bounds: pairs.iter().map(|pair| pair.error_bound).collect(),
            error_bound_kinds: pairs.iter().map(|pair| pair.bound_kind).collect(),
            multiplicities: pairs.iter().map(|pair| pair.multiplicity).collect(),
        }
    }
}

impl Leading {
    /// Of the matrix `name`, whose outliers may be absent from the answer's `field`.
    pub(super) fn of(
        found: &Eigenpairs,
        [name, field]: [&str; 2],
        absent: &mut BTreeMap<String, String>,
    ) -> Self {
        let outliers = found.outliers(name);
        Self {
            values: Values::of(&found.pairs),
            outliers: outliers.and_then(|all| keep(absent, &format!("{field}.outliers"), all)),
            matvecs: found.products,
            status: found.status,
            rounding: found.rounding,
        }
    }
}

/// The Hessian's leading eigenvalues and trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HessianPortrait {
    /// Its leading eigenvalues.
    #[serde(flatten)]
    pub leading: Leading,
    /// Its smallest eigenvalue, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lambda_h_min: Option<f64>,
    /// Bound on the error of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lambda_h_min_error_bound: Option<f64>,
    /// Its smallest eigenvalues, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smallest: Option<Values>,
    /// Tr H.
    #[serde(flatten)]
    pub trace: TracePortrait,
}

/// The Gauss–Newton matrix's leading eigenvalues and trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GaussNewtonPortrait {
    /// Its leading eigenvalues.
    #[serde(flatten)]
    pub leading: Leading,
    /// Its trace.
    #[serde(flatten)]
    pub trace: TracePortrait,
}

/// A trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TracePortrait {
    /// The trace.
    #[serde(rename = "trace")]
    pub value: f64,
    /// Its standard error; where the trace is exact, how far rounding may move
    /// it, and 0 where it is a sum of D products.
    #[serde(rename = "trace_standard_error")]
    pub standard_error: f64,
    /// Products, quadratic forms or sweeps backwards that it took, beside the
    /// products of the eigenvalues.
    #[serde(rename = "trace_probes")]
    pub probes: usize,
    /// Orthogonal directions e of which the trace holds eᵀAe exactly; all D where
    /// it is exact.
    #[serde(rename = "trace_exact_directions")]
    pub exact_directions: usize,
    /// Whether the standard error met its tolerance.
    #[serde(rename = "trace_status")]
    pub status: SolverStatus,
}

impl TracePortrait {
    pub(super) fn of(trace: Trace) -> Self {
        let Trace {
            value,
            standard_error,
            probes,
            exact_directions,
            status,
        } = trace;
        Self {
            value,
            standard_error,
            probes,
            exact_directions,
            status,
        }
    }
}

/// The per-example covariance's leading eigenvalues and trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CovariancePortrait {
    /// Its leading eigenvalues.
    #[serde(flatten)]
    pub leading: Leading,
    /// Tr K, exact up to rounding.
    pub trace: f64,
    /// How far rounding may have moved it.
    pub trace_error_bound: f64,
}

/// K^M from its Gram matrix.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MiniBatchPortrait {
    /// L.
    pub batches: usize,
    /// M.
    pub batch_size: usize,
    /// All L, largest first.
    pub eigenvalues: Vec<f64>,
    /// How far rounding may have moved each.
    pub error_bounds: Vec<f64>,
    /// Those that stand out above the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outliers: Option<Outliers>,
    /// Eigenvalues that are not 0.
    pub rank: usize,
    /// The (L−1)th largest; absent where that is 0.
    pub smallest_nonzero: Option<f64>,
    /// That over the largest.
    pub ratio: Option<f64>,
    /// How far rounding may have moved the ratio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio_error_bound: Option<f64>,
    /// Tr K^M.
    pub trace: f64,
    /// How far rounding may have moved it.
    pub trace_error_bound: f64,
}
