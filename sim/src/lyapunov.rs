//! Two notions of stability of ψ ← (1 − ηH_B) ψ with random batches B.
//!
//! Mean square (Eq. 1): E\[ψ²\] does not grow, E\[(1 − ηH_B)²\] ≤ 1. Almost sure:
//! |ψ| shrinks on almost every single path, E\[ln|1 − ηH_B|\] < 0 (the Lyapunov
//! exponent; Furstenberg and Kesten 1960). By Jensen's inequality
//! E\[ln|f|\] ≤ ½ ln E\[f²\], so the first implies the second wherever the
//! factor f varies: between the two thresholds almost every path shrinks,
//! while rare large ones make the mean of ψ² grow.

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use crate::batches::all_batch_means;
use crate::curvatures::Curvatures;
use crate::parameter::ParameterError;
use crate::sampling::Sampling;
use crate::shuffle::BatchSampler;

/// Batches drawn where there are too many to enumerate.
pub const DRAWS: usize = 200_000;

/// A number, and how far off sampling may have left it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Its standard error; absent where the number is exact.
    pub standard_error: Option<f64>,
}

/// H_B over batches: all of them, or a sample that every η shares.
///
/// Single examples with curvatures 1 and 3, so λ = 2 and s² = 1: ψ² shrinks in the
/// mean up to η = 2λ/(λ² + s²), and almost every path up to |1 − η|·|1 − 3η| = 1:
///
/// ```
/// use breakeven_sim::curvatures::Curvatures;
/// use breakeven_sim::lyapunov::BatchMeans;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let curvatures = Curvatures::new(vec![1.0, 3.0])?;
/// let batches = BatchMeans::new(&curvatures, 1, 0)?;
/// let found = batches.thresholds(&curvatures, 1).ok_or("no stable η")?;
/// assert_eq!(found.mean_square, 4.0 / 5.0);
/// assert!((found.almost_sure.value - 4.0 / 3.0).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct BatchMeans {
    means: Vec<f64>,
    exact: bool,
}

/// The largest learning rates at which a path of SGD is stable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// In mean square: 2λ/(λ² + s²p), which is Eq. 1 solved for η.
    pub mean_square: f64,
    /// Almost surely: the smallest η above it at which the Lyapunov exponent
    /// is no longer negative, on a grid of ratio 1.01 refined by bisection.
    pub almost_sure: Estimate,
}

impl BatchMeans {
    /// All batches where there are at most
    /// [`MOST_BATCHES`](crate::batches::MOST_BATCHES), else [`DRAWS`] random
    /// ones.
    ///
    /// # Errors
    /// Where the batch size does not fit.
    pub fn new(
        curvatures: &Curvatures,
        batch_size: usize,
        seed: u64,
    ) -> Result<Self, ParameterError> {
        Sampling::new(batch_size, curvatures.examples())?;
        if let Some(means) = all_batch_means(curvatures.values(), batch_size) {
            return Ok(Self { means, exact: true });
        }
        let mut sampler = BatchSampler::new(curvatures.values(), batch_size);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let means = (0..DRAWS).map(|_| sampler.draw(&mut rng)).collect();
        Ok(Self {
            means,
            exact: false,
        })
    }

    /// Whether these are all batches.
    pub fn is_exact(&self) -> bool {
        self.exact
    }

    /// E\[(1 − ηH_B)²\], the left side of Eq. 1.
    pub fn second_moment(&self, eta: f64) -> Estimate {
        self.mean_of(|mean| (1.0 - eta * mean).powi(2))
    }

    /// E\[ln|1 − ηH_B|\], the Lyapunov exponent: negative infinity where a
    /// batch brings ψ to exactly 0.
    pub fn exponent(&self, eta: f64) -> Estimate {
        self.mean_of(|mean| (1.0 - eta * mean).abs().ln())
    }

    /// The same in any order of threads: the pieces are fixed and added in
    /// order.
    fn mean_of(&self, f: impl Fn(f64) -> f64 + Sync) -> Estimate {
        let sums = |piece: &[f64]| {
            piece
                .iter()
                .map(|&mean| f(mean))
                .fold((0.0, 0.0), |(a, b), x| (a + x, b + x * x))
        };
        let pieces: Vec<(f64, f64)> = self.means.par_chunks(8192).map(sums).collect();
        let (sum, squares) = pieces
            .iter()
            .fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
        let many = self.means.len() as f64;
        let value = sum / many;
        let variance = (squares / many - value * value).max(0.0);
        let standard_error = (!self.exact).then(|| (variance / many).sqrt());
        Estimate {
            value,
            standard_error,
        }
    }

    /// Both thresholds; absent where the mean curvature is not positive, so
    /// that no η > 0 is stable in mean square.
    pub fn thresholds(&self, curvatures: &Curvatures, batch_size: usize) -> Option<Thresholds> {
        let lambda = curvatures.mean();
        let sampling = Sampling::new(batch_size, curvatures.examples()).ok()?;
        let noise = curvatures.variance() * sampling.noise_factor();
        let mean_square = 2.0 * lambda / (lambda * lambda + noise);
        if !(mean_square > 0.0 && mean_square.is_finite()) {
            return None;
        }
        Some(Thresholds {
            mean_square,
            almost_sure: self.almost_sure(mean_square),
        })
    }

