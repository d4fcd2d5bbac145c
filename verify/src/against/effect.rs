//! One effect size then and now: the mean of a level, or the log slope.

use std::collections::BTreeMap;

use serde::Serialize;

use super::difference::{Difference, Method, paired, welch};
use crate::interval::mean;
use crate::level::Level;
use crate::sample::Sample;
use crate::slope::log_slope;
use crate::summary::Reached;
use crate::ties;
use crate::trend::TrendTest;

/// The values of one level, by seed.
pub type BySeed = BTreeMap<u64, Reached>;

/// An effect size then and now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// The level whose mean it is; absent for the log slope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Of the baseline.
    pub before: Mean,
    /// Of the runs at hand.
    pub now: Mean,
    /// Seeds in both.
    pub shared_seeds: usize,
    /// Those of them with exactly the same value.
    pub identical_seeds: usize,
    /// How the two were compared.
    pub method: Method,
    /// What was compared: logarithms where all values are positive.
    pub scale: Scale,
    /// Of logarithms: the ratio of geometric means, now to before; with shared
    /// seeds the geometric mean of the ratios within seeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// Its Student interval, of coverage 1 − α.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio_interval: Option<[f64; 2]>,
    /// Of the values themselves: the difference of means, now less before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<f64>,
    /// Its Student interval, of coverage 1 − α.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference_interval: Option<[f64; 2]>,
    /// Student's t.
    pub statistic: Option<f64>,
    /// Its degrees of freedom.
    pub degrees_of_freedom: Option<f64>,
    /// The two-sided p-value; absent where nothing was to be tested.
    pub p_value: Option<f64>,
    /// After Holm's adjustment over all comparisons.
    pub p_adjusted: Option<f64>,
    /// Whether it moved beyond the noise between seeds.
    pub moved: bool,
    /// What enters the family of comparisons.
    #[serde(skip)]
    pub(super) p_in_family: Option<f64>,
}

/// A mean over seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mean {
    /// How many.
    pub seeds: usize,
    /// Their arithmetic mean; absent without seeds.
    pub mean: Option<f64>,
}

/// On which scale values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Natural logarithms, so that differences are ratios.
    Log,
    /// As they are.
    Linear,
}

/// The mean of a level, then and now.
pub fn of_level(level: Level, before: &BySeed, now: &BySeed, alpha: f64) -> Effect {
    let is_positive = |r: &Reached| r.value > 0.0;
    let scale = match before.values().chain(now.values()).all(is_positive) {
        true => Scale::Log,
        false => Scale::Linear,
    };
    let scaled = |reached: &Reached| match scale {
        Scale::Log => reached.value.ln(),
        Scale::Linear => reached.value,
    };
    let values = |sample: &BySeed| sample.iter().map(|(s, r)| (*s, scaled(r))).collect();
    let is_alike = |seed: u64| {
        let pair = (before.get(&seed), now.get(&seed));
        matches!(pair, (Some(a), Some(b)) if alike(a, b))
    };
    let samples = Samples {
        before: values(before),
        now: values(now),
    };
    let difference = samples.difference(scale, is_alike, alpha);
    let plain = |sample: &BySeed| Mean::of(sample.values().map(|r| r.value));
    let same = |seed: &u64| before[seed].value.to_bits() == now[seed].value.to_bits();
    let shared = samples.shared();
    Effect {
        level: Some(level),
        identical_seeds: shared.iter().filter(|seed| same(seed)).count(),
        shared_seeds: shared.len(),
        ..Effect::of(plain(before), plain(now), scale, &difference)
    }
}

