//! `breakeven simulate`: the paper's model, from one number to a sweep.

mod chart;
mod figure;
mod model_args;
mod model_run;
mod montecarlo;
mod output;
mod range;
mod table;
mod terminal;
mod theorems;
pub mod threshold;
mod trajectory;
mod trajectory_folder;

use crate::failure::Failure;

/// The paper's one-dimensional model (Sec. 3 and App. B).
#[derive(Debug, clap::Subcommand)]
pub enum SimulateArgs {
    /// The break-even λ_H: where a growing curvature first breaks Eq. 1.
    Threshold(threshold::ThresholdArgs),
    /// Runs of the model under Assumptions 1 to 4, as curves or as run folders.
    Trajectory(trajectory::TrajectoryArgs),
    /// SGD simulated with random batches, against Eq. 1.
    Montecarlo(montecarlo::MonteCarloArgs),
    /// Theorems 1 and 2, checked over a grid and proved over boxes.
    Theorems(theorems::TheoremsArgs),
}

/// Runs one of the model's commands.
pub fn run(args: SimulateArgs) -> Result<(), Failure> {
    match args {
        SimulateArgs::Threshold(args) => threshold::run(&args),
        SimulateArgs::Trajectory(args) => trajectory::run(&args),
        SimulateArgs::Montecarlo(args) => montecarlo::run(&args),
        SimulateArgs::Theorems(args) => theorems::run(&args),
    }
}
