//! Archives that are fetched and stay as they are.

use std::fs;

use super::files::{Folder, check, gzip};
use super::server::{Manner, Server};
use crate::data::catalog::{self, Entry, Origin};
use crate::data::fetch::{Event, FetchError, fetch};
use crate::data::files::sha256_of;

const ARCHIVE: &str = "aclImdb_v1.tar.gz";

/// IMDB's entry, as if `content` were the official archive.
fn entry(content: &[u8]) -> Entry {
    let imdb = catalog::find("imdb").unwrap();
    Entry {
        origin: Origin::Whole {
            address: "http://127.0.0.1:9/unused",
            archive: ARCHIVE,
            sha256: sha256_of(&[content]).leak(),
            transfer: content.len() as u64,
        },
        files: &[],
        folders: &[],
        ..*imdb
    }
}

fn serve(manner: Manner, content: &[u8]) -> Server {
    Server::start(manner, &[(ARCHIVE, content.to_vec())])
}

fn fetched(entry: &Entry, folder: &Folder, server: &Server) -> Result<Vec<Event>, FetchError> {
    let mut events = Vec::new();
    let mut watch = |event| events.push(event);
    fetch(entry, folder.root(), Some(&server.address), &mut watch)?;
    Ok(events)
}

fn names(folder: &Folder) -> Vec<String> {
    let files = fs::read_dir(folder.root()).unwrap();
    let name = |file: std::io::Result<fs::DirEntry>| file.unwrap().file_name();
    files
        .map(|file| name(file).into_string().unwrap())
        .collect()
}

#[test]
fn an_archive_is_checked_as_it_is_and_stays_packed() {
    let content = gzip(&[7; 5000]);
    let (entry, folder) = (entry(&content), Folder::of("imdb"));
    let server = serve(Manner::Whole, &content);
    let events = fetched(&entry, &folder, &server).unwrap();
    let path = folder.path(ARCHIVE);
    assert_eq!(events.last(), Some(&Event::Ready(path.clone())));
    assert_eq!(names(&folder), [ARCHIVE]);
    assert_eq!(fs::read(&path).unwrap(), content);
    // the second time it is there
    assert_eq!(
        fetched(&entry, &folder, &server).unwrap(),
        [Event::Present(path)]
    );
    assert_eq!(server.requests(), [format!("/{ARCHIVE}")]);
}

#[test]
fn a_transfer_that_was_cut_goes_on() {
    let content: Vec<u8> = (0..100_000_u32)
        .map(|i| (i.wrapping_mul(i) >> 7) as u8)
        .collect();
    let (entry, folder) = (entry(&content), Folder::of("imdb"));
    let cut = serve(Manner::CutAfter(70_000), &content);
    let error = fetched(&entry, &folder, &cut).unwrap_err();
    assert!(
        matches!(
            error,
            FetchError::CutOff {
                received: 70_000,
                ..
            }
        ),
        "{error}"
    );
    let server = serve(Manner::Ranges, &content);
    fetched(&entry, &folder, &server).unwrap();
    assert_eq!(server.requests(), [format!("/{ARCHIVE} 70000")]);
    assert_eq!(fs::read(folder.path(ARCHIVE)).unwrap(), content);
}

#[test]
fn another_archive_is_refused_and_removed_or_left_alone() {
    let content = gzip(&[7; 5000]);
    let (entry, folder) = (entry(&content), Folder::of("imdb"));
    let server = serve(Manner::Whole, b"another");
    let error = fetched(&entry, &folder, &server).unwrap_err();
    assert!(matches!(error, FetchError::Wrong { .. }), "{error}");
    assert!(error.to_string().contains("its SHA-256 is "), "{error}");
    assert!(names(&folder).is_empty());

    let folder = folder.with(ARCHIVE, b"mine");
    let error = fetched(&entry, &folder, &server).unwrap_err();
    assert!(matches!(error, FetchError::InTheWay { .. }), "{error}");
    assert_eq!(fs::read(folder.path(ARCHIVE)).unwrap(), b"mine");
}

#[test]
fn an_archive_of_the_official_length_must_be_the_official_one() {
    let review = |path: &str, text: &str| {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        archive
            .append_data(&mut header, path, text.as_bytes())
            .unwrap();
        archive.into_inner().unwrap()
    };
    let content = review("aclImdb/train/neg/0_1.txt", "bad");
    let official: &'static Entry = Box::leak(Box::new(entry(&content)));
    let folder = Folder::of("imdb").with(ARCHIVE, &content);
    assert!(check(official, &folder.search()).unwrap().is_official());
    let folder = folder.with(ARCHIVE, &review("aclImdb/train/neg/0_1.txt", "BAD"));
    let said = folder.shown(&check(official, &folder.search()).unwrap_err());
    assert!(
        said.starts_with(&format!("DIR/{ARCHIVE}: its SHA-256 is ")),
        "{said}"
    );
}
