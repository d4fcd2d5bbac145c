//! Paths of predictions: what is shown, where its values come from, and what is
//! refused. Predictions are hand-made: a point on a circle of probabilities.

use breakeven_plot::Scale;
use breakeven_sim::record::{Digits, Predictions, Record};
use breakeven_verify::paper::path::{Measured, PathError, PathRun, PathSettings, Paths, Shade};
use breakeven_verify::umap;

/// Probabilities of two examples of two classes, on a curve of their own.
fn predictions(steps: impl IntoIterator<Item = u64>, shift: f64) -> Vec<Predictions> {
    let one = |step: u64| {
        let along = step as f64 / 100.0;
        let (p, q) = (0.5 + 0.4 * along.sin(), 0.5 + 0.4 * (along + shift).cos());
        Predictions {
            step,
            epoch: step as f64 / 10.0,
            classes: 2,
            precision: Digits::F64,
            probabilities: Ok(vec![p, 1.0 - p, q, 1.0 - q]),
        }
    };
    steps.into_iter().map(one).collect()
}

/// Measured every ten steps: accuracy rises by 0.05, λ_K is largest at step 60.
fn records() -> Vec<Record> {
    (0..20)
        .map(|k| Record {
            step: 10 * k,
            epoch: k as f64,
            training_accuracy: Some(0.1 + 0.05 * k as f64),
            lambda_k: Some(100.0 - (k as f64 - 6.0).powi(2)),
            lambda_h: (k % 2 == 0).then_some(1.0 + k as f64),
            ..Record::default()
        })
        .collect()
}

struct Given {
    predictions: Vec<Predictions>,
    records: Vec<Record>,
}

impl Given {
    fn run(&self, label: &str) -> PathRun<'_> {
        PathRun {
            label: label.to_owned(),
            predictions: &self.predictions,
            records: &self.records,
            break_even_step: Some(31),
        }
    }
}

fn given(shift: f64) -> Given {
    Given {
        predictions: predictions((0..50).map(|k| 4 * k), shift),
        records: records(),
    }
}

fn paths() -> Paths {
    let (a, b) = (given(0.0), given(0.7));
    Paths::of(
        &[a.run("η = 0.1"), b.run("η = 0.01")],
        PathSettings::default(),
    )
    .unwrap()
}

#[test]
fn a_path_ends_before_the_accuracy_and_takes_values_of_the_nearest_steps() {
    let found = paths();
    for path in &found.paths {
        // 0.65 is reached at step 110: 28 points, at 0 to 108.
        let steps: Vec<u64> = path.points.iter().map(|point| point.step).collect();
        assert_eq!(steps, (0..28).map(|k| 4 * k).collect::<Vec<_>>());
        assert_eq!(path.largest_lambda_k_step, Some(60));
        let of = |index: usize, shade: Shade| {
            let place = Shade::ALL.iter().position(|s| *s == shade).unwrap();
            path.points[index].values[place]
        };
        let measured = |value, step| Some(Measured { value, step });
        // At 16 the nearest record is that of 20.
        assert_eq!(of(4, Shade::LambdaK), measured(100.0 - 16.0, 20));
        // At 8 λ_H was measured at 0 and 20.
        assert_eq!(of(2, Shade::LambdaH), measured(1.0, 0));
        assert_eq!(of(25, Shade::LambdaH), measured(11.0, 100));
        assert_eq!(of(2, Shade::TraceK), None);
    }
}

#[test]
fn of_two_steps_equally_near_the_earlier_one_counts() {
    let mut one = given(0.0);
    one.predictions = predictions((0..20).map(|k| 5 * k), 0.0);
    let found = Paths::of(&[one.run("a")], PathSettings::default()).unwrap();
    let steps = found.paths[0]
        .points
        .iter()
        .map(|point| point.values[0].unwrap().step);
    assert_eq!(steps.take(5).collect::<Vec<_>>(), [0, 0, 10, 10, 20]);
}

#[test]
fn marks_stand_at_the_nearest_points_and_in_the_table() {
    let found = paths();
    let rows = found.rows();
    assert_eq!(rows.len(), 56);
    let columns = Paths::columns();
    let column = |name: &str| columns.iter().position(|c| c == name).unwrap();
    let marked: Vec<(&str, &str, &str)> = rows
        .iter()
        .filter(|row| !row[column("mark")].is_empty())
        .map(|row| {
            let cell = |name| row[column(name)].as_str();
            (cell("run"), cell("step"), cell("mark"))
        })
        .collect();
    // 31 is nearest to 32.
    let expected = |run| [(run, "32", "break_even"), (run, "60", "largest_lambda_k")];
    assert_eq!(marked, [expected("η = 0.1"), expected("η = 0.01")].concat());
    assert_eq!(rows[2][column("lambda_h_step")], "0");
    assert_eq!(rows[2][column("trace_k")], "");
    let text = found.csv().unwrap();
    assert!(
        text.starts_with(
            "# UMAP of 56 points of 4 probabilities (2 examples, 2 classes), Euclidean, \
             15 neighbours, min_dist 0.1, spread 1, 500 epochs, seed 0: trustworthiness 0.9"
        ),
        "{text}"
    );
    assert_eq!(text.lines().count(), 3 + 56);
}

