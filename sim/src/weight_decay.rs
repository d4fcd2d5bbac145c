//! Weight decay w on the model: every curvature becomes H_i + w. Beyond the
//! paper.
//!
//! Eq. 1 becomes (1 − η(λ+w))² + s²η²p ≤ 1: λ + w takes the place of λ, while
//! the noise stays that of the H_i.

use crate::model::Model;
use crate::noise::Noise;
use crate::parameter::{Parameter, ParameterError, not_negative};
use crate::threshold::{Instability, StableSet};

/// The λ > 0 that are stable with weight decay `w`. Absent for a distance law
/// (ψ₀, λ₀, k), which has no closed form here; for k = 0 give a fixed distance.
///
/// Without decay λ + 3/λ ≤ 4 from 1 to 3; with it, λ + w takes the place of λ:
///
/// ```
/// use breakeven_sim::weight_decay::stable_set_with_decay;
/// use breakeven_sim::{Model, Noise, Sampling, StableSet};
///
/// # fn main() -> Result<(), breakeven_sim::parameter::ParameterError> {
/// let noise = Noise::FixedVariance { variance: 3.0, psi: None };
/// let model = Model::new(0.5, Sampling::new(1, 1000)?, noise)?;
/// let set = stable_set_with_decay(&model, 0.25)?;
/// assert_eq!(set, Some(StableSet::Between { low: 0.75, high: 2.75 }));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Where w is negative or not a number.
pub fn stable_set_with_decay(model: &Model, w: f64) -> Result<Option<StableSet>, ParameterError> {
    not_negative(Parameter::WeightDecay, w)?;
    let set = match *model.noise() {
        Noise::FixedVariance { .. } => Some(shifted(model.stable_set(), w)),
        Noise::FixedDistance { alpha, psi } => Some(at_distance(model, alpha / (psi * psi), w)),
        Noise::DistanceLaw { .. } => None,
    };
    Ok(set)
}

/// A fixed s²: the same ends for λ + w.
fn shifted(set: StableSet, w: f64) -> StableSet {
    let Some([low, high]) = set.interval() else {
        return set;
    };
    if high <= w {
        StableSet::Empty(Instability::WeightDecay)
    } else if low <= w {
        StableSet::UpTo { high: high - w }
    } else {
        StableSet::Between {
            low: low - w,
            high: high - w,
        }
    }
}

/// s² = cλ: λ² + bλ ≤ w(2/η − w) with b = 2w + pc − 2/η.
fn at_distance(model: &Model, c: f64, w: f64) -> StableSet {
    let limit = model.full_batch_limit();
    if w == 0.0 {
        return model.stable_set();
    }
    if w >= limit {
        return StableSet::Empty(Instability::WeightDecay);
    }
    let b = 2.0 * w + c * model.sampling().noise_factor() - limit;
    let rest = w * (limit - w);
    let root = (b * b + 4.0 * rest).sqrt();
    // The positive solution, without subtracting.
    let high = if b > 0.0 {
        2.0 * rest / (b + root)
    } else {
        (root - b) / 2.0
    };
    StableSet::UpTo { high }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampling::Sampling;

    const W: f64 = 0.5;

    fn left(model: &Model, lambda: f64) -> f64 {
        let eta = model.learning_rate();
        let noise = model.noise().curvature_variance(lambda) * model.sampling().noise_factor();
        (1.0 - eta * (lambda + W)).powi(2) + eta * eta * noise
    }

    #[test]
    fn the_ends_are_where_the_left_side_is_one() {
        let sampling = Sampling::new(4, 100).unwrap();
        for noise in [
            Noise::FixedVariance {
                variance: 30.0,
                psi: None,
            },
            Noise::FixedVariance {
                variance: 100.0,
                psi: None,
            },
            Noise::FixedDistance {
                alpha: 1.0,
                psi: 0.5,
            },
            Noise::FixedDistance {
                alpha: 40.0,
                psi: 0.5,
            },
        ] {
            let model = Model::new(0.1, sampling, noise).unwrap();
            let set = stable_set_with_decay(&model, W).unwrap().unwrap();
            let [low, high] = set.interval().unwrap();
            assert!((left(&model, high) - 1.0).abs() < 1e-12, "{noise:?}");
            assert!(
                low == 0.0 || (left(&model, low) - 1.0).abs() < 1e-12,
                "{noise:?}"
            );
            assert!(left(&model, 0.5 * (low + high)) < 1.0, "{noise:?}");
        }
    }

    #[test]
    fn enough_decay_leaves_nothing_stable() {
        for noise in [
            Noise::FixedDistance {
                alpha: 1.0,
                psi: 0.5,
            },
            Noise::FixedVariance {
                variance: 30.0,
                psi: None,
            },
        ] {
            let model = Model::new(0.1, Sampling::new(4, 100).unwrap(), noise).unwrap();
            let set = stable_set_with_decay(&model, 20.0).unwrap().unwrap();
            assert_eq!(set, StableSet::Empty(Instability::WeightDecay));
            assert!(stable_set_with_decay(&model, -1.0).is_err());
        }
    }
}
