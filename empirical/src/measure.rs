//! One measurement: K and H at the parameters of one step.

use std::sync::atomic::{AtomicBool, Ordering};

use breakeven_sim::record::{MiniBatches, Record};
use breakeven_sim::stability;
use nalgebra::DMatrix;

use crate::config::MeasureConfig;
use crate::examples::Examples;
use crate::moments::Moments;
use crate::network::{Network, Score};
use crate::operator::{
    BatchSharpness, GradientCovarianceOp, HessianOp, LinearOperator, MiniBatchGradients, Point,
    PointSettings,
};
use crate::random::{Purpose, stream};
use crate::solver::{
    Eigenpairs, Lanczos, NotDeterministic, check_determinism, hutchinson, spectral_density,
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
    /// The network.
    pub network: Network<'a>,
    /// What is measured.
    pub config: &'a MeasureConfig,
    /// All N training examples.
    pub train: &'a Examples,
    /// The training examples that H is measured on.
    pub subset: &'a Examples,
    /// The validation examples, where there are some.
    pub validation: Option<&'a Examples>,
    /// η.
    pub learning_rate: f64,
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
}

/// Eigenvectors that the next measurement starts from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WarmStart {
    /// Of H, largest eigenvalue first.
    pub hessian: Vec<Vec<f64>>,
    /// Of the per-example K.
    pub covariance: Vec<Vec<f64>>,
}

impl Measurement<'_> {
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
            ..PointSettings::default()
        };
        let point = Point::new(self.network, theta, self.subset, settings);
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
                let score = self.network.score(&parameters, examples, SCORED_AT_ONCE);
                finite(score.accuracy)
            }),
            ..Record::default()
        };
        self.hessian(&point, warm, &mut record)?;
        if !self.stopped() {
            self.per_example_covariance(&point, warm, &mut record);
        }
        if !self.stopped() {
            self.mini_batch_covariance(&parameters, warm.hessian.first(), &mut record);
        }
        Ok((!self.stopped()).then_some(record))
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

    /// The mean loss on the subset, for ΔL.
    pub fn score(&self, parameters: &[Matrix]) -> Score {
        self.network.score(parameters, self.subset, SCORED_AT_ONCE)
    }

    fn hessian(
        &self,
        point: &Point,
        warm: &mut WarmStart,
        record: &mut Record,
    ) -> Result<(), NotDeterministic> {
        let h = self.abandonable(HessianOp(point));
        let config = self.config;
        if warm.hessian.is_empty() {
            let repeated = check_determinism(&h, point.gradient(), REPEATABLE);
            // Products of an abandoned measurement are NaN.
            repeated.or_else(|error| if self.stopped() { Ok(()) } else { Err(error) })?;
        }
        let lanczos = Lanczos::new(config.hessian_eigenvalues, config.eigenvalue_tolerance);
        let mut rng = stream(self.seed, Purpose::Start, record.step);
        let found = lanczos.solve(&h, &warm.hessian, &mut rng);
        record.lambda_h_matvecs = Some(found.products as u64);
        record.lambda_h_status = Some(found.status);
        self.along_top(point, &found, record);
        if config.hessian_eigenvalues > 1 {
            record.spectrum_h = Some(found.pairs.iter().map(|pair| pair.value).collect());
        }
        if !found.pairs.is_empty() {
            warm.hessian = found.pairs.into_iter().map(|pair| pair.vector).collect();
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
        Ok(())
    }

    /// λ_H¹ and what is measured along its eigenvector, Eq. 1 among it.
    fn along_top(&self, point: &Point, found: &Eigenpairs, record: &mut Record) {
        let Some(top) = found.pairs.first() else {
            return;
        };
        record.lambda_h = finite(top.value);
        record.lambda_h_residual = finite(top.residual);
        record.lambda_h_error_bound = finite(top.error_bound);
        let Moments { variance, .. } = Moments::of(&point.curvatures(&top.vector));
        record.curvature_variance = finite(variance);
        let (eta, examples) = (self.learning_rate, self.train.len());
        record.stability = finite(stability(
            eta,
            top.value,
            variance,
            examples,
            self.batch_size,
        ));
        let along: f64 = point
            .gradient()
            .iter()
            .zip(&top.vector)
            .map(|(g, e)| g * e)
            .sum();
        if top.value > 0.0 {
            record.psi = finite(along.abs() / top.value);
        }
    }

    fn per_example_covariance(&self, point: &Point, warm: &mut WarmStart, record: &mut Record) {
        let k = GradientCovarianceOp(point);
        if self.config.trace_k_per_example {
            record.trace_k_per_example = finite(k.trace());
        }
        if !self.config.lambda_k_per_example {
            return;
        }
        // K's leading eigenvector is close to H's: a start where there is none.
        let start = if warm.covariance.is_empty() {
            &warm.hessian
        } else {
            &warm.covariance
        };
        let mut rng = stream(self.seed, Purpose::Start, record.step);
        let lanczos = Lanczos::new(1, self.config.eigenvalue_tolerance);
        let k = self.abandonable(k);
        let found = lanczos.solve(&k, start.get(..1).unwrap_or_default(), &mut rng);
        if let Some(top) = found.pairs.into_iter().next() {
            record.lambda_k_per_example = finite(top.value);
            warm.covariance = vec![top.vector];
        }
    }

    fn mini_batch_covariance(
        &self,
        parameters: &[Matrix],
        top_of_h: Option<&Vec<f64>>,
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
        let gradients = MiniBatchGradients::new(&self.network, parameters, drawn, sharpness);
        record.batch_sharpness = gradients.batch_sharpness().and_then(finite);
        let Some(covariance) = gradients.covariance() else {
            return;
        };
        record.lambda_k = finite(covariance.largest());
        record.lambda_k_smallest = covariance.smallest_nonzero().and_then(finite);
        record.condition_k = covariance.ratio().and_then(finite);
        record.trace_k = finite(covariance.trace());
        record.spectrum_k = Some(covariance.eigenvalues().to_vec());
        record.subspace_ratio = finite(covariance.subspace_ratio(SUBSPACE));
        if let Some(e) = top_of_h {
            let layout = self.network.model.parameters();
            let e = layout.split(e, self.network.compute);
            record.alignment_hk = finite(covariance.alignment(e));
        }
    }
}

/// All eigenvalues of H, from D products.
fn complete_spectrum(h: &impl LinearOperator, record: &mut Record) {
    let dim = h.dim();
    let mut unit = vec![0.0; dim];
    let mut columns = Vec::with_capacity(dim * dim);
    for k in 0..dim {
        unit[k] = 1.0;
        columns.extend(h.apply(&unit));
        unit[k] = 0.0;
    }
    let matrix = DMatrix::from_vec(dim, dim, columns);
    let Some(values) = Spectrum::values_of(&((&matrix + matrix.transpose()) / 2.0)) else {
        return;
    };
    record.trace_h = Some(values.iter().sum());
    let scale = values.iter().fold(0.0_f64, |a, x| a.max(x.abs()));
    let threshold = scale * dim as f64 * f64::from(f32::EPSILON);
    let nonzero = values.iter().copied().filter(|x| x.abs() > threshold);
    record.lambda_h_smallest = nonzero.min_by(|a, b| a.abs().total_cmp(&b.abs()));
    if let (Some(smallest), Some(&largest)) = (record.lambda_h_smallest, values.first()) {
        record.condition_h = (largest > 0.0).then(|| smallest / largest);
    }
    record.spectrum_h = Some(values);
}

/// A number that is not finite is absent from a record.
fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}
