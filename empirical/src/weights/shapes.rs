//! The shapes of a file's tensors, which tell the sizes of a network.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::CheckpointError;
use super::file::{parse, read};
use super::names::without_prefixes;

/// Shapes of the tensors in a file, by their names without what wrappers of
/// PyTorch put before.
///
/// ```
/// use breakeven_empirical::weights::{NamedTensor, Shapes, save_tensors};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let file = std::env::temp_dir().join(format!("breakeven-shapes-{}", std::process::id()));
/// let (shape, numbers) = (vec![2, 3], vec![0.0; 6]);
/// let first = NamedTensor { name: "fc1.weight".into(), shape, numbers };
/// let second = NamedTensor { name: "fc2.weight".into(), ..first.clone() };
/// save_tensors(&file, &[first, second])?;
/// let shapes = Shapes::read(&file)?;
/// assert_eq!(shapes.of("fc1.weight")?, [2, 3]);
/// assert_eq!(shapes.count(|k| format!("fc{k}.weight")), 2);
/// # std::fs::remove_file(&file)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Shapes {
    path: PathBuf,
    shapes: BTreeMap<String, Vec<usize>>,
}

impl Shapes {
    /// Those of the file at `path`.
    ///
    /// # Errors
    /// If it can't be read or is no safetensors file.
    pub fn read(path: &Path) -> Result<Self, CheckpointError> {
        Self::in_bytes(path, &read(path)?)
    }

    /// The same of a file that was read.
    ///
    /// # Errors
    /// If it is no safetensors file.
    pub fn in_bytes(path: &Path, bytes: &[u8]) -> Result<Self, CheckpointError> {
        let file = parse(path, bytes, "save the weights again")?;
        let shapes = file.iter().map(|(name, view)| {
            let name = without_prefixes(name).to_owned();
            (name, view.shape().to_vec())
        });
        Ok(Self {
            path: path.into(),
            shapes: shapes.collect(),
        })
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.shapes.contains_key(name)
    }

    /// The shape of the tensor `name`, which has so many axes.
    ///
    /// # Errors
    /// If there is none, or it has more or fewer.
    pub fn of<const AXES: usize>(&self, name: &str) -> Result<[usize; AXES], CheckpointError> {
        let found = self
            .shapes
            .get(name)
            .ok_or_else(|| CheckpointError::Missing {
                path: self.path.clone(),
                name: name.to_owned(),
            })?;
        let shape = found.as_slice().try_into();
        shape.map_err(|_| CheckpointError::Axes {
            path: self.path.clone(),
            name: name.to_owned(),
            found: found.clone(),
            expected: AXES,
        })
    }

    /// How many of the tensors `name(1)`, `name(2)`, … there are.
    pub fn count(&self, name: impl Fn(usize) -> String) -> usize {
        (1..).take_while(|&k| self.has(&name(k))).count()
    }
}
