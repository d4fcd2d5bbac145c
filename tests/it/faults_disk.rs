//! Disks that are full, and folders that may not be written in.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;

use crate::faults::{SMALL, all_files, restore, resume, said, stopped};
use crate::program::{self, command, run};
use crate::train::{TRAIN, assert_same, train, world};

/// `breakeven` with `args`, started by the words of `before`.
fn under(before: &[&str], args: &[&str], folder: &Path) -> Output {
    let program = command(args, folder);
    let mut wrapped = Command::new(before[0]);
    wrapped
        .args(&before[1..])
        .arg(program.get_program())
        .args(program.get_args())
        .current_dir(folder);
    for (key, value) in program.get_envs() {
        match value {
            Some(value) => wrapped.env(key, value),
            None => wrapped.env_remove(key),
        };
    }
    wrapped.output().unwrap()
}

/// Each file may grow to so many blocks and no further: what a full disk does,
/// at a place that can be chosen.
#[test]
fn where_files_can_not_grow_it_stops_and_goes_on_later() {
    let folder = world(SMALL);
    let folder = folder.path();
    train(folder, "whole", &[]);
    let args = [&TRAIN[..], &["--out", "out", "--resume"]].concat();
    let mut named = Vec::new();
    for blocks in [0, 2, 4, 6, 10, 16, 30, 60] {
        let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let output = under(&["sh", "-c", &limit], &args, folder);
        let told = said(&output, &[0, 1], &limit);
        if output.status.code() == Some(1) {
            let last = told.lines().next_back().unwrap();
            assert!(
                last.starts_with("error: ") && last.contains("out/"),
                "{told}"
            );
            named.push(
                last.split(": ")
                    .find(|part| part.contains("out/"))
                    .unwrap()
                    .to_owned(),
            );
        }
    }
    for file in ["config.json", "checkpoint.safetensors"] {
        assert!(named.iter().any(|name| name.contains(file)), "{named:?}");
    }
    said(&resume(folder, "out"), &[0], "with room again");
    assert_same(folder, "out", "whole");
    let names = |out: &str| all_files(&folder.join(out)).into_keys().collect::<Vec<_>>();
    assert_eq!(names("out"), names("whole"));
}

/// A file system of its own, of so many kilobytes, in a mount namespace.
#[test]
#[ignore = "mounts file systems: needs root or user namespaces"]
fn a_full_disk_stops_it_and_what_was_saved_goes_on() {
    let folder = world(SMALL);
    let folder = folder.path();
    train(folder, "whole", &[]);
    fs::create_dir_all(folder.join("disk")).unwrap();
    for kilobytes in [4, 12, 20, 40, 60, 90] {
        let script = format!(
            "mount -t tmpfs -o size={kilobytes}k none disk || exit 99\n\
             \"$0\" \"$@\"; code=$?\n\
             cp -r disk/. kept; exit $code"
        );
        let _ = fs::remove_dir_all(folder.join("kept"));
        fs::create_dir(folder.join("kept")).unwrap();
        let shell = ["unshare", "--mount", "--map-root-user", "sh", "-c", &script];
        let args = [&TRAIN[..], &["--out", "disk", "--resume"]].concat();
        let told = said(&under(&shell, &args, folder), &[1], &script);
        assert!(told.contains("No space left on device"), "{told}");
        assert!(told.contains("disk/"), "{told}");
        said(&resume(folder, "kept"), &[0], &script);
        assert_same(folder, "kept", "whole");
    }
}

/// Root may write everywhere, unless it lays that down.
fn without_rights(args: &[&str], folder: &Path) -> Output {
    let is_root = fs::metadata("/proc/self").is_ok_and(|of| {
        use std::os::unix::fs::MetadataExt;
        of.uid() == 0
    });
    match is_root {
        true => {
            let laid_down = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];
            under(&laid_down, args, folder)
        }
        false => run(args, folder),
    }
}

fn allow(folder: &Path, mode: u32) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            allow(&path, mode);
        } else {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode & 0o666)).unwrap();
        }
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_that_may_only_be_read_is_read_and_not_written() {
    let folder = stopped();
    let folder = folder.path();
    let out = folder.join("stopped");
    let files = all_files(&out);
    for sweep in ["stopped", "whole"] {
        allow(&folder.join(sweep), 0o555);
    }
    let args = [&TRAIN[..], &["--out", "stopped", "--resume"]].concat();
    let told = said(&without_rights(&args, folder), &[1], "resumed");
    assert!(
        told.contains("error: stopped/") && told.contains("Permission denied"),
        "{told}"
    );
    for args in [
        ["status", "stopped"],
        ["status", "whole"],
        ["verify", "whole"],
    ] {
        said(&without_rights(&args, folder), &[0], &args.join(" "));
    }
    let args = [&TRAIN[..], &["--out", "stopped/within"]].concat();
    let told = said(&without_rights(&args, folder), &[2], "made within");
    assert!(
        told.contains("stopped/within: the folder can't be made"),
        "{told}"
    );
    for sweep in ["stopped", "whole"] {
        allow(&folder.join(sweep), 0o755);
    }
    assert_eq!(all_files(&out), files);
    restore(&out, &files);
    said(&resume(folder, "stopped"), &[0], "may be written again");
    assert_same(folder, "stopped", "whole");
}

/// Before a run's first checkpoint nothing of it need be on the disk yet: a power
/// cut may leave any of it empty, cut short or all zeros.
#[test]
fn what_a_power_cut_leaves_before_a_checkpoint_is_begun_anew() {
    let folder = world(SMALL);
    let folder = folder.path();
    train(folder, "whole", &[]);
    let run_folder = folder.join("out/runs/lr0.2-bs20-seed3");
    let header = fs::read(folder.join("whole/runs/lr0.2-bs20-seed3/run.json")).unwrap();
    for left in [
        Vec::new(),
        vec![0; header.len()],
        header[..header.len() / 2].into(),
    ] {
        fs::create_dir_all(&run_folder).unwrap();
        fs::write(run_folder.join("run.json"), &left).unwrap();
        fs::write(run_folder.join("records.jsonl"), [0; 100]).unwrap();
        for file in ["config.json", "environment.json"] {
            fs::copy(
                folder.join("whole").join(file),
                folder.join("out").join(file),
            )
            .unwrap();
        }
        let status = program::json(&run(&["status", "out", "--json"], folder));
        let runs = status["sweeps"][0]["runs"].as_array().unwrap();
        let of = runs.iter().find(|run| run["run"] == "lr0.2-bs20-seed3");
        let of = of.unwrap();
        assert_eq!((&of["state"], &of["steps"]), (&json!("stale"), &json!(0)));
        said(&resume(folder, "out"), &[0], "after a power cut");
        assert_same(folder, "out", "whole");
        fs::remove_dir_all(folder.join("out")).unwrap();
    }
}

#[test]
fn an_answer_that_can_not_be_written_is_no_success() {
    let folder = world(SMALL);
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = command(&["data", "list"], folder.path())
        .stdout(full)
        .output()
        .unwrap();
    let told = said(&output, &[1], "/dev/full");
    assert!(told.contains("No space left"), "{told}");
}
