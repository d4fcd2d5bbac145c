//! What the theory claims, and what becomes of it without one assumption.

use serde::Serialize;

use super::Factor;
use super::certify::{Certificate, Claim, End, ParameterBox};
use super::grid::{Grid, Tally, Theorem};
use crate::interval::Interval;
use crate::meter::{Meter, Parts};
use crate::model::Model;
use crate::noise::Noise;
use crate::parameter::ParameterError;
use crate::sampling::Sampling;

/// A statement with its evidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checked {
    /// Short name.
    pub id: &'static str,
    /// The claim in words.
    pub claim: &'static str,
    /// What is assumed, in words.
    pub assumptions: &'static str,
    /// Runs of the model over a grid, where they can test it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grid: Option<Tally>,
    /// The box of parameters over which it was certified.
    #[serde(rename = "box")]
    pub whole: ParameterBox,
    /// The proof, or the disproof.
    pub certificate: Certificate,
    /// Two runs that contradict the claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counterexample: Option<Counterexample>,
}

/// Two runs, from a part of the box on which the opposite is proved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Counterexample {
    /// N.
    pub examples: usize,
    /// α of each run.
    pub alpha: [f64; 2],
    /// ψ₀.
    pub psi0: f64,
    /// λ₀.
    pub lambda0: f64,
    /// k.
    pub psi_exponent: f64,
    /// η of each run.
    pub learning_rate: [f64; 2],
    /// S of each run.
    pub batch_size: [usize; 2],
    /// The end of the stable interval in each run: larger in the second.
    pub lambda_h: [f64; 2],
}

/// How far the box of each statement is divided.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Boxes per statement.
    pub most_boxes: usize,
}

/// All statements, over the box of ordinary parameters and the grid.
///
/// The theorems hold on every pair of runs; without an assumption, some statements
/// do not:
///
/// ```
/// use breakeven_sim::theorem::grid::Grid;
/// use breakeven_sim::theorem::statements::{Effort, check_all};
///
/// # let few = vec![0.1, 0.3];
/// # let grid = Grid { learning_rates: few.clone(), alphas: few, ..Grid::default() };
/// let checked = check_all(&grid, Effort { most_boxes: 2000 })?;
/// for tally in checked.iter().filter_map(|statement| statement.grid) {
///     assert!(tally.hold > 0 && tally.hold == tally.compared);
/// }
/// assert!(checked.iter().any(|statement| statement.counterexample.is_some()));
/// # Ok::<(), breakeven_sim::parameter::ParameterError>(())
/// ```
///
/// # Errors
/// Where the grid has a value out of its range.
pub fn check_all(grid: &Grid, effort: Effort) -> Result<Vec<Checked>, ParameterError> {
    check_all_watched(grid, effort, &Meter::new())
}

/// [`check_all`], with each statement counted.
///
/// # Errors
/// Where the grid has a value out of its range.
pub fn check_all_watched(
    grid: &Grid,
    effort: Effort,
    meter: &Meter,
) -> Result<Vec<Checked>, ParameterError> {
    let (theorems, others) = (theorems(), without_an_assumption());
    let all = theorems.len() + others.len();
    meter.begin("statements", Parts::Exactly(all as u64));
    let mut checked = Vec::new();
    for (statement, theorem) in theorems {
        let tally = grid.tally(theorem, statement.what.factor)?;
        checked.push(statement.check(Some(tally), effort));
        meter.advance(1);
    }
    for statement in others {
        checked.push(statement.check(None, effort));
        meter.advance(1);
    }
    Ok(checked)
}

/// A statement without its evidence.
struct Statement {
    id: &'static str,
    claim: &'static str,
    assumptions: &'static str,
    what: Claim,
    whole: ParameterBox,
}

impl Statement {
    fn check(self, grid: Option<Tally>, effort: Effort) -> Checked {
        let certificate = self.what.certify(&self.whole, effort.most_boxes);
        let counterexample = certificate
            .witness
            .and_then(|part| counterexample(self.what, &part));
        Checked {
            id: self.id,
            claim: self.claim,
            assumptions: self.assumptions,
            grid,
            whole: self.whole,
            certificate,
            counterexample,
        }
    }
}

fn upper(factor: Factor) -> Claim {
    Claim {
        factor,
        end: End::Upper,
    }
}

/// Both theorems for both hyperparameters.
fn theorems() -> [(Statement, Theorem); 4] {
    let statement = |id, factor, claim| Statement {
        id,
        claim,
        assumptions: "Assumptions 1 to 4",
        what: upper(factor),
        whole: ordinary(),
    };
    let (rate, size) = (Factor::LearningRate, Factor::BatchSize);
    [
        (
            statement(
                "theorem-1-learning-rate",
                rate,
                "from a stable start, lambda_H and lambda_K at the break-even point are smaller for a larger learning rate",
            ),
            Theorem::One,
        ),
        (
            statement(
                "theorem-1-batch-size",
                size,
                "from a stable start, lambda_H and lambda_K at the break-even point are smaller for a smaller batch",
            ),
            Theorem::One,
        ),
        (
            statement(
                "theorem-2-learning-rate",
                rate,
                "from an unstable start, lambda_H and lambda_K where SGD becomes stable are smaller for a larger learning rate",
            ),
            Theorem::Two,
        ),
        (
            statement(
                "theorem-2-batch-size",
                size,
                "from an unstable start, lambda_H and lambda_K where SGD becomes stable are smaller for a smaller batch",
            ),
            Theorem::Two,
        ),
    ]
}

