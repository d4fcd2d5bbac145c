//! How much of the variance of what is observed a prediction explains, both as
//! logarithms.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::Known;

/// Samples of the bootstrap, and its seed.
const SAMPLES: usize = 9999;
const SEED: u64 = 0;
/// Probability mass of an interval.
const COVERAGE: f64 = 0.95;
/// The fewest runs.
const FEWEST: usize = 3;
/// Logarithms whose standard deviation is no larger are equal but for rounding.
const ROUNDING: f64 = 1e-12;

/// The share of variance that a prediction explains.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// Runs with both numbers.
    pub runs: usize,
    /// 1 − Σ(ln o − ln p)²/Σ(ln o − mean ln o)²: what the prediction itself
    /// explains, with slope 1 and intercept 0. Below 0 where the mean of the
    /// observations predicts better.
    pub itself: Known<Share>,
    /// What a straight line through the logarithms explains.
    pub fitted: Known<Fit>,
}

/// A share of variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// R².
    pub r2: f64,
    /// 95 % of the bootstrap: 9999 samples of as many runs, one by one with
    /// replacement; samples without variance are not counted. Runs of one
    /// network or seed are no independent draws, so that it tends to be short.
    pub interval: [f64; 2],
}

/// A straight line: ln observed = intercept + slope · ln predicted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// R² of it.
    pub share: Share,
    /// Its slope.
    pub slope: f64,
    /// Its intercept.
    pub intercept: f64,
}

/// Of pairs of a positive prediction and a positive observation.
///
/// Observations that are twice the prediction: a line explains them all.
///
/// ```
/// use breakeven_verify::thresholds::explained;
///
/// let found = explained(&[(1.0, 2.0), (2.0, 4.0), (8.0, 16.0)]);
/// let line = found.fitted?;
/// assert!((line.slope - 1.0).abs() < 1e-12);
/// assert!((line.intercept - 2_f64.ln()).abs() < 1e-12);
/// assert!((line.share.r2 - 1.0).abs() < 1e-12);
/// # Ok::<(), String>(())
/// ```
pub fn explained(pairs: &[(f64, f64)]) -> Explained {
    let logs: Vec<(f64, f64)> = pairs.iter().map(|(p, o)| (p.ln(), o.ln())).collect();
    Explained {
        runs: pairs.len(),
        itself: itself(&logs),
        fitted: fitted(&logs),
    }
}

fn itself(logs: &[(f64, f64)]) -> Known<Share> {
    let sums = enough(logs)?;
    let share = |logs: &[(f64, f64)]| {
        let sums = Sums::of(logs);
        sums.y_varies().then(|| sums.r2_of_identity())
    };
    Ok(Share {
        r2: sums.r2_of_identity(),
        interval: bootstrap(logs, share)?,
    })
}

fn fitted(logs: &[(f64, f64)]) -> Known<Fit> {
    let sums = enough(logs)?;
    if !sums.x_varies() {
        return Err("all predictions are equal: no line can be fitted".to_owned());
    }
    let share = |logs: &[(f64, f64)]| {
        let sums = Sums::of(logs);
        (sums.x_varies() && sums.y_varies()).then(|| sums.r2_of_line())
    };
    let slope = sums.xy / sums.xx;
    Ok(Fit {
        share: Share {
            r2: sums.r2_of_line(),
            interval: bootstrap(logs, share)?,
        },
        slope,
        intercept: sums.mean_y - slope * sums.mean_x,
    })
}

fn enough(logs: &[(f64, f64)]) -> Known<Sums> {
    let runs = logs.len();
    if runs < FEWEST {
        return Err(format!("{runs} runs: at least {FEWEST} are needed"));
    }
    let sums = Sums::of(logs);
    match sums.y_varies() {
        true => Ok(sums),
        false => Err("all observations are equal: there is no variance to explain".to_owned()),
    }
}

/// Means and centred sums of squares and products.
struct Sums {
    count: f64,
    mean_x: f64,
    mean_y: f64,
    xx: f64,
    xy: f64,
    yy: f64,
    /// Σ(y − x)².
    apart: f64,
}

impl Sums {
    fn of(logs: &[(f64, f64)]) -> Self {
        let count = logs.len() as f64;
        let sum = |of: &dyn Fn(f64, f64) -> f64| logs.iter().map(|&(x, y)| of(x, y)).sum::<f64>();
        let (mean_x, mean_y) = (sum(&|x, _| x) / count, sum(&|_, y| y) / count);
        Self {
            count,
            mean_x,
            mean_y,
            xx: sum(&|x, _| (x - mean_x).powi(2)),
            xy: sum(&|x, y| (x - mean_x) * (y - mean_y)),
            yy: sum(&|_, y| (y - mean_y).powi(2)),
            apart: sum(&|x, y| (y - x).powi(2)),
        }
    }

    fn x_varies(&self) -> bool {
        self.xx > self.count * ROUNDING * ROUNDING
    }

    fn y_varies(&self) -> bool {
        self.yy > self.count * ROUNDING * ROUNDING
    }

    fn r2_of_identity(&self) -> f64 {
        1.0 - self.apart / self.yy
    }

    fn r2_of_line(&self) -> f64 {
        self.xy * self.xy / (self.xx * self.yy)
    }
}

/// The interval of the bootstrap's percentiles (Efron & Tibshirani 1993, 13.3).
fn bootstrap(logs: &[(f64, f64)], share: impl Fn(&[(f64, f64)]) -> Option<f64>) -> Known<[f64; 2]> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut sample = logs.to_vec();
    let mut shares = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        sample.fill_with(|| logs[rng.random_range(0..logs.len())]);
        shares.extend(share(&sample));
    }
    shares.sort_by(f64::total_cmp);
    let tail = (1.0 - COVERAGE) / 2.0;
    let ends = [tail, 1.0 - tail].map(|part| percentile(&shares, part));
    match ends {
        [Some(low), Some(high)] => Ok([low, high]),
        _ => Err("no sample of the bootstrap has a variance".to_owned()),
    }
}

/// The value below which so much of the sorted ones lies, between two where it
/// has to be.
fn percentile(sorted: &[f64], part: f64) -> Option<f64> {
    let place = part * sorted.len().checked_sub(1)? as f64;
    let below = sorted[place as usize];
    let above = sorted[(place.ceil()) as usize];
    Some(below + place.fract() * (above - below))
}
