//! K and H of one checkpoint on given examples: what `breakeven measure` says.

mod fields;
mod further;
mod gradients;
mod halves;
mod parts;
mod settings;
mod step;
mod subject;

pub use fields::{
    CovariancePortrait, GaussNewtonPortrait, HessianPortrait, LayerPortrait, Leading,
    MiniBatchPortrait, Portrait, TracePortrait, Values,
};
/// A pattern of names, with `*` and `?`.
pub use glob::Pattern;
pub use settings::{BatchOrder, DensitySettings, PortraitError, PortraitSettings};
pub use step::StepPortrait;
pub use subject::Subject;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use breakeven_sim::meter::{Meter, Parts};
use breakeven_sim::record::SolverStatus;

use crate::compute::Compute;
use crate::examples::Examples;
use crate::known::{Known, keep};
use crate::loaded::Labelled;
use crate::model::Architecture;
use crate::moments::Moments;
use crate::network::Network;
use crate::operator::{GaussNewtonOp, GradientCovarianceOp, HessianOp, LinearOperator, Point};
use crate::parameters::Parameters;
use crate::random::{Purpose, stream};
use crate::solver::{
    Eigenpair, Eigenpairs, Explored, Lanczos, Trace, TraceSettings, principal_cosines, trace,
};
use crate::survey::Survey;
use crate::weights::{NamedTensor, load_weights};

use gradients::noise_scale;
use subject::Watch;

/// Directions of the eigenvalue search that are taken out of the trace's
/// estimate: two vectors each are kept until then.
const MOST_DIRECTIONS: usize = 64;

