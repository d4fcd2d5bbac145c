//! What is measured along the top eigenvector of H.

use breakeven_sim::momentum;
use breakeven_sim::record::{LossLine, Record};

use super::{Measurement, finite, leave_out};
use crate::known::{Known, keep};
use crate::landscape::Landscape;
use crate::operator::Point;
use crate::solver::Eigenpairs;
use crate::survey::curvature_variance;

impl Measurement<'_> {
    /// λ_H¹ and what is measured along its eigenvector, Eq. 1 among it.
    pub(super) fn along_top(&self, point: &Point, found: &Eigenpairs, record: &mut Record) {
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
        let each = point.curvatures(e).ok();
        let (size, all) = (self.batch_size, self.train.len());
        match curvature_variance(point, e, each.as_deref(), size, all) {
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
    pub(super) fn loss_line(
        &self,
        theta: &[f64],
        h: &Eigenpairs,
        record: &Record,
    ) -> Known<LossLine> {
        let layout = self.network.model.parameters();
        let loss_at = |moved: &[f64]| self.score(&layout.split(moved, self.network.compute)).loss;
        let near = Landscape {
            theta,
            loss: record.loss.unwrap_or(f64::NAN),
            loss_at,
        };
        near.line(h, self.config.loss_line_points)
    }

    /// The left side of Eq. 1; with momentum, the growth of E\[ψ²\] that takes
    /// its place.
    fn stability(&self, lambda: f64, s2: f64) -> f64 {
        let (eta, examples) = (self.learning_rate, self.train.len());
        momentum::growth(eta, self.momentum, lambda, s2, examples, self.batch_size)
    }
}