    fn almost_sure(&self, mean_square: f64) -> Estimate {
        let exponent = |eta: f64| self.exponent(eta).value;
        // Without noise both thresholds are the same, and the exponent there
        // is 0 up to rounding.
        if exponent(mean_square) > -1e-12 {
            let standard_error = (!self.exact).then_some(0.0);
            return Estimate {
                value: mean_square,
                standard_error,
            };
        }
        // The exponent grows like ln η in the end, so this stops.
        let (mut low, mut high) = (mean_square, 1.01 * mean_square);
        while exponent(high) < 0.0 {
            (low, high) = (high, 1.01 * high);
        }
        while high - low > 1e-13 * high {
            let middle = low + (high - low) / 2.0;
            if exponent(middle) < 0.0 {
                low = middle
            } else {
                high = middle
            }
        }
        // An error of the exponent moves its root by that over the slope.
        let width = 1e-3 * high;
        let slope = (exponent(high + width) - exponent(high - width)) / (2.0 * width);
        let error = self.exponent(high).standard_error;
        Estimate {
            value: high,
            standard_error: error.map(|error| (error / slope).abs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_point(low: f64, high: f64) -> Curvatures {
        Curvatures::new(vec![low, high]).unwrap()
    }

    #[test]
    fn all_batches_reproduce_eq_1() {
        let values = vec![0.3, -1.2, 4.0, 2.5, 0.0, 7.7, 1.1];
        let curvatures = Curvatures::new(values).unwrap();
        for batch_size in 1..=7 {
            let means = BatchMeans::new(&curvatures, batch_size, 0).unwrap();
            assert!(means.is_exact());
            for eta in [0.01, 0.3, 1.7] {
                let (lambda, s2) = (curvatures.mean(), curvatures.variance());
                let left = crate::stability(eta, lambda, s2, 7, batch_size);
                let found = means.second_moment(eta).value;
                assert!((found / left - 1.0).abs() < 1e-12, "{batch_size} {eta}");
            }
        }
    }

    #[test]
    fn single_examples_with_two_curvatures_have_a_closed_form() {
        // H ∈ {0, 1}: E ln|1 − ηH| = ½ ln|1 − η| = 0 at η = 2, while
        // E (1 − ηH)² = ½ + ½ (1 − η)² = 1 at the same η. With H ∈ {1, 3} the
        // exponent is 0 where |(1 − η)(1 − 3η)| = 1: η = 4/3. Mean square:
        // λ = 2, s² = 1, 2λ/(λ² + s²) = 0.8.
        let curvatures = two_point(1.0, 3.0);
        let means = BatchMeans::new(&curvatures, 1, 0).unwrap();
        let Thresholds {
            mean_square,
            almost_sure,
        } = means.thresholds(&curvatures, 1).unwrap();
        assert!((mean_square - 0.8).abs() < 1e-15);
        assert!((almost_sure.value - 4.0 / 3.0).abs() < 1e-12);
        assert_eq!(almost_sure.standard_error, None);
    }

    #[test]
    fn without_noise_both_thresholds_are_two_over_lambda() {
        let curvatures = two_point(1.0, 3.0);
        let means = BatchMeans::new(&curvatures, 2, 0).unwrap();
        let thresholds = means.thresholds(&curvatures, 2).unwrap();
        assert_eq!(
            (thresholds.mean_square, thresholds.almost_sure.value),
            (1.0, 1.0)
        );
    }

    #[test]
    fn drawn_batches_estimate_what_all_batches_give() {
        // C(24, 8) = 735,471 batches against 200,000 drawn ones, within four
        // standard errors; fixed seed.
        let values: Vec<f64> = (0..24).map(|i| 0.2 * f64::from(i * i % 17)).collect();
        let curvatures = Curvatures::new(values).unwrap();
        let exact = BatchMeans::new(&curvatures, 8, 0).unwrap();
        let mut sampler = BatchSampler::new(curvatures.values(), 8);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
        let means = (0..DRAWS).map(|_| sampler.draw(&mut rng)).collect();
        let drawn = BatchMeans {
            means,
            exact: false,
        };
        for eta in [0.3, 1.1] {
            for (sampled, truth) in [
                (drawn.exponent(eta), exact.exponent(eta)),
                (drawn.second_moment(eta), exact.second_moment(eta)),
            ] {
                let error = (sampled.value - truth.value).abs();
                assert!(
                    error < 4.0 * sampled.standard_error.unwrap(),
                    "{eta} {error}"
                );
            }
        }
        let [a, b] = [&drawn, &exact].map(|means| means.thresholds(&curvatures, 8).unwrap());
        let error = (a.almost_sure.value - b.almost_sure.value).abs();
        assert!(error < 4.0 * a.almost_sure.standard_error.unwrap());
    }
}
