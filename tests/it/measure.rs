//! `breakeven measure` against numbers of another framework and of closed
//! forms.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::measure_refusals::assert_says;
use crate::measure_world::{
    BATCHES, CNN, DATA, IMAGES, IMAGES_FILE, LABELS_FILE, MLP, SIDE, World, idx, images,
    safetensors,
};
use crate::program::{json, run, stdout};

#[allow(dead_code)] // those of the library's own tests
#[path = "../../empirical/tests/it/tolerance.rs"]
pub mod tolerance;

fn reference(name: &str, case: usize) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/reference")
        .join(name);
    let file: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    file["cases"][case].clone()
}

#[track_caller]
pub fn assert_close(what: &str, found: &Value, expected: &Value, scale: f64, tolerance: f64) {
    let number = |value: &Value| {
        value
            .as_f64()
            .unwrap_or_else(|| panic!("{what} is {value}"))
    };
    let (found, expected) = (number(found), number(expected));
    let error = (found - expected).abs() / scale;
    assert!(
        error <= tolerance,
        "{what}: found {found}, expected {expected}: {error:.1e}, above {tolerance:.1e}"
    );
}

/// Compares everything that has one right answer.
fn assert_portrait(found: &Value, expected: &Value) {
    for field in ["parameters", "examples", "accuracy"] {
        assert_eq!(found[field].as_f64(), expected[field].as_f64(), "{field}");
    }
    let same = |path: &str, scale: Option<f64>, tolerance: f64| {
        let at = |value: &Value| {
            let value = path.split('.').fold(value, |value, key| &value[key]);
            value.clone()
        };
        let (found, expected) = (at(found), at(expected));
        match expected.as_array() {
            Some(list) => {
                assert_eq!(found.as_array().unwrap().len(), list.len(), "{path}");
                let largest = list[0].as_f64().unwrap();
                for (found, expected) in found.as_array().unwrap().iter().zip(list) {
                    assert_close(path, found, expected, largest, tolerance);
                }
            }
            None => {
                let scale = scale.unwrap_or_else(|| expected.as_f64().unwrap());
                assert_close(path, &found, &expected, scale, tolerance);
            }
        }
    };
    let exact = tolerance::F64;
    // Vectors converge to the square root of what values do.
    let of_vectors = exact.sqrt();
    for (path, tolerance) in [
        ("loss", exact),
        ("gradient_norm", exact),
        ("hessian.eigenvalues", exact),
        ("covariance_per_example.eigenvalues", exact),
        ("covariance_per_example.trace", exact),
        ("covariance_mini_batch.eigenvalues", exact),
        ("covariance_mini_batch.smallest_nonzero", exact),
        ("covariance_mini_batch.ratio", exact),
        ("covariance_mini_batch.trace", exact),
        ("curvature_along_top.mean", exact),
        ("curvature_along_top.variance", of_vectors),
        ("batch_sharpness", exact),
    ] {
        same(path, None, tolerance);
    }
    same("cosine_hessian_covariance", Some(1.0), of_vectors);
    let number = |value: &Value| value.as_f64().unwrap();
    let squared = number(&expected["gradient_norm"]).powi(2);
    let noise = number(&expected["covariance_per_example"]["trace"]) / squared;
    let error = number(&found["gradient_noise_scale_error_bound"]);
    assert!(error > 0.0 && error < 1e-9 * noise);
    assert_close(
        "noise scale",
        &found["gradient_noise_scale"],
        &json!(noise),
        noise,
        exact,
    );
}

/// The fields that others read, beside those that are compared.
fn assert_fields(found: &Value, top: usize) {
    for matrix in ["hessian", "covariance_per_example"] {
        let matrix = &found[matrix];
        for list in ["eigenvalues", "residuals", "error_bounds"] {
            assert_eq!(matrix[list].as_array().unwrap().len(), top, "{list}");
        }
        assert!(matrix["matvecs"].as_u64().unwrap() > 0);
        assert_eq!(matrix["status"], "converged");
        let largest = matrix["eigenvalues"][0].as_f64().unwrap();
        for bound in matrix["error_bounds"].as_array().unwrap() {
            assert!(bound.as_f64().unwrap() <= 1e-12 * largest);
        }
    }
}

