//! The same quantities on two halves of what they are measured on.

use breakeven_sim::record::{CovarianceHalf, HessianHalf, Record};

use super::{Measurement, WarmStart, finite};
use crate::known::{Known, keep};
use crate::operator::GramSpectrum;
use crate::survey::{Survey, middle};

/// Both halves of the mini-batches.
pub(super) fn of_covariance(halves: [GramSpectrum; 2]) -> Box<[CovarianceHalf; 2]> {
    Box::new(halves.map(|half| {
        let (largest, trace) = (half.largest(), half.trace());
        CovarianceHalf {
            lambda_k: largest,
            lambda_k_error_bound: half.error(largest),
            condition_k: half.ratio().ok().and_then(finite),
            condition_k_error_bound: half.ratio_error().ok().and_then(finite),
            trace_k: trace,
            trace_k_error_bound: half.error(trace),
        }
    }))
}

impl Measurement<'_> {
    /// Both halves of the subset. `warm` is what all of it had.
    pub(super) fn hessian_halves(
        &self,
        survey: &Survey,
        theta: &[f64],
        warm: &WarmStart,
        record: &mut Record,
    ) {
        let halves = middle(survey.point, self.batch_size).and_then(|middle| {
            let rest = self.subset.len() - middle;
            let first = self.hessian_half(survey, theta, warm, 0, middle)?;
            let second = self.hessian_half(survey, theta, warm, middle, rest)?;
            Ok(Box::new([first, second]))
        });
        record.hessian_halves = keep(&mut record.absent, "hessian_halves", halves);
    }

    fn hessian_half(
        &self,
        survey: &Survey,
        theta: &[f64],
        warm: &WarmStart,
        first: usize,
        count: usize,
    ) -> Known<HessianHalf> {
        let examples = self.subset.range(first, count);
        let point = self.point(theta, &examples);
        let half = Survey {
            point: &point,
            ..*survey
        };
        let of_h = half.hessian_half(self.config.eigenvalue_tolerance, &warm.hessian)?;
        let mut of_half = Record::default();
        self.per_example_covariance(&half, &mut warm.clone(), &mut of_half);
        Ok(HessianHalf {
            lambda_k_per_example: of_half.lambda_k_per_example,
            lambda_k_per_example_error_bound: of_half.lambda_k_per_example_error_bound,
            lambda_k_per_example_error_bound_kind: of_half.lambda_k_per_example_error_bound_kind,
            trace_k_per_example: of_half.trace_k_per_example,
            trace_k_per_example_error_bound: of_half.trace_k_per_example_error_bound,
            ..of_h
        })
    }
}