impl Portrait {
    /// Measures K and H at the weights in `checkpoint`, on `data`.
    ///
    /// Of a white and a black pixel, of classes 0 and 1, for a dense layer of zeros in `file`:
    ///
    /// ```
    /// use breakeven_empirical::data::Images;
    /// use breakeven_empirical::loaded::Labelled;
    /// use breakeven_empirical::model::Architecture;
    /// use breakeven_empirical::portrait::{Portrait, PortraitSettings};
    /// # use breakeven_empirical::weights::{NamedTensor, save_tensors};
    /// # use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
    /// # use breakeven_sim::meter::Meter;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let file = std::env::temp_dir().join(format!("breakeven-at-0-{}", std::process::id()));
    /// # let zeros = |name: &str, shape| {
    /// #     let name = name.to_owned();
    /// #     NamedTensor { name, shape, numbers: vec![0.0; 2] }
    /// # };
    /// # save_tensors(&file, &[zeros("fc1.weight", vec![2, 1]), zeros("fc1.bias", vec![2])])?;
    /// # let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
    /// let data = Labelled::Images(Images::new(vec![255, 0], vec![0_u16, 1], [1, 1, 1], 2)?);
    /// let settings = PortraitSettings { batches: 2, batch_size: 1, ..Default::default() };
    /// let dense = Architecture::Mlp { hidden: vec![] };
    /// let meter = Meter::new();
    /// let portrait = Portrait::measure(&dense, &file, &data, &compute, &settings, &meter)?;
    /// // H = ¼(1 −1; −1 1) ⊗ ½(1 1; 1 2)
    /// let lambda_h = portrait.hessian.leading.values.eigenvalues[0];
    /// assert!((lambda_h - (3.0 + 5.0_f64.sqrt()) / 8.0).abs() < 1e-12);
    /// # std::fs::remove_file(&file)?;
    /// # Ok(())
    /// # }
    /// ```
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
        settings.check_parameters(model.parameters())?;
        let weights = load_weights(checkpoint, model.parameters())?;
        let count = settings.subset.unwrap_or(data.len());
        let subject = Subject {
            model: &*model,
            weights,
            examples: data.first(count, compute, settings.decoded_bytes, meter)?,
            compute,
        };
        subject.portrait(settings, meter, &AtomicBool::new(false))
    }

    fn of(
        network: Network,
        theta: &[f64],
        examples: &Examples,
        settings: &PortraitSettings,
        (meter, stop): Watch,
    ) -> Result<Self, PortraitError> {
        let kept = settings.point(network.compute).for_parameters(theta.len());
        let point = Point::watched(network, theta, examples, kept, meter);
        let score = point.score();
        if !score.loss.is_finite() {
            return Err(PortraitError::NotFinite("the loss"));
        }
        let survey = Survey {
            point: &point,
            seed: settings.seed,
            step: 0,
            meter,
            stop,
        };
        check_stop(&survey)?;
        survey.check_repeats()?;
        let mut absent = BTreeMap::new();
        let (covariance, k) = match GradientCovarianceOp::of(&point) {
            Ok(k) => {
                let (portrait, pairs) = settings.covariance(&survey, &k, &mut absent)?;
                (Ok(portrait), Ok(pairs))
            }
            Err(why) => (Err(why.clone()), Err(why)),
        };
        check_stop(&survey)?;
        // The leading eigenvectors of all matrices lie near each other; K's cost
        // least.
        let start = k.as_ref().map_or(&[][..], |k| &k.start);
        let (hessian, h) = settings.hessian(&survey, start, &mut absent)?;
        let gauss_newton = match settings.gauss_newton {
            true => Some(settings.gauss_newton(&survey, &h.start, &mut absent)?),
            false => None,
        };
        let empirical_fisher = match settings.empirical_fisher {
            true => settings.empirical_fisher(&survey, start, &mut absent)?,
            false => None,
        };
        check_stop(&survey)?;
        let (mini_batch, sharpness) = settings.mini_batch(&survey, examples, &mut absent)?;
        meter.begin("curvatures along e", Parts::Whole);
        let curvatures = h.top_vector("H").and_then(|e| point.curvatures(e));
        let moments = curvatures.as_ref().map(|all| Moments::of(all));
        let k = k.as_ref().map_err(Clone::clone);
        let cosines = k.clone().and_then(|k| eigenspace_cosines(&h, k));
        let cosine = cosines.clone().and_then(|all| {
            h.top_vector("H")?;
            k.clone()?.top_vector("K")?;
            Ok(all[0])
        });
        let moments = moments.map_err(Clone::clone);
        let [mean_of_ratios, ratio_of_means] = sharpness;
        let mean_of_ratios = keep(&mut absent, "batch_sharpness", mean_of_ratios);
        let field = "batch_sharpness_ratio_of_means";
        let ratio_of_means = keep(&mut absent, field, ratio_of_means);
        let noise = covariance.clone().and_then(|k| noise_scale(&point, &k));
        let noise = keep(&mut absent, "gradient_noise_scale", noise);
        let densities = settings.densities(&survey, &mut absent)?;
        let each = curvatures.as_deref().ok();
        let step = settings.step(&survey, theta, &h, each, &mut absent)?;
        let of_k = k.as_ref().ok().copied();
        let halves = settings.halves(&survey, theta, &h, of_k, &mut absent);
        let (loss_line, loss_plane) = settings.landscape(&survey, theta, &h, &mut absent);
        Ok(Self {
            parameters: point.dim(),
            varying: Vec::new(),
            layers: Vec::new(),
            examples: examples.len(),
            loss: score.loss,
            accuracy: score.accuracy,
            gradient_norm: point.squared_gradient_norm().sqrt(),
            hessian,
            covariance_per_example: keep(&mut absent, "covariance_per_example", covariance),
            covariance_mini_batch: mini_batch,
            gauss_newton,
            empirical_fisher,
            cosine_hessian_covariance: keep(&mut absent, "cosine_hessian_covariance", cosine),
            eigenspace_cosines: keep(&mut absent, "eigenspace_cosines", cosines),
            curvature_along_top: keep(&mut absent, "curvature_along_top", moments),
            batch_sharpness: mean_of_ratios.map(|sharp| sharp.value),
            batch_sharpness_standard_error: mean_of_ratios.and_then(|sharp| sharp.standard_error),
            batch_sharpness_ratio_of_means: ratio_of_means.map(|sharp| sharp.value),
            batch_sharpness_ratio_of_means_standard_error: ratio_of_means
                .and_then(|sharp| sharp.standard_error),
            gradient_noise_scale: noise.map(|(scale, _)| scale),
            gradient_noise_scale_error_bound: noise.map(|(_, error)| error),
            densities,
            loss_line,
            loss_plane,
            step,
            notes: halves
                .as_ref()
                .and_then(halves::warning)
                .into_iter()
                .collect(),
            halves,
            absent,
            eigenvectors: match settings.eigenvectors {
                true => eigenvectors(network.model.parameters(), &h, k.ok()),
                false => Vec::new(),
            },
            diagonal: settings.diagonal(&survey)?,
            curvatures: curvatures.unwrap_or_default(),
        })
    }
}

/// The vectors of all pairs that were found, named by the fields of their values.
fn eigenvectors(layout: &Parameters, h: &Eigenpairs, k: Option<&Eigenpairs>) -> Vec<NamedTensor> {
    let of_k = k.map_or(&[][..], |k| &k.pairs);
    [
        ("hessian", &h.pairs[..]),
        ("hessian.smallest", &h.smallest),
        ("covariance_per_example", of_k),
    ]
    .into_iter()
    .flat_map(|(matrix, pairs)| {
        let of_pair = move |(place, pair): (usize, &Eigenpair)| {
            NamedTensor::of(&format!("{matrix}.{place}"), &pair.vector, layout)
        };
        pairs.iter().enumerate().flat_map(of_pair)
    })
    .collect()
}

