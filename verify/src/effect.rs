//! How large the difference between two levels is: described, and no verdict
//! depends on it.

use serde::Serialize;

use crate::bootstrap::bca_interval;
use crate::hodges_lehmann::{Shift, of_pairs, of_samples};
use crate::interval::mean;
use crate::level::Level;
use crate::sample::{Sample, Stratum};
use crate::sign_test;
use crate::trend::{Block, TrendTest, trend};
use crate::wilcoxon::signed_rank_p;

/// How the values of two levels differ: over seeds that have both, or, where no
/// seed has several levels, over runs of different seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// The two levels, rising.
    pub levels: [Level; 2],
    /// Seeds that have both; of runs of different seeds, runs at either level.
    pub seeds: usize,
    /// Hodges and Lehmann's estimate of the ratio of the value at the higher level
    /// to that at the lower; absent where a value is not positive.
    pub hodges_lehmann_ratio: Option<f64>,
    /// Its exact interval; absent for a single pair, too.
    pub interval: Option<[f64; 2]>,
    /// The coverage of that interval: below 1 − α where so few seeds reach no more.
    pub coverage: Option<f64>,
    /// The geometric mean of the ratios of each seed; absent where seeds have one
    /// level each.
    pub geometric_mean_ratio: Option<f64>,
    /// Its BCa bootstrap interval, of nominal coverage 1 − α; absent for fewer than
    /// three seeds and where they do not differ.
    pub bca_interval: Option<[f64; 2]>,
    /// The share of seeds, or of pairs of runs, in which the value at the higher
    /// level is the larger one, and half of those that tie.
    pub probability_of_superiority: f64,
    /// Two-sided p of Wilcoxon's signed-rank test of the logarithms, or of his
    /// rank-sum test where seeds have one level each; absent where all tie, and
    /// where a value is not positive.
    pub wilcoxon_p: Option<f64>,
    /// Two-sided p of the sign test; absent where seeds have one level each.
    pub sign_p: Option<f64>,
}

/// The effect between the lowest and the highest level that enough seeds share:
/// at least half as many as share any two.
///
/// The value doubles in each of three seeds:
///
/// ```
/// use breakeven_verify::effect::between_extremes;
/// use breakeven_verify::level::Level;
/// # use breakeven_verify::sample::{Sample, Stratum};
/// # use breakeven_verify::trend::TrendTest;
///
/// let levels = [Level::LearningRate(0.1), Level::LearningRate(0.2)];
/// # let stratum = |v| Stratum { levels: vec![0, 1], values: vec![v, 2.0 * v], groups: vec![0, 1] };
/// # let strata = [1.0, 2.0, 3.0].map(stratum).to_vec();
/// # let sample = Sample { test: TrendTest::Page, levels: 2, strata };
/// let effect = between_extremes(&levels, &sample, 0.05).ok_or("no pair")?;
/// let ratio = effect.hodges_lehmann_ratio.ok_or("a value is not positive")?;
/// assert!((ratio - 2.0).abs() < 1e-12);
/// assert_eq!(effect.probability_of_superiority, 1.0);
/// assert!((effect.sign_p.unwrap_or(1.0) - 2.0 / 8.0).abs() < 1e-12);
/// # Ok::<(), &str>(())
/// ```
pub fn between_extremes(levels: &[Level], sample: &Sample, alpha: f64) -> Option<Effect> {
    let pairs = |low: usize, high: usize| Pairs::of(sample, low, high).count();
    let all = || {
        let from = |low| (low + 1..levels.len()).map(move |high| (low, high));
        (0..levels.len()).flat_map(from)
    };
    let most = all().map(|(low, high)| pairs(low, high)).max()?;
    let shared = all().filter(|&(low, high)| most > 0 && 2 * pairs(low, high) >= most);
    // Of equally wide ones the first.
    let (low, high) = shared.max_by_key(|&(low, high)| (high - low, std::cmp::Reverse(low)))?;
    between(levels, sample, [low, high], alpha)
}

/// The effects between neighbouring levels.
pub fn between_neighbours(levels: &[Level], sample: &Sample, alpha: f64) -> Vec<Effect> {
    let lower = 0..levels.len().saturating_sub(1);
    lower
        .filter_map(|low| between(levels, sample, [low, low + 1], alpha))
        .collect()
}

