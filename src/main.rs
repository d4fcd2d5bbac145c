//! The command line of breakeven.

mod check;
mod cluster;
mod completions;
mod config;
mod data;
mod design;
mod device;
mod explore;
mod export;
mod failure;
mod manual;
mod measure;
mod memory;
mod progress;
mod reproduce;
mod shell;
mod simulate;
mod span;
mod status;
mod streams;
mod sweep;
mod train;
mod verify;
mod version;

use std::process::ExitCode;

use breakeven_allocator::{Allocator, keep_freed_memory};
use clap::{Parser, Subcommand};

use streams::report;

/// Memory of tensors is reused instead of being asked of the system anew.
#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

const START: &str = "\
Start with:
  breakeven check
      the main job on built-in data, in minutes
  breakeven check --config fixtures/configs/smoke.toml --out smoke
      the same in seconds, on a small network
  breakeven simulate threshold --learning-rate 0.1 --batch-size 32 \\
          --examples 50000 --alpha 1 --psi 0.5
      the model's prediction

Answers go to stdout, with --json for machines; progress and errors to stderr.
Exit code 0: done. 1: the work failed, or verify --against found a change.
2: wrong arguments or input.";

/// Predicts, measures and tests the break-even point of SGD
/// (Jastrzebski et al., ICLR 2020).
#[derive(Parser)]
#[command(version = version::version(), long_version = version::long_version(), after_help = START)]
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
    #[command(after_help = status::EXAMPLES)]
    Status(status::StatusArgs),
    Cluster(cluster::ClusterArgs),
    #[command(after_help = measure::EXAMPLES)]
    Measure(Box<measure::MeasureArgs>),
    #[command(after_help = verify::EXAMPLES)]
    Verify(verify::VerifyArgs),
    #[command(after_help = export::EXAMPLES)]
    Export(export::ExportArgs),
    #[command(after_help = reproduce::EXAMPLES)]
    Reproduce(reproduce::ReproduceArgs),
    #[command(after_help = explore::EXAMPLES)]
    Explore(explore::ExploreArgs),
    #[command(subcommand)]
    Data(data::DataArgs),
    #[command(subcommand)]
    Simulate(simulate::SimulateArgs),
    #[command(after_help = completions::EXAMPLES)]
    Completions(completions::CompletionsArgs),
    #[command(after_help = manual::EXAMPLES)]
    Manual(manual::ManualArgs),
}

fn main() -> ExitCode {
    keep_freed_memory();
    let result = match Arguments::parse().command {
        Command::Check(args) => check::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Status(args) => status::run(&args),
        Command::Cluster(args) => cluster::run(&args),
        Command::Measure(args) => measure::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Reproduce(args) => reproduce::run(&args),
        Command::Explore(args) => explore::run(&args),
        Command::Data(args) => data::run(args),
        Command::Simulate(args) => simulate::run(args),
        Command::Completions(args) => completions::run(&args),
        Command::Manual(args) => manual::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure),
    }
}
