//! The null distribution of a trend statistic: enumerated, or its normal limit.
//! Statistics are doubled, so that midranks and half counts are whole numbers.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::trend::{Method, Trend};

/// A distribution on consecutive integers from `lowest`; both ends have mass.
pub(crate) struct Distribution {
    pub lowest: u64,
    pub mass: Vec<f64>,
}

impl Distribution {
    /// Of a number that is 0.
    pub fn of_nothing() -> Self {
        Self {
            lowest: 0,
            mass: vec![1.0],
        }
    }

    /// Weights by number, without empty ends, divided by their total.
    pub fn normalised(weights: &[f64]) -> Self {
        let lowest = weights.iter().position(|&w| w > 0.0).unwrap_or(0);
        let highest = weights.iter().rposition(|&w| w > 0.0).unwrap_or(0);
        let total = weights.iter().sum::<f64>();
        Self {
            lowest: lowest as u64,
            mass: weights[lowest..=highest]
                .iter()
                .map(|&w| w / total)
                .collect(),
        }
    }

    /// Of the sum of two independent numbers.
    pub fn convolved(&self, other: &Self) -> Self {
        let mut mass = vec![0.0; self.mass.len() + other.mass.len() - 1];
        for (i, &p) in self.mass.iter().enumerate().filter(|(_, p)| **p > 0.0) {
            for (to, &q) in mass[i..].iter_mut().zip(&other.mass) {
                *to += p * q;
            }
        }
        Self {
            lowest: self.lowest + other.lowest,
            mass,
        }
    }
}

/// A sum of chances, whose rounding may take it past 1, or below the smallest
/// number though it is never 0.
pub(crate) fn chance(sum: f64) -> f64 {
    sum.clamp(f64::MIN_POSITIVE, 1.0)
}

/// What p-value each value of a statistic has.
pub(crate) enum Null {
    Exact {
        lowest: u64,
        /// P(statistic ≥ lowest + index).
        upper: Vec<f64>,
        /// P(statistic ≤ lowest + index).
        lower: Vec<f64>,
    },
    Normal(Limit),
}

impl Null {
    pub fn exact(distribution: Distribution) -> Self {
        let Distribution { lowest, mass } = distribution;
        let summed = |sum: &mut f64, mass: &f64| {
            *sum += mass;
            Some(chance(*sum))
        };
        let lower = mass.iter().scan(0.0, summed).collect();
        let mut upper: Vec<f64> = mass.iter().rev().scan(0.0, summed).collect();
        upper.reverse();
        Self::Exact {
            lowest,
            upper,
            lower,
        }
    }

    /// P(statistic ≥ `doubled`/2).
    pub fn at_least(&self, doubled: u64) -> (f64, Method) {
        match self {
            Self::Exact { lowest, upper, .. } => {
                (upper[(doubled - lowest) as usize], Method::Exact)
            }
            Self::Normal(limit) => limit.at_least(doubled),
        }
    }

    /// P(statistic ≤ `doubled`/2).
    pub fn at_most(&self, doubled: u64) -> (f64, Method) {
        match self {
            Self::Exact { lowest, lower, .. } => {
                (lower[(doubled - lowest) as usize], Method::Exact)
            }
            Self::Normal(limit) => limit.at_most(doubled),
        }
    }

    /// What the test says of an observed statistic; `limit` is its own.
    pub fn trend(&self, doubled: u64, limit: &Limit) -> Trend {
        let (p_value, method) = self.at_least(doubled);
        let (opposite_p_value, opposite_method) = self.at_most(doubled);
        Trend {
            statistic: doubled as f64 / 2.0,
            largest: limit.highest.at as f64 / 2.0,
            p_value,
            opposite_p_value,
            smallest_p_value: match self {
                Self::Exact { upper, .. } => upper.last().copied().unwrap_or(1.0),
                Self::Normal(limit) => limit.highest.chance,
            },
            normal_p_value: limit.upper_tail(doubled),
            method,
            opposite_method,
        }
    }
}

/// The normal limit of a doubled statistic, without continuity correction. Both
/// ends of the distribution are exact.
pub(crate) struct Limit {
    pub mean: f64,
    pub deviation: f64,
    pub lowest: End,
    pub highest: End,
}

/// An end of a distribution and its chance.
#[derive(Clone, Copy)]
pub(crate) struct End {
    pub at: u64,
    pub chance: f64,
}

impl Limit {
    fn tail(&self, beyond: f64) -> f64 {
        if self.deviation == 0.0 {
            return 1.0;
        }
        chance(Normal::standard().sf(beyond / self.deviation))
    }

    pub fn upper_tail(&self, doubled: u64) -> f64 {
        self.tail(doubled as f64 - self.mean)
    }

    fn at_least(&self, doubled: u64) -> (f64, Method) {
        if doubled == self.highest.at {
            (self.highest.chance, Method::Exact)
        } else {
            (self.upper_tail(doubled), Method::Normal)
        }
    }

    fn at_most(&self, doubled: u64) -> (f64, Method) {
        if doubled == self.lowest.at {
            (self.lowest.chance, Method::Exact)
        } else {
            (self.tail(self.mean - doubled as f64), Method::Normal)
        }
    }
}
