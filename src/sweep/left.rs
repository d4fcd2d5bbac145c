//! What is left of a sweep, and the commands that carry out just that.

use std::path::Path;

use breakeven_empirical::compute::DeviceKind;
use breakeven_empirical::run_state::{Remedy, RunState};
use breakeven_empirical::sweep::states;
use breakeven_empirical::train::RunSpec;
use breakeven_sim::record::{CONFIG_FILE, RUNS_FOLDER};

use super::Environment;
use crate::config::Config;
use crate::failure::{Failure, OrFail};
use crate::shell::quoted;

/// The runs that a sweep folder's configuration plans, and how far each is.
pub struct Standing {
    /// The configuration.
    pub config: Config,
    /// Each run, in order.
    pub runs: Vec<(RunSpec, RunState)>,
    /// The commands that carry out what is left and nobody carries out; none
    /// where nothing is.
    pub commands: Vec<String>,
}

impl Standing {
    /// Of the sweep folder `folder`, of which nothing is written.
    pub fn of(folder: &Path) -> Result<Self, Failure> {
        let config = Config::load_saved(&folder.join(CONFIG_FILE)).or_input()?;
        let runs = states(&config.sweep().sweep, folder).or_input()?;
        let commands = commands(folder, &runs)?;
        Ok(Self {
            config,
            runs,
            commands,
        })
    }
}

/// What a shell has to be told: to remove the folders that resuming refuses,
/// and to resume.
fn commands(folder: &Path, runs: &[(RunSpec, RunState)]) -> Result<Vec<String>, Failure> {
    let is_left = |state: &RunState| !matches!(state, RunState::Over(_) | RunState::Running(..));
    if !runs.iter().any(|(_, state)| is_left(state)) {
        return Ok(Vec::new());
    }
    let word = |path: &Path| quoted(&path.to_string_lossy());
    let mut commands = Vec::new();
    for (spec, state) in runs {
        if let RunState::Damaged {
            remedy: Remedy::Remove,
            ..
        } = state
        {
            let run = folder.join(RUNS_FOLDER).join(spec.name());
            commands.push(format!("rm -r {}", word(&run)));
        }
    }
    let mut resume = format!(
        "breakeven train --config {} --out {} --resume",
        word(&folder.join(CONFIG_FILE)),
        word(folder)
    );
    if let Some(begun) = Environment::begun(folder)? {
        if begun.device != DeviceKind::Flex.to_string() {
            resume += &format!(" --device {}", quoted(&begun.device));
        }
        if let Some(data) = &begun.data_dir {
            resume += &format!(" --data-dir {}", word(data));
        }
    }
    commands.push(resume);
    Ok(commands)
}
