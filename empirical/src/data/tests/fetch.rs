use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::files::gzip;
use super::server::{Manner, Server};
use crate::data::bytes;
use crate::data::catalog::{self, Entry, Kind, OfficialFile, Origin, Part};
use crate::data::fetch::{Event, FetchError, fetch};
use crate::data::files::sha256_of;

/// A data set of one file, and a folder to fetch it into.
struct Bench {
    entry: Entry,
    content: Vec<u8>,
    packed: Vec<u8>,
    folder: TempDir,
}

const NAME: &str = "labels";

impl Bench {
    fn new() -> Self {
        // a linear congruential sequence, so that packing leaves it long
        let states = std::iter::successors(Some(1_u64), |state| {
            Some(
                state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1),
            )
        });
        let content: Vec<u8> = states.take(100_000).map(|s| (s >> 56) as u8).collect();
        Self {
            entry: entry(&[(NAME, &content)], files_origin()),
            packed: gzip(&content),
            content,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn serve(&self, manner: Manner) -> Server {
        Server::start(manner, &[("labels.gz", self.packed.clone())])
    }

    fn fetch(&self, server: &Server) -> Result<Vec<Event>, FetchError> {
        let mut events = Vec::new();
        let result = fetch(
            &self.entry,
            self.folder.path(),
            Some(&server.address),
            &mut |event| events.push(event),
        );
        result.map(|()| events)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn leave_part(&self, bytes: &[u8]) {
        fs::write(self.path("labels.gz.part"), bytes).unwrap();
    }

    /// The names in the folder.
    fn names(&self) -> Vec<String> {
        names(self.folder.path())
    }

    fn assert_fetched(&self) {
        assert_eq!(self.names(), ["labels.gz"]);
        assert_eq!(fs::read(self.path("labels.gz")).unwrap(), self.packed);
    }
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name());
    let mut names: Vec<_> = files.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

fn files_origin() -> Origin {
    Origin::Files {
        address: "http://127.0.0.1:9/unused",
        transfer: 0,
    }
}

fn archive_origin() -> Origin {
    Origin::Archive {
        address: "http://127.0.0.1:9/unused",
        archive: "all.tar.gz",
        folder: "batches",
        transfer: 0,
    }
}

fn entry(files: &[(&'static str, &[u8])], origin: Origin) -> Entry {
    let official = files.iter().map(|(name, content)| OfficialFile {
        name,
        part: Part::Train,
        examples: 1,
        bytes: content.len() as u64,
        sha256: sha256_of(&[content]).leak(),
    });
    Entry {
        name: "bench",
        title: "",
        licence: "",
        kind: Kind::Images { shape: [1, 1, 1] },
        classes: 10,
        class_names: catalog::all()[0].class_names,
        counts: [1, 0],
        layout: bytes::IDX,
        files: official.collect::<Vec<_>>().leak(),
        folders: &[],
        origin,
    }
}

#[test]
fn a_file_is_fetched_whole_and_checked() {
    let bench = Bench::new();
    let server = bench.serve(Manner::Whole);
    let events = bench.fetch(&server).unwrap();
    bench.assert_fetched();
    let size = bench.packed.len() as u64;
    let url = format!("{}/labels.gz", server.address);
    let (kept, total) = (0, Some(size));
    assert_eq!(events[0], Event::Begins { url, kept, total });
    let last = &events[events.len() - 3..];
    let ready = Event::Ready(bench.path("labels.gz"));
    assert_eq!(last, [Event::Received(size), Event::Verifying, ready]);
}

#[test]
fn a_file_that_is_there_is_not_fetched_again() {
    let bench = Bench::new();
    let server = bench.serve(Manner::Whole);
    bench.fetch(&server).unwrap();
    let path = bench.path("labels.gz");
    assert_eq!(bench.fetch(&server).unwrap(), [Event::Present(path)]);
    assert_eq!(server.requests(), ["/labels.gz"]);
}

#[test]
fn an_uncompressed_official_file_counts_as_there() {
    let bench = Bench::new();
    fs::write(bench.path(NAME), &bench.content).unwrap();
    let server = bench.serve(Manner::Whole);
    assert_eq!(
        bench.fetch(&server).unwrap(),
        [Event::Present(bench.path(NAME))]
    );
    assert!(server.requests().is_empty());
}

#[test]
fn a_redirect_is_followed() {
    let bench = Bench::new();
    let server = bench.serve(Manner::Redirect);
    bench.fetch(&server).unwrap();
    bench.assert_fetched();
    assert_eq!(server.requests(), ["/labels.gz", "/moved/labels.gz"]);
}

#[test]
fn a_transfer_that_was_cut_goes_on_from_there() {
    let bench = Bench::new();
    let cut = bench.serve(Manner::CutAfter(70_000));
    let error = bench.fetch(&cut).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{}/labels.gz was cut off after 70000 bytes of {}; run the same command again to \
             go on from there",
            cut.address,
            bench.packed.len()
        )
    );
    assert_eq!(bench.names(), ["labels.gz.part"]);
    assert_eq!(
        fs::read(bench.path("labels.gz.part")).unwrap(),
        bench.packed[..70_000]
    );

    let server = bench.serve(Manner::Ranges);
    let events = bench.fetch(&server).unwrap();
    bench.assert_fetched();
    assert_eq!(server.requests(), ["/labels.gz 70000"]);
    let url = format!("{}/labels.gz", server.address);
    let (kept, total) = (70_000, Some(bench.packed.len() as u64));
    assert_eq!(events[0], Event::Begins { url, kept, total });
}

#[test]
fn a_server_without_ranges_starts_over() {
    let bench = Bench::new();
    bench.leave_part(&bench.packed[..1000]);
    let server = bench.serve(Manner::Whole);
    let events = bench.fetch(&server).unwrap();
    bench.assert_fetched();
    assert_eq!(server.requests(), ["/labels.gz 1000"]);
    assert!(matches!(events[0], Event::Begins { kept: 0, .. }));
}

#[test]
fn a_range_that_was_not_asked_for_starts_over() {
    let bench = Bench::new();
    bench.leave_part(&bench.packed[..1000]);
    let server = bench.serve(Manner::ShiftedRanges);
    bench.fetch(&server).unwrap();
    bench.assert_fetched();
    assert_eq!(server.requests(), ["/labels.gz 1000", "/labels.gz"]);
}

#[test]
fn a_part_that_is_whole_is_only_checked() {
    let bench = Bench::new();
    bench.leave_part(&bench.packed);
    let server = bench.serve(Manner::Ranges);
    bench.fetch(&server).unwrap();
    bench.assert_fetched();
    assert_eq!(
        server.requests(),
        [format!("/labels.gz {}", bench.packed.len())]
    );
}

#[test]
fn a_part_that_is_too_long_starts_over() {
    let bench = Bench::new();
    bench.leave_part(&vec![0; bench.packed.len() + 1]);
    bench.fetch(&bench.serve(Manner::Ranges)).unwrap();
    bench.assert_fetched();
}

#[test]
fn a_wrong_checksum_removes_what_came() {
    let bench = Bench::new();
    let other = gzip(b"other");
    let server = Server::start(Manner::Whole, &[("labels.gz", other)]);
    let error = bench.fetch(&server).unwrap_err();
    assert_eq!(
        error.to_string(),
        // the first sum: printf other | sha256sum
        format!(
            "what {}/labels.gz sent is not the official file: its SHA-256 is \
             d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa, expected {}; it \
             was removed; run the same command again, or name a mirror with --from",
            server.address, bench.entry.files[0].sha256
        )
    );
    assert!(bench.names().is_empty());
}

#[test]
fn a_part_of_another_file_is_found_out_by_the_checksum() {
    let bench = Bench::new();
    bench.leave_part(&[7; 1000]);
    let error = bench.fetch(&bench.serve(Manner::Ranges)).unwrap_err();
    assert!(matches!(error, FetchError::Wrong { .. }), "{error}");
    assert!(bench.names().is_empty());
    bench.fetch(&bench.serve(Manner::Ranges)).unwrap();
    bench.assert_fetched();
}

#[test]
fn an_end_that_was_not_announced_is_found_out_too() {
    let bench = Bench::new();
    let error = bench
        .fetch(&bench.serve(Manner::Unannounced(5000)))
        .unwrap_err();
    assert!(
        error.to_string().contains("is damaged: its gzip stream"),
        "{error}"
    );
    assert!(bench.names().is_empty());
}

#[test]
fn refusals_are_told_with_their_status() {
    let missing = Server::start(Manner::Whole, &[]);
    let broken = Server::start(
        Manner::Status("503 Service Unavailable"),
        &[("labels.gz", vec![])],
    );
    for (server, status) in [
        (missing, "404 Not Found"),
        (broken, "503 Service Unavailable"),
    ] {
        let bench = Bench::new();
        let error = bench.fetch(&server).unwrap_err();
        let url = format!("{}/labels.gz", server.address);
        assert_eq!(
            error.to_string(),
            format!("{url} answered {status}; check the address, or name a mirror with --from")
        );
        assert!(bench.names().is_empty());
    }
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let bench = Bench::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let address = format!("http://{free}/");
    let error = fetch(
        &bench.entry,
        bench.folder.path(),
        Some(&address),
        &mut |_| (),
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "no answer from http://{free}/labels.gz; check the connection, or name a mirror \
             with --from"
        )
    );
}

#[test]
fn an_address_needs_a_scheme() {
    let bench = Bench::new();
    let error = fetch(
        &bench.entry,
        bench.folder.path(),
        Some("mirror.org"),
        &mut |_| (),
    );
    assert_eq!(
        error.unwrap_err().to_string(),
        "`mirror.org` is not an address; expected http://… or https://…"
    );
}

#[test]
fn built_in_data_are_not_fetched() {
    let error = fetch(&catalog::all()[0], "nowhere".as_ref(), None, &mut |_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`fashion-mnist-12k` is built in; there is nothing to fetch"
    );
}

#[test]
fn other_data_under_an_official_name_are_left_alone() {
    let bench = Bench::new();
    fs::write(bench.path(NAME), b"mine").unwrap();
    let server = bench.serve(Manner::Whole);
    let error = bench.fetch(&server).unwrap_err();
    let message = error.to_string();
    let start = format!(
        "{} is there and is not the official file",
        bench.path(NAME).display()
    );
    assert!(message.starts_with(&start), "{message}");
    assert_eq!(fs::read(bench.path(NAME)).unwrap(), b"mine");
    assert!(server.requests().is_empty());
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let bench = Bench::new();
    fs::write(bench.path("file"), b"").unwrap();
    let folder = bench.path("file").join("below");
    let server = bench.serve(Manner::Whole);
    let error = fetch(&bench.entry, &folder, Some(&server.address), &mut |_| ()).unwrap_err();
    let start = format!("cannot write {}; check", folder.display());
    assert!(error.to_string().starts_with(&start), "{error}");
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
