//! How and where sweeps are carried out, and the arguments that say so.

use std::path::{Path, PathBuf};
use std::time::Duration;

use breakeven_empirical::compute::{DeviceName, Precision};
use breakeven_empirical::sweep::{CHECKPOINT_EVERY, Shard};

use crate::config::Config;
use crate::device::{DeviceArg, HELP, LONG_HELP};
use crate::memory::{Gib, PICTURES};

/// What all commands that train can be told.
#[derive(Debug, clap::Args)]
pub struct SweepArgs {
    /// Go on with an existing folder: finished runs are kept, others go on
    /// from their checkpoints and end as if they had never stopped.
    #[arg(long)]
    pub resume: bool,
    /// Runs side by side, which share the cores; results do not depend on it.
    /// Default: one a core on flex, otherwise 1.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    #[arg(long, help = HELP, long_help = LONG_HELP, default_value_t)]
    device: DeviceArg,
    /// Folder of the data sets' files.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    #[arg(long, value_name = "GIB", help = PICTURES, default_value_t = Gib::of_pictures())]
    picture_memory: Gib,
}

impl SweepArgs {
    /// All runs of `configs`, on one device. One that was not named is said on
    /// stderr.
    pub fn options<'a>(&self, configs: impl IntoIterator<Item = &'a Config>) -> Options<'_> {
        let mut precisions = configs.into_iter().map(Config::precision);
        let precision = if precisions.any(|precision| precision == Precision::F64) {
            Precision::F64
        } else {
            Precision::F32
        };
        Options {
            data_dir: self.data_dir.as_deref(),
            device: self.device.device(precision),
            decoded_bytes: self.picture_memory.bytes() as usize,
            jobs: self.jobs.map(usize::from),
            shard: Shard::WHOLE,
            checkpoint_every: CHECKPOINT_EVERY,
            first_seeds: None,
            warnings: Vec::new(),
        }
    }

    /// What is done with a folder that is there already.
    pub fn existing(&self) -> Existing {
        if self.resume {
            Existing::Resumed
        } else {
            Existing::Refused
        }
    }
}

/// Whether a folder that is there already is gone on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It is an error.
    Refused,
    /// Finished runs are kept, others go on from their checkpoints.
    Resumed,
}

/// How and where a sweep is carried out.
pub struct Options<'a> {
    pub data_dir: Option<&'a Path>,
    pub device: DeviceName,
    /// Bytes that decoded pictures of each part may take.
    pub decoded_bytes: usize,
    pub jobs: Option<usize>,
    pub shard: Shard,
    /// Time between two checkpoints of a run.
    pub checkpoint_every: Duration,
    /// Of each sweep's seeds the first so many; absent where all.
    pub first_seeds: Option<usize>,
    /// What is said before the first step, once all fits.
    pub warnings: Vec<String>,
}
