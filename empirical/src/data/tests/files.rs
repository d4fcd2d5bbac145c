//! Hand-made files in a folder of their own.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use breakeven_sim::meter::Meter;
use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use crate::data::catalog::{self, Entry};
use crate::data::check::{self, Report};
use crate::data::search::Search;
use crate::data::{DataError, DataSet, Needed, Set, open, open_from};

/// A folder that holds files of one data set, and is removed with it.
pub struct Folder {
    pub entry: &'static Entry,
    folder: TempDir,
}

impl Folder {
    pub fn of(name: &str) -> Self {
        Self {
            entry: catalog::find(name).unwrap(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn with(self, file: &str, content: &[u8]) -> Self {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn search(&self) -> Search {
        Search::only(self.root().to_owned())
    }

    pub fn load(&self) -> Result<DataSet, DataError> {
        self.load_first(Needed::default())
    }

    pub fn load_first(&self, needed: Needed) -> Result<DataSet, DataError> {
        open_from(self.entry, &self.search(), needed).map(in_memory)
    }

    /// The message of the error that loading gives, the folder's own path
    /// shown as `DIR`.
    pub fn message(&self) -> String {
        self.shown(&self.load().unwrap_err())
    }

    pub fn shown(&self, error: &dyn std::error::Error) -> String {
        let root = self.root().display().to_string();
        error.to_string().replace(&root, "DIR")
    }
}

/// The images of the data set `name`, looked for in `data_dir`.
pub fn load(name: &str, data_dir: Option<&Path>) -> Result<DataSet, DataError> {
    open(name, data_dir, Needed::default()).map(in_memory)
}

/// What a check of the files that `search` finds says.
pub fn check(entry: &'static Entry, search: &Search) -> Result<Report, DataError> {
    check::check(entry, search, &Meter::new())
}

fn in_memory(set: Set) -> DataSet {
    match set {
        Set::Images(set) => set,
        other => panic!("{other:?} is not in memory"),
    }
}

/// An IDX images file: `count` in the header, then `pixels`.
pub fn images(count: u32, height: u32, width: u32, pixels: &[u8]) -> Vec<u8> {
    let header = [0x0803, count, height, width].map(u32::to_be_bytes);
    [header.concat(), pixels.to_vec()].concat()
}

/// An IDX labels file: `count` in the header, then `labels`.
pub fn labels(count: u32, labels: &[u8]) -> Vec<u8> {
    let header = [0x0801, count].map(u32::to_be_bytes);
    [header.concat(), labels.to_vec()].concat()
}

pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// A CIFAR-10 record whose pixels count up from `first`.
pub fn record(label: u8, first: u8) -> Vec<u8> {
    let pixels = (0..3072_u32).map(|i| first.wrapping_add((i % 251) as u8));
    std::iter::once(label).chain(pixels).collect()
}
