//! One measurement: K and H at the parameters of one step.

mod along_top;
mod complete;
mod densities;
mod halves;
mod overlap;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use breakeven_sim::meter::Meter;
use breakeven_sim::record::{MiniBatches, Record};

use crate::config::{BatchNormMode, DensityMatrix, MeasureConfig};
use crate::examples::Examples;
use crate::known::keep;
use crate::network::{Network, Score};
use crate::operator::{BatchSharpness, GradientCovarianceOp, HessianOp, Point, PointSettings};
use crate::parameters::Role;
use crate::random::{Purpose, stream};
use crate::solver::{Eigenpairs, Lanczos, NotDeterministic, hutchinson, spectral_density};
use crate::survey::Survey;
use crate::tape::Matrix;

use complete::{complete_spectrum, outliers_h};
use densities::keep_density;

/// Why H's smallest eigenvalue is not known where a density was measured alone.
const BOUNDED: &str = "of H's smallest eigenvalue a density says what it is at most, not what \
                       it is: complete_hessian_spectrum does";

/// Eigenvectors of K that gradients are projected onto (paper, Sec. 4.3).
const SUBSPACE: usize = 5;

/// What a run measures, and on what.
///
/// Of two one-pixel images, 1 of class 0 and 0 of class 1, for a dense layer at θ = 0:
///
/// ```
/// # use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
/// # use breakeven_empirical::examples::Examples;
/// # use breakeven_empirical::model::Architecture;
/// # use breakeven_empirical::network::Network;
/// # use std::sync::atomic::AtomicBool;
/// use breakeven_empirical::config::MeasureConfig;
/// use breakeven_empirical::measure::{Measurement, WarmStart};
/// use breakeven_sim::record::MiniBatches;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
/// # let pixels = compute.matrix(&[1.0, 0.0], [2, 1]);
/// # let examples = Examples::new(pixels, &[0, 1], 2, &compute);
/// # let model = Architecture::Mlp { hidden: vec![] }.build([1, 1, 1], 2)?;
/// let measurement = Measurement {
///     network: Network::new(&*model, &compute),
///     buffers: &[],
///     config: &MeasureConfig::default(),
///     train: &examples,
///     subset: &examples,
///     validation: None,
///     learning_rate: 0.1,
///     momentum: 0.0,
///     batch_size: 1,
///     covariance: MiniBatches { batches: 25, batch_size: 1 },
///     seed: 0,
///     stop: &AtomicBool::new(false),
/// };
/// let record = measurement.take(0, &[0.0; 4], &mut WarmStart::default())?;
/// let record = record.ok_or("it was stopped")?;
/// // H = ¼(1 −1; −1 1) ⊗ ½(1 1; 1 2), and each class has the probability ½.
/// let lambda_h = (3.0 + 5.0_f64.sqrt()) / 8.0;
/// assert!(record.lambda_h.is_some_and(|found| (found - lambda_h).abs() < 1e-12));
/// assert!(record.loss.is_some_and(|found| (found - 2.0_f64.ln()).abs() < 1e-12));
/// # Ok(())
/// # }
/// ```
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
    /// How far the top eigenspace of H may be from that of its vectors, as the sine of an
    /// angle; infinite where it was not determined, absent before it was asked for.
    pub tilt: Option<f64>,
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
        if !survey.stopped() {
            self.densities(&survey, &mut record);
        }
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
        if config.hessian_overlap > 0 {
            warm.overlap(&found, config.hessian_overlap, record);
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
        let is_complete = config.complete_hessian_spectrum && complete_spectrum(&h, record);
        if !is_complete && let Some(outliers) = found.outliers("H") {
            outliers_h(outliers, record);
        }
        if config.has_density(DensityMatrix::H) {
            let found = spectral_density(&h, config.density_probes, config.density_steps, &mut rng);
            let found = found.ok_or_else(|| "a product of H is not finite".to_owned());
            record.density_h = keep_density(record, "density_h", found);
            if !is_complete {
                for field in ["lambda_h_smallest", "condition_h"] {
                    record.absent.insert(field.to_owned(), BOUNDED.to_owned());
                }
            }
        }
        found
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
        let sharp = gradients.batch_sharpness();
        let sharp = sharp.and_then(|sharp| keep(absent, "batch_sharpness", sharp));
        record.batch_sharpness = sharp.and_then(|sharp| finite(sharp.value));
        record.batch_sharpness_standard_error = sharp.and_then(|sharp| sharp.standard_error);
        let field = "batch_sharpness_ratio_of_means";
        let ratio = gradients.batch_sharpness_ratio_of_means();
        let ratio = ratio.and_then(|ratio| keep(absent, field, ratio));
        record.batch_sharpness_ratio_of_means = ratio.and_then(|ratio| finite(ratio.value));
        record.batch_sharpness_ratio_of_means_standard_error =
            ratio.and_then(|ratio| ratio.standard_error);
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
        let outliers = keep(absent, "outliers_k", spectrum.outliers());
        record.outliers_k = outliers.as_ref().map(|found| found.count);
        record.outliers_k_separation = outliers.map(|found| found.separation);
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
