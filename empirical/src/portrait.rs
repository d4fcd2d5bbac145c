//! K and H of one checkpoint on given images: what `breakeven measure` says.

use std::path::Path;

use breakeven_sim::record::SolverStatus;
use serde::Serialize;

use crate::checkpoint::{CheckpointError, Weights, load_weights};
use crate::compute::Compute;
use crate::config::{MOST_BATCHES, most_eigenvalues};
use crate::data::Images;
use crate::examples::Examples;
use crate::model::{Architecture, ModelError};
use crate::moments::Moments;
use crate::network::Network;
use crate::operator::{
    BatchSharpness, GradientCovarianceOp, HessianOp, LinearOperator, MiniBatchGradients, Point,
    PointSettings,
};
use crate::random::{Purpose, stream};
use crate::solver::{Eigenpairs, Lanczos, NotDeterministic, check_determinism, hutchinson};

/// Difference between two products with one vector that is let pass.
const REPEATABLE: f64 = 1e-5;

/// What is measured, and how exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct PortraitSettings {
    /// The first so many examples; all where absent.
    pub subset: Option<usize>,
    /// Eigenvalues of H and K.
    pub top: usize,
    /// L.
    pub batches: usize,
    /// M.
    pub batch_size: usize,
    /// Which examples mini-batches hold.
    pub batch_order: BatchOrder,
    /// Bound on eigenvalues' errors, relative to the largest.
    pub tolerance: f64,
    /// Probes for Tr H.
    pub trace_probes: usize,
    /// Of probes and random batches.
    pub seed: u64,
}

/// Which examples mini-batches hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchOrder {
    /// Batch j holds examples jM to (j+1)M − 1.
    Sequential,
    /// Each is drawn without replacement.
    Random,
}

/// A portrait that can't be taken.
#[derive(Debug, thiserror::Error)]
pub enum PortraitError {
    /// The model does not fit the images.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The weights.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The device.
    #[error(transparent)]
    NotDeterministic(#[from] NotDeterministic),
    /// A setting out of its range.
    #[error("{name} is {found}: give {expected}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What it is.
        found: String,
        /// What it may be.
        expected: String,
    },
    /// The loss or its derivatives overflow.
    #[error(
        "{0} is not finite at these weights: the checkpoint is of a diverged training, or of another model"
    )]
    NotFinite(&'static str),
}

/// K and H at one θ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Portrait {
    /// D.
    pub parameters: usize,
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
    /// The exact K = (1/N) Σ (g_i − g)(g_i − g)ᵀ.
    pub covariance_per_example: CovariancePortrait,
    /// K^M of mini-batch gradients.
    pub covariance_mini_batch: MiniBatchPortrait,
    /// |cos| of the top eigenvectors of H and of the per-example K.
    pub cosine_hessian_covariance: f64,
    /// Of eᵀH_i e over the examples, e the top eigenvector of H.
    pub curvature_along_top: Moments,
    /// E_B\[g_BᵀH_B g_B/‖g_B‖²\] over the mini-batches.
    pub batch_sharpness: f64,
    /// What was done with the checkpoint's tensors so that they fit, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// eᵀH_i e of every example.
    #[serde(skip)]
    pub curvatures: Vec<f64>,
}

/// The leading eigenvalues of a matrix.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Leading {
    /// Largest first.
    pub eigenvalues: Vec<f64>,
    /// ‖Av − λv‖ of each.
    pub residuals: Vec<f64>,
    /// Bound on the error of each.
    pub error_bounds: Vec<f64>,
    /// Products that they took.
    pub matvecs: usize,
    /// Whether all bounds met the tolerance.
    pub status: SolverStatus,
}

impl Leading {
    fn of(found: &Eigenpairs) -> Self {
        let pairs = &found.pairs;
        Self {
            eigenvalues: pairs.iter().map(|pair| pair.value).collect(),
            residuals: pairs.iter().map(|pair| pair.residual).collect(),
            error_bounds: pairs.iter().map(|pair| pair.error_bound).collect(),
            matvecs: found.products,
            status: found.status,
        }
    }
}