#[test]
fn everything_that_it_measures_is_pytorchs() {
    let world = World::new();
    let tight = ["--top", "3", "--tolerance", "1e-12", "--json"];
    let cases: [(&str, usize, &[&str], &[&str]); 3] = [
        ("measure_mlp.json", 0, &MLP, &BATCHES),
        (
            "measure_mlp.json",
            1,
            &MLP,
            &[
                "--subset",
                "24",
                "--batches",
                "6",
                "--batch-size",
                "3",
                "--batch-order",
                "sequential",
            ],
        ),
        (
            "measure_simplecnn.json",
            0,
            &CNN,
            &[
                "--batches",
                "4",
                "--batch-size",
                "10",
                "--batch-order",
                "sequential",
                "--trace-probes",
                "600",
            ],
        ),
    ];
    for (file, case, model, batches) in cases {
        let args = [&DATA, model, batches, &tight].concat();
        let found = json(&run(&args, world.path()));
        let expected = reference(file, case);
        assert_portrait(&found, &expected);
        assert_fields(&found, 3);
        for field in ["batches", "batch_size"] {
            let field = |value: &Value| value["covariance_mini_batch"][field].clone();
            assert_eq!(field(&found), field(&expected));
        }
        let error = found["hessian"]["trace_standard_error"].as_f64().unwrap();
        let (trace, exact) = (&found["hessian"]["trace"], &expected["hessian"]["trace"]);
        if file == "measure_simplecnn.json" {
            // No more parameters than probes: exact.
            assert_eq!(error, 0.0);
            let scale = exact.as_f64().unwrap();
            assert_close("trace", trace, exact, scale, tolerance::F64);
        } else {
            assert!(error > 0.0);
            assert_close("trace", trace, exact, error, tolerance::NORMAL_QUANTILE);
        }
    }
}

#[test]
fn single_precision_is_as_exact_as_it_can_be() {
    let world = World::new();
    let args = [&DATA[..], &MLP, &BATCHES, &["--precision", "f32", "--json"]].concat();
    let found = json(&run(&args, world.path()));
    let expected = reference("measure_mlp.json", 0);
    let (h, exact) = (&found["hessian"], &expected["hessian"]);
    let scale = exact["eigenvalues"][0].as_f64().unwrap();
    let (value, exact) = (&h["eigenvalues"][0], &exact["eigenvalues"][0]);
    assert_close("largest of H", value, exact, scale, tolerance::F32);
    let loss = expected["loss"].as_f64().unwrap();
    assert_close(
        "loss",
        &found["loss"],
        &expected["loss"],
        loss,
        tolerance::F32,
    );
}

#[test]
fn the_answer_is_the_same_every_time_and_random_batches_follow_the_seed() {
    let world = World::new();
    let random = ["--batches", "5", "--batch-size", "8", "--json", "--seed"];
    let with_seed = |seed| {
        let args = [&DATA[..], &MLP, &random, &[seed]].concat();
        stdout(&run(&args, world.path()))
    };
    assert_eq!(with_seed("1"), with_seed("1"));
    let spectrum = |text: &str| {
        let answer: Value = serde_json::from_str(text).unwrap();
        answer["covariance_mini_batch"]["eigenvalues"].clone()
    };
    assert_ne!(spectrum(&with_seed("1")), spectrum(&with_seed("2")));
}

#[test]
fn people_get_a_table_and_simulations_a_column() {
    let world = World::new();
    let args = [&DATA[..], &MLP, &BATCHES, &["--curvatures", "c.csv"]].concat();
    let table = stdout(&run(&args, world.path()));
    assert!(
        table.contains("3,999 parameters") || table.contains("3999 parameters"),
        "{table}"
    );
    let column = fs::read_to_string(world.path().join("c.csv")).unwrap();
    let mut lines = column.lines();
    assert_eq!(lines.next(), Some("curvature"));
    let curvatures: Vec<f64> = lines.map(|line| line.parse().unwrap()).collect();
    assert_eq!(curvatures.len(), IMAGES);
    let mean = curvatures.iter().sum::<f64>() / IMAGES as f64;
    let expected = reference("measure_mlp.json", 0)["curvature_along_top"]["mean"].clone();
    let scale = expected.as_f64().unwrap();
    assert_close(
        "mean",
        &json!(mean),
        &expected,
        scale,
        tolerance::F64.sqrt(),
    );
}

