//! SGD on the model by simulation: many independent paths of
//! ψ ← (1 − ηH_B) ψ with fresh batches B, drawn without replacement.

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use serde::Serialize;

use crate::curvatures::Curvatures;
use crate::lyapunov::Estimate;
use crate::meter::Meter;
use crate::parameter::{Parameter, ParameterError, positive};
use crate::sampling::Sampling;
use crate::shuffle::BatchSampler;
use crate::stability::stability;

/// The 97.5 % point of the standard normal distribution.
const NORMAL_975: f64 = 1.959963984540054;
/// Relative error that sums over many steps and paths may have.
const ROUNDING: f64 = 1e-12;
/// Least random numbers that one piece of work draws, so that its copy of the
/// curvatures costs little. It depends on the problem alone, never on the
/// threads, so neither do the bits.
const LEAST_DRAWS: usize = 1 << 17;

/// What is simulated.
///
/// With full batches nothing is random: λ = 2 and η = ¼ halve ψ in each step.
///
/// ```
/// use breakeven_sim::curvatures::Curvatures;
/// use breakeven_sim::montecarlo::MonteCarlo;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let curvatures = Curvatures::new(vec![1.0, 3.0])?;
/// let (steps, paths, seed) = (3, 10, 0);
/// let full = MonteCarlo::new(0.25, 2, curvatures, steps, paths, seed)?;
/// assert_eq!(full.path(0), [1.0, 0.5, 0.25, 0.125]);
/// assert_eq!(full.run().growth.value, 0.25);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MonteCarlo {
    eta: f64,
    sampling: Sampling,
    curvatures: Curvatures,
    steps: u64,
    paths: usize,
    seed: u64,
}

/// What came out. Factors are 1 − ηH_B; ψ starts at 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulated {
    /// λ, the mean of the curvatures.
    pub lambda: f64,
    /// s², their variance (1/N).
    pub curvature_variance: f64,
    /// The left side of Eq. 1 for them.
    pub expected_growth: f64,
    /// Mean of the squared factors over all steps and paths: the growth of
    /// E\[ψ²\] in a step.
    pub growth: Estimate,
    /// Mean of ln|factor|: the growth of ln|ψ| in a step.
    pub exponent: Estimate,
    /// ψ at some steps, up to the last.
    pub moments: Vec<Moment>,
    /// Share of paths that end with |ψ| < 1.
    pub shrunk: f64,
}

/// ψ over all paths after some steps, as decimal logarithms, which do not
/// overflow.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Moment {
    /// Steps taken.
    pub step: u64,
    /// log₁₀ of E\[ψ²\] by Eq. 1.
    pub log10_expected: f64,
    /// log₁₀ of the mean of ψ² over the paths.
    pub log10_mean_square: f64,
    /// log₁₀ of the median of ψ².
    pub log10_median_square: f64,
    /// Share of the sum of ψ² that the largest path alone contributes. Near
    /// 1 the mean is one path's, and says little about E\[ψ²\].
    pub largest_share: f64,
}

impl Estimate {
    /// [low, high] that covers the truth in 95 % of all samples, by the
    /// normal approximation: not for heavy tails. Where nothing is random, as
    /// with S = N, it is as wide as the rounding of long sums.
    pub fn interval(&self) -> [f64; 2] {
        let half = NORMAL_975 * self.standard_error.unwrap_or(0.0) + ROUNDING * self.value.abs();
        [self.value - half, self.value + half]
    }
}

/// Most steps at which moments are kept.
const MOST_MOMENTS: u64 = 20;

/// Sums over a piece of work.
struct Piece {
    squares: f64,
    fourths: f64,
    /// ln|ψ| at the kept steps, path after path.
    logs: Vec<f64>,
}

impl MonteCarlo {
    /// `paths` paths of `steps` steps. The same seed gives the same bits,
    /// whatever the number of threads.
    ///
    /// # Errors
    /// Where η is not positive, the batch does not fit, or there is no step or
    /// no path.
    pub fn new(
        learning_rate: f64,
        batch_size: usize,
        curvatures: Curvatures,
        steps: u64,
        paths: usize,
        seed: u64,
    ) -> Result<Self, ParameterError> {
        let eta = positive(Parameter::LearningRate, learning_rate)?;
        let sampling = Sampling::new(batch_size, curvatures.examples())?;
        let at_least_one = |parameter, value: usize| {
            let expected = "1 or more".to_owned();
            if value > 0 {
                Ok(())
            } else {
                Err(ParameterError::Count {
                    parameter,
                    expected,
                    value,
                })
            }
        };
        at_least_one(
            Parameter::Steps,
            usize::try_from(steps).unwrap_or(usize::MAX),
        )?;
        at_least_one(Parameter::Paths, paths)?;
        Ok(Self {
            eta,
            sampling,
            curvatures,
            steps,
            paths,
            seed,
        })
    }

    /// Simulates all paths, on the threads of the current pool.
    pub fn run(&self) -> Simulated {
        self.run_watched(&Meter::new())
    }

    /// [`Self::run`], with each path counted.
    pub fn run_watched(&self, meter: &Meter) -> Simulated {
        let kept = self.kept_steps();
        let sizes = self.pieces();
        let streams = self.streams(sizes.len());
        let pieces: Vec<Piece> = sizes
            .into_par_iter()
            .zip(streams)
            .map(|(paths, rng)| {
                let piece = self.piece(paths, rng, &kept);
                meter.advance(paths as u64);
                piece
            })
            .collect();
        self.summary(&pieces, &kept)
    }

