//! `breakeven cluster`: a sweep as the job of an engine that has the machines.

mod kubernetes;
mod slurm;

use std::path::{Path, PathBuf};

use breakeven_empirical::compute::DeviceName;
use breakeven_empirical::train::RunSpec;

use crate::config::Config;
use crate::failure::{Failure, OrFail};
use crate::memory::Gib;
use crate::span::Span;

/// Writes a sweep as a job of Slurm or Kubernetes, a shard a task.
///
/// Shards go on from their checkpoints wherever they are started again, and a
/// report is written once all have ended.
#[derive(Debug, clap::Args)]
pub struct ClusterArgs {
    #[command(subcommand)]
    engine: Engine,
}

#[derive(Debug, clap::Subcommand)]
enum Engine {
    #[command(after_help = slurm::EXAMPLES)]
    Slurm(slurm::SlurmArgs),
    #[command(after_help = kubernetes::EXAMPLES)]
    Kubernetes(kubernetes::KubernetesArgs),
}

/// Runs the command.
pub fn run(args: &ClusterArgs) -> Result<(), Failure> {
    match &args.engine {
        Engine::Slurm(args) => slurm::run(args),
        Engine::Kubernetes(args) => kubernetes::run(args),
    }
}

/// What a job of either engine is told.
#[derive(Debug, clap::Args)]
struct JobArgs {
    /// The sweep, in TOML, or the config.json of a sweep's folder.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Shards, of about equal cost: so many tasks run side by side.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    shards: u32,
    /// Cores of each shard, which are shared by as many runs.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    cpus: Option<u16>,
    /// Memory of each shard, in GiB.
    #[arg(long, value_name = "GIB", value_parser = some_memory)]
    memory: Option<Gib>,
    /// How long a shard may take before it is stopped and started again:
    /// minutes, HOURS:MINUTES:SECONDS or DAYS-HOURS:MINUTES.
    #[arg(long, value_name = "TIME")]
    time: Option<Span>,
    /// Where networks are computed: flex, wgpu or cuda; another than flex asks
    /// for a card for each shard.
    #[arg(long, default_value_t)]
    device: DeviceName,
    /// Folder of the data set's files, as the machines that compute see it.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl JobArgs {
    /// The sweep, which has a run for each shard.
    fn config(&self) -> Result<Config, Failure> {
        let config = Config::load_saved(&self.config).or_input()?;
        let runs = RunSpec::of(&config.sweep().sweep).len();
        if self.shards as usize > runs {
            return Err(Failure::input(format!(
                "--shards is {} and {} has {runs} runs: give at most as many shards",
                self.shards,
                self.config.display()
            )));
        }
        Ok(config)
    }
}

fn some_memory(text: &str) -> Result<Gib, String> {
    match text.parse::<Gib>() {
        Ok(memory) if memory.mebibytes() > 0 => Ok(memory),
        _ => Err("give a number of GiB above 0, such as 8".to_owned()),
    }
}

/// A path in a script or manifest, which is text.
fn text(path: &Path) -> Result<&str, Failure> {
    let text = path
        .to_str()
        .filter(|text| !text.contains(char::is_control));
    text.ok_or_else(|| {
        Failure::input(format!(
            "{} is not UTF-8 or holds a control character, which no job file can say: choose another folder",
            path.display()
        ))
    })
}
