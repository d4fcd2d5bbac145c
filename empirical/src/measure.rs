//! One measurement: K and H at the parameters of one step.

mod complete;
mod halves;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use breakeven_sim::meter::Meter;
use breakeven_sim::momentum;
use breakeven_sim::record::{LossLine, MiniBatches, Record};

use crate::config::{BatchNormMode, MeasureConfig};
use crate::examples::Examples;
use crate::known::{Known, keep};
use crate::moments::{Moments, normal_variance_error, variance_error};
use crate::network::{Network, Score};
use crate::operator::{BatchSharpness, GradientCovarianceOp, HessianOp, Point, PointSettings};
use crate::parameters::Role;
use crate::random::{Purpose, stream};
use crate::solver::{Eigenpairs, Lanczos, NotDeterministic, hutchinson, spectral_density};
use crate::survey::Survey;
use crate::tape::Matrix;

use complete::complete_spectrum;

/// Eigenvectors of K that gradients are projected onto (paper, Sec. 4.3).
const SUBSPACE: usize = 5;

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
        let point = self.point(theta, self.subset);
        let survey = Survey {
            point: &point,
            seed: self.seed,
            step,
            meter: &Meter::new(),
            stop: self.stop,
        };
        if survey.stopped() {
            return Ok(None);
        }
        if warm.hessian.is_empty() {
            survey.check_repeats()?;
        }
        let score = point.score();
        let mut record = Record {
            step,
            epoch: step as f64 / (self.train.len() / self.batch_size) as f64,
            loss: finite(score.loss),
            training_accuracy: finite(score.accuracy),
            validation_accuracy: self.validation.and_then(|examples| {
                let network = self.normalised(BatchNormMode::Running);
                let score = network.score(point.parameters(), examples, self.batch_size);
                finite(score.accuracy)
            }),
            gamma_norm: self.gamma_norm(theta).and_then(finite),
            ..Record::default()
        };
        let h = self.hessian(&survey, warm, &mut record);
        if !survey.stopped() && self.config.loss_line_points > 0 {
            let line = self.loss_line(theta, &h, &record);
            record.loss_line = keep(&mut record.absent, "loss_line", line.map(Box::new));
        }
        if !survey.stopped() {
            self.per_example_covariance(&survey, warm, &mut record);
        }
        if !survey.stopped() && self.config.hessian_halves {
            self.hessian_halves(&survey, theta, warm, &mut record);
        }
        if !survey.stopped() {
            self.mini_batch_covariance(&survey, &h, &mut record);
        }
        Ok((!survey.stopped()).then_some(record))
    }

    /// The network at θ, on these examples.
    fn point<'p>(&self, theta: &'p [f64], examples: &'p Examples) -> Point<'p>
    where
        'a: 'p,
    {
        let settings = PointSettings {
            kept_numbers: self.config.kept_numbers,
            batch_size: Some(self.batch_size),
            ..PointSettings::default()
        };
        let settings = settings.for_parameters(theta.len());
        let network = self.normalised(self.config.batch_norm);
        Point::new(network, theta, examples, settings)
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

    /// The mean loss on the subset, for ΔL: over the same batches as the
    /// record's, where examples of a batch depend on each other.
    pub fn score(&self, parameters: &[Matrix]) -> Score {
        let network = self.normalised(self.config.batch_norm);
        network.score(parameters, self.subset, self.batch_size)
    }

    fn hessian(&self, survey: &Survey, warm: &mut WarmStart, record: &mut Record) -> Eigenpairs {
        let config = self.config;
        let lanczos = Lanczos {
            // Along a trajectory the last measurement knows where to look.
            fresh_directions: warm.hessian.is_empty(),
            ..Lanczos::both_ends(
                config.hessian_eigenvalues,
                config.hessian_smallest_eigenvalues,
                config.eigenvalue_tolerance,
            )
        };
        let h = HessianOp(survey.point);
        let found = survey.leading("H", &h, &lanczos, &warm.hessian);
        record.lambda_h_matvecs = Some(found.products as u64);
        record.lambda_h_status = Some(found.status);
        self.along_top(survey.point, &found, record);
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
        let h = survey.watched(h);
        let mut rng = stream(self.seed, Purpose::Probes, record.step);
        if config.trace_probes > 0 {
            let estimate = hutchinson(&h, config.trace_probes, &mut rng);
            record.trace_h = finite(estimate.trace);
            record.trace_h_standard_error = estimate.standard_error.and_then(finite);
        }
        if config.density_probes > 0 {
            record.density_h =
                spectral_density(&h, config.density_probes, config.density_steps, &mut rng)
                    .map(Box::new);
        }
        if config.complete_hessian_spectrum {
            complete_spectrum(&h, record);
        }
        found
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
                let fields = ["curvature_variance", "stability", "psi"];
                return leave_out(&mut record.absent, &fields, &why);
            }
        };
        match self.curvature_variance(point, e) {
            Ok((variance, error)) => {
                let stability = self.stability(top.value, variance);
                record.curvature_variance = finite(variance);
                record.stability = finite(stability);
                record.curvature_variance_standard_error = error.and_then(finite);
                record.stability_standard_error = error
                    .map(|error| self.stability(top.value, variance + error) - stability)
                    .and_then(finite);
            }
            Err(why) => {
                leave_out(
                    &mut record.absent,
                    &["curvature_variance", "stability"],
                    &why,
                );
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

    /// The loss along e_H¹, on a grid whose middle is θ.
    fn loss_line(&self, theta: &[f64], h: &Eigenpairs, record: &Record) -> Known<LossLine> {
        let e = h.top_vector("H")?;
        let reach = match (record.loss, record.lambda_h) {
            (Some(loss), Some(lambda)) if lambda > 0.0 => (2.0 * loss / lambda).sqrt(),
            _ => return Err("H has no positive eigenvalue, or the loss is not finite".to_owned()),
        };
        let half = self.config.loss_line_points / 2;
        let offsets: Vec<f64> = (0..=2 * half)
            .map(|j| reach * (j as f64 - half as f64) / half as f64)
            .collect();
        let layout = self.network.model.parameters();
        let loss_at = |t: &f64| {
            let moved: Vec<f64> = theta.iter().zip(e).map(|(x, e)| x + t * e).collect();
            self.score(&layout.split(&moved, self.network.compute)).loss
        };
        let losses: Vec<f64> = offsets.iter().map(loss_at).collect();
        if losses.iter().all(|loss| loss.is_finite()) {
            Ok(LossLine { offsets, losses })
        } else {
            Err("the loss is not finite along e".to_owned())
        }
    }

    /// The left side of Eq. 1; with momentum, the growth of E\[ψ²\] that takes
    /// its place.
    fn stability(&self, lambda: f64, s2: f64) -> f64 {
        let (eta, examples) = (self.learning_rate, self.train.len());
        momentum::growth(eta, self.momentum, lambda, s2, examples, self.batch_size)
    }

    /// s² along e and its standard error: the variance of the examples'
    /// curvatures, or where they have none, the one that the curvatures of whole
    /// batches of S examples follow from. Disjoint batches of a set of N have means
    /// whose variance, over their number less one, is s² N/(S(N−1)) on average.
    fn curvature_variance(&self, point: &Point, e: &[f64]) -> Known<(f64, Option<f64>)> {
        if let Ok(each) = point.curvatures(e) {
            let error = variance_error(&each, self.train.len());
            return Ok((Moments::of(&each).variance, error));
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
        let variance = between * size as f64 * (all - 1.0) / all;
        let (count, all) = (batches.len(), self.train.len());
        let error = normal_variance_error(variance, count, count * size, all);
        Ok((variance, error))
    }

    fn per_example_covariance(&self, survey: &Survey, warm: &mut WarmStart, record: &mut Record) {
        let k = match GradientCovarianceOp::of(survey.point) {
            Ok(k) => k,
            Err(why) => {
                let asked = [
                    ("trace_k_per_example", self.config.trace_k_per_example),
                    ("lambda_k_per_example", self.config.lambda_k_per_example),
                ];
                let fields = asked.iter().filter(|(_, asked)| *asked);
                let fields: Vec<&str> = fields.map(|(field, _)| *field).collect();
                return leave_out(&mut record.absent, &fields, &why);
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
        let lanczos = Lanczos {
            fresh_directions: warm.covariance.is_empty(),
            ..Lanczos::new(1, self.config.eigenvalue_tolerance)
        };
        let found = survey.leading("K", &k, &lanczos, start);
        if let Some(top) = found.pairs.first() {
            record.lambda_k_per_example = finite(top.value);
            record.lambda_k_per_example_error_bound = finite(top.error_bound);
            record.lambda_k_per_example_error_bound_kind = Some(top.bound_kind);
            warm.covariance = found.start;
        }
    }

    fn mini_batch_covariance(&self, survey: &Survey, h: &Eigenpairs, record: &mut Record) {
        let MiniBatches {
            batches,
            batch_size,
        } = self.covariance;
        let sharpness = match self.config.batch_sharpness {
            true => BatchSharpness::Measured,
            false => BatchSharpness::Skipped,
        };
        let draw = |_, rng: &mut _| self.train.sample(batch_size, rng);
        let gradients = survey.mini_batches(batches, draw, sharpness);
        let absent = &mut record.absent;
        record.batch_sharpness = gradients
            .batch_sharpness()
            .and_then(|sharp| keep(absent, "batch_sharpness", sharp))
            .and_then(finite);
        let Some(covariance) = gradients.covariance() else {
            return;
        };
        let spectrum = covariance.spectrum();
        let (largest, trace) = (spectrum.largest(), spectrum.trace());
        record.lambda_k = finite(largest);
        record.lambda_k_error_bound = finite(spectrum.error(largest));
        record.trace_k = finite(trace);
        record.trace_k_error_bound = finite(spectrum.error(trace));
        record.spectrum_k = Some(spectrum.eigenvalues().to_vec());
        record.rank_k = Some(spectrum.rank());
        if self.config.covariance_halves {
            let halves = covariance.halves().map(halves::of_covariance);
            record.covariance_halves = keep(absent, "covariance_halves", halves);
        }
        let mut keep = |field, found| keep(absent, field, found).and_then(finite);
        record.lambda_k_smallest = keep("lambda_k_smallest", spectrum.smallest_nonzero());
        record.condition_k = keep("condition_k", spectrum.ratio());
        record.condition_k_error_bound = spectrum.ratio_error().ok().and_then(finite);
        record.subspace_ratio = keep("subspace_ratio", covariance.subspace_ratio(SUBSPACE));
        let alignment = h.top_vector("H").and_then(|e| {
            let layout = self.network.model.parameters();
            covariance.alignment(layout.split(e, self.network.compute))
        });
        record.alignment_hk = keep("alignment_hk", alignment);
    }
}

/// Says why each of `fields` is absent.
fn leave_out(absent: &mut BTreeMap<String, String>, fields: &[&str], why: &str) {
    for field in fields {
        absent.insert((*field).to_owned(), why.to_owned());
    }
}

/// A number that is not finite is absent from a record.
fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}