#[test]
fn gradients_that_agree_have_no_condition() {
    let world = World::new();
    let one = images()[16..16 + SIDE * SIDE].repeat(IMAGES);
    let sides = [IMAGES as u32, SIDE as u32, SIDE as u32];
    world.write(IMAGES_FILE, idx(0x0803, &sides, one));
    world.write(LABELS_FILE, idx(0x0801, &[IMAGES as u32], vec![3; IMAGES]));
    let args = [&DATA[..], &MLP, &BATCHES, &["--json"]].concat();
    let found = json(&run(&args, world.path()));
    let gradient = found["gradient_norm"].as_f64().unwrap();
    for matrix in ["covariance_per_example", "covariance_mini_batch"] {
        let trace = found[matrix]["trace"].as_f64().unwrap();
        assert!(
            trace.abs() <= tolerance::F64 * gradient * gradient,
            "{trace}"
        );
    }
}

/// Softmax regression at zero, where everything has a closed form.
#[test]
fn softmax_regression_is_measured_as_its_closed_form_says() {
    let world = World::new();
    let zero = vec![
        ("fc1.weight", vec![10, SIDE * SIDE], 0),
        ("fc1.bias", vec![10], 0),
    ];
    world.write("zero", safetensors(&zero, |_, _, _| 0.0));
    // p = 1/10 everywhere: H is (1/n) Σ xxᵀ ⊗ (1/10)(I − 11ᵀ/10), x with a 1 for the bias.
    let pixels = images()[16..].to_vec();
    let inputs: Vec<Vec<f64>> = pixels
        .chunks(SIDE * SIDE)
        .map(|image| {
            image
                .iter()
                .map(|&x| f64::from(x) / 255.0)
                .chain([1.0])
                .collect()
        })
        .collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut top = vec![1.0; SIDE * SIDE + 1];
    let mut largest = 0.0;
    for _ in 0..2000 {
        let mut next = vec![0.0; top.len()];
        for x in &inputs {
            let weight = dot(x, &top) / IMAGES as f64;
            next.iter_mut()
                .zip(x)
                .for_each(|(next, x)| *next += weight * x);
        }
        largest = dot(&next, &next).sqrt();
        top = next.iter().map(|x| x / largest).collect();
    }
    let squares = inputs.iter().map(|x| dot(x, x)).sum::<f64>() / IMAGES as f64;
    for hidden in ["none", "", "--checkpoint"] {
        let words = match hidden {
            "--checkpoint" => vec!["--model", "mlp", "--hidden", "--checkpoint", "zero"],
            _ => vec!["--model", "mlp", "--checkpoint", "zero", "--hidden", hidden],
        };
        let also = "gauss-newton,empirical-fisher";
        let exact = ["--tolerance", "1e-12", "--json", "--also", also];
        let found = json(&run(
            &[&DATA[..], &words, &BATCHES, &exact].concat(),
            world.path(),
        ));
        assert_eq!(found["parameters"], 7850);
        let close = |what, found: &Value, expected: f64| {
            assert_close(what, found, &json!(expected), expected, tolerance::F64);
        };
        close("loss", &found["loss"], 10_f64.ln());
        close(
            "largest",
            &found["hessian"]["eigenvalues"][0],
            largest / 10.0,
        );
        // I − 11ᵀ/10 has nine eigenvalues of 1: no one direction is the top.
        assert_eq!(found["hessian"]["multiplicities"], json!([9]));
        assert!(found.get("curvature_along_top").is_none());
        assert!(found.get("cosine_hessian_covariance").is_none());
        assert_says(
            found["absent"]["curvature_along_top"].as_str().unwrap(),
            &["the largest eigenvalue of H is repeated (9 times"],
        );
        // Logits are affine in θ: H is all Gauss and Newton's. ‖p − y‖² is 0.9 too.
        let g = &found["gauss_newton"];
        close("largest of G", &g["eigenvalues"][0], largest / 10.0);
        assert_eq!(g["multiplicities"], json!([9]));
        let fisher = &found["empirical_fisher"]["trace"];
        close("trace of F", fisher, 0.9 * squares);
        for matrix in [&found["hessian"], g] {
            let trace = &matrix["trace"];
            let error = matrix["trace_standard_error"].as_f64().unwrap();
            let expected = json!(0.9 * squares);
            assert_close("trace", trace, &expected, error, tolerance::NORMAL_QUANTILE);
        }
    }
}