/// The Hessian's leading eigenvalues and trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HessianPortrait {
    /// Its leading eigenvalues.
    #[serde(flatten)]
    pub leading: Leading,
    /// Tr H.
    pub trace: f64,
    /// Its standard error; 0 where the trace is exact.
    pub trace_standard_error: f64,
}

/// The per-example covariance's leading eigenvalues and trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CovariancePortrait {
    /// Its leading eigenvalues.
    #[serde(flatten)]
    pub leading: Leading,
    /// Tr K, exact.
    pub trace: f64,
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
    /// The (L−1)th largest.
    pub smallest_nonzero: Option<f64>,
    /// That over the largest; absent where all gradients agree.
    pub ratio: Option<f64>,
    /// Tr K^M.
    pub trace: f64,
}

impl Portrait {
    /// Measures K and H at the weights in `checkpoint`, on `images`.
    ///
    /// # Errors
    /// Settings, weights or images that do not fit together, and weights at
    /// which the loss is not finite.
    pub fn measure(
        architecture: &Architecture,
        checkpoint: &Path,
        images: &Images,
        compute: &Compute,
        settings: &PortraitSettings,
    ) -> Result<Self, PortraitError> {
        settings.check(images.len())?;
        let model = architecture.build(images.shape(), images.classes())?;
        settings.check_top(model.parameters().dim())?;
        let Weights { theta, notes } = load_weights(checkpoint, model.parameters())?;
        let network = Network {
            model: &*model,
            compute,
        };
        let examples = Examples::first(images, settings.subset.unwrap_or(images.len()), compute);
        let point = Point::new(network, &theta, &examples, PointSettings::default());
        if !point.score().loss.is_finite() {
            return Err(PortraitError::NotFinite("the loss"));
        }
        check_determinism(&HessianOp(&point), point.gradient(), REPEATABLE)?;
        let (hessian, h) = settings.hessian(&point)?;
        let (covariance, k) = settings.covariance(&point)?;
        let (mini_batch, batch_sharpness) = settings.mini_batch(network, &theta, &examples)?;
        let curvatures = point.curvatures(&h);
        Ok(Self {
            parameters: point.dim(),
            examples: examples.len(),
            loss: point.score().loss,
            accuracy: point.score().accuracy,
            gradient_norm: dot(point.gradient(), point.gradient()).sqrt(),
            hessian,
            covariance_per_example: covariance,
            covariance_mini_batch: mini_batch,
            cosine_hessian_covariance: dot(&h, &k).abs(),
            curvature_along_top: Moments::of(&curvatures),
            batch_sharpness,
            curvatures,
            notes,
        })
    }
}

impl PortraitSettings {
    fn check(&self, available: usize) -> Result<(), PortraitError> {
        let setting = |name, found: String, expected: String| {
            Err(PortraitError::Setting {
                name,
                found,
                expected,
            })
        };
        let examples = self.subset.unwrap_or(available);
        if examples == 0 || examples > available {
            let expected = format!("1 to {available}, the training examples found");
            return setting("--subset", examples.to_string(), expected);
        }
        if self.top == 0 {
            return setting("--top", "0".into(), "at least 1".into());
        }
        if !(2..=MOST_BATCHES).contains(&self.batches) {
            let expected = format!("2 to {MOST_BATCHES}");
            return setting("--batches", self.batches.to_string(), expected);
        }
        if self.trace_probes < 2 {
            return setting(
                "--trace-probes",
                self.trace_probes.to_string(),
                "at least 2".into(),
            );
        }
        if !(self.tolerance > 0.0 && self.tolerance < 1.0) {
            let expected = "a number above 0 and below 1".into();
            return setting("--tolerance", self.tolerance.to_string(), expected);
        }
        let largest = match self.batch_order {
            BatchOrder::Random => examples,
            BatchOrder::Sequential => examples / self.batches,
        };
        if self.batch_size == 0 || self.batch_size > largest {
            let expected = match (self.batch_order, largest) {
                (BatchOrder::Sequential, 0) => {
                    format!("at most {examples} --batches, one example each")
                }
                _ => format!(
                    "1 to {largest}: {examples} examples are measured in {} batches",
                    self.batches
                ),
            };
            return setting("--batch-size", self.batch_size.to_string(), expected);
        }
        Ok(())
    }

