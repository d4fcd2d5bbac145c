//! Gets the official files of a data set from their address.
//!
//! What arrives is written to `NAME.part` and takes its final name only after
//! its checksum was found right, so that a file with a final name is whole.
//! A transfer that was cut leaves its `.part`, and the next one goes on from
//! there.

pub(super) mod archive;
mod transfer;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::catalog::{Entry, OfficialFile, Origin};
use super::files::{self, Content, Problem};

/// Why a data set could not be fetched.
#[derive(Debug, Error)]
pub enum FetchError {
    /// It is part of the program.
    #[error("`{0}` is built in; there is nothing to fetch")]
    BuiltIn(&'static str),
    /// Its files are not fetched.
    #[error("`{name}` is not fetched: {how}; `breakeven data check {name}` then checks it")]
    ByHand {
        /// Name of the data set.
        name: &'static str,
        /// How they are had.
        how: &'static str,
    },
    /// The address given is not one, or not one that is safe.
    #[error(
        "`{0}` is no address to fetch from; expected https://…, or http://… of this machine (localhost)"
    )]
    Address(String),
    /// A file of the official name is there, and is not the official file.
    #[error("{} is there and is not the official file: {problem}; move it away, or name another folder with --data-dir", .file.display())]
    InTheWay {
        /// The file.
        file: PathBuf,
        /// In what it differs.
        problem: String,
    },
    /// No answer came.
    #[error("no answer from {url}; check the connection, or name a mirror with --from")]
    Unreachable {
        /// The address.
        url: String,
        /// What the client says.
        source: Box<ureq::Error>,
    },
    /// The server does not give the file.
    #[error("{url} answered {status}; check the address, or name a mirror with --from")]
    Refused {
        /// The address.
        url: String,
        /// Status code and its reason.
        status: String,
    },
    /// The transfer ended before the file did.
    #[error("{url} was cut off after {received} bytes{}; run the same command again to go on from there", of(.total))]
    CutOff {
        /// The address.
        url: String,
        /// Bytes there are now, those of earlier transfers included.
        received: u64,
        /// Bytes of the whole, where the server says so.
        total: Option<u64>,
    },
    /// What arrived is not the official file.
    #[error(
        "what {url} sent is not the official file: {problem}; it was removed; run the same command again, or name a mirror with --from"
    )]
    Wrong {
        /// The address.
        url: String,
        /// In what it differs.
        problem: String,
    },
    /// A file could not be written.
    #[error("cannot write {}; check the folder's permissions and the space left", .file.display())]
    Write {
        /// The file or folder.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// What happens while a data set is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The file is there already, with the right checksum.
    Present(PathBuf),
    /// A transfer begins.
    Begins {
        /// The address.
        url: String,
        /// Bytes there are from an earlier transfer.
        kept: u64,
        /// Bytes of the whole, where the server says so.
        total: Option<u64>,
    },
    /// So many bytes are there now.
    Received(u64),
    /// The transfer has ended and the checksum is being computed.
    Verifying,
    /// The file is there, with the right checksum.
    Ready(PathBuf),
}

/// Gets the official files of `entry` into `folder`, from `from` in place of
/// the official address where it is given; `watch` is told what happens.
/// Afterwards all official files are there.
///
/// ```
/// use breakeven_empirical::data::fetch::{FetchError, fetch};
/// use breakeven_empirical::data::{EMBEDDED, catalog};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir();
/// // Of what is built in nothing is fetched; of others `watch` is told how far each file is.
/// let mut watch = |event| println!("{event:?}");
/// let fetched = fetch(catalog::find(EMBEDDED)?, &folder, None, &mut watch);
/// assert!(matches!(fetched, Err(FetchError::BuiltIn(EMBEDDED))));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Whatever keeps a file from being there with the right checksum.
pub fn fetch(
    entry: &Entry,
    folder: &Path,
    from: Option<&str>,
    watch: &mut dyn FnMut(Event),
) -> Result<(), FetchError> {
    match entry.origin {
        Origin::Embedded => Err(FetchError::BuiltIn(entry.name)),
        Origin::ByHand { how } => Err(FetchError::ByHand {
            name: entry.name,
            how,
        }),
        Origin::Whole {
            address,
            archive,
            sha256,
            ..
        } => {
            let url = format!("{}/{archive}", base(from.unwrap_or(address))?);
            fetch_whole(url, folder, archive, sha256, watch)
        }
        Origin::Files { address, .. } => {
            let address = base(from.unwrap_or(address))?;
            let mut files = entry.files.iter();
            files.try_for_each(|file| fetch_file(file, folder, address, watch))
        }
        Origin::Archive {
            address,
            archive,
            folder: inner,
            ..
        } => {
            let url = format!("{}/{archive}", base(from.unwrap_or(address))?);
            archive::fetch(entry, &url, archive, folder, inner, watch)
        }
    }
}

fn fetch_file(
    official: &OfficialFile,
    folder: &Path,
    address: &str,
    watch: &mut dyn FnMut(Event),
) -> Result<(), FetchError> {
    if let Some(path) = present(official, folder)? {
        watch(Event::Present(path));
        return Ok(());
    }
    let name = format!("{}.gz", official.name);
    let url = format!("{address}/{name}");
    get(url, folder, &name, |part| verify(official, part), watch)
}

