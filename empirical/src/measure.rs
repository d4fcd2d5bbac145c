//! One measurement: K and H at the parameters of one step.

use std::sync::atomic::{AtomicBool, Ordering};

use breakeven_sim::momentum;
use breakeven_sim::record::{BoundKind, MiniBatches, Record};

use crate::config::{BatchNormMode, MeasureConfig};
use crate::examples::Examples;
use crate::known::{Known, keep};
use crate::moments::Moments;
use crate::network::{Network, Score};
use crate::operator::{
    BatchSharpness, GradientCovarianceOp, HessianOp, LinearOperator, MiniBatchGradients, Point,
    PointSettings,
};
use crate::parameters::Role;
use crate::random::{Purpose, stream};
use crate::solver::{
    Eigenpairs, Lanczos, NotDeterministic, check_determinism, hutchinson, spectral_density,
    write_out, written_out_error,
};
use crate::spectrum::Spectrum;
use crate::tape::Matrix;

/// Examples that a score is computed on at once.
const SCORED_AT_ONCE: usize = 1000;

/// Eigenvectors of K that gradients are projected onto (paper, Sec. 4.3).
const SUBSPACE: usize = 5;

/// Difference between two products with one vector that is let pass, relative
/// to their length: sums in f32 in another order.
const REPEATABLE: f64 = 1e-5;

/// What a run measures, and on what.
pub struct Measurement<'a> {
    /// The network as it is trained.
    pub network: Network<'a>,
    /// Running statistics of its batch normalisations.
    pub buffers: &'a [Matrix],
    /// What is measured.
    pub config: &'a MeasureConfig,
    /// All N training examples.
    pub train: &'a Examples,
    /// The training examples that H is measured on.
    pub subset: &'a Examples,
    /// The validation examples, where there are some.
    pub validation: Option<&'a Examples>,
    /// η in force.
    pub learning_rate: f64,
    /// β of momentum.
    pub momentum: f64,
    /// S.
    pub batch_size: usize,
    /// L and M.
    pub covariance: MiniBatches,
    /// Seed of the run.
    pub seed: u64,
    /// Raised where the measurement is to be abandoned.
    pub stop: &'a AtomicBool,
}

/// An operator whose products cost nothing once `stop` is raised: they are
/// NaN, which ends every solver.
struct Abandonable<'a, A> {
    operator: A,
    stop: &'a AtomicBool,
}

impl<A: LinearOperator> LinearOperator for Abandonable<'_, A> {
    fn dim(&self) -> usize {
        self.operator.dim()
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        if self.stop.load(Ordering::Relaxed) {
            return vec![f64::NAN; self.dim()];
        }
        self.operator.apply(v)
    }

    fn rounding(&self, scale: f64) -> f64 {
        self.operator.rounding(scale)
    }
}

/// Eigenvectors that the next measurement starts from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WarmStart {
    /// Of H, largest eigenvalue first.
    pub hessian: Vec<Vec<f64>>,
    /// Of the per-example K.
    pub covariance: Vec<Vec<f64>>,
}

impl<'a> Measurement<'a> {
    /// Measures at θ after `step` steps; `warm` is what the last measurement
    /// found and becomes what this one finds. `loss_change` and `step_cosine`
    /// need the next step and are left absent. Absent where `stop` was raised
    /// meanwhile: `warm` then means nothing.
    ///
    /// # Errors
    /// If, at the first measurement, two products with one vector differ.
    pub fn take(
        &self,
        step: u64,
        theta: &[f64],
        warm: &mut WarmStart,
    ) -> Result<Option<Record>, NotDeterministic> {
        let settings = PointSettings {
            kept_numbers: self.config.kept_numbers,
            batch_size: Some(self.batch_size),
            ..PointSettings::default()
        };
        let measured = self.normalised(self.config.batch_norm);
        let point = Point::new(measured, theta, self.subset, settings);
        let parameters = self
            .network
            .model
            .parameters()
            .split(theta, self.network.compute);
        if self.stopped() {
            return Ok(None);
        }
        let score = point.score();
        let mut record = Record {
            step,
            epoch: step as f64 / (self.train.len() / self.batch_size) as f64,
            loss: finite(score.loss),
            training_accuracy: finite(score.accuracy),
            validation_accuracy: self.validation.and_then(|examples| {
                let score = self.normalised(BatchNormMode::Running).score(
                    &parameters,
                    examples,
                    SCORED_AT_ONCE,
                );
                finite(score.accuracy)
            }),
            ..Record::default()
        };
        record.gamma_norm = self.gamma_norm(theta).and_then(finite);
        let h = self.hessian(&point, warm, &mut record)?;
        if !self.stopped() {
            self.per_example_covariance(&point, warm, &mut record);
        }
        if !self.stopped() {
            self.mini_batch_covariance(&measured, &parameters, &h, &mut record);
        }
        Ok((!self.stopped()).then_some(record))
    }