/// The log slope over `levels`, then and now: the slopes of seeds, each with
/// its values level by level. `None` where a value has no logarithm.
pub fn of_log_slope(
    levels: &[Level],
    before: &BTreeMap<u64, Vec<Reached>>,
    now: &BTreeMap<u64, Vec<Reached>>,
    alpha: f64,
) -> Option<Effect> {
    let over: Vec<f64> = levels.iter().map(|level| level.strength()).collect();
    let of_seeds = |blocks: &BTreeMap<u64, Vec<Reached>>| -> Option<BTreeMap<u64, f64>> {
        let one = |(seed, block): (&u64, &Vec<Reached>)| {
            let values = block.iter().copied().enumerate().collect();
            let sample = Sample::of_values(TrendTest::Page, over.len(), [values].into_iter());
            let slope = log_slope(&over, &sample, alpha)?;
            Some((*seed, slope.slope))
        };
        blocks.iter().map(one).collect()
    };
    let samples = Samples {
        before: of_seeds(before)?,
        now: of_seeds(now)?,
    };
    let is_alike = |seed: u64| match (before.get(&seed), now.get(&seed)) {
        (Some(a), Some(b)) => a.iter().zip(b).all(|(a, b)| alike(a, b)),
        _ => false,
    };
    let difference = samples.difference(Scale::Linear, is_alike, alpha);
    let shared = samples.shared();
    let same = |seed: &u64| samples.before[seed].to_bits() == samples.now[seed].to_bits();
    let means = [&samples.before, &samples.now].map(|one| Mean::of(one.values().copied()));
    Some(Effect {
        identical_seeds: shared.iter().filter(|seed| same(seed)).count(),
        shared_seeds: shared.len(),
        ..Effect::of(means[0], means[1], Scale::Linear, &difference)
    })
}

/// Two samples on the scale on which they are compared.
struct Samples {
    before: BTreeMap<u64, f64>,
    now: BTreeMap<u64, f64>,
}

impl Samples {
    fn shared(&self) -> Vec<u64> {
        let seeds = self.before.keys().copied();
        seeds.filter(|seed| self.now.contains_key(seed)).collect()
    }

    /// By pairs where the seeds in both are at least two and at least half of
    /// the smaller sample, or where each seed is in both; seeds decide it, not
    /// their values.
    fn difference(&self, scale: Scale, is_alike: impl Fn(u64) -> bool, alpha: f64) -> Difference {
        let shared = self.shared();
        let smaller = self.before.len().min(self.now.len());
        let all = self.before.values().chain(self.now.values());
        let size = all.fold(0.0_f64, |largest, v| largest.max(v.abs()));
        // The logarithm of a number near 1 is no better than the number.
        let size = match scale {
            Scale::Log => size.max(1.0),
            Scale::Linear => size,
        };
        let is_same = !shared.is_empty() && shared.len() == smaller;
        if is_same || (shared.len() >= 2 && 2 * shared.len() >= smaller) {
            let within = |seed: &u64| match is_alike(*seed) {
                true => 0.0,
                false => self.now[seed] - self.before[seed],
            };
            let differences: Vec<f64> = shared.iter().map(within).collect();
            return paired(&differences, size, alpha);
        }
        let values = |one: &BTreeMap<u64, f64>| one.values().copied().collect::<Vec<_>>();
        welch(&values(&self.before), &values(&self.now), size, alpha)
    }
}

impl Mean {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.collect();
        Self {
            seeds: values.len(),
            mean: (!values.is_empty()).then(|| mean(&values)),
        }
    }
}

impl Effect {
    fn of(before: Mean, now: Mean, scale: Scale, found: &Difference) -> Self {
        let is_known = found.mean.is_finite();
        let on = |this: Scale, value: f64| (this == scale && is_known).then_some(value);
        let interval = |this: Scale| found.interval.filter(|_| this == scale);
        Self {
            level: None,
            before,
            now,
            shared_seeds: 0,
            identical_seeds: 0,
            method: found.method,
            scale,
            ratio: on(Scale::Log, found.mean.exp()),
            ratio_interval: interval(Scale::Log).map(|ends| ends.map(f64::exp)),
            difference: on(Scale::Linear, found.mean),
            difference_interval: interval(Scale::Linear),
            statistic: found.statistic,
            degrees_of_freedom: found.degrees_of_freedom,
            p_value: found.p_value,
            p_adjusted: None,
            moved: false,
            p_in_family: found.p_in_family(),
        }
    }
}

/// Whether the errors that two values state do not tell them apart, as for
/// ties between levels; where they were reached does not matter.
fn alike(a: &Reached, b: &Reached) -> bool {
    let anywhere = |reached: &Reached| Reached {
        step: None,
        ..*reached
    };
    ties::has_tie(&ties::groups(&[anywhere(a), anywhere(b)]))
}