    /// ψ along one path, from ψ = 1 at step 0; `stream` chooses which path.
    pub fn path(&self, stream: usize) -> Vec<f64> {
        let mut rng = self.streams(stream + 1).remove(stream);
        let mut sampler = BatchSampler::new(self.curvatures.values(), self.sampling.batch_size());
        let mut psi = 1.0;
        let step = |_| {
            psi *= 1.0 - self.eta * sampler.draw(&mut rng);
            psi
        };
        std::iter::once(1.0)
            .chain((0..self.steps).map(step))
            .collect()
    }

    /// Up to [`MOST_MOMENTS`] steps, evenly spaced, ending with the last.
    fn kept_steps(&self) -> Vec<u64> {
        let many = MOST_MOMENTS.min(self.steps);
        (1..=many)
            .map(|i| (u128::from(self.steps) * u128::from(i) / u128::from(many)) as u64)
            .collect()
    }

    /// How many paths each piece of work has.
    fn pieces(&self) -> Vec<usize> {
        let steps = usize::try_from(self.steps).unwrap_or(usize::MAX);
        let draws = steps.saturating_mul(self.sampling.batch_size());
        let wanted = LEAST_DRAWS.max(4 * self.curvatures.examples());
        let size = wanted.div_ceil(draws).clamp(1, self.paths);
        let whole = vec![size; self.paths / size];
        let rest = self.paths % size;
        whole
            .into_iter()
            .chain((rest > 0).then_some(rest))
            .collect()
    }

    /// Streams that do not overlap: each is 2¹²⁸ numbers further.
    fn streams(&self, many: usize) -> Vec<Xoshiro256PlusPlus> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(self.seed);
        let next = |_| {
            let stream = rng.clone();
            rng.jump();
            stream
        };
        (0..many).map(next).collect()
    }

    fn piece(&self, paths: usize, mut rng: Xoshiro256PlusPlus, kept: &[u64]) -> Piece {
        let mut sampler = BatchSampler::new(self.curvatures.values(), self.sampling.batch_size());
        let mut piece = Piece {
            squares: 0.0,
            fourths: 0.0,
            logs: Vec::new(),
        };
        piece.logs.reserve(paths * kept.len());
        for _ in 0..paths {
            let (mut size, mut log, mut step) = (1.0_f64, 0.0, 0);
            for &next in kept {
                while step < next {
                    let factor = 1.0 - self.eta * sampler.draw(&mut rng);
                    let square = factor * factor;
                    piece.squares += square;
                    piece.fourths += square * square;
                    size *= factor.abs();
                    // Logarithms are slow: take one only where ψ gets far.
                    if !(1e-100..1e100).contains(&size) {
                        log += size.ln();
                        size = 1.0;
                    }
                    step += 1;
                }
                piece.logs.push(log + size.ln());
            }
        }
        piece
    }

    fn summary(&self, pieces: &[Piece], kept: &[u64]) -> Simulated {
        let (lambda, s2) = (self.curvatures.mean(), self.curvatures.variance());
        let (examples, batch_size) = (self.sampling.examples(), self.sampling.batch_size());
        let expected_growth = stability(self.eta, lambda, s2, examples, batch_size);
        let many = self.paths as f64 * self.steps as f64;
        let growth = pieces.iter().map(|piece| piece.squares).sum::<f64>() / many;
        let fourth = pieces.iter().map(|piece| piece.fourths).sum::<f64>() / many;
        let error = ((fourth - growth * growth).max(0.0) / many).sqrt();
        let at = |place: usize| -> Vec<f64> {
            let paths = pieces
                .iter()
                .flat_map(|piece| piece.logs.chunks(kept.len()));
            paths.map(|logs| logs[place]).collect()
        };
        let last = at(kept.len() - 1);
        let rates: Vec<f64> = last.iter().map(|log| log / self.steps as f64).collect();
        let moments = kept.par_iter().enumerate();
        Simulated {
            lambda,
            curvature_variance: s2,
            expected_growth,
            growth: Estimate {
                value: growth,
                standard_error: Some(error),
            },
            exponent: mean(&rates),
            moments: moments
                .map(|(i, &step)| moment(step, expected_growth, at(i)))
                .collect(),
            shrunk: last.iter().filter(|&&log| log < 0.0).count() as f64 / self.paths as f64,
        }
    }
}

/// The mean of independent values; one value alone shows no error.
fn mean(values: &[f64]) -> Estimate {
    let many = values.len() as f64;
    let value = values.iter().sum::<f64>() / many;
    let squares = values.iter().map(|x| (x - value).powi(2)).sum::<f64>();
    let error = || (squares / (many - 1.0) / many).sqrt();
    Estimate {
        value,
        standard_error: (values.len() > 1).then(error),
    }
}

/// From ln|ψ| of all paths after `step` steps.
fn moment(step: u64, growth: f64, mut logs: Vec<f64>) -> Moment {
    let many = logs.len();
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // ψ² relative to the largest, so that nothing overflows; where all paths
    // are at 0 the sum has no meaning and stays NaN.
    let sum: f64 = logs.iter().map(|log| (2.0 * (log - largest)).exp()).sum();
    let (below, &mut upper, _) = logs.select_nth_unstable_by(many / 2, f64::total_cmp);
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let middle = if many.is_multiple_of(2) {
        f64::midpoint(lower, upper)
    } else {
        upper
    };
    let log10 = std::f64::consts::LOG10_E;
    Moment {
        step,
        log10_expected: step as f64 * growth.log10(),
        log10_mean_square: log10 * (2.0 * largest + (sum / many as f64).ln()),
        log10_median_square: log10 * 2.0 * middle,
        largest_share: 1.0 / sum,
    }
}