    /// There are no more eigenvalues than parameters, and not too many.
    fn check_top(&self, parameters: usize) -> Result<(), PortraitError> {
        let most = most_eigenvalues(parameters);
        if self.top <= most {
            return Ok(());
        }
        let why = if most == parameters {
            ", the parameters of the model"
        } else {
            ""
        };
        Err(PortraitError::Setting {
            name: "--top",
            found: self.top.to_string(),
            expected: format!("1 to {most}{why}"),
        })
    }

    fn leading(
        &self,
        operator: &impl LinearOperator,
        what: &'static str,
    ) -> Result<Eigenpairs, PortraitError> {
        let mut rng = stream(self.seed, Purpose::Start, 0);
        let found = Lanczos::new(self.top, self.tolerance).solve(operator, &[], &mut rng);
        match found.status {
            SolverStatus::NotFinite => Err(PortraitError::NotFinite(what)),
            _ => Ok(found),
        }
    }

    fn hessian(&self, point: &Point) -> Result<(HessianPortrait, Vec<f64>), PortraitError> {
        let h = HessianOp(point);
        let found = self.leading(&h, "a product of H")?;
        let (trace, trace_standard_error) = self.trace(&h);
        let portrait = HessianPortrait {
            leading: Leading::of(&found),
            trace,
            trace_standard_error,
        };
        Ok((portrait, top_vector(found)))
    }

    /// Tr H, exact where there are no more parameters than probes.
    fn trace(&self, h: &HessianOp) -> (f64, f64) {
        let dim = h.dim();
        if dim > self.trace_probes {
            let mut rng = stream(self.seed, Purpose::Probes, 0);
            let estimate = hutchinson(h, self.trace_probes, &mut rng);
            return (estimate.trace, estimate.standard_error.unwrap_or(0.0));
        }
        let mut unit = vec![0.0; dim];
        let mut trace = 0.0;
        for k in 0..dim {
            unit[k] = 1.0;
            trace += h.apply(&unit)[k];
            unit[k] = 0.0;
        }
        (trace, 0.0)
    }

    fn covariance(&self, point: &Point) -> Result<(CovariancePortrait, Vec<f64>), PortraitError> {
        let k = GradientCovarianceOp(point);
        let found = self.leading(&k, "a product of K")?;
        let portrait = CovariancePortrait {
            leading: Leading::of(&found),
            trace: k.trace(),
        };
        Ok((portrait, top_vector(found)))
    }

    fn mini_batch(
        &self,
        network: Network,
        theta: &[f64],
        examples: &Examples,
    ) -> Result<(MiniBatchPortrait, f64), PortraitError> {
        let parameters = network.model.parameters().split(theta, network.compute);
        let size = self.batch_size;
        let mut rng = stream(self.seed, Purpose::MeasurementBatches, 0);
        let batches = (0..self.batches).map(|j| match self.batch_order {
            BatchOrder::Sequential => examples.range(j * size, size),
            BatchOrder::Random => examples.sample(size, &mut rng),
        });
        let gradients =
            MiniBatchGradients::new(&network, &parameters, batches, BatchSharpness::Measured);
        let missing = || PortraitError::NotFinite("a mini-batch gradient");
        let covariance = gradients.covariance().ok_or_else(missing)?;
        let portrait = MiniBatchPortrait {
            batches: self.batches,
            batch_size: size,
            eigenvalues: covariance.eigenvalues().to_vec(),
            smallest_nonzero: covariance.smallest_nonzero(),
            ratio: covariance.ratio(),
            trace: covariance.trace(),
        };
        Ok((portrait, gradients.batch_sharpness().ok_or_else(missing)?))
    }
}

fn top_vector(found: Eigenpairs) -> Vec<f64> {
    let top = found.pairs.into_iter().next();
    top.expect("a finite product gives at least one pair")
        .vector
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
