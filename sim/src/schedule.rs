//! A learning rate that changes at given steps.

use crate::parameter::{Parameter, ParameterError, positive};

/// η as a function of the step, constant between changes.
///
/// ```
/// use breakeven_sim::schedule::Schedule;
///
/// let schedule = Schedule::new(0.1, vec![(100, 0.01)])?;
/// assert_eq!([0, 99, 100].map(|step| schedule.at(step)), [0.1, 0.1, 0.01]);
/// # Ok::<(), breakeven_sim::parameter::ParameterError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    start: f64,
    /// (first step, η from there on), steps rising.
    changes: Vec<(u64, f64)>,
}

impl Schedule {
    /// The same η throughout.
    ///
    /// # Errors
    /// Where η is not a positive number.
    pub fn constant(learning_rate: f64) -> Result<Self, ParameterError> {
        Self::new(learning_rate, Vec::new())
    }

    /// `learning_rate` until the first of `changes`, (first step, η) in any
    /// order; of several at one step the last one counts.
    ///
    /// # Errors
    /// Where an η is not a positive number.
    pub fn new(learning_rate: f64, mut changes: Vec<(u64, f64)>) -> Result<Self, ParameterError> {
        let start = positive(Parameter::LearningRate, learning_rate)?;
        for &(_, eta) in &changes {
            positive(Parameter::LearningRate, eta)?;
        }
        changes.sort_by_key(|&(step, _)| step);
        Ok(Self { start, changes })
    }

    /// η at `step`.
    pub fn at(&self, step: u64) -> f64 {
        let passed = self.changes.partition_point(|&(first, _)| first <= step);
        passed
            .checked_sub(1)
            .map_or(self.start, |last| self.changes[last].1)
    }

    /// η at step 0.
    pub fn initial(&self) -> f64 {
        self.at(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_holds_from_its_step_on() {
        let schedule = Schedule::new(0.1, vec![(100, 0.001), (10, 0.01)]).unwrap();
        let etas = [0, 9, 10, 99, 100, 1000].map(|step| schedule.at(step));
        assert_eq!(etas, [0.1, 0.1, 0.01, 0.01, 0.001, 0.001]);
        assert!(Schedule::new(0.1, vec![(1, -1.0)]).is_err());
    }
}
