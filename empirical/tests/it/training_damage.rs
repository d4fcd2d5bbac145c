//! Runs whose files have changed, or are of an earlier version.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use breakeven_empirical::sweep::{Progress, Shard, Sweep, SweepEnd};
use breakeven_empirical::train::RunEnd;
use breakeven_sim::record::seal::names_a_seal;
use breakeven_sim::record::{Record, RunHeader, from_line, from_page, to_line, to_page};
use tempfile::{TempDir, tempdir};

use crate::training::{
    RUN, assert_same_files, carry_out, finish, one_run, prepare, records, run_folder, uninterrupted,
};

#[test]
fn damage_to_a_run_is_named() {
    let config = one_run();
    let sweep = prepare(&config);
    let stopped = || {
        let folder = tempdir().unwrap();
        let stop = AtomicBool::new(false);
        let end = carry_out(&sweep, folder.path(), 1, &stop, |_, done| {
            stop.store(done == 5, Ordering::Relaxed);
        });
        assert_eq!(end.unwrap(), SweepEnd::Stopped);
        folder
    };
    let said = |folder: &TempDir| {
        let stop = AtomicBool::new(false);
        let error = carry_out(&sweep, folder.path(), 1, &stop, |_, _| {}).unwrap_err();
        let run = run_folder(folder.path());
        error.to_string().replace(&run.display().to_string(), "RUN")
    };

    // Without checksums, as earlier versions wrote, nothing says whether a
    // file was damaged or is of somebody else.
    let folder = stopped();
    let records = run_folder(folder.path()).join("records.jsonl");
    let length = fs::read(&records).unwrap().len();
    let checkpoint = run_folder(folder.path()).join("checkpoint.safetensors");
    let whole = without_checksums(&checkpoint);
    fs::write(&checkpoint, &whole).unwrap();
    fs::write(&records, "kept\n".repeat(3)).unwrap();
    assert_eq!(
        said(&folder),
        format!(
            "run {RUN}: RUN/records.jsonl holds 15 bytes, the checkpoint counts on {length}: \
             remove the run's folder to start it anew"
        )
    );

    let folder = stopped();
    let checkpoint = run_folder(folder.path()).join("checkpoint.safetensors");
    let whole = without_checksums(&checkpoint);
    fs::write(&checkpoint, &whole[..whole.len() / 2]).unwrap();
    let message = said(&folder);
    assert!(
        message.starts_with(&format!(
            "run {RUN}: RUN/checkpoint.safetensors is not a whole safetensors file ("
        )) && message.ends_with("): remove the run's folder to start it anew"),
        "{message}"
    );

    let folder = stopped();
    fs::write(run_folder(folder.path()).join("outcome.json"), "{").unwrap();
    let message = said(&folder);
    assert!(
        message.starts_with("RUN/outcome.json is damaged ("),
        "{message}"
    );
}

/// A checkpoint as earlier versions wrote it.
fn without_checksums(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let tensors = file.iter().filter(|(name, _)| !name.ends_with("sha256"));
    safetensors::serialize(tensors.collect::<Vec<_>>(), None).unwrap()
}

/// Notes why runs are carried out anew.
#[derive(Default)]
struct Anew(Mutex<Vec<String>>);

impl Progress for Anew {
    fn started(&self, _: &str, _: u64, _: u64) {}
    fn stepped(&self, _: &str, _: u64) {}
    fn anew(&self, run: &str, why: &str) {
        self.0.lock().unwrap().push(format!("{run}: {why}"));
    }
    fn ended(&self, _: &str, _: RunEnd) {}
}

/// Resumes a sweep and says which runs were carried out anew, and why.
fn resumed(sweep: &Sweep, folder: &Path) -> Vec<String> {
    let watch = Anew::default();
    let stop = AtomicBool::new(false);
    let end = sweep.carry_out(folder, Shard::WHOLE, 1, &stop, &watch);
    assert_eq!(end.unwrap(), SweepEnd::Over);
    let path = run_folder(folder).display().to_string();
    let said = watch.0.into_inner().unwrap().into_iter();
    said.map(|line| line.replace(&path, "RUN")).collect()
}

