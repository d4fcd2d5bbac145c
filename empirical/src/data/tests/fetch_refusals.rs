//! Servers, addresses and files that end a fetch, by name.

use std::fs;

use super::fetch::{Bench, NAME};
use super::files::gzip;
use super::server::{Manner, Server};
use crate::data::catalog::{self, Origin};
use crate::data::fetch::{FetchError, fetch};

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
fn an_address_has_tls_or_is_of_this_machine() {
    let bench = Bench::new();
    for address in [
        "mirror.org",
        "ftp://mirror.org",
        "http://mirror.org",
        "http://localhost.mirror.org",
        "http://127.0.0.1.mirror.org:80/data",
        "http://127.0.0.1@mirror.org/data",
        "http://localhost:80@mirror.org",
        "http://[::1]mirror.org",
    ] {
        let found = fetch(
            &bench.entry,
            bench.folder.path(),
            Some(address),
            &mut |_| (),
        );
        assert_eq!(
            found.unwrap_err().to_string(),
            format!(
                "`{address}` is no address to fetch from; expected https://…, or http://… of \
                 this machine (localhost)"
            )
        );
    }
}

#[test]
fn what_is_fetched_comes_over_tls_and_has_a_checksum() {
    for entry in catalog::all() {
        let (address, sha256) = match entry.origin {
            Origin::Embedded | Origin::ByHand { .. } => continue,
            Origin::Files { address, .. } | Origin::Archive { address, .. } => (address, None),
            Origin::Whole {
                address, sha256, ..
            } => (address, Some(sha256)),
        };
        assert!(address.starts_with("https://"), "{}: {address}", entry.name);
        let of_files = entry.files.iter().map(|file| file.sha256);
        let sums: Vec<&str> = of_files.chain(sha256).collect();
        let is_hexadecimal = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        assert!(!sums.is_empty(), "{}", entry.name);
        for sum in sums {
            assert!(sum.len() == 64 && sum.chars().all(is_hexadecimal), "{sum}");
        }
    }
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
