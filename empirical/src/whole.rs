//! Files that are there whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A file that is written, under a name that no other process has, and gets its
/// own once it is on the disk: a kill or a power cut leaves the old one or the
/// new one. Removed where it never gets it.
pub struct Unfinished {
    file: File,
    part: PathBuf,
    path: PathBuf,
    moved: bool,
}

impl Unfinished {
    /// Writes what is to be the file `path`.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write(path: &Path, bytes: &[u8]) -> std::io::Result<Self> {
        let (file, part) = create_part(path)?;
        let mut unfinished = Self {
            file,
            part,
            path: path.into(),
            moved: false,
        };
        unfinished.file.write_all(bytes)?;
        Ok(unfinished)
    }

    /// Waits until it is on the disk, and moves it into its place.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn put(mut self) -> std::io::Result<()> {
        self.file.sync_data()?;
        self.rename()
    }

    /// Moves it into its place at once. The file is for whoever waits until it is on
    /// the disk, before anything counts on it.
    ///
    /// # Errors
    /// If it can't be moved.
    pub fn put_early(mut self) -> std::io::Result<File> {
        self.rename()?;
        self.file.try_clone()
    }

    /// [`Self::put`] where there is no such file yet; says whether it did. Of several
    /// processes, on whatever machines, one does.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn put_new(mut self) -> std::io::Result<bool> {
        self.file.sync_data()?;
        // A link is made of a whole file, and never in place of another one. On a
        // file system without links two processes at the same moment may both
        // believe that theirs was the first; the file is whole all the same.
        match std::fs::hard_link(&self.part, &self.path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(_) if self.path.exists() => Ok(false),
            Err(_) => self.rename().map(|()| true),
        }
    }

    fn rename(&mut self) -> std::io::Result<()> {
        std::fs::rename(&self.part, &self.path)?;
        self.moved = true;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.moved {
            // Where it can't be removed it lies in the way of nobody.
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

/// `NAME.PID-K.part`, with the first K that is free: machines that share a
/// folder may have processes of the same number.
fn create_part(path: &Path) -> std::io::Result<(File, PathBuf)> {
    let mut k = 0;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}-{k}.part", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&name) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => k += 1,
            other => return other.map(|file| (file, name.into())),
        }
    }
}

/// Removes files that were to be moved into their place, and those that
/// safetensors' own writer leaves.
pub fn remove_unfinished(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(".part") || name.starts_with(".tmp") {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
