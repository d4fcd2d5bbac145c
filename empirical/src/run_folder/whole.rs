//! Files that are there whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Writes a file whole: under a name that no other process has first, then
/// moved into its place, so that a kill leaves the old one or the new one. It is
/// on the disk before it has its name, so that a power cut leaves no empty one.
///
/// # Errors
/// If it can't be written.
pub fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let (mut file, unfinished) = create_unfinished(path)?;
    let moved = file
        .write_all(bytes)
        .and_then(|()| file.sync_data())
        .and_then(|()| std::fs::rename(&unfinished, path));
    if moved.is_err() {
        // That it could not be written is what counts.
        let _ = std::fs::remove_file(&unfinished);
    }
    moved
}

/// Writes a file whole where there is none yet, and says whether it did. Of
/// several processes, on whatever machines, one does.
///
/// # Errors
/// If it can't be written.
pub fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<bool> {
    let (mut file, unfinished) = create_unfinished(path)?;
    let made = file
        .write_all(bytes)
        .and_then(|()| file.sync_data())
        .and_then(|()| link_or_move(&unfinished, path));
    // Where it was moved it is gone, and else it lies in the way of nobody.
    let _ = std::fs::remove_file(&unfinished);
    made
}

/// A link is made of a whole file, and never in place of another one. On a file
/// system without links two processes at the same moment may both believe that
/// theirs was the first; the file is whole all the same.
fn link_or_move(unfinished: &Path, path: &Path) -> std::io::Result<bool> {
    match std::fs::hard_link(unfinished, path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(_) if path.exists() => Ok(false),
        Err(_) => std::fs::rename(unfinished, path).map(|()| true),
    }
}

/// `NAME.PID-K.part`, with the first K that is free: machines that share a
/// folder may have processes of the same number.
fn create_unfinished(path: &Path) -> std::io::Result<(File, PathBuf)> {
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
pub(super) fn remove_unfinished(folder: &Path) -> std::io::Result<()> {
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
