//! The command line of breakeven.

mod check;
mod config;
mod data;
mod device;
mod failure;
mod measure;
mod progress;
mod simulate;
mod sweep;
mod train;
mod verify;
mod version;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Memory of tensors is reused instead of being asked of the system anew.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Predicts, measures and tests the break-even point of SGD
/// (Jastrzebski et al., ICLR 2020).
#[derive(Parser)]
#[command(version = version::version())]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[command(after_help = check::EXAMPLES)]
    Check(check::CheckArgs),
    #[command(after_help = train::EXAMPLES)]
    Train(train::TrainArgs),
    #[command(after_help = measure::EXAMPLES)]
    Measure(measure::MeasureArgs),
    #[command(after_help = verify::EXAMPLES)]
    Verify(verify::VerifyArgs),
    #[command(subcommand)]
    Data(data::DataArgs),
    #[command(subcommand)]
    Simulate(simulate::SimulateArgs),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Check(args) => check::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Measure(args) => measure::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Data(args) => data::run(args),
        Command::Simulate(args) => simulate::run(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