    /// ‖γ‖ of the last batch normalisation (paper, Sec. 4.3).
    fn gamma_norm(&self, theta: &[f64]) -> Option<f64> {
        let layout = self.network.model.parameters();
        if !layout.has_buffers() {
            return None;
        }
        let scales = layout.parts(theta);
        let (_, gamma) = scales
            .filter(|(parameter, _)| matches!(parameter.role, Role::Scale { .. }))
            .last()?;
        Some(gamma.iter().map(|x| x * x).sum::<f64>().sqrt())
    }

    /// The network, its batch normalisations in this mode.
    fn normalised(&self, mode: BatchNormMode) -> Network<'a> {
        Network {
            normalisation: mode.with(self.buffers),
            ..self.network
        }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn abandonable<A>(&self, operator: A) -> Abandonable<'_, A> {
        Abandonable {
            operator,
            stop: self.stop,
        }
    }

    /// The mean loss on the subset, for ΔL: over the same batches as the
    /// record's, where examples of a batch depend on each other.
    pub fn score(&self, parameters: &[Matrix]) -> Score {
        let network = self.normalised(self.config.batch_norm);
        let size = match network.couples_examples() {
            true => self.batch_size,
            false => SCORED_AT_ONCE,
        };
        network.score(parameters, self.subset, size)
    }

    fn hessian(
        &self,
        point: &Point,
        warm: &mut WarmStart,
        record: &mut Record,
    ) -> Result<Eigenpairs, NotDeterministic> {
        let h = self.abandonable(HessianOp(point));
        let config = self.config;
        if warm.hessian.is_empty() {
            let repeated = check_determinism(&h, point.gradient(), REPEATABLE);
            // Products of an abandoned measurement are NaN.
            repeated.or_else(|error| if self.stopped() { Ok(()) } else { Err(error) })?;
        }
        let lanczos = Lanczos {
            // Along a trajectory the last measurement knows where to look.
            fresh_directions: warm.hessian.is_empty(),
            ..Lanczos::both_ends(
                config.hessian_eigenvalues,
                config.hessian_smallest_eigenvalues,
                config.eigenvalue_tolerance,
            )
        };
        let mut rng = stream(self.seed, Purpose::Start, record.step);
        let found = lanczos.solve(&h, &warm.hessian, &mut rng);
        record.lambda_h_matvecs = Some(found.products as u64);
        record.lambda_h_status = Some(found.status);
        self.along_top(point, &found, record);
        if config.hessian_eigenvalues > 1 {
            record.spectrum_h = Some(found.pairs.iter().map(|pair| pair.value).collect());
        }
        if let Some(least) = found.smallest.first() {
            record.lambda_h_min = finite(least.value);
            record.lambda_h_min_error_bound = finite(least.error_bound);
            record.lambda_h_min_error_bound_kind = Some(least.bound_kind);
        }
        if !found.pairs.is_empty() {
            warm.hessian = found.start.clone();
        }
        let mut rng = stream(self.seed, Purpose::Probes, record.step);
        if config.trace_probes > 0 {
            let estimate = hutchinson(&h, config.trace_probes, &mut rng);
            record.trace_h = finite(estimate.trace);
            record.trace_h_standard_error = estimate.standard_error.and_then(finite);
        }
        if config.density_probes > 0 {
            record.density_h =
                spectral_density(&h, config.density_probes, config.density_steps, &mut rng);
        }
        if config.complete_hessian_spectrum {
            complete_spectrum(&h, record);
        }
        Ok(found)
    }

    /// λ_H¹ and what is measured along its eigenvector, Eq. 1 among it.
    fn along_top(&self, point: &Point, found: &Eigenpairs, record: &mut Record) {
        let Some(top) = found.pairs.first() else {
            return;
        };
        record.lambda_h = finite(top.value);
        record.lambda_h_residual = finite(top.residual);
        record.lambda_h_error_bound = finite(top.error_bound);
        record.lambda_h_error_bound_kind = Some(top.bound_kind);
        let e = match found.top_vector("H") {
            Ok(e) => e,
            Err(why) => {
                for field in ["curvature_variance", "stability", "psi"] {
                    record.absent.insert(field.to_owned(), why.clone());
                }
                return;
            }
        };
        match self.curvature_variance(point, e) {
            Ok(variance) => {
                record.curvature_variance = finite(variance);
                record.stability = finite(self.stability(top.value, variance));
            }
            Err(why) => {
                for field in ["curvature_variance", "stability"] {
                    record.absent.insert(field.to_owned(), why.clone());
                }
            }
        }
        let along: f64 = point.gradient().iter().zip(e).map(|(g, e)| g * e).sum();
        let psi = if top.value > 0.0 {
            Ok(along.abs() / top.value)
        } else {
            Err("H has no positive eigenvalue: there is no minimum along e".to_owned())
        };
        record.psi = keep(&mut record.absent, "psi", psi).and_then(finite);
    }

    /// The left side of Eq. 1; with momentum, the growth of E\[ψ²\] that takes
    /// its place.
    fn stability(&self, lambda: f64, s2: f64) -> f64 {
        let (eta, examples) = (self.learning_rate, self.train.len());
        momentum::growth(eta, self.momentum, lambda, s2, examples, self.batch_size)
    }

    /// s² along e: the variance of the examples' curvatures, or where they have
    /// none, the one that the curvatures of whole batches of S examples follow
    /// from. Disjoint batches of a set of N have means whose variance, over
    /// their number less one, is s² N/(S(N−1)) on average.
    fn curvature_variance(&self, point: &Point, e: &[f64]) -> Known<f64> {
        if let Ok(each) = point.curvatures(e) {
            return Ok(Moments::of(&each).variance);
        }
        let (size, all) = (self.batch_size, self.train.len() as f64);
        let batches = point.batch_curvatures(e, size);
        if batches.len() < 2 {
            return Err(format!(
                "the examples that H is measured on hold {} whole batch of {size}: raise hessian_examples",
                batches.len()
            ));
        }
        let count = batches.len() as f64;
        let between = Moments::of(&batches).variance * count / (count - 1.0);
        Ok(between * size as f64 * (all - 1.0) / all)
    }

    fn per_example_covariance(&self, point: &Point, warm: &mut WarmStart, record: &mut Record) {
        let k = match GradientCovarianceOp::of(point) {
            Ok(k) => k,
            Err(why) => {
                for (field, asked) in [
                    ("trace_k_per_example", self.config.trace_k_per_example),
                    ("lambda_k_per_example", self.config.lambda_k_per_example),
                ] {
                    if asked {
                        record.absent.insert(field.to_owned(), why.clone());
                    }
                }
                return;
            }
        };
        if self.config.trace_k_per_example {
            record.trace_k_per_example = finite(k.trace());
            record.trace_k_per_example_error_bound = finite(k.trace_error());
        }
        if !self.config.lambda_k_per_example {
            return;
        }
        // K's leading eigenvector is close to H's: a start where there is none.
        let start = match warm.covariance.is_empty() {
            true => warm.hessian.get(..1).unwrap_or_default(),
            false => &warm.covariance,
        };
        let mut rng = stream(self.seed, Purpose::Start, record.step);
        let lanczos = Lanczos {
            fresh_directions: warm.covariance.is_empty(),
            ..Lanczos::new(1, self.config.eigenvalue_tolerance)
        };
        let k = self.abandonable(k);
        let found = lanczos.solve(&k, start, &mut rng);
        if let Some(top) = found.pairs.first() {
            record.lambda_k_per_example = finite(top.value);
            record.lambda_k_per_example_error_bound = finite(top.error_bound);
            record.lambda_k_per_example_error_bound_kind = Some(top.bound_kind);
            warm.covariance = found.start;
        }
    }

    fn mini_batch_covariance(
        &self,
        network: &Network,
        parameters: &[Matrix],
        h: &Eigenpairs,
        record: &mut Record,
    ) {
        let MiniBatches {
            batches,
            batch_size,
        } = self.covariance;
        let mut rng = stream(self.seed, Purpose::MeasurementBatches, record.step);
        // Of an abandoned measurement the first batch alone.
        let drawn = (0..batches)
            .take_while(|&j| j == 0 || !self.stopped())
            .map(|_| self.train.sample(batch_size, &mut rng));
        let sharpness = if self.config.batch_sharpness {
            BatchSharpness::Measured
        } else {
            BatchSharpness::Skipped
        };
        let gradients = MiniBatchGradients::new(network, parameters, drawn, sharpness);
        let absent = &mut record.absent;
        record.batch_sharpness = gradients
            .batch_sharpness()
            .and_then(|sharp| keep(absent, "batch_sharpness", sharp))
            .and_then(finite);
        let Some(covariance) = gradients.covariance() else {
            return;
        };
        let (largest, trace) = (covariance.largest(), covariance.trace());
        record.lambda_k = finite(largest);
        record.lambda_k_error_bound = finite(covariance.error(largest));
        record.trace_k = finite(trace);
        record.trace_k_error_bound = finite(covariance.error(trace));
        record.spectrum_k = Some(covariance.eigenvalues().to_vec());
        record.rank_k = Some(covariance.rank());
        let mut keep = |field, found| keep(absent, field, found).and_then(finite);
        record.lambda_k_smallest = keep("lambda_k_smallest", covariance.smallest_nonzero());
        record.condition_k = keep("condition_k", covariance.ratio());
        record.condition_k_error_bound = covariance.ratio_error().ok().and_then(finite);
        record.subspace_ratio = keep("subspace_ratio", covariance.subspace_ratio(SUBSPACE));
        let alignment = h.top_vector("H").and_then(|e| {
            let layout = self.network.model.parameters();
            covariance.alignment(layout.split(e, self.network.compute))
        });
        record.alignment_hk = keep("alignment_hk", alignment);
    }
}

