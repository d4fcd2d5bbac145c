mod named;

use super::*;
use crate::quantity::PerRun;
use crate::summary::{Convergence, Covariance, Reached, RunSummary};

fn parse(text: &str) -> Result<Sweep, String> {
    let settings = VerifySettings::default();
    parse_table(Path::new("runs.csv"), text.as_bytes(), settings).map_err(|e| e.to_string())
}

const HEADER: &str = "seed,learning_rate,batch_size,converged,max_lambda_k";

#[test]
fn a_table_is_read_in_any_order_of_rows_and_columns() {
    let text = "\u{feff}max_lambda_k_step, converged,batch_size ,learning_rate,seed,\
                    max_lambda_k,break_even_step,comment\r\n\
                    60,True,64.0,1e-1,1,0.5,120,late\r\n\
                    ,no,64,0.01,1,,,\"early, first\"\r\n";
    let sweep = parse(text).unwrap();
    let [first, second] = &sweep.runs[..] else {
        panic!("{} runs", sweep.runs.len())
    };
    assert_eq!(first.summary.learning_rate, 0.01);
    assert!(!first.summary.has_converged());
    assert!(first.summary.values.is_empty());
    assert_eq!(second.summary.batch_size, 64);
    assert_eq!(second.summary.break_even_step, Some(120));
    let reached: Vec<_> = second.summary.values.values().collect();
    let expected = Reached {
        value: 0.5,
        step: Some(60),
        error: None,
    };
    assert_eq!(reached, [&expected]);
    assert_eq!(sweep.notes.len(), 1);
    assert!(sweep.notes[0].contains("`comment` was not used"));
}

#[test]
fn bad_tables_are_refused_with_their_place_and_a_remedy() {
    let row = |cells: &str| format!("{HEADER}\n0,0.1,64,true,1.5\n{cells}\n");
    for (text, message) in [
        (
            "seed,learning_rate,max_lambda_k\n".to_owned(),
            "runs.csv, line 1: column missing: batch_size; this line has to name it; it is \
                 `seed,learning_rate,max_lambda_k`",
        ),
        (
            "seed,learning_rate,batch_size,converged\n".to_owned(),
            "runs.csv, line 1: no column to test among \
                 `seed,learning_rate,batch_size,converged`; add at least one per-run quantity, \
                 such as max_lambda_k, max_lambda_h or at_accuracy_trace_k",
        ),
        (
            format!("{HEADER},seed\n"),
            "runs.csv, line 1, column 6 (seed): it was named before; name it once",
        ),
        (
            format!("{HEADER}\n"),
            "runs.csv: there are no rows; give one line a run",
        ),
        (
            row("0,0.01,64,true,NaN"),
            "runs.csv, line 3, column 5 (max_lambda_k): `NaN` is not a finite number; leave \
                 the cell empty where nothing was measured",
        ),
        (
            row("0,0.01,64,true,inf"),
            "runs.csv, line 3, column 5 (max_lambda_k): `inf` is not a finite number; leave \
                 the cell empty where nothing was measured",
        ),
        (
            row("0,,64,true,1"),
            "runs.csv, line 3, column 2 (learning_rate): the cell is empty, where a finite \
                 number belongs; give a number",
        ),
        (
            row("0,-0.1,64,true,1"),
            "runs.csv, line 3, column 2 (learning_rate): `-0.1` is not above 0; give a \
                 number above 0",
        ),
        (
            row("0,0.1,6.4,true,1"),
            "runs.csv, line 3, column 3 (batch_size): `6.4` is not a whole number from 0; \
                 give a whole number",
        ),
        (
            row("0,0.1,32,maybe,1"),
            "runs.csv, line 3, column 4 (converged): `maybe` is not `true` or `false`, \
                 or a state such as `finished` or `crashed`; say \
                 whether the run converged: true or false",
        ),
        (
            row("0,0.01,64"),
            "runs.csv, line 3: 3 cells for 5 columns; complete the row; leave a cell empty \
                 where nothing was measured",
        ),
        (
            row("0,0.10,64,true,2"),
            "runs.csv, line 3: seed 0, learning_rate 0.1, batch_size 64 was given before, in \
                 runs.csv, line 2; keep one row for each seed, learning rate and batch size",
        ),
    ] {
        assert_eq!(parse(&text).unwrap_err(), message);
    }
}

/// What the first run of a table says: η, S, whether it converged, λ_K.
fn first(text: &[u8]) -> (f64, u64, bool, f64) {
    let settings = VerifySettings::default();
    let sweep = parse_table(Path::new("runs.csv"), text, settings).unwrap();
    let summary = &sweep.runs[0].summary;
    let lambda_k = PerRun::from_name("max_lambda_k").unwrap();
    (
        summary.learning_rate,
        summary.batch_size,
        summary.has_converged(),
        summary.values[&lambda_k].value,
    )
}

