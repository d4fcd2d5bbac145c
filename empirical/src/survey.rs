//! What records of training and portraits of checkpoints both do at one θ.

use std::sync::atomic::{AtomicBool, Ordering};

use breakeven_sim::meter::{Meter, Parts};
use breakeven_sim::record::HessianHalf;

use rand_chacha::ChaCha8Rng;

use crate::compute::DeviceKind;
use crate::examples::Examples;
use crate::known::Known;
use crate::landscape::Landscape;
use crate::moments::{Moments, normal_variance_error, variance_error};
use crate::operator::{BatchSharpness, HessianOp, LinearOperator, MiniBatchGradients, Point};
use crate::random::{Purpose, stream};
use crate::solver::{Eigenpairs, Lanczos, NotDeterministic, check_determinism};

/// Difference between two products with one vector that is let pass, relative
/// to their length: sums in f32 in another order.
const REPEATABLE: f64 = 1e-5;

/// Examples whose gradients are held at once: the Gram matrix of more takes
/// longer than some thirty products with K.
const MOST_GRADIENTS: usize = 256;

/// Numbers of all these gradients: half a gigabyte in 32 bits, and for a moment
/// twice that.
const MOST_GRADIENT_NUMBERS: usize = 1 << 27;

/// A network at one θ, with the random numbers and the watchers of what is
/// computed there.
pub(crate) struct Survey<'a> {
    /// The network at θ, on the examples that H is taken over.
    pub(crate) point: &'a Point<'a>,
    /// Of starts, probes and mini-batches.
    pub(crate) seed: u64,
    /// The step of the training that θ is of, or 0.
    pub(crate) step: u64,
    /// Where products and batches are counted.
    pub(crate) meter: &'a Meter,
    /// Raised where the rest is to be abandoned.
    pub(crate) stop: &'a AtomicBool,
}

impl Survey<'_> {
    /// Whether the rest is abandoned.
    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Refuses a device on which two products with one vector differ; on the
    /// CPU every sum has one order.
    pub(crate) fn check_repeats(&self) -> Result<(), NotDeterministic> {
        if self.point.network().compute.kind() == DeviceKind::Flex {
            return Ok(());
        }
        let what = "whether products repeat";
        self.meter.begin(what, Parts::Exactly(2));
        let h = self.watched(HessianOp(self.point));
        let repeated = check_determinism(&h, self.point.gradient(), REPEATABLE);
        // Products of an abandoned survey are NaN.
        repeated.or_else(|error| if self.stopped() { Ok(()) } else { Err(error) })
    }

    /// The leading eigenpairs of `what`.
    pub(crate) fn leading(
        &self,
        what: &str,
        operator: &impl LinearOperator,
        solver: &Lanczos,
        start: &[Vec<f64>],
    ) -> Eigenpairs {
        let most = solver.max_products.min(operator.dim());
        let title = format!("eigenvalues of {what}");
        self.meter.begin(title, Parts::AtMost(most as u64));
        let mut rng = stream(self.seed, Purpose::Start, self.step);
        solver.solve(&self.watched(operator), start, &mut rng)
    }

    /// The largest eigenvalue of a matrix of half of the examples, from the
    /// eigenvectors of all of them.
    pub(crate) fn of_half(
        &self,
        what: &str,
        operator: &impl LinearOperator,
        tolerance: f64,
        start: &[Vec<f64>],
    ) -> Eigenpairs {
        let lanczos = Lanczos {
            fresh_directions: false,
            ..Lanczos::new(1, tolerance)
        };
        let title = format!("{what} of half of the examples");
        self.leading(&title, operator, &lanczos, start)
    }

    /// What H has where the point's examples are half of those that were searched,
    /// whose eigenvectors say where to look.
    pub(crate) fn hessian_half(&self, tolerance: f64, start: &[Vec<f64>]) -> Known<HessianHalf> {
        let found = self.of_half("H", &HessianOp(self.point), tolerance, start);
        let top = found.pairs.first();
        let top = top.filter(|top| top.value.is_finite() && top.error_bound.is_finite());
        let top = top.ok_or("H of a half has no finite eigenvalue")?;
        Ok(HessianHalf {
            examples: self.point.examples().len(),
            lambda_h: top.value,
            lambda_h_error_bound: top.error_bound,
            lambda_h_error_bound_kind: top.bound_kind,
            lambda_k_per_example: None,
            lambda_k_per_example_error_bound: None,
            lambda_k_per_example_error_bound_kind: None,
            trace_k_per_example: None,
            trace_k_per_example_error_bound: None,
        })
    }

    /// The loss near θ, the point's, in batches of `batch_size` where examples depend on
    /// their batch; NaN once the survey is abandoned.
    pub(crate) fn landscape<'s>(
        &'s self,
        theta: &'s [f64],
        batch_size: usize,
    ) -> Landscape<'s, impl Fn(&[f64]) -> f64 + 's> {
        let (network, examples) = (self.point.network(), self.point.examples());
        let loss_at = move |moved: &[f64]| {
            if self.stopped() {
                return f64::NAN;
            }
            self.meter.advance(1);
            let parameters = network.model.parameters().split(moved, network.compute);
            network.score(&parameters, examples, batch_size).loss
        };
        Landscape {
            theta,
            loss: self.point.score().loss,
            loss_at,
        }
    }

    /// The gradients of all examples, where they are few enough for their Gram
    /// matrix to cost less than products with K.
    pub(crate) fn example_gradients(&self) -> Option<MiniBatchGradients> {
        let (point, examples) = (self.point, self.point.examples());
        let count = examples.len();
        if count > MOST_GRADIENTS || count * point.dim() > MOST_GRADIENT_NUMBERS {
            return None;
        }
        let each = |example| examples.range(example, 1);
        let what = "gradients of examples";
        Some(self.gradients(what, count, each, BatchSharpness::Skipped))
    }

    /// The gradients of `count` mini-batches that `draw` draws; of an
    /// abandoned survey the first alone.
    pub(crate) fn mini_batches(
        &self,
        count: usize,
        draw: impl Fn(usize, &mut ChaCha8Rng) -> Examples + Sync,
        sharpness: BatchSharpness,
    ) -> MiniBatchGradients {
        let mut rng = stream(self.seed, Purpose::MeasurementBatches, self.step);
        let drawn = |j| draw(j, &mut rng);
        self.gradients("mini-batch gradients", count, drawn, sharpness)
    }

    fn gradients(
        &self,
        what: &str,
        count: usize,
        mut batch: impl FnMut(usize) -> Examples + Send,
        sharpness: BatchSharpness,
    ) -> MiniBatchGradients {
        self.meter.begin(what, Parts::Exactly(count as u64));
        let batches = (0..count)
            .take_while(|&j| j == 0 || !self.stopped())
            .map(|j| {
                self.meter.advance(u64::from(j > 0));
                batch(j)
            });
        MiniBatchGradients::new(
            self.point.network(),
            self.point.parameters(),
            batches,
            sharpness,
        )
    }

    /// The operator with its products counted; once the survey is abandoned
    /// they cost nothing and are NaN, which ends every solver.
    pub(crate) fn watched<A: LinearOperator>(&self, operator: A) -> Watched<'_, A> {
        Watched {
            operator,
            meter: Some(self.meter),
            stop: self.stop,
        }
    }

    /// The same for a solver that counts by itself.
    pub(crate) fn stoppable<A: LinearOperator>(&self, operator: A) -> Watched<'_, A> {
        Watched {
            meter: None,
            ..self.watched(operator)
        }
    }
}

