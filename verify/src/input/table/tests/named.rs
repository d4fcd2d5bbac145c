//! Columns under names of their own.

use super::*;

/// As Weights & Biases exports the table of a project's runs.
const OF_WANDB: &str = r#""Name","State","Notes","User","Tags","Created","config.lr","batch size","seed","summary.lambda_k_max","learning_rate"
"dry-sun-1","finished","-","me","","2026-01-01T10:00:00.000Z","0.1","64","1","0.5","7"
"odd-owl-2","crashed","-","me","","2026-01-01T10:00:00.000Z","0.1","64","2","","7"
"big-bay-3","Running","-","me","a,b","2026-01-01T10:00:00.000Z","0.01","64","1","0.9","7"
"#;

fn parse_as(text: &str, columns: &[&str]) -> Result<Sweep, String> {
    let given: Vec<String> = columns.iter().map(|&pair| pair.to_owned()).collect();
    let columns = ColumnMap::parse(&given).unwrap();
    let settings = VerifySettings::default();
    parse_table_as(Path::new("runs.csv"), text.as_bytes(), settings, &columns)
        .map_err(|e| e.to_string())
}

#[test]
fn columns_of_other_names_are_read_as_said() {
    let sweep = parse_as(
        OF_WANDB,
        &[
            "learning_rate=config.lr",
            "converged=State",
            "max_lambda_k=summary.lambda_k_max",
        ],
    )
    .unwrap();
    let [running, finished, crashed] = &sweep.runs[..] else {
        panic!("{} runs", sweep.runs.len())
    };
    assert_eq!(finished.summary.learning_rate, 0.1);
    assert_eq!(finished.summary.batch_size, 64);
    let values: Vec<f64> = finished.summary.values.values().map(|r| r.value).collect();
    assert_eq!(values, [0.5]);
    assert!(finished.summary.has_converged());
    for (run, reason) in [
        (running, "did not finish: the table says Running"),
        (crashed, "did not finish: the table says crashed"),
    ] {
        let expected = Convergence::NotConverged(reason.to_owned());
        assert_eq!(run.summary.convergence, expected);
    }
    assert_eq!(
        sweep.notes,
        [
            "columns are read as given: learning_rate from `config.lr`, converged from `State`, \
             max_lambda_k from `summary.lambda_k_max`",
            "columns `Name`, `Notes`, `User`, `Tags`, `Created`, `learning_rate` were not used: \
             the conjectures do not speak of them",
            "column `State` says which runs finished, not which converged: every finished run is \
             taken to have converged",
        ]
    );
}

#[test]
fn a_column_that_is_not_there_is_named_with_those_that_are() {
    let found = parse_as(OF_WANDB, &["learning_rate=config.learning_rate"]).unwrap_err();
    assert_eq!(
        found,
        "runs.csv, line 1: there is no column `config.learning_rate`, which is to be read as \
         learning_rate; did you mean learning_rate? Its columns are `Name`, \
         `State`, `Notes`, `User`, `Tags`, `Created`, `config.lr`, `batch size`, `seed`, \
         `summary.lambda_k_max`, `learning_rate`"
    );
    let found = parse_as(OF_WANDB, &["max_lambda_k=nothing", "lr=config.lr"]).unwrap_err();
    assert!(!found.contains("did you mean"), "{found}");
}