/// Flips the lowest bit of the first digit after `after`.
fn flip_after(file: &Path, after: &str) {
    let mut bytes = fs::read(file).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let start = text.find(after).unwrap() + after.len();
    let digit = start + text[start..].find(|c: char| c.is_ascii_digit()).unwrap();
    bytes[digit] ^= 1;
    fs::write(file, bytes).unwrap();
}

#[test]
fn a_run_whose_files_changed_is_carried_out_anew_to_the_same_bytes() {
    let config = one_run();
    let sweep = prepare(&config);
    let expected = uninterrupted(&sweep);
    let finished = || {
        let folder = tempdir().unwrap();
        finish(&sweep, folder.path());
        folder
    };
    let stopped = || {
        let folder = tempdir().unwrap();
        let stop = AtomicBool::new(false);
        let end = carry_out(&sweep, folder.path(), 1, &stop, |_, done| {
            stop.store(done == 9, Ordering::Relaxed);
        });
        assert_eq!(end.unwrap(), SweepEnd::Stopped);
        folder
    };
    let text = |path: &Path| fs::read_to_string(path).unwrap();
    type Change = fn(&Path);
    let changes: [(&str, Change, &str); 10] = [
        (
            "a digit of a record",
            |run| {
                flip_after(
                    &run.join("records.jsonl"),
                    "\"step\":0,\"epoch\":0.0,\"loss\":",
                )
            },
            "RUN/records.jsonl, line 1: its checksum says ",
        ),
        (
            "a lost line",
            |run| {
                let file = run.join("records.jsonl");
                let text = fs::read_to_string(&file).unwrap();
                let (first, rest) = text.split_once('\n').unwrap();
                let (_, rest) = rest.split_once('\n').unwrap();
                fs::write(file, format!("{first}\n{rest}")).unwrap();
            },
            "RUN/records.jsonl",
        ),
        (
            "no records",
            |run| fs::remove_file(run.join("records.jsonl")).unwrap(),
            "RUN/records.jsonl",
        ),
        (
            "a digit of a prediction",
            |run| flip_after(&run.join("predictions.jsonl"), "\"probabilities\":[0."),
            "RUN/predictions.jsonl, line 1: its checksum says ",
        ),
        (
            "lost predictions",
            |run| {
                let file = run.join("predictions.jsonl");
                let text = fs::read_to_string(&file).unwrap();
                let (_, rest) = text.split_once('\n').unwrap();
                fs::write(file, rest).unwrap();
            },
            "RUN/predictions.jsonl: it",
        ),
        (
            "no predictions",
            |run| fs::remove_file(run.join("predictions.jsonl")).unwrap(),
            "RUN/predictions.jsonl: it",
        ),
        (
            "the header",
            |run| flip_after(&run.join("run.json"), "\"seed\": "),
            "RUN/run.json: its checksum says ",
        ),
        (
            "a record of another file",
            |run| {
                let file = run.join("records.jsonl");
                let text = fs::read_to_string(&file).unwrap();
                let (first, rest) = text.split_once('\n').unwrap();
                let mut record = from_line(first.as_bytes()).unwrap().value;
                record.loss = Some(1.5);
                fs::write(file, format!("{}\n{rest}", to_line(&record).unwrap())).unwrap();
            },
            "RUN/records.jsonl: it",
        ),
        (
            "half a file",
            |run| {
                let file = run.join("records.jsonl");
                let bytes = fs::read(&file).unwrap();
                fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
            },
            "RUN/records.jsonl",
        ),
        (
            "a checksum",
            |run| flip_after(&run.join("records.jsonl"), "\"crc32c\":\""),
            "RUN/records.jsonl, line 1: its checksum says ",
        ),
    ];
    for (what, change, why) in changes {
        for (when, folder) in [("finished", finished()), ("stopped", stopped())] {
            change(&run_folder(folder.path()));
            let said = resumed(&sweep, folder.path());
            let [line] = &said[..] else {
                panic!("{what}, {when}: {said:?}");
            };
            assert!(
                line.starts_with(&format!("{RUN}: {why}")),
                "{what}, {when}: {line}"
            );
            assert_same_files(&format!("{what}, {when}"), folder.path(), expected.path());
        }
    }
    let folder = finished();
    flip_after(
        &run_folder(folder.path()).join("outcome.json"),
        "\"steps\": ",
    );
    let said = resumed(&sweep, folder.path());
    assert!(said[0].starts_with(&format!("{RUN}: RUN/outcome.json: its checksum says ")));
    assert_same_files("outcome", folder.path(), expected.path());

    for part in [3, 2] {
        let folder = stopped();
        let file = run_folder(folder.path()).join("checkpoint.safetensors");
        let mut bytes = fs::read(&file).unwrap();
        let middle = bytes.len() * part / 4;
        bytes[middle] ^= 4;
        bytes.truncate(if part == 3 { bytes.len() } else { middle });
        fs::write(&file, bytes).unwrap();
        let said = resumed(&sweep, folder.path());
        assert!(
            said[0].starts_with(&format!(
                "{RUN}: RUN/checkpoint.safetensors changed on disk ("
            )),
            "{said:?}"
        );
        assert_same_files("checkpoint", folder.path(), expected.path());
    }

    // What has not changed goes on.
    let folder = stopped();
    assert!(resumed(&sweep, folder.path()).is_empty());
    assert_same_files("stopped", folder.path(), expected.path());
    assert!(names_a_seal(
        text(&run_folder(folder.path()).join("run.json")).as_bytes()
    ));
}

