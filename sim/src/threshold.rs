//! The stable curvatures and the break-even point.
//!
//! For λ > 0, Eq. 1 divided by ηλ reads `λ + p·s²/λ ≤ 2/η`. The set of stable
//! λ is an interval for each kind of noise, and its upper end is the
//! break-even point: where a curvature that grows from a stable start first
//! loses stability.

use crate::double_double::DoubleDouble;
use crate::noise::NoiseTerm;
use crate::power_equation::{Solutions, solve};
use crate::sampling::Sampling;

/// The curvatures λ > 0 that satisfy Eq. 1.
///
/// For s² = 3, single examples and η = ½, λ + 3/λ ≤ 4 holds from 1 to 3:
///
/// ```
/// use breakeven_sim::{Model, Noise, Sampling, StableSet};
///
/// # fn main() -> Result<(), breakeven_sim::parameter::ParameterError> {
/// let noise = Noise::FixedVariance { variance: 3.0, psi: None };
/// let set = Model::new(0.5, Sampling::new(1, 1000)?, noise)?.stable_set();
/// assert_eq!(set, StableSet::Between { low: 1.0, high: 3.0 });
/// assert_eq!(set.break_even(), Some(3.0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StableSet {
    /// 0 < λ ≤ high. The left side of Eq. 1 crosses 1 once, at `high`.
    UpTo {
        /// The break-even λ_H.
        high: f64,
    },
    /// low ≤ λ ≤ high with low > 0. It crosses twice: below `low` the noise
    /// outweighs the pull towards the minimum.
    Between {
        /// Where stability begins as λ rises; the smallest positive number
        /// where that is smaller.
        low: f64,
        /// Where it ends: the break-even λ_H.
        high: f64,
    },
    /// No positive λ is stable.
    Empty(Instability),
}

/// Why no positive λ is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Instability {
    /// The noise term alone breaks Eq. 1, whatever λ > 0 is.
    #[error("the noise alone breaks Eq. 1")]
    Noise,
    /// The weight decay takes all that Eq. 1 allows for λ + w.
    #[error("the weight decay is at least the largest stable lambda + w")]
    WeightDecay,
    /// The stable λ are smaller than an `f64` can hold.
    #[error("the stable lambda are smaller than the smallest positive number")]
    Underflow,
}

impl StableSet {
    /// The break-even λ_H, the upper end.
    pub fn break_even(&self) -> Option<f64> {
        self.interval().map(|[_, high]| high)
    }

    /// `[low, high]`; low is 0 where every smaller positive λ is stable.
    pub fn interval(&self) -> Option<[f64; 2]> {
        match *self {
            Self::UpTo { high } => Some([0.0, high]),
            Self::Between { low, high } => Some([low, high]),
            Self::Empty(_) => None,
        }
    }

    /// How often the left side of Eq. 1 crosses 1 on λ > 0. One crossing
    /// means that the break-even point is the only one.
    pub fn crossings(&self) -> usize {
        match self {
            Self::UpTo { .. } => 1,
            Self::Between { .. } => 2,
            Self::Empty(_) => 0,
        }
    }

    /// Why the set is empty.
    pub fn reason(&self) -> Option<Instability> {
        match *self {
            Self::Empty(reason) => Some(reason),
            _ => None,
        }
    }
}

/// Solves `λ + p·(s²/λ)(λ) ≤ 2/η` for λ > 0.
pub(crate) fn stable_set(eta: f64, sampling: Sampling, term: NoiseTerm) -> StableSet {
    if sampling.is_full_batch() || term.scale.value() == 0.0 {
        return StableSet::UpTo { high: 2.0 / eta };
    }
    if term.exponent == 0.0 {
        linear(eta, sampling, term.scale)
    } else if term.exponent == -1.0 {
        quadratic(eta, sampling, term.scale * term.lambda0.into())
    } else {
        power(eta, sampling, term)
    }
}

/// λ + pc ≤ 2/η.
fn linear(eta: f64, sampling: Sampling, c: DoubleDouble) -> StableSet {
    let (eta, pairs) = (DoubleDouble::from(eta), sampling.pairs());
    let rest = DoubleDouble::from(2.0) * pairs - eta * (c * sampling.left_out());
    let high = (rest / (eta * pairs)).value();
    if high > 0.0 {
        StableSet::UpTo { high }
    } else {
        StableSet::Empty(Instability::Noise)
    }
}

/// λ + pc/λ ≤ 2/η: the roots (1 ± √(1 − η²pc))/η, the smaller one without
/// subtracting.
fn quadratic(eta: f64, sampling: Sampling, c: DoubleDouble) -> StableSet {
    let (noise, pairs) = (c * sampling.left_out(), sampling.pairs());
    let discriminant = (pairs - DoubleDouble::product(eta, eta) * noise) / pairs;
    if discriminant.value() < 0.0 {
        return StableSet::Empty(Instability::Noise);
    }
    let sum = DoubleDouble::ONE + discriminant.sqrt();
    let low = (noise * eta.into() / (pairs * sum)).value();
    StableSet::Between {
        low,
        high: (sum / eta.into()).value(),
    }
}

/// λ + pc(λ/λ₀)^q ≤ 2/η, by x + r·x^q ≤ 1 with x = ηλ/2.
fn power(eta: f64, sampling: Sampling, term: NoiseTerm) -> StableSet {
    let unit = DoubleDouble::from(2.0) / eta.into();
    let noise = term.scale * sampling.left_out() / sampling.pairs();
    let ln_r = (noise / unit).ln() + term.exponent * (unit / term.lambda0.into()).ln();
    let lambda = |z: f64| unit.value() * z.exp();
    let smallest = f64::from_bits(1);
    match solve(ln_r, term.exponent) {
        Solutions::None => StableSet::Empty(Instability::Noise),
        Solutions::One(z) if lambda(z) > 0.0 => StableSet::UpTo { high: lambda(z) },
        Solutions::One(_) => StableSet::Empty(Instability::Underflow),
        Solutions::Two(low, high) => StableSet::Between {
            low: lambda(low).max(smallest),
            high: lambda(high),
        },
    }
}

#[cfg(test)]
mod tests {
    use crate::{Model, Noise, Sampling, StableSet};

    #[test]
    fn a_lower_end_too_small_for_a_number_is_the_smallest_one() {
        let noise = Noise::DistanceLaw {
            alpha: 728_483.73,
            psi0: 50.43,
            lambda0: 373_635.4,
            exponent: -4.1e-5,
        };
        let sampling = Sampling::new(33, 50_000).unwrap();
        let set = Model::new(0.002_048_705_9, sampling, noise)
            .unwrap()
            .stable_set();
        let StableSet::Between { low, high } = set else {
            panic!("{set:?}")
        };
        assert!(low == f64::from_bits(1) && high > 900.0, "{set:?}");
        assert_eq!(set.crossings(), 2);
    }
}
