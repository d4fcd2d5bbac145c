//! What a portrait says of matrices that are made of gradients.

use std::collections::BTreeMap;

use breakeven_sim::meter::Parts;

use super::{
    CovariancePortrait, Leading, MiniBatchPortrait, PortraitError, PortraitSettings, check_stop,
};
use crate::examples::Examples;
use crate::known::{Known, keep};
use crate::moments::Estimate;
use crate::operator::{BatchSharpness, EmpiricalFisherOp, GradientCovarianceOp, Point};
use crate::solver::{Eigenpairs, Lanczos};
use crate::survey::Survey;

/// Tr K/‖g‖², and how far rounding may have moved it.
pub(super) fn noise_scale(point: &Point, k: &CovariancePortrait) -> Known<(f64, f64)> {
    let squared = point.squared_gradient_norm();
    // g is a mean of gradients that are as long as √(Tr K + ‖g‖²).
    let moved = point.rounding((k.trace + squared).sqrt());
    if squared.sqrt() <= moved {
        return Err("the gradient is zero up to rounding".to_owned());
    }
    let scale = k.trace / squared;
    let error = k.trace_error_bound / squared + scale * 2.0 * moved / squared.sqrt();
    Ok((scale, error))
}

impl PortraitSettings {
    pub(super) fn empirical_fisher(
        &self,
        survey: &Survey,
        start: &[Vec<f64>],
        absent: &mut BTreeMap<String, String>,
    ) -> Result<Option<CovariancePortrait>, PortraitError> {
        let fisher = EmpiricalFisherOp::of(survey.point);
        let Some(fisher) = keep(absent, "empirical_fisher", fisher) else {
            return Ok(None);
        };
        let found = self.leading(survey, "F", &fisher, 0, start)?;
        Ok(Some(CovariancePortrait {
            leading: Leading::of(&found, ["F", "empirical_fisher"], absent),
            trace: fisher.trace(),
            trace_error_bound: fisher.trace_error(),
        }))
    }

    pub(super) fn covariance(
        &self,
        survey: &Survey,
        k: &GradientCovarianceOp,
        absent: &mut BTreeMap<String, String>,
    ) -> Result<(CovariancePortrait, Eigenpairs), PortraitError> {
        let found = match self.through_gradients(survey, k)? {
            Some(found) => found,
            None => self.leading(survey, "K", k, 0, &[])?,
        };
        survey.meter.begin("trace of K", Parts::Whole);
        let portrait = CovariancePortrait {
            leading: Leading::of(&found, ["K", "covariance_per_example"], absent),
            trace: k.trace(),
            trace_error_bound: k.trace_error(),
        };
        Ok((portrait, found))
    }

    /// K's leading eigenpairs from the Gram matrix of all gradients; absent
    /// where these are too many, or a search through products is to tell more.
    fn through_gradients(
        &self,
        survey: &Survey,
        k: &GradientCovarianceOp,
    ) -> Result<Option<Eigenpairs>, PortraitError> {
        let Some(gradients) = survey.example_gradients() else {
            return Ok(None);
        };
        check_stop(survey)?;
        let missing = || PortraitError::NotFinite("the gradient of an example");
        let known = gradients.covariance().ok_or_else(missing)?;
        let solver = Lanczos::new(self.top, self.tolerance);
        survey
            .meter
            .begin("eigenvalues of K", Parts::AtMost(self.top as u64));
        Ok(solver.polish(&survey.watched(k), &known))
    }

    pub(super) fn mini_batch(
        &self,
        survey: &Survey,
        examples: &Examples,
        absent: &mut BTreeMap<String, String>,
    ) -> Result<(MiniBatchPortrait, [Known<Estimate>; 2]), PortraitError> {
        let draw = |j: usize, rng: &mut _| self.batch(examples, j, rng);
        let gradients = survey.mini_batches(self.batches, draw, BatchSharpness::Measured);
        check_stop(survey)?;
        let missing = || PortraitError::NotFinite("a mini-batch gradient");
        let covariance = gradients.covariance().ok_or_else(missing)?;
        let spectrum = covariance.spectrum();
        let eigenvalues = spectrum.eigenvalues().to_vec();
        let outliers = spectrum.outliers();
        let outliers = keep(absent, "covariance_mini_batch.outliers", outliers);
        let mut keep = |field: &str, found| {
            let field = format!("covariance_mini_batch.{field}");
            keep(absent, &field, found)
        };
        let portrait = MiniBatchPortrait {
            batches: self.batches,
            batch_size: self.batch_size,
            error_bounds: eigenvalues.iter().map(|&x| spectrum.error(x)).collect(),
            eigenvalues,
            outliers,
            rank: spectrum.rank(),
            smallest_nonzero: keep("smallest_nonzero", spectrum.smallest_nonzero()),
            ratio: keep("ratio", spectrum.ratio()),
            ratio_error_bound: spectrum.ratio_error().ok(),
            trace: spectrum.trace(),
            trace_error_bound: spectrum.error(spectrum.trace()),
        };
        let sharpness = [
            gradients.batch_sharpness().ok_or_else(missing)?,
            gradients
                .batch_sharpness_ratio_of_means()
                .ok_or_else(missing)?,
        ];
        Ok((portrait, sharpness))
    }
}
