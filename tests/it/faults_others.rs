//! Other processes in the folder, and clocks that are wrong.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::faults::{all_files, resume, said, stopped};
use crate::program::{json as answer, run, stdout};
use crate::train::{assert_same, train};
use crate::train_resume::{LONG, in_mid_run};

const RUN: &str = "lr0.2-bs20-seed3";

#[test]
fn who_carries_a_run_out_is_named() {
    let folder = crate::train::world(LONG);
    let folder = folder.path();
    let mut child = in_mid_run(folder, "out", 5, &[]);
    let named = format!("process {}", child.id());
    let found = answer(&run(&["status", "out", "--json"], folder));
    let owner = &found["sweeps"][0]["runs"][0]["owner"];
    assert_eq!(owner["process"], child.id());
    let words = stdout(&run(&["status", "out"], folder));
    assert!(words.contains(&format!(", by {named}")), "{words}");
    let told = said(&resume(folder, "out"), &[1], "beside another");
    let skipped = format!("skipped: another process carries it out ({named}");
    assert!(told.contains(&skipped), "{told}");
    child.kill().unwrap();
    child.wait().unwrap();
    // Nobody holds it now, whatever its file says.
    let found = answer(&run(&["status", "out", "--json"], folder));
    assert_eq!(found["sweeps"][0]["runs"][0]["state"], "stale");
}

/// A lock is the system's: a file that was left behind keeps nobody out, whether
/// its process is dead, of another machine, or of a number that another has now.
#[test]
fn a_lock_that_was_left_behind_keeps_nobody_out() {
    let folder = stopped();
    let folder = folder.path();
    let file = folder.join("stopped/runs").join(RUN).join("run.lock");
    let left = fs::read_to_string(&file).unwrap();
    let mut owner: serde_json::Value = serde_json::from_str(&left).unwrap();
    owner["process"] = std::process::id().into();
    let elsewhere = json!({ "process": 1, "host": "another machine" });
    let begun = all_files(&folder.join("stopped"));
    for text in [
        left,
        owner.to_string(),
        elsewhere.to_string(),
        String::new(),
    ] {
        crate::faults::restore(&folder.join("stopped"), &begun);
        fs::write(&file, &text).unwrap();
        let found = answer(&run(&["status", "stopped", "--json"], folder));
        assert_eq!(found["totals"]["stale"], 1, "{text}");
        said(&resume(folder, "stopped"), &[0], &text);
        assert_same(folder, "stopped", "whole");
    }
}

/// Gives all files of a folder a time.
fn date(folder: &Path, time: SystemTime) {
    for name in all_files(folder).keys() {
        let file = File::options().write(true).open(folder.join(name)).unwrap();
        file.set_modified(time).unwrap();
    }
}

#[test]
fn no_time_of_a_file_matters() {
    let folder = stopped();
    let folder = folder.path();
    let begun = all_files(&folder.join("stopped"));
    let year = Duration::from_secs(365 * 86_400);
    let now = SystemTime::now();
    for (time, words) in [
        (now + 100 * year, "last wrote 0 s ago"),
        (SystemTime::UNIX_EPOCH, "days ago"),
        (SystemTime::UNIX_EPOCH - year, "days ago"),
    ] {
        crate::faults::restore(&folder.join("stopped"), &begun);
        date(&folder.join("stopped"), time);
        let told = stdout(&run(&["status", "stopped"], folder));
        assert!(told.contains(words), "{told}");
        said(&resume(folder, "stopped"), &[0], words);
        assert_same(folder, "stopped", "whole");
    }
    // What is over is told by checksums, not by which file is newer.
    let written = all_files(&folder.join("whole"));
    date(&folder.join("whole"), now + 100 * year);
    train(folder, "whole", &["--resume"]);
    assert_eq!(all_files(&folder.join("whole/runs")), {
        let in_runs = written.iter().filter_map(|(name, bytes)| {
            let name = name.strip_prefix("runs/")?;
            Some((name.to_owned(), bytes.clone()))
        });
        in_runs.collect()
    });
}