/// Gets an archive that stays as it is.
fn fetch_whole(
    url: String,
    folder: &Path,
    name: &str,
    sha256: &str,
    watch: &mut dyn FnMut(Event),
) -> Result<(), FetchError> {
    let file = folder.join(name);
    if !file.exists() {
        return get(url, folder, name, |part| verify_whole(part, sha256), watch);
    }
    if let Err(problem) = verify_whole(&file, sha256) {
        return Err(FetchError::InTheWay { file, problem });
    }
    watch(Event::Present(file));
    Ok(())
}

/// Gets the file `name` of `folder` from `url`; it takes this name once it is
/// verified.
fn get(
    url: String,
    folder: &Path,
    name: &str,
    verify: impl Fn(&Path) -> Result<(), String>,
    watch: &mut dyn FnMut(Event),
) -> Result<(), FetchError> {
    let part = part_of(folder, name);
    transfer::transfer(&url, &part, watch)?;
    watch(Event::Verifying);
    if let Err(problem) = verify(&part) {
        return Err(discard(&part, url, problem));
    }
    let path = folder.join(name);
    rename(&part, &path)?;
    watch(Event::Ready(path));
    Ok(())
}

/// Whether the file at `path`, as it is, has this checksum; if not, why.
fn verify_whole(path: &Path, expected: &str) -> Result<(), String> {
    match files::sha256_packed(path) {
        Ok((sha256, _)) if sha256 == expected => Ok(()),
        Ok((sha256, _)) => Err(format!("its SHA-256 is {sha256}, expected {expected}")),
        Err(Problem::Format(problem)) => Err(problem.to_string()),
        Err(Problem::Io(error)) => Err(error.to_string()),
    }
}

/// The path of the official file in `folder`, where it is there.
fn present(official: &OfficialFile, folder: &Path) -> Result<Option<PathBuf>, FetchError> {
    let Some(path) = files::find(official, folder) else {
        return Ok(None);
    };
    match verify(official, &path) {
        Ok(()) => Ok(Some(path)),
        Err(problem) => Err(FetchError::InTheWay {
            file: path,
            problem,
        }),
    }
}

/// Whether the file at `path` has the official content; if not, why.
fn verify(official: &OfficialFile, path: &Path) -> Result<(), String> {
    match Content::open(path).and_then(|mut content| content.sha256()) {
        Ok((sha256, _)) if sha256 == official.sha256 => Ok(()),
        Ok((sha256, _)) => Err(format!(
            "its SHA-256 is {sha256}, expected {}",
            official.sha256
        )),
        Err(Problem::Format(problem)) => Err(problem.to_string()),
        Err(Problem::Io(error)) => Err(error.to_string()),
    }
}

/// `name.part` in `folder`.
fn part_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.part"))
}

/// Opens `part` to go on after its `kept` bytes, or new where there are none,
/// in its folder, which is made where it is missing.
fn open(part: &Path, kept: u64) -> Result<File, FetchError> {
    if let Some(folder) = part.parent() {
        fs::create_dir_all(folder).map_err(failed(folder))?;
    }
    let mut options = OpenOptions::new();
    match kept {
        0 => options.create(true).write(true).truncate(true),
        _ => options.append(true),
    };
    options.open(part).map_err(failed(part))
}

fn rename(part: &Path, path: &Path) -> Result<(), FetchError> {
    fs::rename(part, path).map_err(failed(path))
}

/// Removes what arrived and is wrong.
fn discard(part: &Path, url: String, problem: String) -> FetchError {
    match fs::remove_file(part) {
        Ok(()) => FetchError::Wrong { url, problem },
        Err(source) => failed(part)(source),
    }
}

/// Makes the error that names `file`.
fn failed(file: &Path) -> impl Fn(io::Error) -> FetchError {
    move |source| FetchError::Write {
        file: file.to_owned(),
        source,
    }
}

/// The side of a copy that failed.
enum Side {
    Reading(io::Error),
    Writing(io::Error),
}

/// Copies `from` to the end of `to`, onto the disk; `progress` is told the
/// bytes copied so far.
fn copy(from: &mut dyn Read, to: &mut File, progress: &mut dyn FnMut(u64)) -> Result<u64, Side> {
    let mut buffer = vec![0; 1 << 16];
    let mut copied = 0;
    loop {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(bytes) => {
                to.write_all(&buffer[..bytes]).map_err(Side::Writing)?;
                copied += bytes as u64;
                progress(copied);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Side::Reading(error)),
        }
    }
    to.sync_all().map_err(Side::Writing)?;
    Ok(copied)
}

/// `address` without a slash at its end, if what it sends can't be changed on
/// its way.
fn base(address: &str) -> Result<&str, FetchError> {
    if !address.starts_with("https://") && !is_of_this_machine(address) {
        return Err(FetchError::Address(address.to_owned()));
    }
    Ok(address.trim_end_matches('/'))
}

/// Whether `address` is one of this machine, which needs no TLS.
fn is_of_this_machine(address: &str) -> bool {
    let Some(rest) = address.strip_prefix("http://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_port = |digits: &str| digits.parse::<u16>().is_ok();
    ["localhost", "127.0.0.1", "[::1]"]
        .into_iter()
        .filter_map(|name| host.strip_prefix(name))
        .any(|port| port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

fn of(total: &Option<u64>) -> String {
    total.map_or_else(String::new, |total| format!(" of {total}"))
}
