//! Plans before data, planned looks, and the self-test.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::tempdir;

use crate::check::fixture;
use crate::program::{json, refusal, run, stderr, stdout};

/// The ids of hypotheses, sorted.
fn ids(answer: &Value) -> Vec<&str> {
    let hypotheses = answer["hypotheses"].as_array().unwrap().iter();
    let mut ids: Vec<&str> = hypotheses.map(|h| h["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids
}

/// The hypotheses, sorted by id.
fn by_id(answer: &Value) -> Vec<Value> {
    let mut all = answer["hypotheses"].as_array().unwrap().clone();
    all.sort_by_key(|h| h["id"].as_str().unwrap().to_owned());
    all
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// What a plan says is what `check` then tests, and the runs' headers have the
/// hash that it foretells.
#[test]
fn a_plan_foretells_hypotheses_and_hash() {
    let folder = tempdir().unwrap();
    let config = fixture("smoke.toml");
    let args = [
        "verify",
        "--plan",
        &config,
        "--studies",
        "20",
        "--out",
        "plan",
    ];
    let said = stdout(&run(&args, folder.path()));
    let file = folder.path().join("plan/plan.json");
    let plan = read(&file);
    for hypothesis in ids(&plan) {
        assert!(said.contains(hypothesis), "{said}");
    }
    let digest = breakeven_sim::record::seal::sha256(&fs::read(&file).unwrap());
    assert!(said.contains(&digest), "{said}");

    let args = ["check", "--config", &config, "--out", "out"];
    stdout(&run(&args, folder.path()));
    let out = folder.path().join("out");
    let verdicts = read(&out.join("verdicts.json"));
    assert_eq!(ids(&plan), ids(&verdicts));
    for (before, after) in by_id(&plan).iter().zip(&by_id(&verdicts)) {
        assert_eq!(before["levels"], after["levels"]);
        assert_eq!(before["expected"], after["expected"]);
        // Ties, which are not known before, raise it.
        let smallest = |h: &Value| h["smallest_p_value"].as_f64().unwrap();
        assert!(smallest(before) <= smallest(after), "{before} {after}");
    }
    let header = read(&out.join("smoke/runs/lr0.05-bs20-seed0/run.json"));
    assert_eq!(header["plan_sha256"], plan["sweeps"][0]["plan_sha256"]);
}

/// Three levels of three seeds, all in order, of a strong effect: power is 1;
/// of none, at most α.
#[test]
fn power_goes_with_the_slope() {
    let folder = tempdir().unwrap();
    let config = fixture("smoke.toml");
    let of = |slope: &str| {
        let args = [
            "verify",
            "--plan",
            &config,
            "--slope",
            slope,
            "--studies",
            "100",
            "--json",
        ];
        json(&run(&args, folder.path()))["power"]["of"][0].clone()
    };
    let strong = of("10");
    assert_eq!(strong["power"], 1.0);
    assert_eq!(strong["seeds_for_power"], 3);
    assert!(of("0")["power"].as_f64().unwrap() < 0.1);
    let args = ["verify", "--plan", &config, "--slope=-1"];
    assert!(refusal(&args, folder.path()).contains("--slope is -1"));
}

#[test]
fn seeds_are_added_at_planned_looks() {
    let folder = tempdir().unwrap();
    let text = fs::read_to_string(fixture("smoke.toml")).unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("a.toml", &text.replace("epochs = 4", "epochs = 1"));
    let args = [
        "check", "--config", "a.toml", "--until", "decided", "--out", "out",
    ];
    let output = run(&args, folder.path());
    let said = stderr(&output);
    assert!(said.contains("look 1 of 3, at 3 seeds: "), "{said}");
    let verdicts = read(&folder.path().join("out/verdicts.json"));
    assert_eq!(verdicts["procedure"]["looks"], 3);
    let spent = verdicts["procedure"]["alpha_supported"].as_f64().unwrap();
    assert!((spent - 0.7 * 0.05 / 3.0).abs() < 1e-15, "{spent}");
    // As many seeds as the last look that was taken.
    let looks = [3, 5, 6];
    let taken = (1..=3)
        .filter(|k| said.contains(&format!("look {k} of 3")))
        .count();
    let runs = fs::read_dir(folder.path().join("out/smoke/runs"))
        .unwrap()
        .count();
    assert_eq!(runs, 3 * looks[taken - 1]);
    // The plan was there before the first look, for all runs.
    assert_eq!(verdicts["integrity"][0]["plan_kept"], runs as u64);

    let wrong = text.replace("[verify]", "[verify]\nlooks = [3, 5]");
    write("wrong.toml", &wrong);
    let args = ["check", "--config", "wrong.toml", "--out", "wrong"];
    let refused = refusal(&args, folder.path());
    assert!(
        refused.contains("verify.looks ends with 5 seeds"),
        "{refused}"
    );
}

#[test]
fn the_selftest_keeps_its_promises() {
    let folder = tempdir().unwrap();
    let args = ["verify", "selftest", "--studies", "20"];
    let said = stdout(&run(&args, folder.path()));
    assert!(
        said.contains("no effect") && !said.contains("BROKEN"),
        "{said}"
    );
    let answer = json(&run(&[&args[..], &["--json"]].concat(), folder.path()));
    assert_eq!(answer["holds"], true);
    assert_eq!(answer["scenarios"].as_array().unwrap().len(), 10);
}