fn gzipped(text: &str) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Default::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn the_same_table_as_people_have_it() {
    let plain = format!("{HEADER}\n0,0.01,64,true,1.5\n0,0.1,64,true,0.5\n");
    let semicolons = plain.replace(',', ";");
    let in_german = plain.replace(',', ";").replace('.', ",");
    let commented = format!("# made by train.py\n\n# seeds, rates\n{plain}");
    let by_numpy = format!("# made by train.py\n# {plain}");
    let by_excel = format!("sep=;\r\n{}", in_german.replace('\n', "\r\n"));
    let (head, tail) = plain.split_at(60);
    let in_two_parts = [gzipped(head), gzipped(tail), vec![0; 512]].concat();
    let as_bytes = |text: &str| text.as_bytes().to_vec();
    for table in [
        as_bytes(&plain),
        as_bytes(&semicolons),
        as_bytes(&in_german),
        as_bytes(&plain.replace(',', "\t")),
        as_bytes(&plain.replace(',', "\t").replace('.', ",")),
        as_bytes(&commented),
        as_bytes(&commented.replace('\n', "\r\n")),
        as_bytes(&by_numpy),
        as_bytes(&by_excel),
        as_bytes(&plain.replace("\n0,0.1", "\n# later\n0,0.1")),
        as_bytes(&plain.replace(HEADER, &HEADER.to_uppercase())),
        as_bytes(&plain.replace(
            HEADER,
            "Seed,Learning Rate,Batch Size,Converged,Max_Lambda_K",
        )),
        as_bytes(&plain.replace("learning_rate", "lr")),
        as_bytes(&plain.replace("learning_rate", "Eta")),
        as_bytes(&plain.replace("learning_rate", "η")),
        as_bytes(
            &plain
                .replace("seed,", "\"seed\",")
                .replace("learning_rate", "\"lr\""),
        ),
        as_bytes(&format!("\u{feff}{semicolons}")),
        gzipped(&plain),
        gzipped(&commented),
        in_two_parts,
    ] {
        let text = String::from_utf8_lossy(&table).into_owned();
        assert_eq!(first(&table), (0.01, 64, true, 1.5), "{text}");
    }
}

#[test]
fn lines_are_counted_from_the_files_first() {
    let text = format!("# one\n# two\n{HEADER}\n0,0.01,64,true,1.5\n0,0.1,64,true,x\n");
    let said = parse(&text).unwrap_err();
    assert!(
        said.starts_with("runs.csv, line 5, column 5 (max_lambda_k): `x`"),
        "{said}"
    );
    let sweep = parse(&text.replace(",x", ",1")).unwrap();
    assert_eq!(sweep.runs[0].summary.run, "line 4");
    let said = parse("# one\nseed;max_lambda_k\n").unwrap_err();
    assert!(
        said.starts_with("runs.csv, line 2: column missing: learning_rate"),
        "{said}"
    );
}

#[test]
fn a_table_without_converged_says_that_all_runs_count() {
    let text = "seed,lr,batch_size,max_lambda_k\n0,0.01,64,1\n0,0.1,64,2\n";
    let sweep = parse(text).unwrap();
    assert!(sweep.runs.iter().all(|run| run.summary.has_converged()));
    let note = "there is no column `converged`, so every run is taken to have converged";
    assert_eq!(sweep.notes, [note]);
}

#[test]
fn errors_and_mini_batches_are_read() {
    let text = "seed,lr,batch_size,batches,Covariance_Batch_Size,max_lambda_k_error,\
                    max_lambda_k\n0,0.01,64,25,128,0.25,1\n0,0.1,64,,128,,2\n";
    let sweep = parse(text).unwrap();
    let [first, second] = [0, 1].map(|index| &sweep.runs[index].summary);
    let both = Covariance {
        batches: Some(25),
        batch_size: Some(128),
    };
    assert_eq!(first.covariance, both);
    assert_eq!(
        second.covariance,
        Covariance {
            batches: None,
            ..both
        }
    );
    let error = |summary: &RunSummary| summary.values.values().next().unwrap().error;
    assert_eq!((error(first), error(second)), (Some(0.25), None));
    let said = parse(&text.replace("0.25", "-1")).unwrap_err();
    assert!(
        said.contains("`-1` is not an absolute error of at least 0"),
        "{said}"
    );
}

#[test]
fn marks_that_could_part_thousands_are_refused() {
    let text = "seed;lr;batch_size;max_lambda_k\n0;0,01;64;1.024\n0;0,1;64;2\n";
    assert_eq!(
        parse(text).unwrap_err(),
        "runs.csv, line 2: `0,01` has a decimal comma, and line 2 has a point in `1.024`; \
             write all numbers alike, without separators of thousands"
    );
    let said = parse(&text.replace("1.024", "1,024,000")).unwrap_err();
    assert!(
        said.contains("`1,024,000` is not a finite number"),
        "{said}"
    );
}

