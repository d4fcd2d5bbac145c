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
pub struct Bench {
    pub entry: Entry,
    pub content: Vec<u8>,
    pub packed: Vec<u8>,
    pub folder: TempDir,
}

pub const NAME: &str = "labels";

impl Bench {
    pub fn new() -> Self {
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

    pub fn serve(&self, manner: Manner) -> Server {
        Server::start(manner, &[("labels.gz", self.packed.clone())])
    }

    pub fn fetch(&self, server: &Server) -> Result<Vec<Event>, FetchError> {
        let mut events = Vec::new();
        let result = fetch(
            &self.entry,
            self.folder.path(),
            Some(&server.address),
            &mut |event| events.push(event),
        );
        result.map(|()| events)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn leave_part(&self, bytes: &[u8]) {
        fs::write(self.path("labels.gz.part"), bytes).unwrap();
    }

    /// The names in the folder.
    pub fn names(&self) -> Vec<String> {
        names(self.folder.path())
    }

    pub fn assert_fetched(&self) {
        assert_eq!(self.names(), ["labels.gz"]);
        assert_eq!(fs::read(self.path("labels.gz")).unwrap(), self.packed);
    }
}

pub fn names(folder: &std::path::Path) -> Vec<String> {
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

pub fn entry(files: &[(&'static str, &[u8])], origin: Origin) -> Entry {
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
