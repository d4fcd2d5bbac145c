//! Estimates of a trace: Hutchinson's, and Hutch++ with a stop.

use breakeven_sim::meter::{Meter, Parts};
use breakeven_sim::record::SolverStatus;
use rand_chacha::ChaCha8Rng;

use super::{dot, most_vectors, norm, rademacher, take_out};
use crate::operator::LinearOperator;

/// Random vectors from which a standard error is believed: it is then itself
/// good to a quarter (1/√(2 · 9)).
pub const LEAST_PROBES: usize = 10;

/// A trace with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TraceEstimate {
    /// Mean of zᵀAz over the probes.
    pub trace: f64,
    /// Standard error of that mean; absent for a single probe.
    pub standard_error: Option<f64>,
}

/// Estimates Tr A as the mean of zᵀAz over `probes` vectors z of random
/// signs (Hutchinson, 1990): unbiased, one product a probe.
///
/// ```
/// use breakeven_empirical::random::{Purpose, stream};
/// use breakeven_empirical::solver::hutchinson;
/// use nalgebra::{DMatrix, dvector};
///
/// // Squares of signs are 1: of a diagonal matrix every probe has the trace.
/// let diagonal = DMatrix::from_diagonal(&dvector![1.0, 2.0, 3.0]);
/// let found = hutchinson(&diagonal, 4, &mut stream(0, Purpose::Probes, 0));
/// assert_eq!((found.trace, found.standard_error), (6.0, Some(0.0)));
/// ```
///
/// # Panics
/// If `probes` is 0.
pub fn hutchinson(
    operator: &impl LinearOperator,
    probes: usize,
    rng: &mut ChaCha8Rng,
) -> TraceEstimate {
    assert!(probes > 0, "a trace needs a probe");
    let samples: Vec<f64> = (0..probes)
        .map(|_| {
            let z = rademacher(operator.dim(), rng);
            dot(&z, &operator.apply(&z))
        })
        .collect();
    let samples = Samples(samples);
    TraceEstimate {
        trace: samples.mean(),
        standard_error: (probes > 1).then(|| samples.standard_error()),
    }
}

/// When [`trace`] stops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TraceSettings {
    /// At a standard error of so much of the trace's size.
    pub tolerance: f64,
    /// After so many products and probes together, in any case.
    pub most_probes: usize,
}

/// What [`trace`] found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trace {
    /// The estimate.
    pub value: f64,
    /// Its standard error; 0 where the trace is exact.
    pub standard_error: f64,
    /// Products and quadratic forms used.
    pub probes: usize,
    /// Directions that are taken exactly.
    pub exact_directions: usize,
    /// Whether the standard error met the tolerance.
    pub status: SolverStatus,
}

