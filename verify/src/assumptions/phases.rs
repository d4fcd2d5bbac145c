//! Assumptions 3 and 4: which way λ_H and ψ go from one record to the next, where
//! SGD is stable along e_H¹ (left side of Eq. 1 below 1) and where it is not.
//!
//! Under Assumption 4 λ_H grows and ψ falls where it is stable; under Assumption 3
//! λ_H falls and ψ grows where it is not. The share of changes that do is taken run
//! by run; its chance level is one half, and the test is over seeds ([`SignTest`]).
//! Two things it does not rule out: a λ_H that is high by chance falls next, whether
//! SGD is stable or not; and ψ = |⟨g, e_H¹⟩|/λ_H has λ_H below the line, so that an
//! error of λ_H moves both, in opposite directions. So the shares of stable and
//! unstable phases are compared too: growth of λ_H where it is stable less growth
//! where it is not.

use breakeven_sim::record::Record;
use serde::Serialize;

use super::SignTest;
use crate::input::Run;

/// Assumptions 3 and 4 on the runs of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Phases {
    /// The four statements: A4 of λ_H and of ψ, A3 of λ_H and of ψ.
    pub statements: Vec<Statement>,
    /// Share of changes in which λ_H grows where SGD is stable, less that where it
    /// is not: in runs that have both phases. Above 0 under both assumptions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contrast: Option<Contrast>,
}

/// A statement about changes, and how often it holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Statement {
    /// 3 or 4.
    pub assumption: u8,
    /// `lambda_h` or `psi`.
    pub quantity: &'static str,
    /// Whether it is about stable phases.
    pub stable: bool,
    /// Whether the quantity is to grow.
    pub grows: bool,
    /// Runs with such changes.
    pub runs: usize,
    /// Changes.
    pub changes: usize,
    /// Those that go as assumed.
    pub as_assumed: usize,
    /// Changes of which the stated errors do not tell the sign; not counted.
    pub undecided: usize,
    /// Mean over seeds of the runs' shares; absent without changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// Whether more seeds lie above one half than chance would have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<SignTest>,
    /// Run by run.
    pub per_run: Vec<StatementOfRun>,
}

/// The changes of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StatementOfRun {
    /// The run.
    pub run: String,
    /// Changes.
    pub changes: usize,
    /// Those that go as assumed.
    pub as_assumed: usize,
}

/// Growth of λ_H in stable phases less that in unstable ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Contrast {
    /// Runs with changes in both.
    pub runs: usize,
    /// Mean of the differences of shares.
    pub difference: f64,
    /// Whether more seeds lie above 0 than chance would have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<SignTest>,
}

/// Of all runs.
pub fn of_runs(runs: &[&Run]) -> Result<Phases, String> {
    let statements: Vec<Statement> = [
        (4, "lambda_h", true, true),
        (4, "psi", true, false),
        (3, "lambda_h", false, false),
        (3, "psi", false, true),
    ]
    .into_iter()
    .map(|(assumption, quantity, stable, grows)| {
        Statement::of(runs, assumption, quantity, stable, grows)
    })
    .collect();
    if statements.iter().all(|statement| statement.changes == 0) {
        return Err("no two neighbouring records have λ_H and the left side of Eq. 1".to_owned());
    }
    Ok(Phases {
        contrast: contrast(runs),
        statements,
    })
}

/// Signs of the changes of a run in stable or unstable phases: growth, fall, and
/// what errors leave open.
#[derive(Clone, Copy, Default)]
struct Signs {
    up: usize,
    down: usize,
    open: usize,
}

impl Signs {
    fn of(run: &Run, quantity: &str, stable: bool) -> Self {
        let mut signs = Self::default();
        for pair in run.records.windows(2) {
            let Some(left_side) = pair[0].stability else {
                continue;
            };
            // As at the break-even point: unstable from 1 on.
            if (left_side < 1.0) != stable {
                continue;
            }
            let (Some(before), Some(after)) = (of(&pair[0], quantity), of(&pair[1], quantity))
            else {
                continue;
            };
            let (change, error) = (after.0 - before.0, after.1 + before.1);
            if change.abs() <= error || !change.is_finite() {
                signs.open += 1;
            } else if change > 0.0 {
                signs.up += 1;
            } else {
                signs.down += 1;
            }
        }
        signs
    }

    fn decided(self) -> usize {
        self.up + self.down
    }

    fn share_up(self) -> Option<f64> {
        (self.decided() > 0).then(|| self.up as f64 / self.decided() as f64)
    }
}

/// A number and the bound on its error, 0 where none is stated.
fn of(record: &Record, quantity: &str) -> Option<(f64, f64)> {
    match quantity {
        "lambda_h" => Some((record.lambda_h?, record.lambda_h_error_bound.unwrap_or(0.0))),
        _ => Some((record.psi?, 0.0)),
    }
}

impl Statement {
    fn of(
        runs: &[&Run],
        assumption: u8,
        quantity: &'static str,
        stable: bool,
        grows: bool,
    ) -> Self {
        let (mut per_run, mut shares, mut undecided) = (Vec::new(), Vec::new(), 0);
        for run in runs {
            let signs = Signs::of(run, quantity, stable);
            undecided += signs.open;
            let Some(up) = signs.share_up() else {
                continue;
            };
            shares.push((run.summary.seed, if grows { up } else { 1.0 - up }));
            per_run.push(StatementOfRun {
                run: run.summary.run.clone(),
                changes: signs.decided(),
                as_assumed: if grows { signs.up } else { signs.down },
            });
        }
        Self {
            assumption,
            quantity,
            stable,
            grows,
            runs: per_run.len(),
            changes: per_run.iter().map(|run| run.changes).sum(),
            as_assumed: per_run.iter().map(|run| run.as_assumed).sum(),
            undecided,
            // α only sets the width of an interval, which is not used.
            share: super::OverSeeds::of(&shares, 0.05).map(|over| over.mean),
            test: SignTest::of(&shares, 0.5),
            per_run,
        }
    }

    /// For readers: `λ_H grows where SGD is stable (A4)`.
    pub fn in_words(&self) -> String {
        let symbol = if self.quantity == "psi" { "ψ" } else { "λ_H" };
        format!(
            "{symbol} {} where SGD is {} (A{})",
            if self.grows { "grows" } else { "falls" },
            if self.stable { "stable" } else { "unstable" },
            self.assumption
        )
    }
}

fn contrast(runs: &[&Run]) -> Option<Contrast> {
    let difference = |run: &&Run| {
        let up = |stable| Signs::of(run, "lambda_h", stable).share_up();
        Some((run.summary.seed, up(true)? - up(false)?))
    };
    let differences: Vec<(u64, f64)> = runs.iter().filter_map(difference).collect();
    Some(Contrast {
        runs: differences.len(),
        difference: super::OverSeeds::of(&differences, 0.05)?.mean,
        test: SignTest::of(&differences, 0.0),
    })
}