#[test]
fn a_run_of_an_earlier_version_goes_on_without_checksums() {
    let config = one_run();
    let sweep = prepare(&config);
    let expected = uninterrupted(&sweep);
    let folder = tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let end = carry_out(&sweep, folder.path(), 1, &stop, |_, done| {
        stop.store(done == 9, Ordering::Relaxed);
    });
    assert_eq!(end.unwrap(), SweepEnd::Stopped);
    let run = run_folder(folder.path());
    let begun = records(&run);
    let plain: String = begun
        .iter()
        .map(|record| serde_json::to_string(record).unwrap() + "\n")
        .collect();
    // The checkpoint of an earlier version counts the bytes of plain lines.
    let file = run.join("checkpoint.safetensors");
    let bytes = fs::read(&file).unwrap();
    let parsed = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let progress = [9_u64, plain.len() as u64].map(u64::to_le_bytes).concat();
    let mut tensors: Vec<_> = parsed
        .iter()
        .filter(|(name, _)| !name.starts_with("breakeven.progress") && !name.ends_with("sha256"))
        .collect();
    let view =
        safetensors::tensor::TensorView::new(safetensors::Dtype::I64, vec![2], &progress).unwrap();
    tensors.push(("breakeven.progress", view));
    fs::write(&file, safetensors::serialize(tensors, None).unwrap()).unwrap();
    fs::write(run.join("records.jsonl"), &plain).unwrap();
    let header = from_page::<RunHeader>(&fs::read(run.join("run.json")).unwrap()).unwrap();
    assert!(to_page(&header.value).unwrap().contains("crc32c"));
    fs::write(
        run.join("run.json"),
        serde_json::to_vec(&header.value).unwrap(),
    )
    .unwrap();
    assert!(resumed(&sweep, folder.path()).is_empty());
    let text = fs::read_to_string(run.join("records.jsonl")).unwrap();
    let found: Vec<Record> = text
        .lines()
        .map(|line| from_line(line.as_bytes()).unwrap().value)
        .collect();
    assert_eq!(found, records(&run_folder(expected.path())));
    assert!(text.starts_with(&plain));
}
