//! `breakeven simulate`: the paper's model, from one number to a sweep.

mod chart;
mod model_args;
mod output;
mod range;
mod svg;
mod table;
mod terminal;
mod threshold;

use crate::failure::Failure;

/// The paper's one-dimensional model (Sec. 3 and App. B).
#[derive(Debug, clap::Subcommand)]
pub enum SimulateArgs {
    /// The break-even λ_H: where a growing curvature first breaks Eq. 1.
    Threshold(threshold::ThresholdArgs),
}

/// Runs one of the model's commands.
pub fn run(args: SimulateArgs) -> Result<(), Failure> {
    match args {
        SimulateArgs::Threshold(args) => threshold::run(&args),
    }
}
