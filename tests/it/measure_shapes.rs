//! Spectral densities and the loss near θ, as `breakeven measure` has them.

use std::fs;

use serde_json::Value;

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
            let of_probe = || nodes.iter().zip(&probes).filter(|node| *node.1 == probe);
            let largest = *of_probe().last().unwrap().0;
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
    let asked = ["--top", "2", "--figures", "drawn"];
    let args = [&DATA[..], &SOFTMAX, &BATCHES, &shapes, &asked].concat();
    let said = stdout(&run(&args, world.path()));
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
    let cases: [(&[&str], &[&str]); 6] = [
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
    ];
    for (options, parts) in cases {
        assert_says(&refused(&[], options), parts);
    }
}