fn eigenspace_cosines(h: &Eigenpairs, k: &Eigenpairs) -> Known<Vec<f64>> {
    Ok(principal_cosines(h.top_space("H")?, k.top_space("K")?))
}

/// Ends a survey that is abandoned: what would follow is of products that were
/// not carried out.
fn check_stop(survey: &Survey) -> Result<(), PortraitError> {
    match survey.stopped() {
        true => Err(PortraitError::Stopped),
        false => Ok(()),
    }
}

/// What is not finite where a search or an estimate fails.
fn product_of(what: &str) -> &'static str {
    match what {
        "H" => "a product of H",
        "G" => "a product of the Gauss–Newton matrix",
        "F" => "a product of the empirical Fisher",
        _ => "a product of K",
    }
}

impl PortraitSettings {
    fn leading(
        &self,
        survey: &Survey,
        what: &'static str,
        operator: &impl LinearOperator,
        bottom: usize,
        start: &[Vec<f64>],
    ) -> Result<Eigenpairs, PortraitError> {
        let solver = Lanczos::both_ends(self.top, bottom, self.tolerance);
        // What is small is written out, without a start.
        let start = match operator.dim() > solver.complete_up_to {
            true => start,
            false => &[],
        };
        let found = survey.leading(what, operator, &solver, start);
        match found.status {
            SolverStatus::NotFinite => Err(PortraitError::NotFinite(product_of(what))),
            _ => Ok(found),
        }
    }

    fn hessian(
        &self,
        survey: &Survey,
        start: &[Vec<f64>],
        absent: &mut BTreeMap<String, String>,
    ) -> Result<(HessianPortrait, Eigenpairs), PortraitError> {
        let h = HessianOp(survey.point);
        let exact = self.exact_trace(&h, survey.meter);
        let most = if exact.is_some() { 0 } else { MOST_DIRECTIONS };
        let explored = Explored::new(&h, most);
        let found = self.leading(survey, "H", &explored, self.bottom, start)?;
        let trace = match exact {
            Some(exact) => exact,
            None => self.trace("H", survey, &h, &explored.into_known())?,
        };
        let least = found.smallest.first();
        let portrait = HessianPortrait {
            leading: Leading::of(&found, ["H", "hessian"], absent),
            lambda_h_min: least.map(|pair| pair.value),
            lambda_h_min_error_bound: least.map(|pair| pair.error_bound),
            smallest: least.map(|_| Values::of(&found.smallest)),
            trace: TracePortrait::of(trace),
        };
        Ok((portrait, found))
    }

    fn gauss_newton(
        &self,
        survey: &Survey,
        start: &[Vec<f64>],
        absent: &mut BTreeMap<String, String>,
    ) -> Result<GaussNewtonPortrait, PortraitError> {
        let g = GaussNewtonOp(survey.point);
        let explored = Explored::new(&g, MOST_DIRECTIONS);
        let found = self.leading(survey, "G", &explored, 0, start)?;
        let trace = self.trace("G", survey, &g, &explored.into_known())?;
        Ok(GaussNewtonPortrait {
            leading: Leading::of(&found, ["G", "gauss_newton"], absent),
            trace: TracePortrait::of(trace),
        })
    }

    /// Tr H without an estimate, where the network has a form for it.
    fn exact_trace(&self, h: &HessianOp, meter: &Meter) -> Option<Trace> {
        // A class costs about half of a product, and a bit of memory for each.
        let classes = h.0.classes();
        if classes > self.trace_probes || h.dim() <= self.trace_probes {
            return None;
        }
        meter.begin("trace of H", Parts::Whole);
        let value = h.0.hessian_trace()?;
        Some(Trace {
            value,
            standard_error: h.rounding(value),
            probes: classes,
            exact_directions: h.dim(),
            status: SolverStatus::Converged,
        })
    }

    /// An estimate of the trace of an operator, given vᵀAv on orthonormal vectors v.
    fn trace(
        &self,
        what: &str,
        survey: &Survey,
        operator: &impl LinearOperator,
        known: &[(f64, Vec<f64>)],
    ) -> Result<Trace, PortraitError> {
        let settings = TraceSettings {
            tolerance: self.trace_tolerance,
            most_probes: self.trace_probes,
        };
        let title = format!("trace of {what}");
        let meter = survey.meter;
        meter.begin(title, Parts::AtMost(self.trace_probes as u64));
        let mut rng = stream(self.seed, Purpose::Probes, 0);
        let operator = survey.stoppable(operator);
        let found = trace(&operator, known, settings, &mut rng, meter);
        match found.status {
            SolverStatus::NotFinite => Err(PortraitError::NotFinite(product_of(what))),
            _ => Ok(found),
        }
    }
}
