mod full;

use std::path::Path;

use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::record::Field;
use breakeven_sim::record::Record;
use serde_json::{Value, json};

use super::*;
use crate::input::{Files, Lost, Sweep};
use crate::{VerifySettings, parse_table, verify};
use full::full;

const TABLE: &str = "\
seed,learning_rate,batch_size,converged,max_lambda_k,max_lambda_k_step
0,0.01,64,true,1.86,10
0,0.1,64,true,0.61,20
1,0.01,64,true,1.9,10
1,0.1,64,false,,
2,0.01,64,true,1.9,10
2,0.1,64,true,0.5,10
3,0.01,64,true,1.7,10
3,0.1,64,true,0.4,10
4,0.01,64,true,1.8,10
4,0.1,64,true,0.6,10
";

/// Ten runs, the first with three records, one of seed 2 damaged, and an
/// eleventh lost.
fn sweep() -> Sweep {
    let settings = VerifySettings::default();
    let mut sweep = parse_table(Path::new("a,b"), TABLE.as_bytes(), settings).unwrap();
    for run in &mut sweep.runs {
        run.files = Some(Files::Checked);
    }
    sweep.runs[0].records = vec![
        Record::default(),
        full(),
        Record {
            step: 8,
            loss: Some(f64::NAN),
            spectrum_k: Some(vec![1.0, f64::INFINITY]),
            ..Record::default()
        },
    ];
    sweep.runs[7].records = vec![Record::default()];
    let reason = "a file has changed: line 1".to_owned();
    sweep.runs[7].files = Some(Files::Changed(reason.clone()));
    sweep.runs[7].summary.does_not_count(reason);
    sweep.lost.push(Lost {
        run: "lr9".to_owned(),
        reason: "a file cannot be read: run.json".to_owned(),
        is_damaged: true,
    });
    sweep
}

