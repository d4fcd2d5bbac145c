//! What a portrait holds beyond eigenvalues and traces: distributions of
//! eigenvalues, and the loss along eigenvectors.

use std::collections::BTreeMap;

use breakeven_sim::meter::Parts;
use breakeven_sim::record::{LossLine, LossPlane, SpectralDensity};

use super::{DensitySettings, PortraitError, PortraitSettings, product_of};
use crate::known::keep;
use crate::operator::{
    EmpiricalFisherOp, GaussNewtonOp, GradientCovarianceOp, HessianOp, LinearOperator,
};
use crate::random::{Purpose, stream};
use crate::solver::{Eigenpairs, UNBOUNDED, diagonal, spectral_density};
use crate::survey::Survey;
use crate::weights::NamedTensor;

type Densities = BTreeMap<&'static str, SpectralDensity>;

impl PortraitSettings {
    /// By the names of the matrices' fields; of matrices that exist.
    pub(super) fn densities(
        &self,
        survey: &Survey,
        absent: &mut BTreeMap<String, String>,
    ) -> Result<Densities, PortraitError> {
        let point = survey.point;
        let mut all = Densities::new();
        let Some(asked) = self.density else {
            return Ok(all);
        };
        let h = self.density(survey, asked, "H", HessianOp(point))?;
        all.insert("hessian", h);
        if let Ok(k) = GradientCovarianceOp::of(point) {
            let density = self.density(survey, asked, "K", k)?;
            all.insert("covariance_per_example", density);
        }
        if self.gauss_newton {
            let density = self.density(survey, asked, "G", GaussNewtonOp(point))?;
            all.insert("gauss_newton", density);
        }
        if self.empirical_fisher
            && let Ok(f) = EmpiricalFisherOp::of(point)
        {
            let density = self.density(survey, asked, "F", f)?;
            all.insert("empirical_fisher", density);
        }
        for (matrix, density) in &all {
            if density.smallest_nonzero_upper_bound.is_none() {
                let field = format!("densities.{matrix}.smallest_nonzero_upper_bound");
                absent.insert(field, UNBOUNDED.to_owned());
            }
        }
        Ok(all)
    }

    fn density(
        &self,
        survey: &Survey,
        DensitySettings { probes, steps }: DensitySettings,
        what: &'static str,
        operator: impl LinearOperator,
    ) -> Result<SpectralDensity, PortraitError> {
        let most = probes * steps.min(operator.dim());
        let title = format!("spectral density of {what}");
        survey.meter.begin(title, Parts::AtMost(most as u64));
        let mut rng = stream(self.seed, Purpose::Probes, 0);
        let watched = survey.watched(operator);
        spectral_density(&watched, probes, steps, &mut rng)
            .ok_or(PortraitError::NotFinite(product_of(what)))
    }

    /// The diagonal of H, named as the parameters are.
    pub(super) fn diagonal(&self, survey: &Survey) -> Result<Vec<NamedTensor>, PortraitError> {
        let Some(probes) = self.diagonal_probes else {
            return Ok(Vec::new());
        };
        let h = survey.watched(HessianOp(survey.point));
        let most = probes.min(h.dim()) as u64;
        survey.meter.begin("diagonal of H", Parts::AtMost(most));
        let mut rng = stream(self.seed, Purpose::Probes, 0);
        let found = diagonal(&h, probes, &mut rng);
        let found = found.ok_or(PortraitError::NotFinite(product_of("H")))?;
        let layout = survey.point.network().model.parameters();
        let values = NamedTensor::of("hessian.diagonal", &found.values, layout);
        let name = "hessian.diagonal_standard_error";
        let errors = NamedTensor::of(name, &found.standard_errors, layout);
        Ok(values.into_iter().chain(errors).collect())
    }

    /// The loss along e_H¹, and in its plane with e_H².
    pub(super) fn landscape(
        &self,
        survey: &Survey,
        theta: &[f64],
        h: &Eigenpairs,
        absent: &mut BTreeMap<String, String>,
    ) -> (Option<LossLine>, Option<LossPlane>) {
        let near = survey.landscape(theta, self.batch_size);
        let line = (self.loss_line_points > 0).then(|| {
            let points = self.loss_line_points;
            let title = "loss along the top eigenvector";
            survey.meter.begin(title, Parts::Exactly(points as u64));
            near.line(h, points)
        });
        let plane = (self.loss_plane_points > 0).then(|| {
            let points = self.loss_plane_points;
            let title = "loss in the plane of two eigenvectors";
            survey
                .meter
                .begin(title, Parts::Exactly((points * points) as u64));
            near.plane(h, points)
        });
        (
            line.and_then(|line| keep(absent, "loss_line", line)),
            plane.and_then(|plane| keep(absent, "loss_plane", plane)),
        )
    }
}