/// The effect between two levels; `None` where nothing can be compared.
fn between(
    levels: &[Level],
    sample: &Sample,
    [low, high]: [usize; 2],
    alpha: f64,
) -> Option<Effect> {
    let pairs = Pairs::of(sample, low, high);
    if pairs.count() == 0 {
        return None;
    }
    let shift = pairs.shift(alpha);
    let interval = shift.and_then(|shift| shift.interval);
    let of_seeds = pairs.of_seeds();
    Some(Effect {
        levels: [levels[low], levels[high]],
        seeds: pairs.seeds,
        hodges_lehmann_ratio: shift.map(|shift| shift.estimate.exp()),
        interval: interval.map(|interval| interval.ends.map(f64::exp)),
        coverage: interval.map(|interval| interval.coverage),
        geometric_mean_ratio: of_seeds.map(|l| mean(l).exp()),
        bca_interval: of_seeds
            .and_then(|logarithms| bca_interval(logarithms, mean, alpha))
            .map(|ends| ends.map(f64::exp)),
        probability_of_superiority: pairs.superiority(),
        wilcoxon_p: pairs.wilcoxon_p(),
        sign_p: sample
            .is_paired()
            .then(|| sign_test::two_sided(pairs.rises, pairs.rises + pairs.falls)),
    })
}

/// The runs at two levels.
struct Pairs {
    seeds: usize,
    rises: usize,
    falls: usize,
    ties: usize,
    logarithms: Option<Logarithms>,
    /// Two-sided p of the rank-sum test.
    rank_sum_p: Option<f64>,
}

/// Logarithms of values.
enum Logarithms {
    /// Differences from the lower level to the higher, of each seed.
    OfSeeds(Vec<f64>),
    /// Of runs of different seeds at either level.
    OfRuns([Vec<f64>; 2]),
}

impl Pairs {
    fn of(sample: &Sample, low: usize, high: usize) -> Self {
        let mut pairs = Self {
            seeds: 0,
            rises: 0,
            falls: 0,
            ties: 0,
            logarithms: None,
            rank_sum_p: None,
        };
        for stratum in &sample.strata {
            for (_, lower) in stratum.at(low) {
                for (_, upper) in stratum.at(high) {
                    pairs.rises += usize::from(lower < upper);
                    pairs.falls += usize::from(lower > upper);
                    pairs.ties += usize::from(lower == upper);
                }
            }
        }
        let has_both = |s: &&Stratum| s.at(low).next().is_some() && s.at(high).next().is_some();
        let both: Vec<&Stratum> = sample.strata.iter().filter(has_both).collect();
        let positive = both.iter().all(|stratum| stratum.is_positive());
        let of_level = |stratum: &Stratum, level: usize| -> Vec<f64> {
            let runs = stratum.levels.iter().zip(stratum.logarithms());
            runs.filter(|(l, _)| **l == level)
                .map(|(_, log)| log)
                .collect()
        };
        if sample.is_paired() {
            let difference = |s: &&Stratum| of_level(s, high)[0] - of_level(s, low)[0];
            pairs.seeds = both.len();
            pairs.logarithms =
                positive.then(|| Logarithms::OfSeeds(both.iter().map(difference).collect()));
        } else if let [all] = both[..] {
            pairs.seeds = all.at(low).count() + all.at(high).count();
            let levels = [low, high].map(|level| of_level(all, level));
            pairs.logarithms = positive.then_some(Logarithms::OfRuns(levels));
            pairs.rank_sum_p = rank_sum_p(all, low, high);
        }
        pairs
    }

    fn count(&self) -> usize {
        self.rises + self.falls + self.ties
    }

    fn superiority(&self) -> f64 {
        (self.rises as f64 + 0.5 * self.ties as f64) / self.count() as f64
    }

    fn shift(&self, alpha: f64) -> Option<Shift> {
        match self.logarithms.as_ref()? {
            Logarithms::OfSeeds(differences) => of_pairs(differences, alpha),
            Logarithms::OfRuns([low, high]) => of_samples(low, high, alpha),
        }
    }

    /// The differences of logarithms of each seed.
    fn of_seeds(&self) -> Option<&[f64]> {
        match self.logarithms.as_ref()? {
            Logarithms::OfSeeds(differences) => Some(differences),
            Logarithms::OfRuns(_) => None,
        }
    }

    fn wilcoxon_p(&self) -> Option<f64> {
        match self.of_seeds() {
            Some(differences) => signed_rank_p(differences),
            None => self.rank_sum_p,
        }
    }
}

/// Two-sided p of Wilcoxon's rank-sum test, which is Mann and Whitney's.
fn rank_sum_p(stratum: &Stratum, low: usize, high: usize) -> Option<f64> {
    let runs = |level, label: usize| stratum.at(level).map(move |(_, group)| (label, group));
    let all: Vec<(usize, usize)> = runs(low, 0).chain(runs(high, 1)).collect();
    let block = Block {
        labels: all.iter().map(|(label, _)| *label).collect(),
        groups: all.iter().map(|(_, group)| *group).collect(),
    };
    let found = trend(TrendTest::JonckheereTerpstra, &[block])?;
    Some((2.0 * found.p_value.min(found.opposite_p_value)).min(1.0))
}

#[cfg(test)]
mod tests;
