//! K and H of one checkpoint on given images: what `breakeven measure` says.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use breakeven_sim::meter::{Meter, Parts};
use breakeven_sim::record::{BoundKind, SolverStatus};
use rayon::ThreadPoolBuilder;
use serde::Serialize;

use crate::checkpoint::{CheckpointError, Weights, load_weights};
use crate::compute::{Compute, DeviceKind, Precision};
use crate::config::{BatchNormMode, MOST_BATCHES, most_eigenvalues};
use crate::data::DataError;
use crate::examples::Examples;
use crate::known::{Known, keep};
use crate::loaded::{DECODED_BYTES, Labelled};
use crate::memory;
use crate::model::{Architecture, ModelError};
use crate::moments::Moments;
use crate::network::{Loss, Network};
use crate::operator::{
    BatchSharpness, GradientCovarianceOp, HessianOp, LinearOperator, MiniBatchGradients, Point,
    PointSettings,
};
use crate::random::{Purpose, stream};
use crate::solver::{
    Eigenpair, Eigenpairs, Explored, Lanczos, NotDeterministic, Trace, TraceSettings,
    check_determinism, principal_cosines, trace,
};

/// Difference between two products with one vector that is let pass.
const REPEATABLE: f64 = 1e-5;

/// Numbers of a piece of the examples while it is computed: few enough that a
/// processor's cache holds most of them, and that all cores get pieces.
const PIECE_NUMBERS: usize = 1 << 20;

/// Directions of the eigenvalue search that are taken out of the trace's
/// estimate: two vectors each are kept until then.
const MOST_DIRECTIONS: usize = 64;

/// What is measured, and how exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct PortraitSettings {
    /// The first so many examples; all where absent.
    pub subset: Option<usize>,
    /// Largest eigenvalues of H and K.
    pub top: usize,
    /// Smallest eigenvalues of H.
    pub bottom: usize,
    /// L.
    pub batches: usize,
    /// M.
    pub batch_size: usize,
    /// Which examples mini-batches hold.
    pub batch_order: BatchOrder,
    /// Bound on eigenvalues' errors, relative to the largest.
    pub tolerance: f64,
    /// Products and probes for Tr H, at most.
    pub trace_probes: usize,
    /// Standard error of Tr H at which its estimate stops, relative to it.
    pub trace_tolerance: f64,
    /// What an example loses.
    pub loss: Loss,
    /// What batch normalisations normalise by; the batches that H is the mean
    /// over have `batch_size` examples.
    pub batch_norm: BatchNormMode,
    /// Of probes and random batches.
    pub seed: u64,
    /// Threads; no number depends on it. All cores where absent, but one where
    /// the device is no CPU.
    pub threads: Option<usize>,
    /// Bytes for values that are kept between products; no number depends on
    /// it. Where absent, half of what is free.
    pub memory: Option<u64>,
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
    /// A picture.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A picture that could be read before.
    #[error(transparent)]
    Unreadable(Arc<DataError>),
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
    /// The threads.
    #[error("threads can't be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
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
    /// The exact K = (1/N) Σ (g_i − g)(g_i − g)ᵀ; absent where examples depend
    /// on each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covariance_per_example: Option<CovariancePortrait>,
    /// K^M of mini-batch gradients.
    pub covariance_mini_batch: MiniBatchPortrait,
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
    /// Why a quantity does not exist here, by the path of its field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub absent: BTreeMap<String, String>,
    /// What was done with the checkpoint's tensors so that they fit, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// eᵀH_i e of every example; empty where e is not determined.
    #[serde(skip)]
    pub curvatures: Vec<f64>,
}

