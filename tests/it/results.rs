//! Verdicts and break-even points of the runs that `docs/results.md` tells of, from its
//! tables of them.

use std::fs;
use std::path::Path;

use tempfile::tempdir;

use crate::program::{json, run, stdout};

/// The break-even points of all runs.
const THRESHOLDS: &str = "thresholds.csv";

#[test]
fn the_tables_of_runs_in_the_docs_have_the_verdicts_that_the_docs_tell() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/results");
    let mut tables: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    tables.retain(|table| table != THRESHOLDS);
    tables.sort();
    assert!(tables.len() >= 6, "{tables:?}");
    for table in tables {
        let said = stdout(&run(&["verify", "--table", &table], &folder));
        insta::assert_snapshot!(table.trim_end_matches(".csv"), said);
    }
}

#[test]
fn the_table_of_break_even_points_says_and_draws_what_the_docs_do() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let folder = tempdir().unwrap();
    let table = docs.join("results").join(THRESHOLDS);
    let table = table.to_str().unwrap();
    let args = [
        "reproduce",
        "thresholds",
        "--from",
        table,
        "--out",
        "out",
        "--json",
    ];
    let found = json(&run(&args, folder.path()));
    let all = found["comparisons"].as_array().unwrap().iter();
    let all = all.filter(|one| one["sweep"].is_null());
    let rows = all.map(|one| {
        let number = |field: &str| {
            let [low, high] = [0, 1].map(|end| one[field]["interval"][end].as_f64().unwrap());
            format!(
                "{:.2} [{low:.2}, {high:.2}]",
                one[field]["value"].as_f64().unwrap()
            )
        };
        let fields = ["r2", "null_r2", "log_error_ratio"].map(number).join(", ");
        format!("{} by {}: {fields}\n", one["observed"], one["predictor"])
    });
    let said = format!(
        "{}\n{}",
        found["sentence"].as_str().unwrap(),
        rows.collect::<String>()
    );
    insta::assert_snapshot!("break-even-points", said);
    // The docs' pictures, by what is drawn in them.
    for name in [
        "break-even-eq4-variance",
        "break-even-null",
        "largest-eq4-variance",
        "largest-null",
    ] {
        let name = format!("threshold-{name}.csv");
        let drawn = fs::read_to_string(folder.path().join("out/thresholds").join(&name)).unwrap();
        let shown = fs::read_to_string(docs.join("images").join(&name)).unwrap();
        // But for the line of equality, whose ends are rounded.
        let points = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| !line.starts_with("fine,"));
            lines.map(str::to_owned).collect()
        };
        assert!(
            points(&drawn) == points(&shown),
            "{name} shows other points"
        );
    }
}
