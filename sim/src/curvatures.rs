//! The examples' curvatures H_i along e_H¹.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_distr::{Distribution, Gamma, LogNormal, Normal, Pareto};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Most curvatures: 0.8 GB, and as much again for each thread that draws
/// batches from them.
pub const MOST_CURVATURES: usize = 100_000_000;

/// N curvatures, at least one, all finite.
///
/// ```
/// use breakeven_sim::curvatures::Curvatures;
///
/// let curvatures = Curvatures::new(vec![1.0, 3.0, 3.0, 5.0])?;
/// assert_eq!(curvatures.mean(), 3.0);
/// assert_eq!(curvatures.variance(), (4.0 + 0.0 + 0.0 + 4.0) / 4.0);
/// # Ok::<(), breakeven_sim::curvatures::CurvaturesError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Curvatures {
    values: Vec<f64>,
    mean: f64,
    variance: f64,
}

/// A law from which curvatures are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CurvatureDistribution {
    /// Normal; some curvatures may be negative.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        deviation: f64,
    },
    /// Gamma, positive, skewed.
    Gamma {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        deviation: f64,
    },
    /// Log-normal, positive, with a heavier tail than gamma.
    LogNormal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        deviation: f64,
    },
    /// Two values; the larger one in `share` of the examples, rounded to a
    /// whole number of them.
    TwoPoint {
        /// Mean over the law.
        mean: f64,
        /// Standard deviation of the law.
        deviation: f64,
        /// Share of the larger value, in (0, 1).
        share: f64,
    },
    /// Pareto, positive: P(H > h) falls as h^−tail, so that the law itself
    /// has no variance for tail ≤ 2.
    Pareto {
        /// Mean.
        mean: f64,
        /// The tail's exponent, above 1.
        tail: f64,
    },
}

/// Curvatures that can't be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CurvaturesError {
    /// No curvature.
    #[error("there is no curvature: give at least one")]
    Empty,
    /// A curvature that is not finite.
    #[error("curvature {index} (counted from 0) is {value}: it must be finite")]
    NotFinite {
        /// Which.
        index: usize,
        /// What it is.
        value: f64,
    },
    /// More than batches can be drawn from.
    #[error("{0} curvatures are more than the {MOST_CURVATURES} that batches are drawn from")]
    TooMany(usize),
    /// A law with parameters that it does not have.
    #[error("the distribution's {parameter} must be {expected}, got {value}")]
    Parameter {
        /// Which.
        parameter: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it was.
        value: f64,
    },
}

impl Curvatures {
    /// Given curvatures, such as measured ones.
    ///
    /// # Errors
    /// Where there is none, more than [`MOST_CURVATURES`], or one is not finite.
    pub fn new(values: Vec<f64>) -> Result<Self, CurvaturesError> {
        if values.is_empty() {
            return Err(CurvaturesError::Empty);
        }
        not_too_many(values.len())?;
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            return Err(CurvaturesError::NotFinite {
                index,
                value: values[index],
            });
        }
        let examples = values.len() as f64;
        let mean = values.iter().sum::<f64>() / examples;
        // A second pass takes out what rounding left in the mean.
        let mean = mean + values.iter().map(|value| value - mean).sum::<f64>() / examples;
        let squares = values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>();
        Ok(Self {
            mean,
            variance: squares / examples,
            values,
        })
    }

    /// `examples` curvatures drawn from `law`; the same seed, the same bits.
    ///
    /// # Errors
    /// Where the law's parameters or the number of examples can't be.
    pub fn draw(
        law: CurvatureDistribution,
        examples: usize,
        seed: u64,
    ) -> Result<Self, CurvaturesError> {
        law.check()?;
        not_too_many(examples)?;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let failed = |_| CurvaturesError::Parameter {
            parameter: "deviation",
            expected: "small enough for the law's own parameters to be finite",
            value: law.deviation().unwrap_or(f64::NAN),
        };
        let values = match law {
            CurvatureDistribution::Normal { mean, deviation } => {
                let normal = Normal::new(mean, deviation).map_err(|_| failed(()))?;
                many(normal, examples, &mut rng)
            }
            CurvatureDistribution::Gamma { mean, deviation } => {
                let shape = (mean / deviation).powi(2);
                let gamma = Gamma::new(shape, mean / shape).map_err(|_| failed(()))?;
                many(gamma, examples, &mut rng)
            }
            CurvatureDistribution::LogNormal { mean, deviation } => {
                let sigma2 = (deviation / mean).powi(2).ln_1p();
                let mu = mean.ln() - sigma2 / 2.0;
                let law = LogNormal::new(mu, sigma2.sqrt()).map_err(|_| failed(()))?;
                many(law, examples, &mut rng)
            }
            CurvatureDistribution::TwoPoint {
                mean,
                deviation,
                share,
            } => {
                let odds = (share / (1.0 - share)).sqrt();
                let (low, high) = (mean - deviation * odds, mean + deviation / odds);
                // At most `examples`, as share < 1.
                let highs = (share * examples as f64).round() as usize;
                let mut values: Vec<f64> = (0..examples)
                    .map(|i| if i < highs { high } else { low })
                    .collect();
                values.shuffle(&mut rng);
                values
            }
            CurvatureDistribution::Pareto { mean, tail } => {
                let scale = mean * (tail - 1.0) / tail;
                let pareto = Pareto::new(scale, tail).map_err(|_| failed(()))?;
                many(pareto, examples, &mut rng)
            }
        };
        Self::new(values)
    }

    /// H_i.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// N.
    pub fn examples(&self) -> usize {
        self.values.len()
    }

    /// λ = mean H_i.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// s² = Var(H_i), with 1/N.
    pub fn variance(&self) -> f64 {
        self.variance
    }
}

