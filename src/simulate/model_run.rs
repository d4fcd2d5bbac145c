//! A run of the model with its setting.

use breakeven_sim::trajectory::{Point, Settings, Trajectory};

use super::table::six_digits;
use crate::failure::Failure;

/// One run.
pub struct Run {
    pub learning_rate: f64,
    pub batch_size: usize,
    pub seed: u64,
    pub settings: Settings,
    pub trajectory: Trajectory,
}

impl Run {
    /// Refuses to go back before the first measured value, where nothing is
    /// known: the run would stand still there without a word.
    pub fn stays_on_measured(&self) -> Result<(), Failure> {
        let points = &self.trajectory.points;
        let Some(point) = points.iter().find(|point| point.progress < 0.0) else {
            return Ok(());
        };
        Err(Failure::input(format!(
            "--measured: with learning rate {} and batch size {} SGD is unstable at step {} and \
             would have to go back before the first measured lambda_H, {} (Assumption 3): take a \
             smaller learning rate, a larger batch, or a file that begins at a smaller lambda_H",
            self.learning_rate,
            self.batch_size,
            point.step - 1,
            six_digits(point.lambda_h),
        )))
    }

    /// The largest value of a quantity.
    pub fn largest(&self, of: impl Fn(&Point) -> f64) -> f64 {
        self.trajectory.points.iter().map(of).fold(0.0, f64::max)
    }

    /// The run in a figure.
    pub fn name(&self, several_seeds: bool) -> String {
        let name = format!(
            "eta {}, S {}",
            six_digits(self.learning_rate),
            self.batch_size
        );
        if several_seeds {
            format!("{name}, seed {}", self.seed)
        } else {
            name
        }
    }
}
