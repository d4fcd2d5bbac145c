//! What a sweep is made with, as its folder says it.

use std::path::{Path, PathBuf};

use breakeven_empirical::compute::{DeviceName, Precision, are_alike};
use breakeven_empirical::run_folder::{read_json, write_json, write_new_json};
use breakeven_empirical::sweep::Shard;
use breakeven_sim::record::ENVIRONMENT_FILE;
use serde::{Deserialize, Serialize};

use super::of_folder;
use crate::failure::Failure;
use crate::version::{command_line, version};

/// What a call was made with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    version: String,
    command_line: String,
    pub device: String,
    precision: String,
    jobs: usize,
    operating_system: String,
    architecture: String,
    /// The folder of data that was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    /// Those that it was gone on with, where they differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    resumed: Vec<Environment>,
}

impl Environment {
    /// Of this call.
    pub fn now(
        device: DeviceName,
        precision: Precision,
        jobs: usize,
        data_dir: Option<&Path>,
    ) -> Self {
        Self {
            version: version().to_owned(),
            command_line: command_line(),
            device: device.to_string(),
            precision: precision.to_string(),
            jobs,
            operating_system: std::env::consts::OS.to_owned(),
            architecture: std::env::consts::ARCH.to_owned(),
            // A later call may be made elsewhere.
            data_dir: data_dir
                .map(|folder| std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())),
            resumed: Vec::new(),
        }
    }

    /// What the sweep in `folder` was begun with, where that is known.
    pub fn begun(folder: &Path) -> Result<Option<Self>, Failure> {
        let file = folder.join(ENVIRONMENT_FILE);
        match file.exists() {
            true => read(&file).map(Some),
            false => Ok(None),
        }
    }

    /// Saves it, unless it is known. A folder that is gone on with must have the
    /// same device, and keeps what it was begun with. Shards may do so at the
    /// same moment: each has a file of its own for what differs.
    pub fn save(self, folder: &Path, shard: Shard) -> Result<(), Failure> {
        let file = folder.join(ENVIRONMENT_FILE);
        if !file.exists() && write_new_json(&file, &self).map_err(of_folder)? {
            return Ok(());
        }
        let begun = read(&file)?;
        if !are_alike(&begun.device, &self.device) {
            return Err(Failure::input(format!(
                "{} says that the sweep was begun on {}, not on {}: resume with --device {}, or give another --out",
                file.display(),
                begun.device,
                self.device,
                begun.device
            )));
        }
        if shard.count == 1 || begun.knows(&self) {
            return self.add(begun, &file);
        }
        let Shard { index, count } = shard;
        let own = folder.join(format!("environment-{}-of-{count}.json", index + 1));
        if !own.exists() && write_new_json(&own, &self).map_err(of_folder)? {
            return Ok(());
        }
        self.add(read(&own)?, &own)
    }

    /// Adds it to the file that holds `begun`, unless it is known there.
    fn add(self, mut begun: Self, file: &Path) -> Result<(), Failure> {
        if begun.knows(&self) {
            return Ok(());
        }
        begun.resumed.push(self);
        write_json(file, &begun).map_err(of_folder)
    }

    /// Whether it, or one that it was gone on with, is `other`.
    fn knows(&self, other: &Self) -> bool {
        let alone = Self {
            resumed: Vec::new(),
            ..self.clone()
        };
        alone == *other || self.resumed.contains(other)
    }
}

fn read(file: &Path) -> Result<Environment, Failure> {
    read_json(file, "remove it to go on without it").map_err(of_folder)
}