/// All eigenvalues of H, from D products.
fn complete_spectrum(h: &impl LinearOperator, record: &mut Record) {
    let Some(values) = write_out(h).and_then(|matrix| Spectrum::values_of(&matrix)) else {
        return;
    };
    let scale = values.iter().fold(0.0_f64, |a, x| a.max(x.abs()));
    let error = written_out_error(h, scale);
    let or_zero = |x: f64| if x.abs() <= error { 0.0 } else { x };
    let values: Vec<f64> = values.into_iter().map(or_zero).collect();
    record.trace_h = Some(values.iter().sum());
    record.trace_h_standard_error = None;
    let (largest, least) = (values[0], values[values.len() - 1]);
    record.lambda_h = Some(largest);
    record.lambda_h_min = Some(least);
    for (bound, kind) in [
        (
            &mut record.lambda_h_error_bound,
            &mut record.lambda_h_error_bound_kind,
        ),
        (
            &mut record.lambda_h_min_error_bound,
            &mut record.lambda_h_min_error_bound_kind,
        ),
    ] {
        *bound = Some(error);
        *kind = Some(BoundKind::Complete);
    }
    let nonzero = values.iter().copied().filter(|&x| x != 0.0);
    record.lambda_h_smallest = nonzero.min_by(|a, b| a.abs().total_cmp(&b.abs()));
    match record.lambda_h_smallest {
        Some(smallest) if largest > 0.0 => record.condition_h = Some(smallest / largest),
        Some(_) => {
            let why = "H has no positive eigenvalue".to_owned();
            record.absent.insert("condition_h".to_owned(), why);
        }
        None => {
            for field in ["lambda_h_smallest", "condition_h"] {
                let why = "H is zero up to rounding".to_owned();
                record.absent.insert(field.to_owned(), why);
            }
        }
    }
    record.spectrum_h = Some(values);
}

/// A number that is not finite is absent from a record.
fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}
