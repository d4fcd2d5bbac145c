//! Studies of which the truth is known: does a verification keep what it
//! promises?
//!
//! A study is two sweeps, by η and by S, of the paper's one-dimensional model (`breakeven-sim`):
//! its runs, summarised and judged as those of a trained network are. Some
//! studies have no effect of η or S at all, and then any verdict is false;
//! others have the effect that Theorem 1 predicts, or its opposite, and then
//! the verdicts of the other kind are.

mod expected;
mod scenario;
mod study;

use std::sync::atomic::{AtomicUsize, Ordering};

use breakeven_sim::meter::{Meter, Parts};
use serde::Serialize;
use statrs::distribution::{Binomial, DiscreteCDF};

use crate::interval;
use crate::verdict::Verdict;
use crate::verdicts::{Verdicts, verify};

pub use scenario::Scenario;

/// The level of the test that a promise was broken, and one minus the coverage
/// of the intervals.
const LEVEL_OF_FAILURE: f64 = 0.001;
const LEVEL_OF_INTERVALS: f64 = 0.05;

/// How many studies are simulated, and from which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Selftest {
    /// Studies of each scenario.
    pub studies: usize,
    /// Seed of all random draws.
    pub seed: u64,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// What was asked for.
    #[serde(flatten)]
    pub asked: Selftest,
    /// The level α of all studies.
    pub alpha: f64,
    /// One minus the coverage of the intervals.
    pub interval_level: f64,
    /// The level at which a promise counts as broken.
    pub failure_level: f64,
    /// Each scenario.
    pub scenarios: Vec<Found>,
    /// Whether no promise is broken.
    pub holds: bool,
}

/// What the studies of a scenario came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// Which.
    pub scenario: Scenario,
    /// What is planted, in words.
    pub planted: &'static str,
    /// Studies with at least one false verdict.
    pub false_studies: usize,
    /// Their share.
    pub false_rate: f64,
    /// Clopper and Pearson's interval for it.
    pub false_rate_interval: Option<[f64; 2]>,
    /// What the share is promised not to pass; absent where nothing is
    /// promised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promised: Option<f64>,
    /// Where an effect is planted, hypotheses that it was found in, and all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub power: Option<Power>,
    /// Whether the binomial test does not say that a promise is broken.
    pub holds: bool,
}

/// How often a planted effect was found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Power {
    /// Hypotheses with the right verdict.
    pub found: usize,
    /// Hypotheses in which the effect is.
    pub planted: usize,
    /// Their share.
    pub rate: f64,
    /// Interval of the share of studies, for a single hypothesis a study.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// The share that a formula gives, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<f64>,
}

/// What one study came to.
#[derive(Clone, Copy, Debug, Default)]
struct Outcome {
    is_false: bool,
    found: usize,
    planted: usize,
}

impl Selftest {
    /// Simulates and judges all studies, on all cores. The answer depends on
    /// neither their number nor their order.
    ///
    /// ```
    /// use breakeven_sim::meter::Meter;
    /// use breakeven_verify::selftest::{Scenario, Selftest};
    ///
    /// let meter = Meter::new();
    /// let found = Selftest { studies: 1, seed: 0 }.run(&meter);
    /// // One study of each scenario; those without an effect come first.
    /// assert_eq!((found.scenarios.len(), meter.read().done), (Scenario::ALL.len(), 10));
    /// assert_eq!(found.scenarios[0].scenario, Scenario::Null);
    /// assert_eq!(found.scenarios[0].promised, Some(0.05));
    /// ```
    pub fn run(self, meter: &Meter) -> Calibration {
        let all = Scenario::ALL.len() * self.studies;
        meter.begin("simulating studies", Parts::Exactly(all as u64));
        let scenarios: Vec<Found> = Scenario::ALL
            .into_iter()
            .map(|scenario| found(scenario, &self.outcomes(scenario, meter)))
            .collect();
        Calibration {
            asked: self,
            alpha: study::ALPHA,
            interval_level: LEVEL_OF_INTERVALS,
            failure_level: LEVEL_OF_FAILURE,
            holds: scenarios.iter().all(|found| found.holds),
            scenarios,
        }
    }