fn csv_of(table: Table<'_>) -> String {
    let mut text = Vec::new();
    write_csv(table, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn jsonl_of(table: Table<'_>) -> Vec<Value> {
    let mut text = Vec::new();
    write_jsonl(table, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn parquet_of(table: Table<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_parquet(table, &mut bytes).unwrap();
    bytes
}

/// What the crate's own reader finds, as JSON.
fn parquet_rows(bytes: Vec<u8>) -> Vec<Value> {
    fn value(field: &Field) -> Value {
        match field {
            Field::Null => Value::Null,
            Field::Bool(value) => (*value).into(),
            Field::Long(value) => (*value).into(),
            Field::Double(value) => (*value).into(),
            Field::Str(text) => text.as_str().into(),
            Field::ListInternal(list) => list.elements().iter().map(value).collect(),
            other => panic!("{other:?}"),
        }
    }
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
    let rows = reader.get_row_iter(None).unwrap();
    rows.map(|row| {
        let row = row.unwrap();
        let fields = row.get_column_iter();
        fields
            .map(|(name, field)| (name.clone(), value(field)))
            .collect()
    })
    .collect()
}

#[test]
fn every_field_of_a_record_is_a_column_with_its_value() {
    let sweeps = [sweep()];
    let rows = jsonl_of(records(&sweeps));
    assert_eq!(rows.len(), 3);
    let Value::Object(mut expected) = serde_json::to_value(full()).unwrap() else {
        panic!("a record is an object")
    };
    // A column each for what they hold.
    for object in [
        "density_h",
        "density_k_per_example",
        "density_g",
        "density_f",
        "loss_line",
    ] {
        let Some(Value::Object(parts)) = expected.remove(object) else {
            panic!("{object} is an object")
        };
        let parts = parts.into_iter();
        expected.extend(parts.map(|(part, value)| (format!("{object}_{part}"), value)));
    }
    for (column, both) in [
        ("lambda_k_halves", json!([0.8, 0.6])),
        ("lambda_k_halves_error_bound", json!([2e-7, 5e-7])),
        ("condition_k_halves", json!([0.3, null])),
        ("condition_k_halves_error_bound", json!([3e-7, null])),
        ("trace_k_halves", json!([2.25, 2.75])),
        ("trace_k_halves_error_bound", json!([4e-7, 6e-7])),
        ("hessian_halves_examples", json!([50.0, 50.0])),
        ("lambda_h_halves", json!([11.0, 13.5])),
        ("lambda_h_halves_error_bound", json!([0.01, 0.01])),
        ("lambda_k_per_example_halves", json!([5.5, 6.75])),
        (
            "lambda_k_per_example_halves_error_bound",
            json!([11.0 / 512.0, 13.5 / 512.0]),
        ),
        ("trace_k_per_example_halves", json!([44.0, 54.0])),
        (
            "trace_k_per_example_halves_error_bound",
            json!([null, null]),
        ),
    ] {
        expected.insert(column.to_owned(), both);
    }
    expected.remove("covariance_halves");
    expected.remove("hessian_halves");
    let rate = expected.remove("learning_rate").unwrap();
    expected.insert("next_learning_rate".to_owned(), rate);
    let absent = json!(full().absent).to_string();
    expected.insert("absent".to_owned(), absent.into());
    for (name, value) in [
        ("sweep", json!("a,b")),
        ("run", json!("line 2")),
        ("seed", json!(0)),
        ("learning_rate", json!(0.01)),
        ("batch_size", json!(64)),
        ("momentum", json!(0.0)),
        ("converged", json!(true)),
    ] {
        expected.insert(name.to_owned(), value);
    }
    assert_eq!(rows[1], Value::Object(expected));
    // What is not measured, or is no number, is nothing.
    let nothing = rows[0]
        .as_object()
        .unwrap()
        .values()
        .filter(|v| v.is_null());
    assert_eq!(nothing.count(), rows[0].as_object().unwrap().len() - 9);
    assert_eq!(rows[2]["loss"], Value::Null);
    assert_eq!(rows[2]["spectrum_k"], json!([1.0, null]));
}

#[test]
fn parquet_holds_what_json_lines_do() {
    let sweeps = [sweep()];
    let bytes = parquet_of(records(&sweeps));
    assert_eq!(bytes, parquet_of(records(&sweeps)));
    assert_eq!(parquet_rows(bytes), jsonl_of(records(&sweeps)));
    assert_eq!(
        parquet_rows(parquet_of(runs(&sweeps))),
        jsonl_of(runs(&sweeps))
    );
    let judged = verify(&sweeps).unwrap();
    let table = || verdicts(&judged).unwrap();
    assert_eq!(parquet_rows(parquet_of(table())), jsonl_of(table()));
}

#[test]
fn many_rows_are_several_groups_in_order() {
    let mut one = sweep();
    one.runs[0].records = (0..40_000_u64)
        .map(|step| Record {
            step,
            loss: (step % 3 > 0).then_some(step as f64),
            spectrum_k: (step % 2 > 0).then(|| vec![0.5; (step % 4) as usize]),
            ..Record::default()
        })
        .collect();
    let sweeps = [one];
    let bytes = parquet_of(records(&sweeps));
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes.clone())).unwrap();
    assert_eq!(reader.metadata().num_row_groups(), 3);
    let rows = parquet_rows(bytes);
    assert_eq!(rows.len(), 40_000);
    for (step, row) in (0_u64..).zip(&rows) {
        assert_eq!(row["step"], step);
        let loss = (step % 3 > 0).then_some(step as f64);
        assert_eq!(row["loss"], json!(loss));
        let spectrum = (step % 2 > 0).then(|| vec![0.5; (step % 4) as usize]);
        assert_eq!(row["spectrum_k"], json!(spectrum));
    }
}

#[test]
fn an_exported_table_of_runs_is_one_that_verify_reads() {
    let sweeps = [sweep()];
    let text = csv_of(runs(&sweeps));
    let settings = VerifySettings::default();
    let read = parse_table(Path::new("runs.csv"), text.as_bytes(), settings).unwrap();
    assert_eq!(read.runs.len(), 9);
    let whole = sweeps[0].runs.iter().filter(|run| records::is_whole(run));
    for (found, expected) in read.runs.iter().zip(whole) {
        assert_eq!(found.summary.values, expected.summary.values);
        assert_eq!(found.summary.seed, expected.summary.seed);
        assert_eq!(found.summary.learning_rate, expected.summary.learning_rate);
        assert_eq!(
            found.summary.has_converged(),
            expected.summary.has_converged()
        );
    }
}

#[test]
fn csv_quotes_where_it_must_and_keeps_every_digit() {
    let sweeps = [sweep()];
    let text = csv_of(records(&sweeps));
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!(
        names[..9],
        [
            "sweep",
            "run",
            "seed",
            "learning_rate",
            "batch_size",
            "momentum",
            "converged",
            "step",
            "epoch"
        ]
    );
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("\"a,b\",line 2,0,0.01,64,0.0,true,0,0.0,,")
    );
    let full = lines.next().unwrap();
    for said in [
        ",1e-300,",
        ",\"[0.7,0.30000000000000004,0.0]\",",
        ",out_of_products,",
        ",[],",
        r#",0.05,"[-1.0,2.0]","[0.25,0.75]","[0,0]","[-0.5,0.0,0.5]","[1.25,1.0,1.5]","{""condition_h"":""λ_H¹ is, \""0\""""}""#,
        r#","[0.5,2.0]","[0.125,0.875]","[0,0]",0.00048828125,"[0.75,2.0]""#,
    ] {
        assert!(full.contains(said), "{said} is not in {full}");
    }
    assert!(!text.contains("NaN") && !text.contains("inf"));
}

#[test]
fn runs_whose_files_are_damaged_are_left_out_and_named() {
    let sweeps = [sweep()];
    assert_eq!(
        left_out(&sweeps),
        [
            "a,b, line 7: a file has changed: line 1",
            "a,b, lr9: a file cannot be read: run.json",
        ]
    );
}

#[test]
fn a_seed_beyond_parquets_whole_numbers_is_refused() {
    let mut one = sweep();
    one.runs[0].summary.seed = u64::MAX;
    let sweeps = [one];
    let error = write_parquet(runs(&sweeps), Vec::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "column seed: 18446744073709551615 is above 9223372036854775807, the largest whole number \
         of Parquet's INT64; use --format csv or jsonl"
    );
    assert_eq!(jsonl_of(runs(&sweeps))[0]["seed"], u64::MAX);
}

#[test]
fn verdicts_have_the_fields_of_their_json_in_its_order() {
    let judged = verify(&[sweep()]).unwrap();
    let table = verdicts(&judged).unwrap();
    let kind = |name: &str| {
        let column = table.columns.iter().find(|column| column.name == name);
        column.map(|column| column.kind)
    };
    for (name, expected) in [
        ("id", Kind::Text),
        ("conjecture", Kind::Integer),
        ("levels", Kind::Doubles),
        ("seeds", Kind::Integers),
        ("decidable", Kind::Boolean),
        ("log_slope", Kind::Double),
        ("level_mean_intervals", Kind::Text),
        ("verdict", Kind::Text),
    ] {
        assert_eq!(kind(name), Some(expected), "{name}");
    }
    assert_eq!(table.columns[0].name, "id");
    let rows = jsonl_of(table);
    assert_eq!(
        rows[0]["id"],
        "a,b/max_lambda_k/learning_rate@batch_size=64"
    );
    assert_eq!(rows[0]["levels"], json!([0.01, 0.1]));
}
