//! Names of tensors as wrappers of PyTorch and Hugging Face leave them, and the
//! model's own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use safetensors::SafeTensors;

use super::CheckpointError;
use super::hugging_face::{self, Ignored};
use crate::parameters::Parameters;

/// Before the names of tensors that are not weights.
const OWN: &str = "breakeven.";

/// What wrappers put before every name: `DataParallel` and
/// `DistributedDataParallel`, and `torch.compile`.
const PREFIXES: [&str; 2] = ["module.", "_orig_mod."];

/// How many batches a batch normalisation has seen: a counter, no weight.
const COUNTER: &str = "num_batches_tracked";

/// The weights of a file, by the model's names.
pub(super) struct Names<'a> {
    /// The model's name: name in the file.
    weights: BTreeMap<String, &'a str>,
    notes: Vec<String>,
}

/// What is said of names once, however many there are.
#[derive(Default)]
struct Said<'a> {
    prefixes: BTreeSet<&'a str>,
    counters: Vec<&'a str>,
    renamed: BTreeSet<&'static str>,
    ignored: BTreeMap<Ignored, usize>,
}

impl<'a> Names<'a> {
    /// The names in `file` of what is read into `parameters`, but for those of
    /// the program's own tensors.
    pub fn of(
        path: &Path,
        file: &'a SafeTensors,
        parameters: &Parameters,
    ) -> Result<Self, CheckpointError> {
        let is_bert = hugging_face::is_bert(parameters);
        let mut weights = BTreeMap::new();
        let mut said = Said::default();
        let mut all = file.names();
        all.sort_unstable();
        for name in all.into_iter().filter(|name| !name.starts_with(OWN)) {
            let bare = without_prefixes(name);
            if is_counter(bare) {
                said.counters.push(name);
                continue;
            }
            if let Some(why) = hugging_face::ignored(bare).filter(|_| is_bert) {
                *said.ignored.entry(why).or_default() += 1;
                continue;
            }
            let own = match is_bert {
                true => hugging_face::own_name(bare, &mut said.renamed),
                false => bare.to_owned(),
            };
            let prefix = &name[..name.len() - bare.len()];
            if !prefix.is_empty() {
                said.prefixes.insert(prefix);
            }
            if let Some(first) = weights.insert(own, name) {
                return Err(CheckpointError::Twice {
                    path: path.into(),
                    first: first.to_owned(),
                    second: name.to_owned(),
                });
            }
        }
        Ok(Self {
            weights,
            notes: said.in_words(),
        })
    }

    /// What the file calls a weight of the model.
    pub fn in_file(&self, name: &str) -> Option<&'a str> {
        self.weights.get(name).copied()
    }

    /// A tensor that the model does not have, as the file calls it.
    pub fn unknown(&self, parameters: &Parameters) -> Option<&'a str> {
        let known: BTreeSet<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
        let mut names = self.weights.iter();
        names
            .find(|(own, _)| !known.contains(own.as_str()))
            .map(|(_, name)| *name)
    }

    /// What was stripped, renamed and ignored, in words.
    pub fn into_notes(self) -> Vec<String> {
        self.notes
    }
}

impl Said<'_> {
    fn in_words(&self) -> Vec<String> {
        let prefixes = self.prefixes.iter();
        let prefixes =
            prefixes.map(|prefix| format!("`{prefix}` was stripped from the names of tensors"));
        let renamed = self.renamed.iter().map(|&what| what.to_owned());
        let counters = self
            .counters
            .iter()
            .map(|counter| format!("`{counter}` was ignored: it counts batches and is no weight"));
        let ignored = self.ignored.iter();
        let ignored = ignored.map(|(why, &count)| why.in_words(count));
        prefixes
            .chain(renamed)
            .chain(counters)
            .chain(ignored)
            .collect()
    }
}

/// The end of `name` that no wrapper put there.
pub(super) fn without_prefixes(mut name: &str) -> &str {
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)) {
        name = rest;
    }
    name
}

fn is_counter(bare: &str) -> bool {
    bare == COUNTER
        || bare
            .strip_suffix(COUNTER)
            .is_some_and(|of| of.ends_with('.'))
}
