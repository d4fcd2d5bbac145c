//! One study: the runs of a simulated sweep.

use breakeven_sim::path::{CurvatureLaw, DistanceLaw, Path};
use breakeven_sim::record::{ONE_DIMENSIONAL_MODEL, Record, RunHeader, RunOutcome, RunStatus};
use breakeven_sim::sampling::Sampling;
use breakeven_sim::schedule::Schedule;
use breakeven_sim::trajectory::{AtBreakEven, Coupling, Settings};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::scenario::Scenario;
use crate::draws;
use crate::input::{Run, Sweep};
use crate::quantity::{Quantity, Statistic};
use crate::settings::{ConvergenceRule, VerifySettings};
use crate::summary::RunSummary;

/// The level of every study.
pub const ALPHA: f64 = 0.05;
/// Seeds of a study.
pub const SEEDS: usize = 5;
/// Seeds at which a study with looks is judged.
const LOOKS: [usize; 3] = [3, 4, 5];

const LEARNING_RATES: [f64; 3] = [0.01, 0.03, 0.1];
const BATCH_SIZES: [usize; 3] = [20, 50, 125];
/// The middle ones, at which the other factor varies.
const MIDDLE: usize = 1;
const EXAMPLES: usize = 1_000;
const STEPS: u64 = 60;
/// λ_K = αλ_H: so large that S moves the break-even point as η does.
const ALPHA_OF_K: f64 = 500.0;
/// Standard deviation of the logarithm of α, λ_H(0) and ψ(0) between seeds.
const BETWEEN_SEEDS: f64 = 0.3;
/// The same of λ_H and λ_K between the runs of a seed.
const BETWEEN_RUNS: f64 = 0.2;
/// Chances of divergence by learning rate.
const DIVERGES: [f64; 3] = [0.05, 0.15, 0.3];
const MISSING: f64 = 0.2;

/// A quantity at two learning rates: the difference of its mean logarithms, and
/// their standard deviation within a level.
pub struct TwoLevels {
    pub gap: f64,
    pub spread: f64,
}

/// Φ(1.5/√2)⁵ = 0.48: where a difference to the formula shows best.
pub const TWO_LEVELS: TwoLevels = TwoLevels {
    gap: 0.3,
    spread: 0.2,
};

/// The seed of a study's draws.
pub fn seed(of_all: u64, study: usize) -> u64 {
    let mut rng = ChaCha12Rng::seed_from_u64(of_all);
    rng.set_stream(study as u64);
    rng.random()
}

/// The sweeps of a study as they stand at each of its looks: η varied, and S.
pub fn looks(scenario: Scenario, seed: u64) -> Vec<Vec<Sweep>> {
    let planned = (scenario == Scenario::Looks).then(|| LOOKS.to_vec());
    let stands: &[usize] = planned.as_deref().unwrap_or(&[SEEDS]);
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    let sweeps: Vec<(&str, Vec<Run>)> = Vary::of(scenario)
        .iter()
        .map(|vary| (vary.name(), runs(scenario, *vary, &mut rng)))
        .collect();
    let at = |count: &usize| {
        let of_sweep = |(name, runs): &(&str, Vec<Run>)| {
            let is_there = |run: &&Run| run.summary.seed < *count as u64;
            let runs = runs.iter().filter(is_there).cloned().collect();
            Sweep::of_runs(name, settings(planned.clone()), runs)
        };
        sweeps.iter().map(of_sweep).collect()
    };
    stands.iter().map(at).collect()
}

/// What varies in a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Vary {
    LearningRate,
    BatchSize,
}

impl Vary {
    fn of(scenario: Scenario) -> &'static [Self] {
        match scenario {
            Scenario::TwoLevels => &[Self::LearningRate],
            _ => &[Self::LearningRate, Self::BatchSize],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::LearningRate => "learning-rate",
            Self::BatchSize => "batch-size",
        }
    }

    fn labels(self, seed: u64) -> [Label; 3] {
        [0, 1, 2].map(|place| Label {
            learning_rate: LEARNING_RATES[if self == Self::LearningRate {
                place
            } else {
                MIDDLE
            }],
            batch_size: BATCH_SIZES[if self == Self::BatchSize {
                place
            } else {
                MIDDLE
            }],
            place,
            seed,
        })
    }
}

fn settings(looks: Option<Vec<usize>>) -> VerifySettings {
    VerifySettings {
        alpha: ALPHA,
        convergence: ConvergenceRule::Completed,
        statistics: vec![Statistic::Max],
        quantities: vec![Quantity::LambdaKPerExample, Quantity::LambdaH],
        looks,
        ..VerifySettings::default()
    }
}

