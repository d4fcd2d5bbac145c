//! The theorems over a grid of parameters.

use serde::Serialize;

use super::{
    Change, Comparison, Factor, FallingDistance, Hyperparameters, PremiseError, Premises,
    Proportional, StableStart, UnstableStart, theorem_1, theorem_2,
};
use crate::parameter::ParameterError;

/// Which theorem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Theorem {
    /// From a stable start.
    One,
    /// From an unstable start.
    Two,
}

/// Values whose combinations are tried; each change goes from one learning
/// rate to the next larger, or from one batch size to the next smaller.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Grid {
    /// η.
    pub learning_rates: Vec<f64>,
    /// S.
    pub batch_sizes: Vec<usize>,
    /// N.
    pub examples: usize,
    /// α.
    pub alphas: Vec<f64>,
    /// ψ₀, at λ₀ = 1.
    pub psi0s: Vec<f64>,
    /// k ≥ 0.
    pub exponents: Vec<f64>,
    /// λ_H(0) for Theorem 1.
    pub stable_start: f64,
    /// λ_H(0) for Theorem 2.
    pub unstable_start: f64,
}

/// How often a theorem held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Pairs of runs that were compared.
    pub compared: usize,
    /// Of them, those as the theorem says.
    pub hold: usize,
    /// Pairs whose start is not as the theorem demands.
    pub premise_not_met: usize,
    /// Pairs of which a run did not reach its crossing.
    pub not_reached: usize,
}

impl Default for Grid {
    fn default() -> Self {
        Self {
            learning_rates: vec![0.003, 0.01, 0.03, 0.1, 0.3, 1.0],
            batch_sizes: vec![1, 8, 64, 512, 999, 1000],
            examples: 1000,
            alphas: vec![0.01, 0.3, 5.0],
            psi0s: vec![0.1, 1.0, 10.0],
            exponents: vec![0.0, 0.3, 1.0],
            stable_start: 1e-3,
            unstable_start: 1e5,
        }
    }
}

impl Grid {
    /// Tries all combinations.
    ///
    /// Two learning rates are one change, on each of the two batch sizes:
    ///
    /// ```
    /// use breakeven_sim::theorem::Factor;
    /// use breakeven_sim::theorem::grid::{Grid, Theorem};
    ///
    /// let grid = Grid {
    ///     learning_rates: vec![0.1, 0.2],
    ///     batch_sizes: vec![8, 16],
    /// #   alphas: vec![1.0], psi0s: vec![1.0], exponents: vec![0.3],
    ///     ..Grid::default()
    /// };
    /// let tally = grid.tally(Theorem::One, Factor::LearningRate)?;
    /// assert_eq!((tally.compared, tally.hold), (2, 2));
    /// # Ok::<(), breakeven_sim::parameter::ParameterError>(())
    /// ```
    ///
    /// # Errors
    /// Where a value of the grid is out of its range.
    pub fn tally(&self, theorem: Theorem, factor: Factor) -> Result<Tally, ParameterError> {
        let mut tally = Tally::default();
        let changes = self.changes(factor);
        for &alpha in &self.alphas {
            let proportional = Proportional::new(alpha)?;
            for &psi0 in &self.psi0s {
                for &exponent in &self.exponents {
                    let distance = FallingDistance::new(psi0, 1.0, exponent)?;
                    let premises = Premises {
                        proportional,
                        distance,
                        examples: self.examples,
                    };
                    for &change in &changes {
                        tally.add(self.compare(theorem, premises, change))?;
                    }
                }
            }
        }
        Ok(tally)
    }

    fn changes(&self, factor: Factor) -> Vec<Change> {
        let run = |learning_rate, batch_size| Hyperparameters {
            learning_rate,
            batch_size,
        };
        let mut changes = Vec::new();
        match factor {
            Factor::LearningRate => {
                for pair in self.learning_rates.windows(2) {
                    for &size in &self.batch_sizes {
                        changes.push(Change::new(run(pair[0], size), run(pair[1], size)));
                    }
                }
            }
            Factor::BatchSize => {
                for pair in self.batch_sizes.windows(2) {
                    for &rate in &self.learning_rates {
                        changes.push(Change::new(run(rate, pair[1]), run(rate, pair[0])));
                    }
                }
            }
        }
        // Values that do not rise make no change.
        changes.into_iter().flatten().collect()
    }

    fn compare(
        &self,
        theorem: Theorem,
        premises: Premises,
        change: Change,
    ) -> Result<Option<Comparison>, PremiseError> {
        match theorem {
            Theorem::One => {
                StableStart::new(premises, change, self.stable_start).map(|start| theorem_1(&start))
            }
            Theorem::Two => UnstableStart::new(premises, change, self.unstable_start)
                .map(|start| theorem_2(&start)),
        }
    }
}

impl Tally {
    fn add(
        &mut self,
        found: Result<Option<Comparison>, PremiseError>,
    ) -> Result<(), ParameterError> {
        match found {
            Ok(Some(comparison)) => {
                self.compared += 1;
                self.hold += usize::from(comparison.holds());
            }
            Ok(None) => self.not_reached += 1,
            Err(PremiseError::Parameter(error)) => return Err(error),
            Err(_) => self.premise_not_met += 1,
        }
        Ok(())
    }
}
