//! Verdicts of the runs that `docs/results.md` tells of, from its tables of them.

use std::path::Path;

use crate::program::{run, stdout};

#[test]
fn the_tables_of_runs_in_the_docs_have_the_verdicts_that_the_docs_tell() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/results");
    let mut tables: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    tables.sort();
    assert!(tables.len() >= 6, "{tables:?}");
    for table in tables {
        let said = stdout(&run(&["verify", "--table", &table], &folder));
        insta::assert_snapshot!(table.trim_end_matches(".csv"), said);
    }
}
