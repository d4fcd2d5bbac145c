//! The chance of a verdict, by simulation.

use breakeven_sim::meter::{Meter, Parts};
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use serde::Serialize;

use super::prepared::{Prepared, expected};
use crate::draws::normal;
use crate::interval;
use crate::level::Fixed;
use crate::quantity::Factor;
use crate::verdict::Verdict;
use crate::verdicts::{VerifyError, verify};

/// The power that a design should have.
pub const ENOUGH: f64 = 0.8;
/// The numbers of seeds among which one with enough power is looked for.
const TRIED_SEEDS: [usize; 7] = [3, 4, 5, 6, 8, 10, 12];
/// One minus the coverage of the intervals.
const INTERVAL_LEVEL: f64 = 0.05;

/// What is assumed of runs that are yet to be trained: every quantity is
/// log-normal and goes as a power of its factor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Assumed {
    /// |d log quantity / d log factor|, in the direction of the conjectures.
    pub slope: f64,
    /// Standard deviation of log quantity between runs of one seed that differ
    /// in nothing; independent for each quantity and statistic.
    pub spread: f64,
    /// Simulated outcomes.
    pub studies: usize,
    /// Seed of their draws.
    pub seed: u64,
}

impl Default for Assumed {
    /// λ ∝ η^−0.4 with a spread of 20 %: about what `check` finds.
    fn default() -> Self {
        Self {
            slope: 0.4,
            spread: 0.2,
            studies: 200,
            seed: 0,
        }
    }
}

/// The chance of `supported` where the conjectures hold as assumed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Power {
    /// What is assumed.
    #[serde(flatten)]
    pub assumed: Assumed,
    /// One minus the coverage of the intervals.
    pub interval_level: f64,
    /// For each sweep, varied factor and levels of the others.
    pub of: Vec<PowerOf>,
}

/// The power of the hypotheses that compare the same runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PowerOf {
    /// The sweep.
    pub sweep: String,
    /// What varies.
    pub factor: Factor,
    /// The levels of all other hyperparameters.
    #[serde(flatten)]
    pub fixed: Fixed,
    /// Seeds of the plan.
    pub seeds: usize,
    /// Mean over these hypotheses of the chance of `supported`.
    pub power: f64,
    /// The chance that all of them are supported.
    pub power_of_all: f64,
    /// Clopper and Pearson's interval for that, over the simulated outcomes.
    pub power_of_all_interval: Option<[f64; 2]>,
    /// The fewest of 3, 4, 5, 6, 8, 10 and 12 seeds in all sweeps with which the
    /// mean power is at least 0.8; absent where more are needed.
    pub seeds_for_power: Option<usize>,
}

impl Power {
    /// # Errors
    /// As [`verify`].
    pub(super) fn of(
        sweeps: &[Prepared],
        assumed: Assumed,
        meter: &Meter,
    ) -> Result<Self, VerifyError> {
        meter.begin("simulating studies", Parts::Whole);
        let planned = counts(sweeps, None, assumed)?;
        let mut of: Vec<PowerOf> = planned.iter().map(|count| count.power(assumed)).collect();
        for seeds in TRIED_SEEDS {
            if of.iter().all(|power| power.seeds_for_power.is_some()) {
                break;
            }
            for (count, power) in counts(sweeps, Some(seeds), assumed)?.iter().zip(&mut of) {
                if count.mean(assumed) >= ENOUGH {
                    power.seeds_for_power.get_or_insert(seeds);
                }
            }
        }
        Ok(Self {
            assumed,
            interval_level: INTERVAL_LEVEL,
            of,
        })
    }
}

/// How often the hypotheses about the same runs were supported.
struct Count {
    sweep: String,
    factor: Factor,
    fixed: Fixed,
    seeds: usize,
    hypotheses: usize,
    supported: usize,
    all_supported: usize,
}

impl Count {
    fn mean(&self, assumed: Assumed) -> f64 {
        self.supported as f64 / (self.hypotheses * assumed.studies) as f64
    }

    fn power(&self, assumed: Assumed) -> PowerOf {
        PowerOf {
            sweep: self.sweep.clone(),
            factor: self.factor,
            fixed: self.fixed.clone(),
            seeds: self.seeds,
            power: self.mean(assumed),
            power_of_all: self.all_supported as f64 / assumed.studies as f64,
            power_of_all_interval: interval::of_share(
                self.all_supported,
                assumed.studies,
                INTERVAL_LEVEL,
            ),
            seeds_for_power: None,
        }
    }
}

/// The outcomes of simulated studies, with so many seeds or those of the plan.
fn counts(
    sweeps: &[Prepared],
    seeds: Option<usize>,
    assumed: Assumed,
) -> Result<Vec<Count>, VerifyError> {
    let mut counts: Vec<Count> = Vec::new();
    for study in 0..assumed.studies {
        let mut rng = ChaCha12Rng::seed_from_u64(assumed.seed);
        rng.set_stream(study as u64);
        let simulated: Vec<_> = sweeps
            .iter()
            .map(|sweep| {
                let seeds = match seeds {
                    Some(count) => (0..count as u64).collect(),
                    None => sweep.seeds.clone(),
                };
                sweep.with(&seeds, |run, per_run| {
                    let mean = expected(run, per_run, assumed.slope);
                    (mean + assumed.spread * normal(&mut rng)).exp()
                })
            })
            .collect();
        let hypotheses = verify(&simulated)?.hypotheses;
        let same_runs = |a: &crate::hypothesis::Hypothesis, b: &crate::hypothesis::Hypothesis| {
            (&a.sweep, a.factor, &a.fixed) == (&b.sweep, b.factor, &b.fixed)
        };
        for (index, group) in hypotheses.chunk_by(same_runs).enumerate() {
            if study == 0 {
                counts.push(Count {
                    sweep: group[0].sweep.clone(),
                    factor: group[0].factor,
                    fixed: group[0].fixed.clone(),
                    seeds: group[0].seeds.len(),
                    hypotheses: group.len(),
                    supported: 0,
                    all_supported: 0,
                });
            }
            let supported = group.iter().filter(|h| h.verdict == Verdict::Supported);
            let supported = supported.count();
            // The same groups in every study, as values do not decide them.
            counts[index].supported += supported;
            counts[index].all_supported += usize::from(supported == group.len());
        }
    }
    Ok(counts)
}