/// Estimates Tr A by Hutch++ (Meyer, Musco, Musco & Woodruff, 2021).
///
/// `known` are orthonormal vectors v, with vᵀAv each: the columns of V. With
/// P = I − VVᵀ, Tr A = Σ vᵀAv + Tr PAP. The first sum is exact whether or not
/// the v are eigenvectors; if they are nearly so, and lead, it holds the large
/// eigenvalues, and the rest varies little. Of the rest, wᵀAw with w = Pz, z of
/// random signs, is an unbiased estimate: V does not depend on z, so that
/// E wᵀAw = E zᵀPAPz = Tr(PAP E zzᵀ) = Tr PAP.
///
/// After [`LEAST_PROBES`] of those the number that the tolerance takes is
/// predicted. Where that is too many, a third of the products that are left
/// (if that is at least as many) goes into a sketch, as in Hutch++: V is
/// extended by a basis of PAPS for random signs S, a third into vᵀAv on it,
/// and the samples begin anew on what is left, with fresh z. The stop looks at the standard error alone, at every
/// probe from [`LEAST_PROBES`] on; a stop of that kind lets through a few more
/// estimates whose error looks small by chance than a fixed number of probes
/// does.
///
/// Where fewer than [`LEAST_PROBES`] are allowed, all are used, and no error
/// counts as small enough.
///
/// With as many known directions as dimensions, or no more dimensions than
/// `most_probes`, the trace is exact.
///
/// ```
/// use breakeven_empirical::random::{Purpose, stream};
/// use breakeven_empirical::solver::{TraceSettings, trace};
/// use nalgebra::{DMatrix, DVector};
/// use breakeven_sim::meter::Meter;
///
/// let hundred = DMatrix::from_diagonal(&DVector::from_fn(100, |k, _| (k + 1) as f64));
/// let settings = TraceSettings { tolerance: 0.01, most_probes: 50 };
/// let mut rng = stream(0, Purpose::Probes, 0);
/// // Every probe of a diagonal matrix has the trace, 100 · 101/2.
/// let found = trace(&hundred, &[], settings, &mut rng, &Meter::new());
/// assert!((found.value - 5050.0).abs() < 1e-9 && found.probes < 100);
/// ```
///
/// # Panics
/// If fewer than 2 probes are allowed where the trace is not exact.
pub fn trace(
    operator: &(impl LinearOperator + ?Sized),
    known: &[(f64, Vec<f64>)],
    settings: TraceSettings,
    rng: &mut ChaCha8Rng,
    meter: &Meter,
) -> Trace {
    let dim = operator.dim();
    if known.len() >= dim {
        let value = known.iter().map(|(value, _)| value).sum();
        return exact(value, 0, dim);
    }
    if dim <= settings.most_probes {
        return exact(diagonal_sum(operator), dim, dim);
    }
    assert!(settings.most_probes >= 2, "an error takes two probes");
    let mut estimate = Estimate::new(operator, known, settings, meter);
    estimate.sample(LEAST_PROBES, rng);
    if !estimate.within_reach() {
        estimate.sketch(rng);
    }
    estimate.sample(settings.most_probes, rng);
    estimate.conclude()
}

fn exact(value: f64, probes: usize, dim: usize) -> Trace {
    Trace {
        value,
        standard_error: 0.0,
        probes,
        exact_directions: dim,
        status: if value.is_finite() {
            SolverStatus::Converged
        } else {
            SolverStatus::NotFinite
        },
    }
}

/// Σ e_kᵀAe_k over the unit vectors.
fn diagonal_sum(operator: &(impl LinearOperator + ?Sized)) -> f64 {
    let mut unit = vec![0.0; operator.dim()];
    let mut sum = 0.0;
    for k in 0..unit.len() {
        unit[k] = 1.0;
        sum += operator.quadratic(&unit);
        unit[k] = 0.0;
    }
    sum
}

/// An estimate that is being made.
struct Estimate<'a, A: ?Sized> {
    operator: &'a A,
    settings: TraceSettings,
    meter: &'a Meter,
    known: &'a [(f64, Vec<f64>)],
    /// What the sketch has added to the known directions.
    sketched: Vec<Vec<f64>>,
    /// Σ vᵀAv over both.
    exact: f64,
    samples: Samples,
    used: usize,
}

impl<'a, A: LinearOperator + ?Sized> Estimate<'a, A> {
    fn new(
        operator: &'a A,
        known: &'a [(f64, Vec<f64>)],
        settings: TraceSettings,
        meter: &'a Meter,
    ) -> Self {
        Self {
            operator,
            settings,
            meter,
            known,
            sketched: Vec::new(),
            exact: known.iter().map(|(value, _)| value).sum(),
            samples: Samples(Vec::new()),
            used: 0,
        }
    }