/// What becomes of them where one assumption, or what hangs on it, is dropped.
fn without_an_assumption() -> [Statement; 4] {
    [
        Statement {
            id: "rising-distance-upper",
            claim: "the upper end of the stable interval is smaller for a larger learning rate",
            assumptions: "all but: the distance to the minimum rises with the curvature (k < 0)",
            what: upper(Factor::LearningRate),
            whole: rising_distance(),
        },
        Statement {
            id: "rising-distance-lower",
            claim: "lambda_H where SGD becomes stable for the first time, as the curvature rises, is smaller for a larger learning rate",
            assumptions: "all but: the distance to the minimum rises with the curvature (k < 0), and lambda_H rises while SGD is unstable (Assumption 3 makes it fall, and SGD never becomes stable)",
            what: Claim {
                factor: Factor::LearningRate,
                end: End::Lower,
            },
            whole: rising_distance(),
        },
        Statement {
            id: "moving-noise",
            claim: "lambda_H at the break-even point is smaller for a larger learning rate",
            assumptions: "all but: alpha, and with it s^2, falls as a power of the learning rate (m from 0 to 3)",
            what: upper(Factor::LearningRate),
            whole: moving_noise(),
        },
        Statement {
            id: "large-batch",
            claim: "lambda_H at the break-even point is smaller for a smaller batch",
            assumptions: "all but: S is near N (S from N/2 to N), where the paper takes S small",
            what: upper(Factor::BatchSize),
            whole: large_batch(),
        },
    ]
}

/// η from 1e-4 to 2, S from 1 to N, α from 0.001 to 10, ψ₀ from 0.01 to 10 at
/// λ₀ = 1, k from 0 to 3.
fn ordinary() -> ParameterBox {
    ParameterBox {
        learning_rate: Interval::new(1e-4, 2.0),
        batch_size: Interval::new(1.0, 50_000.0),
        alpha: Interval::new(1e-3, 10.0),
        psi0: Interval::new(0.01, 10.0),
        psi_exponent: Interval::new(0.0, 3.0),
        noise_exponent: Interval::point(0.0),
        lambda0: 1.0,
        reference_rate: 0.1,
        examples: 50_000,
    }
}

fn rising_distance() -> ParameterBox {
    ParameterBox {
        learning_rate: Interval::new(0.1, 0.2),
        batch_size: Interval::new(8.0, 16.0),
        alpha: Interval::new(1.0, 2.0),
        psi0: Interval::new(0.5, 1.0),
        psi_exponent: Interval::new(-0.6, -0.3),
        ..ordinary()
    }
}

fn moving_noise() -> ParameterBox {
    ParameterBox {
        learning_rate: Interval::new(0.1, 0.15),
        batch_size: Interval::point(8.0),
        alpha: Interval::new(28.0, 30.0),
        psi0: Interval::point(0.5),
        psi_exponent: Interval::new(0.0, 0.05),
        noise_exponent: Interval::new(0.0, 3.0),
        ..ordinary()
    }
}

fn large_batch() -> ParameterBox {
    ParameterBox {
        batch_size: Interval::new(25_000.0, 50_000.0),
        ..ordinary()
    }
}

/// The model at the two ends of the part's η or S, all else in the middle.
fn counterexample(claim: Claim, part: &ParameterBox) -> Option<Counterexample> {
    let middle = |interval: Interval| interval.middle();
    let (rates, sizes) = match claim.factor {
        Factor::LearningRate => {
            let size = part.batch_size.middle().round();
            ([part.learning_rate.low, part.learning_rate.high], [size; 2])
        }
        Factor::BatchSize => {
            let sizes = [part.batch_size.high.floor(), part.batch_size.low.ceil()];
            ([part.learning_rate.middle(); 2], sizes)
        }
    };
    // In 1 ..= N by the box.
    let batch_size = sizes.map(|size| size as usize);
    let m = middle(part.noise_exponent);
    let alpha = rates.map(|rate| middle(part.alpha) * (rate / part.reference_rate).powf(-m));
    let (psi0, psi_exponent) = (middle(part.psi0), middle(part.psi_exponent));
    let end = |run: usize| {
        let noise = Noise::DistanceLaw {
            alpha: alpha[run],
            psi0,
            lambda0: part.lambda0,
            exponent: psi_exponent,
        };
        let sampling = Sampling::new(batch_size[run], part.examples).ok()?;
        let [low, high] = Model::new(rates[run], sampling, noise)
            .ok()?
            .stable_set()
            .interval()?;
        Some(if claim.end == End::Upper { high } else { low })
    };
    let lambda_h = [end(0)?, end(1)?];
    (lambda_h[1] > lambda_h[0]).then_some(Counterexample {
        examples: part.examples,
        alpha,
        psi0,
        lambda0: part.lambda0,
        psi_exponent,
        learning_rate: rates,
        batch_size,
        lambda_h,
    })
}
