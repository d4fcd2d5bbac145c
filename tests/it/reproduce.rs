//! `breakeven reproduce`: from a figure's number to its page.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;
use tempfile::tempdir;

use crate::program::{files, json, refusal, run, run_words, stdout};

#[test]
fn the_list_has_a_row_a_figure() {
    let folder = tempdir().unwrap();
    let text = stdout(&run(&["reproduce", "list"], folder.path()));
    for part in [
        "   4  λ_K¹ and λ_K*/λ_K¹ along training",
        "SimpleCNN on CIFAR-10, batch size",
        "printed values: 10, in Sec. 4.2",
        "   8  Path of the test predictions",
    ] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    let rows = json(&run(&["reproduce", "list", "--json"], folder.path()));
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 26);
    for row in rows {
        assert!(row["title"].is_string() && row["place"].is_string());
        for scale in ["smoke", "laptop", "paper"] {
            assert!(row["minutes"][scale].as_f64().unwrap() > 0.0, "{row}");
        }
        assert!(row["minutes"]["laptop"].as_f64().unwrap() < 30.0, "{row}");
        for experiment in row["experiments"].as_array().unwrap() {
            assert!(
                experiment["seeds"]["laptop"].as_u64().unwrap() >= 1,
                "{row}"
            );
            for field in ["id", "network", "data", "varies"] {
                assert!(experiment[field].is_string(), "{row}");
            }
        }
    }
    assert_eq!(rows[3]["panels"], 12);
    assert_eq!(rows[3]["experiments"][0]["seeds"]["laptop"], 1);
    assert_eq!(rows[3]["experiments"][0]["seeds_planned"]["laptop"], 5);
    assert!(text.contains("(1 of 5 seeds), paper"), "{text}");
    assert_eq!(
        (&rows[0]["panels"], &rows[7]["panels"]),
        (&2.into(), &3.into())
    );
}

#[test]
fn wrong_figures_are_refused_by_name() {
    let folder = tempdir().unwrap();
    for (words, part) in [
        (
            "27",
            "invalid value '27' for '<FIGURE>...': there are figures 1 to 26, `all`, `thresholds` and \
             `list`",
        ),
        ("four", "there are figures 1 to 26"),
        (
            "list 4",
            "`list` is given beside figures: ask for the list alone",
        ),
        (
            "22 --scale smoke --seeds 3",
            "--seeds 3: simplecnn-cifar10-momentum has 2 at scale smoke; give fewer, or `all`",
        ),
        ("4 --seeds 0", "a number from 1, or `all`"),
        (
            "4 --scale smoke --from runs.csv",
            "--from is for `thresholds` alone: ask for figures in a call of their own",
        ),
        (
            "thresholds",
            "there are no runs in breakeven-figures/runs: reproduce a figure with this --out first, or \
             give tables with --from",
        ),
        (
            "thresholds --from runs.csv",
            "cannot read runs.csv: No such file or directory",
        ),
        ("4 --smooth 0", "invalid value '0' for '--smooth <N>'"),
        ("4 --log z", "invalid value 'z' for '--log <AXIS>'"),
        (
            "18 --scale laptop --data-dir nowhere",
            "nowhere does not exist",
        ),
        (
            "16 --scale paper",
            "fixtures/configs/paper/bert-mnli-learning-rate.toml: model.pretrained",
        ),
    ] {
        let args: Vec<&str> = ["reproduce"].into_iter().chain(words.split(' ')).collect();
        let said = refusal(&args, folder.path());
        assert!(said.contains(part), "{words}: {said}");
        assert!(!folder.path().join("breakeven-figures").exists(), "{words}");
    }
}

/// When each file below `folder` was written.
fn written(folder: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let mut all = BTreeMap::new();
    for name in files(folder, "").into_keys() {
        let path = folder.join(name);
        all.insert(
            path.clone(),
            fs::metadata(&path).unwrap().modified().unwrap(),
        );
    }
    all
}

const EXPERIMENT: &str = "simplecnn-cifar10-momentum";

