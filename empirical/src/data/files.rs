//! The files of a data set: which are there, and how their content is read,
//! raw or unpacked.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;
use sha2::{Digest, Sha256};

use super::catalog::{Entry, OfficialFile};
use super::error::{DataError, FormatProblem};

/// First two bytes of a gzip stream (RFC 1952). No file that is read here
/// begins with them unpacked.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A file that is there.
pub(super) struct Present {
    pub official: &'static OfficialFile,
    pub path: PathBuf,
    /// The content, where the file is part of the program.
    pub embedded: Option<&'static [u8]>,
}

/// Those of the official files of `entry` that are in `folder`, under any name
/// that people have them under, in official order.
pub(super) fn in_folder(entry: &Entry, folder: &Path) -> Vec<Present> {
    let find = |official: &OfficialFile| there(folder, names(official));
    let files = entry.files.iter();
    files
        .filter_map(|official| {
            find(official).map(|path| Present {
                official,
                path,
                embedded: None,
            })
        })
        .collect()
}

/// `name` in `folder`, raw or with `.gz`, where it is there.
pub(super) fn named(folder: &Path, name: &str) -> Option<PathBuf> {
    there(folder, vec![name.to_owned()])
}

/// The path of `official` in `folder` under its official name, raw or with
/// `.gz`, where it is there.
pub(super) fn find(official: &OfficialFile, folder: &Path) -> Option<PathBuf> {
    named(folder, official.name)
}

/// The first of `names`, raw or with `.gz`, that is in `folder`.
fn there(folder: &Path, names: Vec<String>) -> Option<PathBuf> {
    let both = names
        .into_iter()
        .flat_map(|name| [name.clone(), format!("{name}.gz")]);
    let mut paths = both.map(|name| folder.join(name));
    paths.find(|path| path.exists())
}

/// The names under which people have a file, without `.gz`: the official one;
/// of IDX files the one with a dot, as some sites and unpackers write it; of
/// CIFAR-10's batches that of Python's version.
pub(super) fn names(official: &OfficialFile) -> Vec<String> {
    let name = official.name;
    let other = match name.strip_suffix(".bin") {
        Some(batch) => Some(batch.to_owned()),
        None => name
            .contains("-idx")
            .then(|| name.replacen("-idx", ".idx", 1)),
    };
    [Some(name.to_owned()), other]
        .into_iter()
        .flatten()
        .collect()
}

/// What can go wrong while a file's content is read.
pub(super) enum Problem {
    /// The system could not read it.
    Io(io::Error),
    /// It was read, but is not what it should be.
    Format(FormatProblem),
}

impl Problem {
    /// The error that names `path`.
    pub fn of(self, entry: &Entry, path: &Path) -> DataError {
        match self {
            Self::Io(source) => DataError::Read {
                file: path.to_owned(),
                source,
            },
            Self::Format(problem) => DataError::Format {
                name: entry.name,
                file: path.to_owned(),
                problem,
            },
        }
    }
}

impl<P: Into<FormatProblem>> From<P> for Problem {
    fn from(problem: P) -> Self {
        Self::Format(problem.into())
    }
}

/// The content of one file, unpacked where it is compressed, read in order.
pub(super) struct Content {
    source: Box<dyn Read>,
    packed: bool,
    /// Bytes read so far, unpacked.
    read: u64,
}

impl Present {
    /// Opens the file; whether it is compressed is seen by its first bytes.
    pub fn open(&self) -> Result<Content, Problem> {
        match self.embedded {
            Some(bytes) => Content::of_bytes(bytes),
            None => Content::open(&self.path),
        }
    }
}

