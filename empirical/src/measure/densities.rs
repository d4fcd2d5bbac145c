//! Spectral densities of the matrices beside H.

use breakeven_sim::record::{Record, SpectralDensity};

use super::Measurement;
use crate::config::DensityMatrix;
use crate::known::{Known, keep};
use crate::operator::{EmpiricalFisherOp, GaussNewtonOp, GradientCovarianceOp, LinearOperator};
use crate::random::{Purpose, stream};
use crate::solver::{UNBOUNDED, spectral_density};
use crate::survey::Survey;

impl Measurement<'_> {
    /// Those of K, G and F that are asked for, each by the same random vectors.
    pub(super) fn densities(&self, survey: &Survey, record: &mut Record) {
        let point = survey.point;
        if self.config.has_density(DensityMatrix::K) {
            let found = self.density(survey, GradientCovarianceOp::of(point));
            record.density_k_per_example = keep_density(record, "density_k_per_example", found);
        }
        if self.config.has_density(DensityMatrix::G) {
            let found = self.density(survey, Ok(GaussNewtonOp(point)));
            record.density_g = keep_density(record, "density_g", found);
        }
        if self.config.has_density(DensityMatrix::F) {
            let found = self.density(survey, EmpiricalFisherOp::of(point));
            record.density_f = keep_density(record, "density_f", found);
        }
    }

    fn density(
        &self,
        survey: &Survey,
        operator: Known<impl LinearOperator>,
    ) -> Known<SpectralDensity> {
        let (probes, steps) = (self.config.density_probes, self.config.density_steps);
        let mut rng = stream(self.seed, Purpose::Probes, survey.step);
        spectral_density(&survey.watched(operator?), probes, steps, &mut rng)
            .ok_or_else(|| "a product is not finite".to_owned())
    }
}

/// The density of `field`, or why there is none, or what of it there is not.
pub(super) fn keep_density(
    record: &mut Record,
    field: &str,
    found: Known<SpectralDensity>,
) -> Option<Box<SpectralDensity>> {
    let density = keep(&mut record.absent, field, found)?;
    if density.smallest_nonzero_upper_bound.is_none() {
        let field = format!("{field}.smallest_nonzero_upper_bound");
        record.absent.insert(field, UNBOUNDED.to_owned());
    }
    Some(Box::new(density))
}