    /// Takes samples until the error is small enough, there are `most` of them,
    /// or all probes are used.
    fn sample(&mut self, most: usize, rng: &mut ChaCha8Rng) {
        while self.used < self.settings.most_probes
            && self.samples.0.len() < most
            && !self.converged()
        {
            let w = self.project(rademacher(self.operator.dim(), rng));
            self.samples.0.push(self.operator.quadratic(&w));
            self.used += 1;
            self.meter.advance(1);
            if let Some(all) = self.predicted() {
                let spent = self.used - self.samples.0.len();
                let all = spent.saturating_add(all).min(self.settings.most_probes);
                self.meter.expect(Parts::About(all.max(self.used) as u64));
            }
        }
    }

    /// Extends the directions that are taken exactly by those that random
    /// vectors are mapped to, and begins the samples anew.
    fn sketch(&mut self, rng: &mut ChaCha8Rng) {
        let rest = self.settings.most_probes - self.used;
        let dim = self.operator.dim();
        let fit = most_vectors(dim).min(dim);
        let size = (rest / 3).min(fit.saturating_sub(self.known.len()));
        if size < LEAST_PROBES {
            return;
        }
        self.meter
            .expect(Parts::About(self.settings.most_probes as u64));
        let mut longest = 0.0_f64;
        for _ in 0..size {
            let w = self.project(rademacher(self.operator.dim(), rng));
            let image = self.operator.apply(&w);
            longest = longest.max(norm(&image));
            let direction = self.project(self.project(image));
            let left = norm(&direction);
            self.used += 1;
            self.meter.advance(1);
            // Once the range is exhausted, all that is left is rounding.
            if left > 1e-6 * longest {
                let direction: Vec<f64> = direction.iter().map(|x| x / left).collect();
                self.exact += self.operator.quadratic(&direction);
                self.used += 1;
                self.meter.advance(1);
                self.sketched.push(direction);
            }
        }
        self.samples.0.clear();
    }

    /// P v.
    fn project(&self, mut v: Vec<f64>) -> Vec<f64> {
        let known = self.known.iter().map(|(_, v)| v);
        let basis: Vec<&Vec<f64>> = known.chain(&self.sketched).collect();
        take_out(&basis, &mut v);
        v
    }

    fn value(&self) -> f64 {
        self.exact + self.samples.mean()
    }

    fn converged(&self) -> bool {
        let value = self.value();
        self.samples.0.len() >= LEAST_PROBES
            && (self.samples.standard_error() <= self.settings.tolerance * value.abs()
                || !value.is_finite())
    }

    /// Samples that the tolerance will have taken, by those so far.
    fn predicted(&self) -> Option<usize> {
        let many = self.samples.0.len();
        let ratio = self.samples.standard_error() / (self.settings.tolerance * self.value().abs());
        let all = many as f64 * ratio * ratio;
        // A float above all integers becomes the largest.
        (many >= LEAST_PROBES && !all.is_nan()).then_some((all.ceil() as usize).max(many))
    }

    /// Whether so many more samples may be taken as the tolerance takes.
    fn within_reach(&self) -> bool {
        let spent = self.used - self.samples.0.len();
        self.predicted()
            .is_none_or(|all| spent.saturating_add(all) <= self.settings.most_probes)
    }

    fn conclude(self) -> Trace {
        let value = self.value();
        let status = if !value.is_finite() {
            SolverStatus::NotFinite
        } else if self.converged() {
            SolverStatus::Converged
        } else {
            SolverStatus::OutOfProducts
        };
        Trace {
            value,
            standard_error: self.samples.standard_error(),
            probes: self.used,
            exact_directions: self.known.len() + self.sketched.len(),
            status,
        }
    }
}

/// Independent samples of one number.
struct Samples(Vec<f64>);

impl Samples {
    fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len() as f64
    }

    /// Of the mean, from at least two.
    fn standard_error(&self) -> f64 {
        let (mean, count) = (self.mean(), self.0.len() as f64);
        let squares: f64 = self.0.iter().map(|x| (x - mean).powi(2)).sum();
        (squares / (count - 1.0) / count).sqrt()
    }
}