fn not_too_many(examples: usize) -> Result<(), CurvaturesError> {
    if examples > MOST_CURVATURES {
        return Err(CurvaturesError::TooMany(examples));
    }
    Ok(())
}

fn many<D: Distribution<f64>>(law: D, examples: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<f64> {
    law.sample_iter(rng).take(examples).collect()
}

impl CurvatureDistribution {
    fn deviation(self) -> Option<f64> {
        match self {
            Self::Normal { deviation, .. }
            | Self::Gamma { deviation, .. }
            | Self::LogNormal { deviation, .. }
            | Self::TwoPoint { deviation, .. } => Some(deviation),
            Self::Pareto { .. } => None,
        }
    }

    fn check(self) -> Result<(), CurvaturesError> {
        let require = |fits: bool, parameter, expected, value| {
            if fits {
                Ok(())
            } else {
                Err(CurvaturesError::Parameter {
                    parameter,
                    expected,
                    value,
                })
            }
        };
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let mean = match self {
            Self::Normal { mean, .. } | Self::TwoPoint { mean, .. } => {
                require(mean.is_finite(), "mean", "finite", mean)?;
                mean
            }
            Self::Gamma { mean, .. } | Self::LogNormal { mean, .. } | Self::Pareto { mean, .. } => {
                mean
            }
        };
        require(
            positive(mean) || matches!(self, Self::Normal { .. } | Self::TwoPoint { .. }),
            "mean",
            "positive and finite",
            mean,
        )?;
        match self {
            Self::TwoPoint { share, .. } => {
                require(
                    share > 0.0 && share < 1.0,
                    "share",
                    "above 0 and below 1",
                    share,
                )?;
            }
            Self::Pareto { tail, .. } => {
                require(
                    tail > 1.0 && tail.is_finite(),
                    "tail",
                    "above 1, to have a mean",
                    tail,
                )?;
            }
            _ => {}
        }
        self.deviation().map_or(Ok(()), |deviation| {
            require(
                positive(deviation),
                "deviation",
                "positive and finite",
                deviation,
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_sample_with_one_over_n() {
        let curvatures = Curvatures::new(vec![1.0, 2.0, 3.0, 6.0]).unwrap();
        assert_eq!((curvatures.mean(), curvatures.variance()), (3.0, 3.5));
    }

    #[test]
    fn drawn_moments_are_near_the_law() {
        // 200,000 draws, fixed seed. The bounds are four standard errors of
        // the mean, √(s²/N), and of s², √(κ−1) s²/√N, with the kurtosis κ of
        // each law.
        let (mean, deviation, examples) = (2.0, 1.0, 200_000);
        let laws = [
            (CurvatureDistribution::Normal { mean, deviation }, 3.0),
            (CurvatureDistribution::Gamma { mean, deviation }, 4.5),
            (CurvatureDistribution::LogNormal { mean, deviation }, 8.04),
            (
                CurvatureDistribution::TwoPoint {
                    mean,
                    deviation,
                    share: 0.1,
                },
                8.2,
            ),
        ];
        for (law, kurtosis) in laws {
            let sample = Curvatures::draw(law, examples, 7).unwrap();
            let root = (examples as f64).sqrt();
            assert!(
                (sample.mean() - mean).abs() < 4.0 * deviation / root,
                "{law:?}"
            );
            let error = (sample.variance() - 1.0).abs();
            assert!(
                error < 4.0 * f64::sqrt(kurtosis - 1.0) / root,
                "{law:?} {error}"
            );
        }
        // Its deviation over the mean is infinite at this tail: the median,
        // scale·2^(1/tail), is what to compare.
        let law = CurvatureDistribution::Pareto { mean, tail: 1.5 };
        let mut values = Curvatures::draw(law, examples, 7)
            .unwrap()
            .values()
            .to_vec();
        values.sort_by(f64::total_cmp);
        let median = mean / 3.0 * 2f64.powf(1.0 / 1.5);
        assert!((values[examples / 2] / median - 1.0).abs() < 0.01);
    }

    #[test]
    fn what_can_not_be_is_refused() {
        assert_eq!(Curvatures::new(vec![]), Err(CurvaturesError::Empty));
        let error = Curvatures::new(vec![1.0, f64::NAN]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("curvature 1 (counted from 0) is NaN")
        );
        let law = CurvatureDistribution::Gamma {
            mean: -1.0,
            deviation: 1.0,
        };
        let words = "the distribution's mean must be positive and finite, got -1";
        assert_eq!(Curvatures::draw(law, 3, 0).unwrap_err().to_string(), words);
        let normal = |deviation| CurvatureDistribution::Normal {
            mean: 1.0,
            deviation,
        };
        assert!(Curvatures::draw(normal(f64::NAN), 3, 0).is_err());
        // Before any is drawn.
        let error = Curvatures::draw(normal(1.0), 5_000_000_000, 0).unwrap_err();
        assert_eq!(error, CurvaturesError::TooMany(5_000_000_000));
    }
}
