//! Data sets that come as one archive.

use std::fs;

use tempfile::TempDir;

use super::fetch::{entry, names};
use super::files::gzip;
use super::server::{Manner, Server};
use crate::data::catalog::Origin;
use crate::data::fetch::{Event, FetchError, fetch};

fn archive_origin() -> Origin {
    Origin::Archive {
        address: "http://127.0.0.1:9/unused",
        archive: "all.tar.gz",
        folder: "batches",
        transfer: 0,
    }
}

/// Two files in an archive, beside members that no one asked for.
const FIRST: &[u8] = b"first batch";
const SECOND: &[u8] = b"second";

fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in members {
        let mut header = tar::Header::new_gnu();
        // `set_path` refuses `..`, which is what a hostile archive holds
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    gzip(&builder.into_inner().unwrap())
}

fn fetch_archive(folder: &TempDir, packed: Vec<u8>) -> Result<Vec<Event>, FetchError> {
    let entry = entry(&[("one.bin", FIRST), ("two.bin", SECOND)], archive_origin());
    let server = Server::start(Manner::Ranges, &[("all.tar.gz", packed)]);
    let mut events = Vec::new();
    fetch(&entry, folder.path(), Some(&server.address), &mut |event| {
        events.push(event)
    })?;
    Ok(events)
}

#[test]
fn an_archive_gives_the_official_files_and_no_others() {
    let packed = archive(&[
        ("data/readme.html", b"<p>"),
        ("data/two.bin", SECOND),
        ("../../one.bin", FIRST),
        ("../../evil", b"evil"),
    ]);
    let outer = tempfile::tempdir().unwrap();
    let folder = TempDir::new_in(outer.path()).unwrap();
    fetch_archive(&folder, packed).unwrap();
    assert_eq!(names(outer.path()).len(), 1);
    assert_eq!(names(folder.path()), ["batches"]);
    let batches = folder.path().join("batches");
    assert_eq!(names(&batches), ["one.bin", "two.bin"]);
    assert_eq!(fs::read(batches.join("one.bin")).unwrap(), FIRST);
    assert_eq!(fs::read(batches.join("two.bin")).unwrap(), SECOND);
    let again = fetch_archive(&folder, Vec::new()).unwrap();
    assert!(again.iter().all(|event| matches!(event, Event::Present(_))));
}

#[test]
fn a_wrong_archive_is_removed_and_its_fault_named() {
    let whole = archive(&[("one.bin", FIRST), ("two.bin", SECOND)]);
    let cases = [
        (archive(&[("one.bin", FIRST)]), "its archive has no two.bin"),
        (
            archive(&[("one.bin", b"short")]),
            "its one.bin has 5 bytes, expected 11",
        ),
        (
            archive(&[("one.bin", b"wrong batch")]),
            "one.bin: its SHA-256 is ",
        ),
        (
            whole[..whole.len() / 2].to_vec(),
            "its archive does not unpack (",
        ),
        (b"<html>no such file</html>".to_vec(), "its archive "),
    ];
    for (packed, problem) in cases {
        let folder = tempfile::tempdir().unwrap();
        let message = fetch_archive(&folder, packed).unwrap_err().to_string();
        let expected = format!("sent is not the official file: {problem}");
        assert!(message.contains(&expected), "{message}");
        let left = |name: &&String| name.ends_with(".part") || name.ends_with(".gz");
        assert!(names(folder.path()).iter().find(left).is_none());
        let batches = folder.path().join("batches");
        if batches.exists() {
            assert!(
                names(&batches).iter().all(|name| name == "one.bin"),
                "{problem}"
            );
        }
    }
}

#[test]
fn an_archive_that_was_cut_goes_on_from_there() {
    let packed = archive(&[("one.bin", FIRST), ("two.bin", SECOND)]);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("all.tar.gz.part"), &packed[..50]).unwrap();
    let events = fetch_archive(&folder, packed).unwrap();
    assert!(matches!(events[0], Event::Begins { kept: 50, .. }));
    assert_eq!(names(folder.path()), ["batches"]);
}

/// Links and devices under an official name, which would lead elsewhere.
#[test]
fn nothing_but_plain_files_is_unpacked() {
    use tar::EntryType;
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Char,
        EntryType::Block,
        EntryType::Fifo,
        EntryType::Directory,
    ] {
        let mut builder = tar::Builder::new(Vec::new());
        for name in ["one.bin", "/one.bin", "two.bin"] {
            let mut header = tar::Header::new_gnu();
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(kind);
            header.set_link_name("../outside").unwrap();
            header.set_size(0);
            header.set_cksum();
            builder.append(&header, &[][..]).unwrap();
        }
        let packed = gzip(&builder.into_inner().unwrap());
        let outer = tempfile::tempdir().unwrap();
        fs::write(outer.path().join("outside"), b"kept").unwrap();
        let folder = TempDir::new_in(outer.path()).unwrap();
        let error = fetch_archive(&folder, packed).unwrap_err().to_string();
        assert!(
            error.contains("its archive has no one.bin"),
            "{kind:?}: {error}"
        );
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert!(left.is_empty(), "{kind:?}: {left:?}");
        assert_eq!(fs::read(outer.path().join("outside")).unwrap(), b"kept");
    }
}
