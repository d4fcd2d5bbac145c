//! Where the files of a data set are looked for.

use std::path::{Path, PathBuf};

use super::catalog::Entry;
use super::error::DataError;

/// The environment variable that names a data folder.
pub const VARIABLE: &str = "BREAKEVEN_DATA";

/// The data folders, in the order in which they are searched.
///
/// ```
/// use std::path::PathBuf;
///
/// use breakeven_empirical::data::{catalog, search::Search};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let search = Search::only(PathBuf::from("data"));
/// let folders = search.folders(catalog::find("mnist")?);
/// assert_eq!(folders[..2], [PathBuf::from("data/mnist"), PathBuf::from("data")]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Search {
    /// Folders that the user named: the files may lie in them directly, or
    /// in a folder with the data set's name.
    named: Vec<PathBuf>,
    /// The platform's data folder, where each data set has its own folder.
    platform: Option<PathBuf>,
}

impl Search {
    /// Searches `data_dir`, then `BREAKEVEN_DATA`, then the platform's data
    /// folder.
    ///
    /// # Errors
    /// If `data_dir` is given and is not a folder.
    pub fn new(data_dir: Option<&Path>) -> Result<Self, DataError> {
        match data_dir {
            Some(folder) if !folder.is_dir() => Err(DataError::NoFolder {
                folder: folder.to_owned(),
                files: None,
            }),
            _ => Ok(Self::for_download(data_dir)),
        }
    }

    /// The same for the files of `entry`, which the message names.
    ///
    /// # Errors
    /// If `data_dir` is given and is not a folder.
    pub fn of(entry: &Entry, data_dir: Option<&Path>) -> Result<Self, DataError> {
        Self::new(data_dir).map_err(|error| match error {
            DataError::NoFolder { folder, .. } if !entry.is_built_in() => {
                let files = Some(entry.layout.looked_for(entry));
                DataError::NoFolder { folder, files }
            }
            other => other,
        })
    }

    /// The same for a download, which makes the folder where it is missing.
    pub fn for_download(data_dir: Option<&Path>) -> Self {
        let variable = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
        let named = data_dir.map(Path::to_owned).into_iter();
        Self {
            named: named.chain(variable.map(PathBuf::from)).collect(),
            platform: directories::ProjectDirs::from("", "", "breakeven")
                .map(|project| project.data_dir().to_owned()),
        }
    }

    /// Searches `named` alone.
    pub fn only(named: PathBuf) -> Self {
        Self {
            named: vec![named],
            platform: None,
        }
    }

    /// The folders in which files of `entry` may lie, in order: those of other
    /// tools within them come last.
    pub fn folders(&self, entry: &Entry) -> Vec<PathBuf> {
        let named = self.named.iter();
        let bases: Vec<PathBuf> = named
            .flat_map(|folder| [folder.join(entry.name), folder.clone()])
            .chain(self.platform.iter().map(|folder| folder.join(entry.name)))
            .collect();
        let within = |base: &PathBuf| {
            let base = base.clone();
            entry.folders.iter().map(move |folder| base.join(folder))
        };
        let deeper: Vec<PathBuf> = bases.iter().flat_map(within).collect();
        bases.into_iter().chain(deeper).collect()
    }

    /// The first folder that holds training files of `entry`.
    ///
    /// # Errors
    /// If there is none; the message lists where they were looked for.
    pub fn folder_of(&self, entry: &Entry) -> Result<PathBuf, DataError> {
        let looked = self.folders(entry);
        let holds = |folder: &&PathBuf| entry.layout.is_in(entry, folder);
        match looked.iter().find(holds) {
            Some(folder) => Ok(folder.clone()),
            None => Err(DataError::NotFound {
                name: entry.name,
                looked,
                files: entry.layout.looked_for(entry),
            }),
        }
    }

    /// The folder into which a download of `entry` goes: one with its name,
    /// in the first data folder. `None` where the platform has none and none
    /// was named.
    pub fn download_folder(&self, entry: &Entry) -> Option<PathBuf> {
        let first = self.named.first().or(self.platform.as_ref())?;
        Some(first.join(entry.name))
    }
}
