//! A data set whose files come in one compressed archive.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{
    Event, FetchError, Side, copy, discard, failed, open, part_of, present, rename, transfer,
    verify,
};
use crate::data::catalog::{Entry, OfficialFile};
use crate::data::files::{Content, Problem};

/// Gets `archive` from `url` into `folder` and unpacks the official files of
/// `entry` into its folder `inner`, unless they are all there.
pub(super) fn fetch(
    entry: &Entry,
    url: &str,
    archive: &str,
    folder: &Path,
    inner: &str,
    watch: &mut dyn FnMut(Event),
) -> Result<(), FetchError> {
    let inner = folder.join(inner);
    let mut wanted = Vec::new();
    for official in entry.files {
        match present(official, &inner)? {
            Some(path) => watch(Event::Present(path)),
            None => wanted.push(official),
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let part = part_of(folder, archive);
    transfer::transfer(url, &part, watch)?;
    watch(Event::Verifying);
    unpack(&part, url, wanted, &inner, watch)?;
    fs::remove_file(&part).map_err(failed(&part))
}

/// Unpacks the files `wanted` from the archive at `part` into `folder`: only
/// plain files of these names and lengths, wherever the archive puts them. A
/// wrong archive is removed.
fn unpack(
    part: &Path,
    url: &str,
    wanted: Vec<&OfficialFile>,
    folder: &Path,
    watch: &mut dyn FnMut(Event),
) -> Result<(), FetchError> {
    let content = Content::open(part).map_err(|problem| match problem {
        Problem::Io(source) => Fault::System(failed(part)(source)),
        Problem::Format(problem) => Fault::Archive(problem.to_string()),
    });
    match content.and_then(|content| unpack_members(content, wanted, folder, watch)) {
        Ok(()) => Ok(()),
        Err(Fault::Archive(problem)) => Err(discard(part, url.to_owned(), problem)),
        Err(Fault::System(error)) => Err(error),
    }
}

/// Whose fault it is that an archive did not unpack.
pub(in crate::data) enum Fault {
    Archive(String),
    System(FetchError),
}

impl Fault {
    #[cfg(any(test, fuzzing))]
    pub(in crate::data) fn words(&self) -> String {
        match self {
            Self::Archive(problem) => problem.clone(),
            Self::System(error) => error.to_string(),
        }
    }

    fn damaged(error: io::Error) -> Self {
        Self::Archive(format!("its archive does not unpack ({error})"))
    }
}

impl From<FetchError> for Fault {
    fn from(error: FetchError) -> Self {
        Self::System(error)
    }
}

pub(in crate::data) fn unpack_members(
    content: Content,
    mut wanted: Vec<&OfficialFile>,
    folder: &Path,
    watch: &mut dyn FnMut(Event),
) -> Result<(), Fault> {
    let mut archive = tar::Archive::new(content.into_reader());
    for member in archive.entries().map_err(Fault::damaged)? {
        let mut member = member.map_err(Fault::damaged)?;
        let path = member.path().map_err(Fault::damaged)?.into_owned();
        let named = |official: &&OfficialFile| path.file_name() == Some(official.name.as_ref());
        let index = wanted.iter().position(named);
        if let Some(index) = index.filter(|_| member.header().entry_type().is_file()) {
            watch(Event::Ready(unpack_member(
                &mut member,
                wanted[index],
                folder,
            )?));
            wanted.remove(index);
        }
    }
    match wanted.first() {
        Some(official) => Err(Fault::Archive(format!(
            "its archive has no {}",
            official.name
        ))),
        None => Ok(()),
    }
}

/// Writes one member under its final name, if it is the official file.
fn unpack_member(
    member: &mut tar::Entry<impl Read>,
    official: &OfficialFile,
    folder: &Path,
) -> Result<PathBuf, Fault> {
    let (name, size) = (official.name, member.size());
    if size != official.bytes {
        let expected = official.bytes;
        return Err(Fault::Archive(format!(
            "its {name} has {size} bytes, expected {expected}"
        )));
    }
    let part = part_of(folder, name);
    let mut file = open(&part, 0)?;
    let copied = match copy(member, &mut file, &mut |_| ()) {
        Ok(_) => {
            verify(official, &part).map_err(|problem| Fault::Archive(format!("{name}: {problem}")))
        }
        Err(Side::Reading(error)) => Err(Fault::damaged(error)),
        Err(Side::Writing(error)) => Err(failed(&part)(error).into()),
    };
    if let Err(fault) = copied {
        fs::remove_file(&part).map_err(failed(&part))?;
        return Err(fault);
    }
    let path = folder.join(name);
    rename(&part, &path)?;
    Ok(path)
}