#[test]
fn figures_have_a_cell_a_point_and_colours_of_its_value() {
    let found = paths();
    let figures = found.figures(&Shade::FIGURE_8);
    assert_eq!(
        figures[0].as_ref().unwrap_err(),
        "no run has measured condition_k"
    );
    assert_eq!(
        figures[1].as_ref().unwrap_err(),
        "no run has measured trace_k"
    );
    let [lambda_k, accuracy] = &found.figures(&Shade::FIGURE_1)[..] else {
        panic!("two figures");
    };
    let ground = lambda_k.as_ref().unwrap().ground.as_ref().unwrap();
    assert_eq!(ground.cells.len(), 56);
    assert_eq!(ground.scale, Scale::Linear(64.0, 100.0));
    assert_eq!(ground.cells[4].value, Some(84.0));
    // Each cell holds its point, and all cover the frame once.
    let figure = accuracy.as_ref().unwrap();
    let area = |corners: &[(f64, f64)]| {
        let next = corners.iter().cycle().skip(1);
        let twice: f64 = corners
            .iter()
            .zip(next)
            .map(|(a, b)| a.0 * b.1 - b.0 * a.1)
            .sum();
        twice.abs() / 2.0
    };
    let cells = &figure.ground.as_ref().unwrap().cells;
    let (x, y) = (figure.x.scale.ends(), figure.y.scale.ends());
    let total: f64 = cells.iter().map(|cell| area(&cell.corners)).sum();
    let whole = (x.1 - x.0) * (y.1 - y.0);
    assert!((total - whole).abs() < 1e-9 * whole);
    let said = &figure.description;
    assert!(
        said.contains("η = 0.1: from step 0 (0.1) to step 108 (0.65), break-even point at step 31"),
        "{said}"
    );
    assert!(said.contains("seed 0"), "{said}");
}

#[test]
fn steps_without_outputs_are_left_out_and_counted() {
    let mut one = given(0.0);
    one.predictions[3].probabilities = Err("not finite".to_owned());
    let found = Paths::of(&[one.run("a")], PathSettings::default()).unwrap();
    assert_eq!(found.paths[0].points.len(), 27);
    let figure = found.figures(&[Shade::LambdaK]).remove(0).unwrap();
    assert!(
        figure
            .description
            .contains("; 1 steps without finite outputs are left out")
    );
}

#[test]
fn a_break_even_point_beyond_what_is_shown_is_said_and_not_drawn() {
    let one = given(0.0);
    let mut run = one.run("a");
    run.break_even_step = Some(150);
    let found = Paths::of(&[run], PathSettings::default()).unwrap();
    let figure = found.figures(&[Shade::LambdaK]).remove(0).unwrap();
    assert_eq!(figure.curves[0].marks.len(), 2);
    assert!(
        figure
            .description
            .contains("break-even point at step 150, beyond what is shown")
    );
}

#[test]
fn runs_without_a_path_are_refused_with_the_remedy() {
    let (one, mut short, mut other) = (given(0.0), given(0.1), given(0.2));
    short.predictions.truncate(1);
    for predictions in &mut other.predictions {
        predictions.probabilities = Ok(vec![0.5, 0.5]);
    }
    let usual = PathSettings::default();
    let said = |runs: &[PathRun], settings| Paths::of(runs, settings).unwrap_err().to_string();
    assert_eq!(Paths::of(&[], usual), Err(PathError::NoRuns));
    let found = said(&[one.run("a"), short.run("b")], usual);
    assert!(
        found.starts_with(
            "b has 1 steps with predictions before a training accuracy of 0.65: train with more"
        ),
        "{found}"
    );
    assert_eq!(
        said(&[one.run("a"), other.run("b")], usual),
        "b has 2 probabilities a step, a has 4: give runs of the same data and prediction_examples"
    );
    let settings = PathSettings {
        until_accuracy: 1.5,
        ..usual
    };
    assert_eq!(
        said(&[one.run("a")], settings),
        "until_accuracy is 1.5: give a number above 0, at most 1"
    );
    let settings = PathSettings {
        umap: umap::Settings {
            neighbours: 1,
            ..usual.umap
        },
        ..usual
    };
    assert_eq!(
        said(&[one.run("a")], settings),
        "the predictions can't be embedded: neighbours is 1: give at least 2"
    );
}