#[test]
fn a_figure_is_trained_drawn_and_shares_its_runs() {
    let folder = tempdir().unwrap();
    let out = folder.path().join("out");
    let few = "reproduce 22 --scale smoke --out out --seeds 1";
    stdout(&run_words(few, folder.path()));
    let page = fs::read_to_string(out.join("figure-22/figure.md")).unwrap();
    assert!(
        page.contains("seeds 0; planned and not trained: seeds 1"),
        "{page}"
    );
    let words = "reproduce 22 --scale smoke --out out --resume --seeds all --markers --json";
    let drawn = json(&run_words(words, folder.path()));
    assert_eq!(drawn[0]["figure"], 22);
    assert_eq!(drawn[0]["reading_aids"]["markers"], true);
    let panels = drawn[0]["panels"].as_array().unwrap();
    assert_eq!(panels.len(), 3);
    for panel in panels {
        for file in panel["files"].as_array().unwrap() {
            let bytes = fs::read(folder.path().join(file.as_str().unwrap())).unwrap();
            assert!(!bytes.is_empty(), "{file}");
        }
    }
    let again = "reproduce thresholds --scale smoke --out out --resume --json";
    let compared = json(&run_words(again, folder.path()));
    assert_eq!(compared["runs"], 6);
    assert_eq!(compared["comparisons"].as_array().unwrap().len(), 6);
    let table = fs::read_to_string(out.join("thresholds/thresholds.csv")).unwrap();
    let from = "reproduce thresholds --from out/thresholds/thresholds.csv --out again --json";
    let again = json(&run_words(from, folder.path()));
    for field in ["runs", "sentence", "comparisons"] {
        assert_eq!(again[field], compared[field], "{field}");
    }
    let again = folder.path().join("again/thresholds/thresholds.csv");
    assert_eq!(fs::read_to_string(again).unwrap(), table);
    let exported = "export out/runs --format csv --what thresholds";
    let exported = stdout(&run_words(exported, folder.path()));
    assert_eq!(exported.replace(EXPERIMENT, "SimpleCNN"), table);
    let overview = fs::read_to_string(out.join("index.html")).unwrap();
    assert!(overview.contains("thresholds/index.html"));
    let stem = format!("01-{EXPERIMENT}-lambda_k");
    let figure = out.join("figure-22");
    let picture = image::open(figure.join(format!("{stem}.png"))).unwrap();
    // 84 mm at 300 dots an inch.
    assert_eq!(picture.width(), 992);
    let svg = fs::read_to_string(figure.join(format!("{stem}.svg"))).unwrap();
    assert!(svg.contains("width=\"84mm\"") && !svg.contains("var("));
    let page = fs::read_to_string(figure.join("index.html")).unwrap();
    let text = fs::read_to_string(figure.join("figure.md")).unwrap();
    for part in [
        "smoke",
        "--markers",
        "breakeven reproduce 22 --scale smoke",
        "seeds 0, 1",
        "The text prints no measured value of this figure.",
    ] {
        assert!(page.contains(part), "no {part} in the page");
        assert!(text.contains(part), "no {part} in the text");
    }
    assert!(page.contains(&format!("{stem}.svg")) && text.contains(&format!("{stem}.png")));
    assert_table(
        &figure.join(format!("{stem}.csv")),
        &out.join("runs").join(EXPERIMENT),
    );

    let said = refusal(
        &["reproduce", "23", "--scale", "smoke", "--out", "out"],
        folder.path(),
    );
    assert!(
        said.contains("out is there already: give --resume"),
        "{said}"
    );
    let before = written(&out.join("runs"));
    let said = stdout(&run_words(
        "reproduce 23 --scale smoke --out out --resume",
        folder.path(),
    ));
    assert!(said.contains("figure-23"), "{said}");
    let after = written(&out.join("runs"));
    let records = |all: &BTreeMap<PathBuf, SystemTime>| -> Vec<(PathBuf, SystemTime)> {
        let is_of_a_run = |(path, _): &(PathBuf, SystemTime)| !path.ends_with("environment.json");
        all.clone().into_iter().filter(is_of_a_run).collect()
    };
    assert_eq!(records(&before), records(&after));
    let overview = fs::read_to_string(out.join("index.html")).unwrap();
    for link in ["figure-22/index.html", "figure-23/index.html"] {
        assert!(overview.contains(link), "{overview}");
    }

    let other = [
        "reproduce",
        "22",
        "--scale",
        "laptop",
        "--out",
        "out",
        "--resume",
    ];
    let said = refusal(&other, folder.path());
    assert!(said.contains("cifar10"), "{said}");
}

/// The table has the records' own numbers, and means of them.
#[track_caller]
fn assert_table(table: &Path, sweep: &Path) {
    let mut reader = csv::Reader::from_path(table).unwrap();
    let rows: Vec<[String; 5]> = reader.deserialize().map(Result::unwrap).collect();
    let first = |run: &str| -> f64 {
        let path = sweep.join("runs").join(run).join("records.jsonl");
        let text = fs::read_to_string(path).unwrap();
        let record: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        record["lambda_k"].as_f64().unwrap()
    };
    let drawn = |series: &str, seed: &str| -> f64 {
        let is_it = |row: &&[String; 5]| row[0] == series && row[1] == "η = 0.01" && row[2] == seed;
        let row = rows.iter().find(is_it).unwrap();
        assert_eq!(row[3].parse::<f64>().unwrap(), 0.0);
        row[4].parse().unwrap()
    };
    let seeds = [first("lr0.01-bs20-seed0"), first("lr0.01-bs20-seed1")];
    assert_eq!([drawn("seed", "0"), drawn("seed", "1")], seeds);
    assert_eq!(drawn("mean", ""), (seeds[0] + seeds[1]) / 2.0);
}

#[test]
#[ignore = "minutes: trains every experiment at scale smoke"]
fn every_figure_draws_at_the_smallest_scale() {
    let folder = tempdir().unwrap();
    let drawn = json(&run_words(
        "reproduce all --scale smoke --out out --json",
        folder.path(),
    ));
    let listed = json(&run(&["reproduce", "list", "--json"], folder.path()));
    let can_be_drawn = |row: &&Value| row.get("not_drawn").is_none();
    let expected: Vec<&Value> = listed
        .as_array()
        .unwrap()
        .iter()
        .filter(can_be_drawn)
        .collect();
    let drawn = drawn.as_array().unwrap();
    assert_eq!(drawn.len(), expected.len());
    for (figure, row) in drawn.iter().zip(expected) {
        assert_eq!(figure["figure"], row["figure"]);
        let panels = figure["panels"].as_array().unwrap();
        assert_eq!(panels.len() as u64, row["panels"].as_u64().unwrap());
        for panel in panels {
            assert!(
                panel.get("absent").is_none(),
                "{}: {panel}",
                figure["figure"]
            );
        }
        let values = figure["printed_values"].as_array().unwrap();
        assert_eq!(values.len() as u64, row["printed_values"].as_u64().unwrap());
        for value in values {
            assert_ne!(
                value.get("ours").is_some(),
                value.get("absent").is_some(),
                "{value}"
            );
        }
    }
}