impl Content {
    /// The content of the file at `path`.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        Self::new(File::open(path).map_err(Problem::Io)?)
    }

    fn new(mut source: impl Read + 'static) -> Result<Self, Problem> {
        let mut start = Vec::with_capacity(GZIP.len());
        (&mut source)
            .take(GZIP.len() as u64)
            .read_to_end(&mut start)
            .map_err(Problem::Io)?;
        let packed = start == GZIP;
        let whole = BufReader::with_capacity(1 << 16, Cursor::new(start).chain(source));
        Ok(Self {
            source: if packed {
                Box::new(Members::new(whole))
            } else {
                Box::new(whole)
            },
            packed,
            read: 0,
        })
    }

    /// The content of a file whose bytes are in memory.
    pub fn of_bytes(bytes: impl AsRef<[u8]> + 'static) -> Result<Self, Problem> {
        Self::new(Cursor::new(bytes))
    }

    /// What is left, as a stream.
    pub fn into_reader(self) -> impl Read {
        self.source
    }

    /// Whether the file is compressed.
    pub fn is_packed(&self) -> bool {
        self.packed
    }

    /// The next `bytes` bytes.
    ///
    /// Room is taken as the bytes come, so that a header that promises too
    /// much costs no memory.
    pub fn take(&mut self, bytes: u64) -> Result<Vec<u8>, Problem> {
        const ROOM: u64 = 1 << 26; // all the pixels of the largest official file
        let mut taken = Vec::with_capacity(bytes.min(ROOM) as usize); // at most 2^26
        let end = (&mut self.source).take(bytes).read_to_end(&mut taken);
        self.read += taken.len() as u64;
        let ended = match end {
            Ok(_) => (taken.len() as u64) < bytes,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => true,
            Err(error) => return Err(self.blame(error)),
        };
        if ended {
            return Err(FormatProblem::Truncated {
                found: self.read,
                expected: self.read - taken.len() as u64 + bytes,
            }
            .into());
        }
        Ok(taken)
    }

    /// The next four bytes as a big-endian number.
    pub fn take_u32(&mut self) -> Result<u32, Problem> {
        let bytes = self.take(4)?;
        Ok(bytes
            .iter()
            .fold(0, |value, &byte| value << 8 | u32::from(byte)))
    }

    /// All that is left, which is at most `most` bytes.
    pub fn rest(&mut self, most: u64) -> Result<Vec<u8>, Problem> {
        let mut rest = Vec::new();
        match (&mut self.source).take(most + 1).read_to_end(&mut rest) {
            Ok(read) => self.read += read as u64,
            Err(error) => return Err(self.blame(error)),
        }
        if rest.len() as u64 > most {
            return Err(FormatProblem::Large { most }.into());
        }
        Ok(rest)
    }

    /// Nothing is left, and a compressed stream ends as it should.
    pub fn end(&mut self) -> Result<(), Problem> {
        match self.source.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(FormatProblem::Trailing {
                expected: self.read,
            }
            .into()),
            Err(error) => Err(self.blame(error)),
        }
    }

    /// SHA-256 of all that is left, in lower-case hexadecimal, and its length.
    pub fn sha256(&mut self) -> Result<(String, u64), Problem> {
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        let mut length = 0;
        loop {
            match self.source.read(&mut buffer) {
                Ok(0) => return Ok((hex(&hasher.finalize()), length)),
                Ok(read) => {
                    hasher.update(&buffer[..read]);
                    length += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.blame(error)),
            }
        }
    }

    fn blame(&self, error: io::Error) -> Problem {
        blame(error, self.packed)
    }
}

/// A damaged gzip stream is the file's fault, all else the system's.
pub(super) fn blame(error: io::Error, packed: bool) -> Problem {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    match error.kind() {
        InvalidData | InvalidInput | UnexpectedEof if packed => FormatProblem::Gzip {
            detail: error.to_string(),
        }
        .into(),
        _ => Problem::Io(error),
    }
}

/// What the members of a gzip file hold, one after the other, with the zeros
/// that may follow the last: tapes and some programs pad with them, and
/// `gzip -t` ignores them.
struct Members<R> {
    /// Absent only while one member gives way to the next.
    member: Option<GzDecoder<R>>,
    ended: bool,
}

impl<R: BufRead> Members<R> {
    fn new(source: R) -> Self {
        Self {
            member: Some(GzDecoder::new(source)),
            ended: false,
        }
    }

    /// After the end of a member: the next one, or nothing.
    fn next(&mut self) -> io::Result<()> {
        let Some(member) = self.member.take() else {
            return Ok(());
        };
        let mut source = member.into_inner();
        match source.fill_buf()?.first() {
            None => self.ended = true,
            Some(0) => {
                skip_zeros(&mut source)?;
                self.ended = true;
            }
            Some(_) => {}
        }
        self.member = Some(GzDecoder::new(source));
        Ok(())
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        while !self.ended {
            let read = match &mut self.member {
                Some(member) => member.read(into)?,
                None => 0,
            };
            if read > 0 {
                return Ok(read);
            }
            self.next()?;
        }
        Ok(0)
    }
}

/// Reads to the end, where there may be nothing but zeros.
fn skip_zeros(source: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = source.fill_buf()?;
        if buffer.iter().any(|&byte| byte != 0) {
            let problem = "after the zeros that pad it there are other bytes";
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        match buffer.len() {
            0 => return Ok(()),
            length => source.consume(length),
        }
    }
}

/// SHA-256 and length of the file at `path` as it is, packed or not.
pub(super) fn sha256_packed(path: &Path) -> Result<(String, u64), Problem> {
    let mut content = Content {
        source: Box::new(File::open(path).map_err(Problem::Io)?),
        packed: false,
        read: 0,
    };
    content.sha256()
}

/// SHA-256 of `bytes` in lower-case hexadecimal.
pub(super) fn sha256_of(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hex(&hasher.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