fn runs(scenario: Scenario, vary: Vary, rng: &mut ChaCha12Rng) -> Vec<Run> {
    let mut runs = Vec::new();
    for seed in 0..SEEDS as u64 {
        let network: u64 = rng.random();
        for label in vary.labels(seed) {
            let noise = BETWEEN_RUNS * standard(scenario, rng);
            let (missing, diverging): (f64, f64) = (rng.random(), rng.random());
            if is_left_out(scenario, &label, missing) {
                continue;
            }
            let records = match scenario {
                Scenario::TwoLevels => two_levels(&label, noise),
                _ => records(scenario, &label, network, noise),
            };
            let diverged = match scenario {
                Scenario::Divergence => diverging < DIVERGES[label.place],
                Scenario::InformativeDivergence => label.place == 2 && noise > 0.0,
                _ => false,
            };
            runs.push(label.run(records, diverged));
        }
    }
    runs
}

/// The hyperparameters that a run is said to have.
struct Label {
    learning_rate: f64,
    batch_size: usize,
    /// Which level of what varies.
    place: usize,
    seed: u64,
}

/// A standard variable: normal or, with heavy tails, Student's t.
fn standard(scenario: Scenario, rng: &mut ChaCha12Rng) -> f64 {
    match scenario {
        // Two degrees of freedom are accepted; the last value below 1 has a finite
        // quantile.
        Scenario::HeavyTails => StudentsT::new(0.0, 1.0, 2.0)
            .map_or(0.0, |t| t.inverse_cdf(draws::uniform(rng)))
            .clamp(-100.0, 100.0),
        _ => draws::normal(rng),
    }
}

fn is_left_out(scenario: Scenario, label: &Label, missing: f64) -> bool {
    match scenario {
        Scenario::MissingRuns => missing < MISSING,
        Scenario::TwoLevels => label.place == MIDDLE,
        _ => false,
    }
}

/// The model with a seed's network, and the run's own noise on its curvature
/// after step 0.
fn records(scenario: Scenario, label: &Label, network: u64, noise: f64) -> Vec<Record> {
    let (learning_rate, batch_size) = match scenario {
        Scenario::Effect => (label.learning_rate, label.batch_size),
        Scenario::Reversed => (
            LEARNING_RATES[0] * LEARNING_RATES[2] / label.learning_rate,
            BATCH_SIZES[0] * BATCH_SIZES[2] / label.batch_size,
        ),
        _ => (LEARNING_RATES[MIDDLE], BATCH_SIZES[MIDDLE]),
    };
    let (start, factor) = match scenario {
        Scenario::TiesAtStepZero => (5.0, 0.98),
        _ => (1.0, 1.12),
    };
    let settings = || {
        Some(Settings {
            schedule: Schedule::constant(learning_rate).ok()?,
            sampling: Sampling::new(batch_size, EXAMPLES).ok()?,
            coupling: Coupling::Proportional { alpha: ALPHA_OF_K },
            path: Path::new(
                CurvatureLaw::Geometric { start, factor },
                DistanceLaw::Geometric {
                    start: 1.0,
                    factor: 0.99,
                },
            )
            .ok()?,
            steps: STEPS,
            at_break_even: AtBreakEven::Cross,
        })
    };
    // All numbers are constants within the model's ranges.
    let settings = settings().expect("the study's model is within its ranges");
    let trajectory = settings
        .perturbed(BETWEEN_SEEDS, network)
        .run()
        .expect("the study's model is within its ranges");
    let own = noise.exp();
    let record = |point: &breakeven_sim::trajectory::Point| {
        let mut record = point.record(settings.sampling);
        if record.step > 0 {
            record.lambda_h = record.lambda_h.map(|lambda| own * lambda);
            record.lambda_k_per_example = record.lambda_k_per_example.map(|lambda| own * lambda);
        }
        record
    };
    trajectory.points.iter().map(record).collect()
}

/// A single record of a log-normal λ_H that falls with η.
fn two_levels(label: &Label, noise: f64) -> Vec<Record> {
    let is_large = label.place > MIDDLE;
    let mean = if is_large { -TWO_LEVELS.gap } else { 0.0 };
    // Drawn with BETWEEN_RUNS for a spread of 1.
    let logarithm = mean + noise * TWO_LEVELS.spread / BETWEEN_RUNS;
    vec![Record {
        step: 1,
        lambda_h: Some(logarithm.exp()),
        ..Record::default()
    }]
}

impl Label {
    fn run(&self, records: Vec<Record>, diverged: bool) -> Run {
        let header = RunHeader {
            run: format!(
                "lr{}-bs{}-seed{}",
                self.learning_rate, self.batch_size, self.seed
            ),
            seed: self.seed,
            learning_rate: self.learning_rate,
            batch_size: self.batch_size,
            model: ONE_DIMENSIONAL_MODEL.to_owned(),
            data: "none".to_owned(),
            examples: EXAMPLES,
            parameters: 1,
            steps: STEPS,
            training: None,
            pretrained: None,
            covariance: None,
            hessian_examples: None,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            device: "f64".to_owned(),
            plan_sha256: None,
        };
        let status = if diverged {
            RunStatus::Diverged
        } else {
            RunStatus::Completed
        };
        let outcome = RunOutcome {
            status,
            steps: STEPS,
            reason: None,
            records_sha256: None,
            predictions_sha256: None,
        };
        Run::of_summary(RunSummary::of_run(
            &header,
            &records,
            Some(&outcome),
            &settings(None),
        ))
    }
}
