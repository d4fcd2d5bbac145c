//! How much the choice of examples matters: the same on two halves of them.

use std::collections::BTreeMap;

use breakeven_sim::record::HessianHalf;

use super::PortraitSettings;
use crate::known::{Known, keep};
use crate::operator::{GradientCovarianceOp, Point};
use crate::solver::Eigenpairs;
use crate::survey::{Survey, middle};

/// The difference of two halves, relative to their mean, above which they are too
/// few examples for two digits.
const APART: f64 = 0.1;

impl PortraitSettings {
    /// Both halves of the examples; `h` and `k` are what all of them have.
    pub(super) fn halves(
        &self,
        survey: &Survey,
        theta: &[f64],
        h: &Eigenpairs,
        k: Option<&Eigenpairs>,
        absent: &mut BTreeMap<String, String>,
    ) -> Option<[HessianHalf; 2]> {
        if !self.halves {
            return None;
        }
        let halves = middle(survey.point, self.batch_size).and_then(|middle| {
            let rest = survey.point.examples().len() - middle;
            let first = self.half(survey, theta, (h, k), (0, middle))?;
            Ok([first, self.half(survey, theta, (h, k), (middle, rest))?])
        });
        keep(absent, "halves", halves)
    }

    fn half(
        &self,
        survey: &Survey,
        theta: &[f64],
        (h, k): (&Eigenpairs, Option<&Eigenpairs>),
        (first, count): (usize, usize),
    ) -> Known<HessianHalf> {
        let network = survey.point.network();
        let examples = survey.point.examples().range(first, count);
        let settings = self.point(network.compute).for_parameters(theta.len());
        let point = Point::new(*network, theta, &examples, settings);
        let half = Survey {
            point: &point,
            ..*survey
        };
        let of_h = half.hessian_half(self.tolerance, &h.start)?;
        let (Ok(of_k), Some(k)) = (GradientCovarianceOp::of(&point), k) else {
            return Ok(of_h);
        };
        let found = half.of_half("K", &of_k, self.tolerance, &k.start);
        let top = found.pairs.first();
        Ok(HessianHalf {
            lambda_k_per_example: top.map(|top| top.value),
            lambda_k_per_example_error_bound: top.map(|top| top.error_bound),
            lambda_k_per_example_error_bound_kind: top.map(|top| top.bound_kind),
            trace_k_per_example: Some(of_k.trace()),
            trace_k_per_example_error_bound: Some(of_k.trace_error()),
            ..of_h
        })
    }
}

/// What is to be said where two halves are far apart.
pub(super) fn warning(halves: &[HessianHalf; 2]) -> Option<String> {
    let of = |name: &str, value: fn(&HessianHalf) -> Option<f64>| {
        let [a, b] = [value(&halves[0])?, value(&halves[1])?];
        let mean = (a + b) / 2.0;
        let apart = ((a - b) / mean).abs();
        (apart > APART).then(|| format!("{name} by {:.0} %", 100.0 * apart))
    };
    let far = [
        of("λ_H", |half| Some(half.lambda_h)),
        of("λ_K", |half| half.lambda_k_per_example),
        of("Tr K", |half| half.trace_k_per_example),
    ];
    let far: Vec<String> = far.into_iter().flatten().collect();
    (!far.is_empty()).then(|| {
        format!(
            "two halves of the examples differ in {}: measure on more of them for that to be \
             less",
            far.join(", in ")
        )
    })
}