#[test]
fn one_column_by_two_names_is_refused() {
    let text = "seed,lr,batch_size,eta,max_lambda_k\n0,0.01,64,0.01,1\n";
    assert_eq!(
        parse(text).unwrap_err(),
        "runs.csv, line 1, column 4 (eta): it was named before, as lr; name it once"
    );
}

#[test]
fn rates_that_rounding_parts_are_one_level() {
    let row = |seed, rate, value| format!("{seed},{rate},64,true,{value}\n");
    let text = [
        format!("{HEADER}\n"),
        row(0, "0.3", 1),
        row(1, "0.30000000000000004", 2),
        row(0, "0.1", 3),
        row(1, "0.1", 4),
    ];
    let sweep = parse(&text.concat()).unwrap();
    let rates: Vec<f64> = sweep.runs.iter().map(|r| r.summary.learning_rate).collect();
    assert_eq!(rates, [0.1, 0.1, 0.3, 0.3]);
    let twice = text.concat() + &row(0, "0.30000000000000004", 5);
    let said = parse(&twice).unwrap_err();
    assert!(
        said.contains("seed 0, learning_rate 0.3, batch_size 64 was given before"),
        "{said}"
    );
}

#[test]
fn momentum_is_read_by_each_of_its_names_and_is_0_without_a_column() {
    let momenta = |text: &str| {
        let runs = parse(text)?.runs;
        Ok::<_, String>(
            runs.iter()
                .map(|run| run.summary.momentum)
                .collect::<Vec<_>>(),
        )
    };
    let table = |name: &str, beta: &str| {
        format!("seed,lr,batch_size,{name},max_lambda_h\n0,0.1,64,{beta},1\n0,0.1,64,0.5,1\n")
    };
    for name in ["momentum", "Beta", "β"] {
        assert_eq!(momenta(&table(name, "0.9")).unwrap(), [0.5, 0.9], "{name}");
    }
    assert_eq!(momenta(&table("beta", "0")).unwrap(), [0.0, 0.5]);
    assert_eq!(
        momenta("seed,lr,batch_size,max_lambda_h\n0,0.1,64,1").unwrap(),
        [0.0]
    );
    let german = "seed;lr;batch_size;beta;max_lambda_h\n0;0,1;64;0,9;1\n";
    assert_eq!(momenta(german).unwrap(), [0.9]);
    let place = "runs.csv, line 2, column 4 (momentum): ";
    for (beta, part) in [
        (
            "1",
            "`1` is not 0 or more and below 1; give β of the heavy ball, 0 for none",
        ),
        ("-0.1", "`-0.1` is not 0 or more and below 1"),
        (
            "",
            "the cell is empty, where a finite number belongs; give 0 for none",
        ),
    ] {
        let said = momenta(&table("momentum", beta)).unwrap_err();
        assert!(said.contains(&format!("{place}{part}")), "{said}");
    }
    let said = momenta(&table("momentum", "0.5")).unwrap_err();
    assert!(
        said.contains("seed 0, learning_rate 0.1, batch_size 64, momentum 0.5 was given before"),
        "{said}"
    );
    let twice = "seed,lr,batch_size,beta,momentum,max_lambda_h\n0,0.1,64,0.5,0.5,1";
    assert!(
        momenta(twice)
            .unwrap_err()
            .contains("it was named before, as beta")
    );
}

#[test]
fn damaged_gzip_is_refused() {
    let whole = gzipped(&format!("{HEADER}\n0,0.01,64,true,1.5\n"));
    let settings = VerifySettings::default;
    let said = |bytes: &[u8]| {
        parse_table(Path::new("runs.csv.gz"), bytes, settings())
            .unwrap_err()
            .to_string()
    };
    let cut = said(&whole[..whole.len() - 9]);
    assert!(
        cut.starts_with("runs.csv.gz: its gzip data are damaged ("),
        "{cut}"
    );
    assert!(
        cut.ends_with("; pack it anew, or give it unpacked"),
        "{cut}"
    );
    let followed = said(&[&whole[..], b"x"].concat());
    assert!(
        followed.contains("something else follows them"),
        "{followed}"
    );
}

#[test]
fn text_that_is_no_utf_8_is_refused() {
    let text = [HEADER.as_bytes(), b"\n0,0.1,64,true,\xff\n"].concat();
    let settings = VerifySettings::default();
    let error = parse_table(Path::new("runs.csv"), &text[..], settings).unwrap_err();
    let expected = "runs.csv, line 2: it is not UTF-8 text; save the table as UTF-8";
    assert_eq!(error.to_string(), expected);
}