    fn outcomes(self, scenario: Scenario, meter: &Meter) -> Vec<Outcome> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut mine = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= self.studies {
                    return mine;
                }
                mine.push((index, judged(scenario, study::seed(self.seed, index))));
                meter.advance(1);
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let mut all: Vec<(usize, Outcome)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            threads
                .into_iter()
                // A panic there is one here.
                .flat_map(|thread| {
                    thread
                        .join()
                        .unwrap_or_else(|e| std::panic::resume_unwind(e))
                })
                .collect()
        });
        all.sort_by_key(|(index, _)| *index);
        all.into_iter().map(|(_, outcome)| outcome).collect()
    }
}

/// One study, judged at each of its looks until it is decided.
fn judged(scenario: Scenario, seed: u64) -> Outcome {
    let mut outcome = Outcome::default();
    for sweeps in study::looks(scenario, seed) {
        // Where so many runs are missing that nothing is left to compare, nothing
        // is claimed.
        let Ok(verdicts) = verify(&sweeps) else {
            continue;
        };
        let right = scenario.right();
        let is_false = |v: Verdict| v != Verdict::Inconclusive && Some(v) != right;
        outcome.is_false |= verdicts.hypotheses.iter().any(|h| is_false(h.verdict));
        outcome.found = right.map_or(0, |right| verdicts.count(right));
        outcome.planted = right.map_or(0, |_| verdicts.hypotheses.len());
        if is_decided(&verdicts) {
            break;
        }
    }
    outcome
}

/// Whether every hypothesis has a verdict, so that no more seeds are asked for.
fn is_decided(verdicts: &Verdicts) -> bool {
    verdicts.count(Verdict::Inconclusive) == 0
}

fn found(scenario: Scenario, outcomes: &[Outcome]) -> Found {
    let studies = outcomes.len();
    let false_studies = outcomes.iter().filter(|o| o.is_false).count();
    let promised = scenario.promised(study::ALPHA);
    let power = scenario.right().map(|_| power(scenario, outcomes));
    let kept = promised.is_none_or(|rate| !is_broken(false_studies, studies, rate));
    let as_expected = power.is_none_or(|power| !is_missed(power));
    Found {
        scenario,
        planted: scenario.planted(),
        false_studies,
        false_rate: false_studies as f64 / studies as f64,
        false_rate_interval: interval::of_share(false_studies, studies, LEVEL_OF_INTERVALS),
        promised,
        power,
        holds: kept && as_expected,
    }
}

fn power(scenario: Scenario, outcomes: &[Outcome]) -> Power {
    let found = outcomes.iter().map(|o| o.found).sum();
    let planted = outcomes.iter().map(|o| o.planted).sum();
    let expected = expected::power(scenario);
    // Hypotheses of one study are not independent.
    let is_single = outcomes.iter().all(|o| o.planted == 1);
    Power {
        found,
        planted,
        rate: found as f64 / planted as f64,
        interval: is_single
            .then(|| interval::of_share(found, planted, LEVEL_OF_INTERVALS))
            .flatten(),
        expected,
    }
}

/// Whether so many of so many studies are too many for a chance of `rate` each:
/// the exact binomial test at [`LEVEL_OF_FAILURE`].
fn is_broken(count: usize, studies: usize, rate: f64) -> bool {
    let Ok(chance) = Binomial::new(rate, studies as u64) else {
        return true;
    };
    count > 0 && chance.sf(count as u64 - 1) < LEVEL_OF_FAILURE
}

/// Whether a share is not the expected one, either way.
fn is_missed(power: Power) -> bool {
    let Some(expected) = power.expected else {
        return false;
    };
    match interval::of_share(power.found, power.planted, LEVEL_OF_FAILURE) {
        Some([low, high]) => !(low..=high).contains(&expected),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Binomial tails: of 1,000 with a chance of 0.05 each, 72 and more have one
    /// of 0.00166, 74 and more of 0.00070 (SciPy 1.17 `binom.sf`).
    #[test]
    fn a_promise_is_broken_beyond_the_binomial_tail() {
        assert!(!is_broken(0, 1000, 0.05));
        assert!(!is_broken(72, 1000, 0.05));
        assert!(is_broken(74, 1000, 0.05));
    }
}
