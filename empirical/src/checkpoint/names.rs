//! Names of tensors as wrappers of PyTorch leave them, and the model's own.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::SafeTensors;

use super::{CheckpointError, OWN};
use crate::parameters::Parameters;

/// What wrappers put before every name: `DataParallel` and
/// `DistributedDataParallel`, and `torch.compile`.
const PREFIXES: [&str; 2] = ["module.", "_orig_mod."];

/// How many batches a batch normalisation has seen: a counter, no weight.
const COUNTER: &str = "num_batches_tracked";

/// The weights of a file, by their names without prefixes.
pub(super) struct Names<'a> {
    /// Name without prefixes: name in the file.
    weights: BTreeMap<&'a str, &'a str>,
    counters: Vec<&'a str>,
}

impl<'a> Names<'a> {
    /// The names in `file`, but for those of the program's own tensors.
    pub fn of(path: &Path, file: &'a SafeTensors) -> Result<Self, CheckpointError> {
        let mut names = Self {
            weights: BTreeMap::new(),
            counters: Vec::new(),
        };
        let mut all = file.names();
        all.sort_unstable();
        for name in all.into_iter().filter(|name| !name.starts_with(OWN)) {
            let bare = without_prefixes(name);
            if bare == COUNTER
                || bare
                    .strip_suffix(COUNTER)
                    .is_some_and(|of| of.ends_with('.'))
            {
                names.counters.push(name);
            } else if let Some(first) = names.weights.insert(bare, name) {
                return Err(CheckpointError::Twice {
                    path: path.into(),
                    first: first.to_owned(),
                    second: name.to_owned(),
                });
            }
        }
        Ok(names)
    }

    /// What the file calls a weight of the model.
    pub fn in_file(&self, name: &str) -> Option<&'a str> {
        self.weights.get(name).copied()
    }

    /// A tensor that the model does not have, as the file calls it.
    pub fn unknown(&self, parameters: &Parameters) -> Option<&'a str> {
        let is_known = |bare: &str| parameters.iter().any(|parameter| parameter.name == bare);
        let mut unknown = self.weights.iter().filter(|(bare, _)| !is_known(bare));
        unknown.next().map(|(_, name)| *name)
    }

    /// What was stripped and ignored, in words.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let mut prefixes: Vec<&str> = Vec::new();
        for (bare, name) in &self.weights {
            let prefix = &name[..name.len() - bare.len()];
            if !prefix.is_empty() && !prefixes.contains(&prefix) {
                prefixes.push(prefix);
            }
        }
        for prefix in prefixes {
            notes.push(format!("`{prefix}` was stripped from the names of tensors"));
        }
        for counter in &self.counters {
            notes.push(format!(
                "`{counter}` was ignored: it counts batches and is no weight"
            ));
        }
        notes
    }
}

/// The end of `name` that no wrapper put there.
fn without_prefixes(mut name: &str) -> &str {
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)) {
        name = rest;
    }
    name
}
