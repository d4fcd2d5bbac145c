//! `breakeven cluster`: job files for Slurm and Kubernetes, carried out with the
//! engines' commands replaced by scripts that write down how they were called.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::program::{command, json, refusal, run, run_words, stderr, stdout};
use crate::train::{QUICK, world};

/// A folder that shells like to misread.
const OUT: &str = "a b/it's \"$HOME\" 100%";

/// Writes its name and arguments down, each ended by a zero byte.
const RECORDER: &str = r#"#!/bin/sh
printf '%s\0' "$(basename "$0")" "$@" >> "$CALLS"
printf '\n' >> "$CALLS"
case "$0" in */sbatch) echo "77;here" ;; esac
"#;

/// Programs by name in the folder `bin`.
fn programs(folder: &Path, scripts: &[(&str, &str)]) {
    let bin = folder.join("bin");
    fs::create_dir_all(&bin).unwrap();
    for (name, script) in scripts {
        let file = bin.join(name);
        fs::write(&file, script).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// A script, with those programs before all others.
fn script(file: &Path, folder: &Path) -> Command {
    let path = std::env::var("PATH").unwrap();
    let mut bash = Command::new("bash");
    bash.arg(file)
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", folder.join("bin").display()))
        .env("CALLS", folder.join("calls"))
        .env("SLURM_ARRAY_TASK_ID", "3")
        .env("SLURM_JOB_ID", "1234");
    bash
}

fn carried_out(file: &Path, folder: &Path) -> Output {
    script(file, folder).output().unwrap()
}

/// The words of each call so far, which are forgotten then.
fn calls(folder: &Path) -> Vec<Vec<String>> {
    let file = folder.join("calls");
    let text = fs::read_to_string(&file).unwrap_or_default();
    let _ = fs::remove_file(file);
    let words = |line: &str| line.split_terminator('\0').map(str::to_owned).collect();
    text.lines().map(words).collect()
}

fn slurm(folder: &Path) -> PathBuf {
    let args = [
        "cluster",
        "slurm",
        "--config",
        "sweep.toml",
        "--out",
        OUT,
        "--shards",
        "4",
    ];
    let options = [
        "--time",
        "1:30:00",
        "--memory",
        "1.5",
        "--cpus",
        "2",
        "--partition",
        "long",
    ];
    let data = ["--data-dir", "da ta"];
    let said = stdout(&run(&[&args[..], &options, &data].concat(), folder));
    assert!(said.starts_with("submit: bash '"), "{said}");
    folder.canonicalize().unwrap().join(OUT)
}

#[test]
fn an_array_job_is_what_was_asked_for() {
    let folder = world(QUICK);
    let out = slurm(folder.path());
    let shards = fs::read_to_string(out.join("slurm/shards.sbatch")).unwrap();
    for option in [
        "--job-name=quick-shard",
        "--array=1-4",
        "--requeue",
        "--signal=B:USR1@120",
        "--open-mode=append",
        "--cpus-per-task=2",
        "--mem=1536M",
        "--time=0-01:30:00",
        "--partition=long",
    ] {
        assert!(
            shards.contains(&format!("#SBATCH {option}\n")),
            "{option}: {shards}"
        );
    }
    for name in ["shards.sbatch", "report.sbatch", "submit.sh"] {
        let checked = Command::new("bash")
            .arg("-n")
            .arg(out.join("slurm").join(name))
            .output();
        let checked = checked.unwrap();
        assert!(checked.status.success(), "{name}: {}", stderr(&checked));
    }
    // The sweep can be looked at before it begins.
    let found = json(&run(&["status", OUT, "--json"], folder.path()));
    assert_eq!(found["totals"]["missing"], 4);
}

#[test]
fn words_reach_the_programs_as_they_were_given() {
    let folder = world(QUICK);
    let folder = folder.path();
    let out = slurm(folder);
    let here = folder.canonicalize().unwrap();
    programs(
        folder,
        &[
            ("srun", RECORDER),
            ("breakeven", RECORDER),
            ("sbatch", RECORDER),
        ],
    );
    let at = |name: &str| out.join(name).to_str().unwrap().to_owned();
    let script = |name: &str| out.join("slurm").join(name);

    assert!(
        carried_out(&script("shards.sbatch"), folder)
            .status
            .success()
    );
    let config = at("config.json");
    let data = here.join("da ta");
    let expected = [
        "srun",
        "--ntasks=1",
        "--cpus-per-task=2",
        "breakeven",
        "train",
        "--config",
        &config,
        "--out",
        out.to_str().unwrap(),
        "--resume",
        "--shard",
        "3/4",
        "--jobs",
        "2",
        "--data-dir",
        data.to_str().unwrap(),
    ];
    assert_eq!(calls(folder), [expected]);

    assert!(
        carried_out(&script("report.sbatch"), folder)
            .status
            .success()
    );
    let (out, report) = (out.to_str().unwrap(), at("report"));
    assert_eq!(
        calls(folder),
        [
            vec!["breakeven", "status", out],
            vec!["breakeven", "verify", out, "--out", &report],
        ]
    );

    let submitted = carried_out(&script("submit.sh"), folder);
    assert_eq!(stdout(&submitted), "shards: job 77, report: job 77\n");
    let (shards, report) = (at("slurm/shards.sbatch"), at("slurm/report.sbatch"));
    assert_eq!(
        calls(folder),
        [
            vec!["sbatch", "--parsable", &shards],
            vec!["sbatch", "--parsable", "--dependency=afterany:77", &report],
        ]
    );
}

/// Stops when it is told to, as `breakeven` does, and says that it runs.
const STOPS: &str = r#"#!/bin/bash
trap 'kill "$pause"; exit 1' TERM
sleep 60 &
pause=$!
echo $$ > "$CALLS-begun.part"
mv "$CALLS-begun.part" "$CALLS-begun"
wait
"#;

/// Tells the step.
const SCANCEL: &str = r#"#!/bin/sh
printf '%s\0' scancel "$@" >> "$CALLS"
printf '\n' >> "$CALLS"
kill -TERM "$(cat "$CALLS-begun")"
"#;

fn send(signal: &str, process: &str) {
    let sent = Command::new("kill").args([signal, process]).status();
    assert!(sent.unwrap().success());
}

/// The array's script, told `signal` in the middle of its step; SIGTERM is what
/// Slurm tells the step too.
fn signalled(signal: &str) -> (Output, Vec<Vec<String>>) {
    let folder = world(QUICK);
    let folder = folder.path();
    let out = slurm(folder);
    programs(
        folder,
        &[
            ("srun", STOPS),
            ("scancel", SCANCEL),
            ("scontrol", RECORDER),
        ],
    );
    let task = script(&out.join("slurm/shards.sbatch"), folder)
        .spawn()
        .unwrap();
    let begun = folder.join("calls-begun");
    while !begun.exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    send(signal, &task.id().to_string());
    if signal == "-TERM" {
        send(signal, fs::read_to_string(begun).unwrap().trim());
    }
    let output = task.wait_with_output().unwrap();
    (output, calls(folder))
}

#[test]
fn a_task_whose_time_is_up_is_queued_again_and_one_that_is_cancelled_is_not() {
    let (task, called) = signalled("-USR1");
    assert_eq!(task.status.code(), Some(0));
    assert_eq!(
        called,
        [
            vec!["scancel", "--signal=TERM", "1234.0"],
            vec!["scontrol", "requeue", "1234"],
        ]
    );
    let (task, called) = signalled("-TERM");
    assert_eq!(task.status.code(), Some(1));
    assert_eq!(called, [] as [Vec<String>; 0]);
}

#[test]
fn job_files_that_could_not_work_are_refused() {
    let folder = world(QUICK);
    let folder = folder.path();
    let slurm = ["cluster", "slurm", "--config", "sweep.toml", "--out", "out"];
    let kubernetes = [
        "cluster",
        "kubernetes",
        "--config",
        "sweep.toml",
        "--out",
        "out",
        "--image",
        "i",
        "--claim",
        "c",
        "--shards",
        "2",
    ];
    for (args, options, part) in [
        (
            &slurm[..],
            &["--shards", "5"][..],
            "--shards is 5 and sweep.toml has 4 runs",
        ),
        (
            &slurm,
            &["--shards", "2", "--time", "5"],
            "runs save 2 minutes before it is up",
        ),
        (
            &slurm,
            &["--shards", "2", "--data-dir", "a\nb"],
            "holds a control character",
        ),
        (
            &kubernetes,
            &["--cpus", "2"],
            "--cpus and --memory are needed",
        ),
        (
            &kubernetes,
            &["--cpus", "2", "--memory", "1", "--device", "wgpu"],
            "give flex or cuda",
        ),
    ] {
        let said = refusal(&[args, options].concat(), folder);
        assert!(said.contains(part), "{said}");
        assert!(!folder.join("out").exists(), "{part}");
    }
    for options in [["--memory", "0"], ["--time", "8h"], ["--partition", "a b"]] {
        let output = run(&[&slurm[..], &["--shards", "2"], &options].concat(), folder);
        assert_eq!(output.status.code(), Some(2), "{options:?}");
    }
}

#[test]
fn another_sweep_in_the_folder_is_left_alone() {
    let folder = world(QUICK);
    let folder = folder.path();
    slurm(folder);
    fs::write(
        folder.join("sweep.toml"),
        QUICK.replace("epochs = 4", "epochs = 5"),
    )
    .unwrap();
    let args = [
        "cluster",
        "slurm",
        "--config",
        "sweep.toml",
        "--out",
        OUT,
        "--shards",
        "2",
    ];
    let said = refusal(&args, folder);
    assert!(
        said.contains("differs from the configuration given now"),
        "{said}"
    );
}

/// The manifests of the quick sweep.
fn manifests(folder: &Path) -> Value {
    run_words(
        "cluster kubernetes --config sweep.toml --out jobs --shards 4 --cpus 2 --memory 1.5 \
         --image registry.example/breakeven:0.1.0 --claim runs --time 12:00:00",
        folder,
    );
    serde_json::from_slice(&fs::read(folder.join("jobs/kubernetes.json")).unwrap()).unwrap()
}

#[test]
fn manifests_are_what_was_asked_for() {
    let folder = world(QUICK);
    let mut found = manifests(folder.path());
    let config = found["items"][0]["data"]["config.json"].take();
    let config: Value = serde_json::from_str(config.as_str().unwrap()).unwrap();
    assert_eq!(config["name"], "quick");
    insta::assert_snapshot!("kubernetes", serde_json::to_string_pretty(&found).unwrap());
}

#[test]
fn an_index_is_a_shard() {
    let folder = world(QUICK);
    let folder = folder.path();
    programs(folder, &[("breakeven", RECORDER)]);
    let found = manifests(folder);
    let words = &found["items"][1]["spec"]["template"]["spec"]["containers"][0]["command"];
    let words: Vec<&str> = words
        .as_array()
        .unwrap()
        .iter()
        .map(|w| w.as_str().unwrap())
        .collect();
    let path = std::env::var("PATH").unwrap();
    let done = Command::new(words[0])
        .args(&words[1..])
        .env("PATH", format!("{}:{path}", folder.join("bin").display()))
        .env("CALLS", folder.join("calls"))
        .env("JOB_COMPLETION_INDEX", "3")
        .status();
    assert!(done.unwrap().success());
    let expected = "breakeven train --config /config/config.json --out /breakeven/quick --resume \
                    --shard 4/4";
    assert_eq!(calls(folder)[0].join(" "), expected);
    // What the pods read is what training reads.
    let config = found["items"][0]["data"]["config.json"].as_str().unwrap();
    fs::write(folder.join("config.json"), config).unwrap();
    let trained = command(
        &["train", "--config", "config.json", "--out", "runs"],
        folder,
    )
    .output();
    assert!(trained.unwrap().status.success());
}
