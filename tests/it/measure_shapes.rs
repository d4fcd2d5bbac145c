//! Spectral densities and the loss near θ, as `breakeven measure` has them.

use std::fs;

use serde_json::Value;

use crate::measure_parts::tensors;
use crate::measure_refusals::{assert_says, refused};
use crate::measure_world::{BATCHES, DATA, MLP, Tensors, World, safetensors, weight};
use crate::program::{json, run, stdout};

/// Softmax regression, whose loss has no kinks.
const SOFTMAX: [&str; 6] = [
    "--model",
    "mlp",
    "--hidden",
    "none",
    "--checkpoint",
    "softmax",
];

fn softmax() -> World {
    let world = World::new();
    let names: Tensors = vec![("fc1.weight", vec![10, 784], 9), ("fc1.bias", vec![10], 8)];
    world.write("softmax", safetensors(&names, weight));
    world
}

fn numbers(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

/// Second differences in the middle of line and plane are the eigenvalues, the mixed
/// one is zero, and the line is the plane's middle row.
#[test]
fn the_loss_near_theta_bends_as_the_eigenvalues_say() {
    const FINE: &str = "1001";
    let world = softmax();
    let asked = [
        "--json",
        "--top",
        "2",
        "--tolerance",
        "1e-10",
        "--loss-plane",
        "41",
        "--loss-line",
    ];
    let args = [&DATA[..], &SOFTMAX, &BATCHES, &asked, &[FINE]].concat();
    let found = json(&run(&args, world.path()));
    let loss = found["loss"].as_f64().unwrap();
    let lambda = numbers(&found["hessian"]["eigenvalues"]);

    let offsets = numbers(&found["loss_line"]["offsets"]);
    let losses = numbers(&found["loss_line"]["losses"]);
    let middle = losses.len() / 2;
    assert!((losses[middle] / loss - 1.0).abs() < 1e-13);
    let reach = (2.0 * loss / lambda[0]).sqrt();
    assert!((offsets[offsets.len() - 1] / reach - 1.0).abs() < 1e-13);
    let bend = |before: f64, here: f64, after: f64, step: f64| {
        (before - 2.0 * here + after) / (step * step)
    };
    let step = offsets[1] - offsets[0];
    let along = bend(losses[middle - 1], losses[middle], losses[middle + 1], step);
    assert!((along / lambda[0] - 1.0).abs() < 1e-3, "{along}");

    let plane = &found["loss_plane"];
    let [across, up] = [0, 1].map(|k| numbers(&plane["offsets"][k]));
    let rows: Vec<Vec<f64>> = serde_json::from_value(plane["losses"].clone()).unwrap();
    assert_eq!([rows.len(), rows[0].len(), across.len(), up.len()], [41; 4]);
    // Every 25th point of the line.
    for (k, loss) in rows[20].iter().enumerate() {
        assert!((loss / losses[25 * k] - 1.0).abs() < 1e-12);
    }
    let [wide, high] = [across[1] - across[0], up[1] - up[0]];
    let second = bend(rows[19][20], rows[20][20], rows[21][20], high);
    assert!((second / lambda[1] - 1.0).abs() < 0.01, "{second}");
    let mixed = (rows[21][21] - rows[21][19] - rows[19][21] + rows[19][19]) / (4.0 * wide * high);
    assert!(mixed.abs() < 0.01 * lambda[1], "{mixed}");
}

/// As many products as it takes: the nodes are the eigenvalues that are above, and
/// first moments are the traces.
#[test]
fn densities_are_those_of_the_matrices() {
    let world = World::new();
    let asked = ["--json", "--density", "3", "--density-steps", "40", "--top"];
    let also = ["3", "--also", "gauss-newton,empirical-fisher"];
    let args = [&DATA[..], &MLP, &BATCHES, &asked, &also].concat();
    let found = json(&run(&args, world.path()));
    let matrices = [
        "covariance_per_example",
        "empirical_fisher",
        "gauss_newton",
        "hessian",
    ];
    let names: Vec<&String> = found["densities"].as_object().unwrap().keys().collect();
    assert_eq!(names, matrices);
    for matrix in matrices {
        let density = &found["densities"][matrix];
        let (nodes, weights) = (numbers(&density["nodes"]), numbers(&density["weights"]));
        let probes: Vec<usize> = serde_json::from_value(density["probes"].clone()).unwrap();
        assert_eq!([nodes.len(), weights.len()], [probes.len(); 2]);
        assert!(nodes.is_sorted());
        assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let values = numbers(&found[matrix]["eigenvalues"]);
        for probe in 0..3 {
            let mut of_probe = nodes.iter().zip(&probes).filter(|node| *node.1 == probe);
            let largest = *of_probe.next_back().unwrap().0;
            assert!(
                (largest / values[0] - 1.0).abs() < 1e-9,
                "{matrix}: {largest}"
            );
        }
    }
}

#[test]
fn figures_and_words_show_what_was_measured() {
    let world = softmax();
    let shapes = ["--density", "2", "--loss-line", "5", "--loss-plane", "5"];
    let asked = ["--top", "5", "--figures", "drawn"];
    let args = [&DATA[..], &SOFTMAX, &BATCHES, &shapes, &asked].concat();
    let said = stdout(&run(&args, world.path()));
    // Of H, K and K^M, here with and there without a clear gap.
    assert_eq!(said.matches("\n  outliers  ").count(), 3, "{said}");
    assert_says(
        &said,
        &[
            "line along e       loss from ",
            "plane of e and e_2 loss from ",
            "How the eigenvalues of H are distributed, by 2 random vectors",
            "How the eigenvalues of K are distributed",
            " of 7850\n",
        ],
    );
    for name in [
        "density-hessian",
        "density-covariance_per_example",
        "loss-line",
        "loss-plane",
    ] {
        let file = |end: &str| fs::read(world.path().join(format!("drawn/{name}.{end}"))).unwrap();
        assert!(file("svg").starts_with(b"<svg"), "{name}");
        assert!(file("png").starts_with(b"\x89PNG"), "{name}");
        let rows = String::from_utf8(file("csv")).unwrap();
        let cells = rows.lines().filter(|row| row.starts_with("cell,")).count();
        assert_eq!(cells, if name == "loss-plane" { 25 } else { 0 });
        assert!(cells > 0 || rows.lines().count() > 5, "{name}");
    }
}

/// A plane needs two eigenvectors that are determined: zero readouts have nine equal
/// eigenvalues.
#[test]
fn of_a_repeated_eigenvalue_there_is_neither_line_nor_plane() {
    let world = World::new();
    let names: Tensors = vec![("fc1.weight", vec![10, 784], 9), ("fc1.bias", vec![10], 8)];
    world.write("softmax", safetensors(&names, |_, _, _| 0.0));
    let asked = [
        "--json",
        "--top",
        "2",
        "--loss-line",
        "5",
        "--loss-plane",
        "5",
    ];
    let args = [&DATA[..], &SOFTMAX, &BATCHES, &asked].concat();
    let found = json(&run(&args, world.path()));
    for field in ["loss_line", "loss_plane"] {
        assert_eq!(found.get(field), None);
        let why = found["absent"][field].as_str().unwrap();
        assert_says(why, &["the largest eigenvalue of H is repeated (9 times"]);
    }
}

#[test]
fn what_cannot_be_drawn_or_counted_is_refused() {
    let cases: [(&[&str], &[&str]); 8] = [
        (&["--loss-line", "4"], &["--loss-line is 4", "odd number"]),
        (
            &["--loss-plane", "203", "--top", "2"],
            &["--loss-plane is 203", "to 201"],
        ),
        (&["--loss-plane", "5"], &["--loss-plane is 5", "--top 2"]),
        (&["--density", "10001"], &["--density is 10001", "at most"]),
        (
            &["--density", "1", "--density-steps", "0"],
            &["--density-steps is 0", "1 to 1000"],
        ),
        (&["--figures", "drawn"], &["--figures", "--density"]),
        (
            &["--learning-rate", "0"],
            &["--learning-rate is 0", "above 0"],
        ),
        (
            &["--diagonal", "d", "--diagonal-probes", "1"],
            &["--diagonal-probes is 1", "2 to"],
        ),
    ];
    for (options, parts) in cases {
        assert_says(&refused(&[], options), parts);
    }
}

/// Squared errors of a linear network are quadratic in θ, and batches of all examples
/// are alike: everything follows from λ_H and gᵀHg/‖g‖², which is the batch sharpness.
#[test]
fn a_step_on_a_quadratic_loss_is_as_stable_as_its_eigenvalue_says() {
    let world = softmax();
    let squared = ["--loss", "mse", "--tolerance", "1e-9", "--json"];
    let all = ["--batches", "2", "--batch-size", "40"];
    let asked = |rate: &str| {
        let rate = ["--learning-rate", rate];
        let args = [&DATA[..], &SOFTMAX, &all, &squared, &rate].concat();
        json(&run(&args, world.path()))
    };
    let lambda = asked("1")["hessian"]["eigenvalues"][0].as_f64().unwrap();
    for (part, growth) in [(3.0, 4.0), (1.5, 1.0)] {
        let found = asked(&(part / lambda).to_string());
        let step = &found["step"];
        let number = |field: &str| step[field].as_f64().unwrap();
        assert!((number("growth") - growth).abs() < 1e-6, "{step}");
        // Ten equal eigenvalues, so that no one direction is the top one.
        assert_says(
            found["absent"]["step.stability"].as_str().unwrap(),
            &["the largest eigenvalue of H is repeated (10 times"],
        );
        let sharpness = found["batch_sharpness"].as_f64().unwrap();
        let error = (number("critical_sharpness") - sharpness).abs();
        assert!(error <= number("critical_sharpness_error_bound"), "{step}");
        let product = number("critical_sharpness") * number("critical_learning_rate");
        assert!((product - 2.0).abs() < 1e-12);
    }
}

/// The left side of Eq. 1 is made of what else is printed.
#[test]
fn the_left_side_of_eq_1_follows_from_the_curvatures() {
    const ETA: f64 = 0.5;
    let world = softmax();
    let rate = ["--json", "--learning-rate", "0.5"];
    let found = json(&run(
        &[&DATA[..], &SOFTMAX, &BATCHES, &rate].concat(),
        world.path(),
    ));
    let lambda = found["hessian"]["eigenvalues"][0].as_f64().unwrap();
    let s2 = found["curvature_along_top"]["variance"].as_f64().unwrap();
    let (n, s) = (40.0, 8.0);
    let expected = (1.0 - ETA * lambda).powi(2) + s2 * ETA * ETA * (n - s) / (s * (n - 1.0));
    let left = found["step"]["stability"].as_f64().unwrap();
    assert!((left / expected - 1.0).abs() < 1e-9, "{left} {expected}");
    let error = found["step"]["stability_standard_error"].as_f64().unwrap();
    assert!(error > 0.0 && error < left);
    assert_eq!(
        [
            &found["step"]["batch_size"],
            &found["step"]["learning_rate"]
        ],
        [8.0, ETA]
    );
}

/// Its sum is the trace; of 4 in 7850 parameters it is exact.
#[test]
fn a_diagonal_is_written_in_the_checkpoints_names() {
    let world = softmax();
    let file = ["--diagonal", "d.safetensors", "--json"];
    let found = json(&run(
        &[&DATA[..], &SOFTMAX, &BATCHES, &file].concat(),
        world.path(),
    ));
    let written = tensors(&fs::read(world.path().join("d.safetensors")).unwrap());
    assert_eq!(written.len(), 4);
    let diagonal: f64 = written["hessian.diagonal.fc1.weight"]
        .iter()
        .chain(&written["hessian.diagonal.fc1.bias"])
        .sum();
    let trace = found["hessian"]["trace"].as_f64().unwrap();
    assert!((diagonal / trace - 1.0).abs() < 0.2, "{diagonal} {trace}");
    let errors = &written["hessian.diagonal_standard_error.fc1.weight"];
    assert!(errors.iter().any(|error| *error > 0.0));
    let part = ["--parameters", "fc1.bias", "--diagonal-probes", "10"];
    let found = json(&run(
        &[&DATA[..], &SOFTMAX, &BATCHES, &file, &part].concat(),
        world.path(),
    ));
    let written = tensors(&fs::read(world.path().join("d.safetensors")).unwrap());
    assert_eq!(
        written["hessian.diagonal_standard_error.fc1.bias"],
        [0.0; 10]
    );
    let diagonal: f64 = written["hessian.diagonal.fc1.bias"].iter().sum();
    let trace = found["hessian"]["trace"].as_f64().unwrap();
    assert!((diagonal / trace - 1.0).abs() < 1e-12, "{diagonal} {trace}");
}

/// The first half has what a measurement of so many examples has.
#[test]
fn halves_are_measurements_of_half_of_the_examples() {
    let world = World::new();
    let sized = |size: &str| {
        let options = ["--json", "--halves", "--subset", size, "--batches", "2"];
        let args = [&DATA[..], &MLP, &options, &["--batch-size", "4"]].concat();
        json(&run(&args, world.path()))
    };
    let (whole, first) = (sized("40"), sized("20"));
    let halves = whole["halves"].as_array().unwrap();
    assert_eq!([&halves[0]["examples"], &halves[1]["examples"]], [20, 20]);
    let k = &first["covariance_per_example"];
    for (field, expected) in [
        ("lambda_h", &first["hessian"]["eigenvalues"][0]),
        ("lambda_k_per_example", &k["eigenvalues"][0]),
        ("trace_k_per_example", &k["trace"]),
    ] {
        let (found, expected) = (
            halves[0][field].as_f64().unwrap(),
            expected.as_f64().unwrap(),
        );
        assert!(
            (found / expected - 1.0).abs() < 2e-6,
            "{field}: {found} {expected}"
        );
        let of_halves = [0, 1].map(|k| halves[k][field].as_f64().unwrap());
        let mean = (of_halves[0] + of_halves[1]) / 2.0;
        let apart = (of_halves[0] - of_halves[1]).abs() / mean > 0.1;
        let name = match field {
            "lambda_h" => "λ_H by",
            "lambda_k_per_example" => "λ_K by",
            _ => "Tr K by",
        };
        let notes = whole["notes"].to_string();
        assert_eq!(
            notes.contains(name),
            apart,
            "{field}: {of_halves:?} {notes}"
        );
    }
    let options = [
        "--halves",
        "--subset",
        "1",
        "--batches",
        "2",
        "--batch-size",
        "1",
    ];
    let said = stdout(&run(&[&DATA[..], &MLP, &options].concat(), world.path()));
    assert_says(
        &said,
        &["halves", "absent: no two halves of at least 1 of 1"],
    );
}