/// How many examples the first half of a point's has: half of them or, where examples
/// of a batch depend on each other, half of the whole batches of `size`.
pub(crate) fn middle(point: &Point, size: usize) -> Known<usize> {
    let unit = match point.network().couples_examples() {
        true => size,
        false => 1,
    };
    let count = point.examples().len();
    match count / unit / 2 * unit {
        0 => Err(format!(
            "no two halves of at least {unit} of {count}: measure H on more examples"
        )),
        middle => Ok(middle),
    }
}

/// s² along the unit vector `e` and its standard error as that of the `all` examples
/// of which a point has some: the variance of the examples' curvatures `each`, or where
/// they have none, the one that the curvatures of whole batches of S = `size` follow from.
/// Disjoint batches of a set of N have means whose variance, over their number less
/// one, is s² N/(S(N−1)) on average.
pub(crate) fn curvature_variance(
    point: &Point,
    e: &[f64],
    each: Option<&[f64]>,
    size: usize,
    all: usize,
) -> Known<(f64, Option<f64>)> {
    if let Some(each) = each {
        let error = variance_error(each, all);
        return Ok((Moments::of(each).variance, error));
    }
    let batches = point.batch_curvatures(e, size);
    if batches.len() < 2 {
        return Err(format!(
            "the examples that H is measured on hold {} whole batch of {size}: measure it on more",
            batches.len()
        ));
    }
    let count = batches.len() as f64;
    let between = Moments::of(&batches).variance * count / (count - 1.0);
    let variance = between * size as f64 * (all as f64 - 1.0) / all as f64;
    let count = batches.len();
    let error = normal_variance_error(variance, count, count * size, all);
    Ok((variance, error))
}

/// See [`Survey::watched`].
pub(crate) struct Watched<'a, A> {
    operator: A,
    meter: Option<&'a Meter>,
    stop: &'a AtomicBool,
}

impl<A> Watched<'_, A> {
    fn is_abandoned(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn count(&self) {
        if let Some(meter) = self.meter {
            meter.advance(1);
        }
    }
}

impl<A: LinearOperator> LinearOperator for Watched<'_, A> {
    fn dim(&self) -> usize {
        self.operator.dim()
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        if self.is_abandoned() {
            return vec![f64::NAN; self.dim()];
        }
        let product = self.operator.apply(v);
        self.count();
        product
    }

    fn quadratic(&self, v: &[f64]) -> f64 {
        if self.is_abandoned() {
            return f64::NAN;
        }
        let form = self.operator.quadratic(v);
        self.count();
        form
    }

    fn rounding(&self, scale: f64) -> f64 {
        self.operator.rounding(scale)
    }
}
