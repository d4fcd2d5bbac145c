//! How stable a step of SGD is at these weights.

use std::collections::BTreeMap;

use breakeven_sim::meter::Parts;
use breakeven_sim::record::BoundKind;
use breakeven_sim::stability;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::{BatchOrder, PortraitError, PortraitSettings};
use crate::examples::Examples;
use crate::known::{Known, keep};
use crate::operator::{HessianOp, Point, StepSecondMomentOp};
use crate::random::{Purpose, stream};
use crate::solver::{Eigenpairs, Lanczos};
use crate::survey::{Survey, curvature_variance};

/// Examples of a population that is much larger than the sample.
const POPULATION: usize = usize::MAX;

/// A step of plain SGD with learning rate η on mini-batches of S of the N examples
/// that are measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepPortrait {
    /// η.
    pub learning_rate: f64,
    /// S.
    pub batch_size: usize,
    /// The left side of Eq. 1, (1 − ηλ_H¹)² + s²η²(N−S)/(S(N−1)): stable along e_H¹
    /// up to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stability: Option<f64>,
    /// By how much that grows with one standard error of s², as that of the
    /// distribution from which the examples were drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stability_standard_error: Option<f64>,
    /// λ_max of E\[(I − ηH_B)²\] over the L mini-batches, which is above 1 where
    /// some direction is unstable. Large for few batches, which e_H¹ of each knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth: Option<f64>,
    /// Bound on the error of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth_error_bound: Option<f64>,
    /// What that bound says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth_error_bound_kind: Option<BoundKind>,
    /// η_c, at which a step along the gradient of all examples no longer lowers
    /// their loss, for the first time as far as a search upwards in factors of two
    /// sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critical_learning_rate: Option<f64>,
    /// 2/η_c, which of a quadratic loss is gᵀHg/‖g‖².
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critical_sharpness: Option<f64>,
    /// How far that may lie from where the search has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critical_sharpness_error_bound: Option<f64>,
}

impl PortraitSettings {
    /// Mini-batch j.
    pub(super) fn batch(&self, examples: &Examples, j: usize, rng: &mut ChaCha8Rng) -> Examples {
        match self.batch_order {
            BatchOrder::Sequential => examples.range(j * self.batch_size, self.batch_size),
            BatchOrder::Random => examples.sample(self.batch_size, rng),
        }
    }

    pub(super) fn step(
        &self,
        survey: &Survey,
        theta: &[f64],
        h: &Eigenpairs,
        curvatures: Option<&[f64]>,
        absent: &mut BTreeMap<String, String>,
    ) -> Result<Option<StepPortrait>, PortraitError> {
        let Some(learning_rate) = self.learning_rate else {
            return Ok(None);
        };
        let mut keep = |field: &str, found| keep(absent, &format!("step.{field}"), found);
        let stability = keep(
            "stability",
            self.left_side(survey.point, h, curvatures, learning_rate),
        );
        let critical = keep("critical_sharpness", self.critical(survey, theta));
        let growth = self.growth(survey, theta, learning_rate)?;
        let top = growth.pairs.first();
        Ok(Some(StepPortrait {
            learning_rate,
            batch_size: self.batch_size,
            stability: stability.map(|[left, _]| left),
            stability_standard_error: stability.map(|[_, error]| error),
            growth: top.map(|top| top.value),
            growth_error_bound: top.map(|top| top.error_bound),
            growth_error_bound_kind: top.map(|top| top.bound_kind),
            critical_learning_rate: critical.map(|[low, high]| (low + high) / 2.0),
            critical_sharpness: critical.map(|[low, high]| 4.0 / (low + high)),
            critical_sharpness_error_bound: critical
                .map(|[low, high]| 2.0 / low - 4.0 / (low + high)),
        }))
    }

    /// The left side of Eq. 1, and how much an error of s² adds; `curvatures` are
    /// those of single examples along e_H¹, where they have any.
    fn left_side(
        &self,
        point: &Point,
        h: &Eigenpairs,
        curvatures: Option<&[f64]>,
        eta: f64,
    ) -> Known<[f64; 2]> {
        let e = h.top_vector("H")?;
        let size = self.batch_size;
        let (s2, error) = curvature_variance(point, e, curvatures, size, POPULATION)?;
        let error = error.ok_or("one example or batch has no variance to be told from")?;
        let left = |s2| stability(eta, h.pairs[0].value, s2, point.examples().len(), size);
        Ok([left(s2), left(s2 + error) - left(s2)])
    }

    /// Between which two learning rates a step along −g ceases to lower the loss.
    fn critical(&self, survey: &Survey, theta: &[f64]) -> Known<[f64; 2]> {
        let point = survey.point;
        survey.meter.begin("loss along the gradient", Parts::Whole);
        let g = point.gradient();
        let squared = point.squared_gradient_norm();
        if squared.sqrt() <= point.rounding(squared.sqrt()) || squared == 0.0 {
            return Err("the gradient is zero up to rounding".to_owned());
        }
        let near = survey.landscape(theta, self.batch_size);
        near.critical(g, point.quadratic(g) / squared)
    }

    fn growth(
        &self,
        survey: &Survey,
        theta: &[f64],
        learning_rate: f64,
    ) -> Result<Eigenpairs, PortraitError> {
        let point = survey.point;
        let network = point.network();
        let mut rng = stream(self.seed, Purpose::MeasurementBatches, 0);
        let drawn: Vec<Examples> = (0..self.batches)
            .map(|j| self.batch(point.examples(), j, &mut rng))
            .collect();
        let settings = self.point(network.compute).for_parameters(theta.len());
        let settings = settings.one_of(self.batches);
        let points: Vec<Point> = drawn
            .iter()
            .map(|batch| Point::new(*network, theta, batch, settings))
            .collect();
        let operator = StepSecondMomentOp {
            batches: points.iter().map(HessianOp).collect(),
            learning_rate,
        };
        let solver = Lanczos::new(1, self.tolerance);
        let found = survey.leading("E[(I − ηH_B)²]", &operator, &solver, &[]);
        match found.pairs.is_empty() {
            true => Err(PortraitError::NotFinite("a product of a mini-batch's H")),
            false => Ok(found),
        }
    }
}