/// The leading eigenvalues of a matrix.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Leading {
    /// Eigenvalues with what is known of them, the leading first.
    #[serde(flatten)]
    pub values: Values,
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
    fn of(pairs: &[Eigenpair]) -> Self {
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
    fn of(found: &Eigenpairs) -> Self {
        Self {
            values: Values::of(&found.pairs),
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
    pub trace: f64,
    /// Its standard error; where the trace is exact, how far rounding may move
    /// it, and 0 where it is a sum of D products.
    pub trace_standard_error: f64,
    /// Products, quadratic forms or sweeps backwards that it took, beside the
    /// products of the eigenvalues.
    pub trace_probes: usize,
    /// Orthogonal directions of which the trace holds eᵀHe exactly; all D where
    /// it is exact.
    pub trace_exact_directions: usize,
    /// Whether the standard error met its tolerance.
    pub trace_status: SolverStatus,
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

impl Portrait {
    /// Measures K and H at the weights in `checkpoint`, on `data`.
    ///
    /// # Errors
    /// Settings, weights or data that do not fit together, and weights at
    /// which the loss is not finite.
    pub fn measure(
        architecture: &Architecture,
        checkpoint: &Path,
        data: &Labelled,
        compute: &Compute,
        settings: &PortraitSettings,
        meter: &Meter,
    ) -> Result<Self, PortraitError> {
        settings.check(data.len())?;
        let model = architecture.build(data.shape(), data.classes())?;
        settings.check_top(model.parameters().dim())?;
        let Weights {
            theta,
            buffers,
            notes,
        } = load_weights(checkpoint, model.parameters())?;
        let buffers = model.parameters().buffers().split(&buffers, compute);
        let network = Network {
            model: &*model,
            compute,
            loss: settings.loss,
            normalisation: settings.batch_norm.with(&buffers),
        };
        let count = settings.subset.unwrap_or(data.len());
        let examples = data.first(count, compute, DECODED_BYTES, meter)?;
        let pool = ThreadPoolBuilder::new()
            .num_threads(settings.threads(compute))
            .build()?;
        let portrait = pool.install(|| Self::of(network, &theta, &examples, settings, meter));
        examples.failure().map_err(PortraitError::Unreadable)?;
        let portrait = portrait?;
        Ok(Self { notes, ..portrait })
    }

    fn of(
        network: Network,
        theta: &[f64],
        examples: &Examples,
        settings: &PortraitSettings,
        meter: &Meter,
    ) -> Result<Self, PortraitError> {
        let point = Point::watched(
            network,
            theta,
            examples,
            settings.point(network.compute),
            meter,
        );
        if !point.score().loss.is_finite() {
            return Err(PortraitError::NotFinite("the loss"));
        }
        // On the CPU every sum has one order.
        if network.compute.kind() != DeviceKind::Flex {
            meter.begin("whether products repeat", Parts::Exactly(2));
            let h = HessianOp(&point);
            check_determinism(&counted(&h, meter), point.gradient(), REPEATABLE)?;
        }
        let (hessian, h) = settings.hessian(&point, meter)?;
        let mut absent = BTreeMap::new();
        let (covariance, k) = match GradientCovarianceOp::of(&point) {
            Ok(k) => {
                let (portrait, pairs) = settings.covariance(&k, meter)?;
                (Ok(portrait), Ok(pairs))
            }
            Err(why) => (Err(why.clone()), Err(why)),
        };
        let (mini_batch, batch_sharpness) =
            settings.mini_batch(network, theta, examples, &mut absent, meter)?;
        meter.begin("curvatures along e", Parts::Whole);
        let curvatures = h.top_vector("H").and_then(|e| point.curvatures(e));
        let moments = curvatures.as_ref().map(|all| Moments::of(all));
        let k = k.as_ref().map_err(Clone::clone);
        let cosines = k.clone().and_then(|k| eigenspace_cosines(&h, k));
        let cosine = cosines.clone().and_then(|all| {
            h.top_vector("H")?;
            k?.top_vector("K")?;
            Ok(all[0])
        });
        Ok(Self {
            parameters: point.dim(),
            examples: examples.len(),
            loss: point.score().loss,
            accuracy: point.score().accuracy,
            gradient_norm: point.squared_gradient_norm().sqrt(),
            hessian,
            covariance_per_example: keep(&mut absent, "covariance_per_example", covariance),
            covariance_mini_batch: mini_batch,
            cosine_hessian_covariance: keep(&mut absent, "cosine_hessian_covariance", cosine),
            eigenspace_cosines: keep(&mut absent, "eigenspace_cosines", cosines),
            curvature_along_top: keep(
                &mut absent,
                "curvature_along_top",
                moments.map_err(Clone::clone),
            ),
            batch_sharpness: keep(&mut absent, "batch_sharpness", batch_sharpness),
            absent,
            notes: Vec::new(),
            curvatures: curvatures.unwrap_or_default(),
        })
    }
}

fn eigenspace_cosines(h: &Eigenpairs, k: &Eigenpairs) -> Known<Vec<f64>> {
    Ok(principal_cosines(h.top_space("H")?, k.top_space("K")?))
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
        if !(self.trace_tolerance > 0.0 && self.trace_tolerance < 1.0) {
            return setting(
                "--trace-tolerance",
                self.trace_tolerance.to_string(),
                "a number above 0 and below 1".into(),
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
        let (name, asked) = match self.top > most {
            true => ("--top", self.top),
            false => ("--bottom", self.bottom),
        };
        if asked <= most {
            return Ok(());
        }
        let why = if most == parameters {
            ", the parameters of the model"
        } else {
            ""
        };
        Err(PortraitError::Setting {
            name,
            found: asked.to_string(),
            expected: format!("1 to {most}{why}"),
        })
    }

    /// As many threads as there are cores is 0.
    fn threads(&self, compute: &Compute) -> usize {
        self.threads.unwrap_or(match compute.kind() {
            DeviceKind::Flex => 0,
            DeviceKind::Wgpu | DeviceKind::Cuda => 1,
        })
    }

    /// What may be kept between products. The memory of another device is not
    /// known, nor that of some systems: then the default.
    fn point(&self, compute: &Compute) -> PointSettings {
        let default = PointSettings {
            piece_numbers: PIECE_NUMBERS,
            batch_size: Some(self.batch_size),
            ..PointSettings::default()
        };
        let free = || memory::available().filter(|_| compute.kind() == DeviceKind::Flex);
        let Some(bytes) = self.memory.or_else(|| free().map(|bytes| bytes / 2)) else {
            return default;
        };
        let number = match compute.precision() {
            Precision::F32 => 4,
            Precision::F64 => 8,
        };
        PointSettings {
            kept_numbers: usize::try_from(bytes / number).unwrap_or(usize::MAX),
            ..default
        }
    }

    fn leading(
        &self,
        operator: &impl LinearOperator,
        bottom: usize,
        what: &'static str,
        meter: &Meter,
    ) -> Result<Eigenpairs, PortraitError> {
        let mut rng = stream(self.seed, Purpose::Start, 0);
        let solver = Lanczos::both_ends(self.top, bottom, self.tolerance);
        let most = solver.max_products.min(operator.dim());
        meter.begin(format!("eigenvalues of {what}"), Parts::AtMost(most as u64));
        let found = solver.solve(&counted(operator, meter), &[], &mut rng);
        match found.status {
            SolverStatus::NotFinite => Err(PortraitError::NotFinite(match what {
                "H" => "a product of H",
                _ => "a product of K",
            })),
            _ => Ok(found),
        }
    }

    fn hessian(
        &self,
        point: &Point,
        meter: &Meter,
    ) -> Result<(HessianPortrait, Eigenpairs), PortraitError> {
        let h = HessianOp(point);
        let explored = Explored::new(&h, MOST_DIRECTIONS);
        let found = self.leading(&explored, self.bottom, "H", meter)?;
        let Trace {
            value,
            standard_error,
            probes,
            exact_directions,
            status,
        } = self.trace(&h, &explored.into_known(), meter)?;
        let least = found.smallest.first();
        let portrait = HessianPortrait {
            leading: Leading::of(&found),
            lambda_h_min: least.map(|pair| pair.value),
            lambda_h_min_error_bound: least.map(|pair| pair.error_bound),
            smallest: least.map(|_| Values::of(&found.smallest)),
            trace: value,
            trace_standard_error: standard_error,
            trace_probes: probes,
            trace_exact_directions: exact_directions,
            trace_status: status,
        };
        Ok((portrait, found))
    }

    /// Tr H, given vᵀHv on orthonormal vectors v.
    fn trace(
        &self,
        h: &HessianOp,
        known: &[(f64, Vec<f64>)],
        meter: &Meter,
    ) -> Result<Trace, PortraitError> {
        // A class costs about half of a product, and a bit of memory for each.
        let classes = h.0.classes();
        if classes <= self.trace_probes && h.dim() > self.trace_probes {
            meter.begin("trace of H", Parts::Whole);
            if let Some(value) = h.0.hessian_trace() {
                return Ok(Trace {
                    value,
                    standard_error: h.rounding(value),
                    probes: classes,
                    exact_directions: h.dim(),
                    status: SolverStatus::Converged,
                });
            }
        }
        let settings = TraceSettings {
            tolerance: self.trace_tolerance,
            most_probes: self.trace_probes,
        };
        meter.begin("trace of H", Parts::AtMost(self.trace_probes as u64));
        let mut rng = stream(self.seed, Purpose::Probes, 0);
        let found = trace(h, known, settings, &mut rng, meter);
        match found.status {
            SolverStatus::NotFinite => Err(PortraitError::NotFinite("a product of H")),
            _ => Ok(found),
        }
    }

    fn covariance(
        &self,
        k: &GradientCovarianceOp,
        meter: &Meter,
    ) -> Result<(CovariancePortrait, Eigenpairs), PortraitError> {
        let found = self.leading(k, 0, "K", meter)?;
        meter.begin("trace of K", Parts::Whole);
        let portrait = CovariancePortrait {
            leading: Leading::of(&found),
            trace: k.trace(),
            trace_error_bound: k.trace_error(),
        };
        Ok((portrait, found))
    }

    fn mini_batch(
        &self,
        network: Network,
        theta: &[f64],
        examples: &Examples,
        absent: &mut BTreeMap<String, String>,
        meter: &Meter,
    ) -> Result<(MiniBatchPortrait, Known<f64>), PortraitError> {
        meter.begin("mini-batch gradients", Parts::Exactly(self.batches as u64));
        let parameters = network.model.parameters().split(theta, network.compute);
        let size = self.batch_size;
        let mut rng = stream(self.seed, Purpose::MeasurementBatches, 0);
        let batches = (0..self.batches).map(|j| {
            meter.advance(u64::from(j > 0));
            match self.batch_order {
                BatchOrder::Sequential => examples.range(j * size, size),
                BatchOrder::Random => examples.sample(size, &mut rng),
            }
        });
        let gradients =
            MiniBatchGradients::new(&network, &parameters, batches, BatchSharpness::Measured);
        let missing = || PortraitError::NotFinite("a mini-batch gradient");
        let covariance = gradients.covariance().ok_or_else(missing)?;
        let eigenvalues = covariance.eigenvalues().to_vec();
        let mut keep = |field: &str, found| {
            let field = format!("covariance_mini_batch.{field}");
            keep(absent, &field, found)
        };
        let portrait = MiniBatchPortrait {
            batches: self.batches,
            batch_size: size,
            error_bounds: eigenvalues.iter().map(|&x| covariance.error(x)).collect(),
            eigenvalues,
            rank: covariance.rank(),
            smallest_nonzero: keep("smallest_nonzero", covariance.smallest_nonzero()),
            ratio: keep("ratio", covariance.ratio()),
            ratio_error_bound: covariance.ratio_error().ok(),
            trace: covariance.trace(),
            trace_error_bound: covariance.error(covariance.trace()),
        };
        Ok((portrait, gradients.batch_sharpness().ok_or_else(missing)?))
    }
}

/// An operator whose products are counted.
struct Counted<'a, A> {
    operator: &'a A,
    meter: &'a Meter,
}

fn counted<'a, A: LinearOperator>(operator: &'a A, meter: &'a Meter) -> Counted<'a, A> {
    Counted { operator, meter }
}

impl<A: LinearOperator> LinearOperator for Counted<'_, A> {
    fn dim(&self) -> usize {
        self.operator.dim()
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        let product = self.operator.apply(v);
        self.meter.advance(1);
        product
    }

    fn rounding(&self, scale: f64) -> f64 {
        self.operator.rounding(scale)
    }
}
