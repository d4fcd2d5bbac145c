//! A sweep over momenta, from the file to the verdict.

use std::fs;

use serde_json::{Value, json};

use crate::program::{json as answer, refusal, run, stdout};
use crate::train::{QUICK, TRAIN, assert_same, train, world};

fn over_momenta() -> String {
    QUICK
        .replace("[0.05, 0.2]", "[0.05]")
        .replace("seeds = [0, 1]", "momenta = [0.0, 0.9]\nseeds = [0, 1, 2]")
        .replace(
            "[measure]",
            "[verify]\nconvergence = \"completed\"\n\n[measure]",
        )
}

#[test]
fn two_momenta_go_from_the_file_to_the_verdict() {
    let folder = world(&over_momenta());
    train(folder.path(), "out", &[]);
    let names = |out: &str| {
        let runs = fs::read_dir(folder.path().join(out).join("runs")).unwrap();
        let mut names: Vec<String> = runs
            .map(|run| run.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let expected: Vec<String> = ["0", "0.9"]
        .iter()
        .flat_map(|beta| (0..3).map(move |seed| format!("lr0.05-bs20-beta{beta}-seed{seed}")))
        .collect();
    assert_eq!(names("out"), expected);
    let read = |path: &str| -> Value {
        let text = fs::read_to_string(folder.path().join("out").join(path)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let header = |beta: &str| read(&format!("runs/lr0.05-bs20-beta{beta}-seed0/run.json"));
    assert_eq!(header("0.9")["training"], json!({ "momentum": 0.9 }));
    assert_eq!(header("0").get("training"), None);
    assert_eq!(read("config.json")["sweep"]["momenta"], json!([0.0, 0.9]));

    // Resumed, it has nothing left to do; in two shards it is the same.
    train(folder.path(), "out", &["--resume"]);
    for shard in ["1/2", "2/2"] {
        train(folder.path(), "shards", &["--shard", shard, "--resume"]);
    }
    assert_same(folder.path(), "shards", "out");
    let mut other = TRAIN.to_vec();
    other.extend(["--out", "out", "--resume"]);
    fs::write(
        folder.path().join("sweep.toml"),
        over_momenta().replace("0.9", "0.8"),
    )
    .unwrap();
    let said = refusal(&other, folder.path());
    assert!(
        said.contains("differs from the configuration given now"),
        "{said}"
    );

    let args = ["verify", "out", "--json", "--out", "report"];
    let verdicts = answer(&run(&args, folder.path()));
    let hypotheses = verdicts["hypotheses"].as_array().unwrap();
    assert!(!hypotheses.is_empty());
    for h in hypotheses {
        assert_eq!(h["factor"], "momentum");
        if h["quantity"].as_str().unwrap().starts_with("max_") {
            assert_eq!(h["levels"], json!([0.0, 0.9]), "{h}");
        }
        assert_eq!(h["fixed"], 0.05);
        assert_eq!(
            h["fixed_levels"],
            json!({ "learning_rate": 0.05, "batch_size": 20 })
        );
        let id = h["id"].as_str().unwrap();
        assert!(
            id.ends_with("/momentum@learning_rate=0.05,batch_size=20"),
            "{id}"
        );
    }
    let notes = verdicts["notes"].to_string();
    assert!(notes.contains("out: trained with momentum."), "{notes}");
    assert!(notes.contains("App. F"), "{notes}");
    // The runs were begun with this plan.
    assert_eq!(verdicts["integrity"][0]["plan_kept"], 6);
    let text = stdout(&run(&["verify", "out"], folder.path()));
    assert!(text.contains("η = 0.05, S = 20"), "{text}");
}
