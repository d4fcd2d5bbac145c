//! Eigenvectors that `breakeven measure` writes, and parts of a network.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::measure::{assert_close, tolerance};
use crate::measure_refusals::assert_says;
use crate::measure_world::{BATCHES, CNN, DATA, MLP, Tensors, World, safetensors, weight};
use crate::program::{json, run, stdout};

/// A file's tensors in 64 bits, by name.
pub fn tensors(bytes: &[u8]) -> BTreeMap<String, Vec<f64>> {
    let (length, rest) = bytes.split_first_chunk::<8>().unwrap();
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let header: BTreeMap<String, Value> = serde_json::from_slice(header).unwrap();
    let tensor = |(name, entry): (String, Value)| {
        assert_eq!(entry["dtype"], "F64", "{name}");
        let [begin, end]: [usize; 2] =
            serde_json::from_value(entry["data_offsets"].clone()).unwrap();
        let (numbers, rest) = data[begin..end].as_chunks::<8>();
        assert!(rest.is_empty());
        (
            name,
            numbers.iter().map(|x| f64::from_le_bytes(*x)).collect(),
        )
    };
    header.into_iter().map(tensor).collect()
}

/// The loss of softmax regression, which has no kinks, bends along them as their
/// eigenvalues say: second differences at checkpoints that are moved by tensors of
/// the file.
#[test]
fn eigenvectors_are_written_in_the_checkpoints_names_and_layout() {
    const STEP: f32 = 1.0 / 64.0;
    let world = World::new();
    let names: Tensors = vec![("fc1.weight", vec![10, 784], 9), ("fc1.bias", vec![10], 8)];
    world.write("softmax", safetensors(&names, weight));
    let softmax = [
        "--model",
        "mlp",
        "--hidden",
        "none",
        "--checkpoint",
        "softmax",
    ];
    let file = [
        "--top",
        "2",
        "--tolerance",
        "1e-10",
        "--bottom",
        "1",
        "--json",
    ];
    let file = [&file[..], &["--eigenvectors", "e.safetensors"]].concat();
    let found = json(&run(
        &[&DATA[..], &softmax, &BATCHES, &file].concat(),
        world.path(),
    ));
    let written = tensors(&fs::read(world.path().join("e.safetensors")).unwrap());
    assert_eq!(written.len(), 5 * names.len());
    let vector = |prefix: &str| -> Vec<&Vec<f64>> {
        let of = |(name, ..): &(&str, _, _)| &written[&format!("{prefix}.{name}")];
        names.iter().map(of).collect()
    };
    let dot = |a: &[&Vec<f64>], b: &[&Vec<f64>]| -> f64 {
        let pairs = a.iter().zip(b).flat_map(|(a, b)| a.iter().zip(*b));
        pairs.map(|(a, b)| a * b).sum()
    };
    let [first, second] = [vector("hessian.0"), vector("hessian.1")];
    assert!((dot(&first, &first) - 1.0).abs() < tolerance::F64);
    assert!(dot(&first, &second).abs() < tolerance::F64);
    let cosine = dot(&first, &vector("covariance_per_example.0")).abs();
    let expected = &found["cosine_hessian_covariance"];
    assert_close("cosine", &json!(cosine), expected, 1.0, tolerance::F64);
    let loss = |step: f32, e: &[&Vec<f64>]| {
        let moved = |t: usize, k: usize, exponent| weight(t, k, exponent) + step * e[t][k] as f32;
        world.write("softmax", safetensors(&names, moved));
        let found = json(&run(
            &[&DATA[..], &softmax, &BATCHES, &["--json"]].concat(),
            world.path(),
        ));
        found["loss"].as_f64().unwrap()
    };
    let values = &found["hessian"]["eigenvalues"];
    let smallest = &found["hessian"]["smallest"]["eigenvalues"];
    for (e, expected) in [
        (first, &values[0]),
        (second, &values[1]),
        (vector("hessian.smallest.0"), &smallest[0]),
    ] {
        let [below, here, above] = [-STEP, 0.0, STEP].map(|step| loss(step, &e));
        let bent = (below + above - 2.0 * here) / f64::from(STEP).powi(2);
        let scale = values[0].as_f64().unwrap();
        assert_close("second difference", &json!(bent), expected, scale, 0.02);
    }
}

/// The blocks of H and K on their diagonals: their traces add up to the whole's, their
/// largest eigenvalues are no larger (Cauchy).
#[test]
fn layers_are_diagonal_blocks_of_the_whole() {
    let world = World::new();
    let options = ["--tolerance", "1e-10", "--json", "--per-layer"];
    for (model, layers) in [
        (&MLP[..], &["fc1", "fc2", "fc3"][..]),
        (&CNN, &["conv1", "conv2", "conv3", "conv4", "fc1", "fc2"]),
    ] {
        let args = |more: &[&'static str]| [&DATA[..], model, &BATCHES, &options, more].concat();
        let whole = json(&run(&args(&[]), world.path()));
        assert!(whole.get("varying").is_none());
        let all = whole["layers"].as_array().unwrap();
        let names: Vec<&str> = all
            .iter()
            .filter_map(|part| part["layer"].as_str())
            .collect();
        assert_eq!(names, layers);
        for (matrix, name) in [
            ("hessian", "trace"),
            ("covariance_per_example", "trace"),
            ("covariance_mini_batch", "trace"),
        ] {
            let parts = all.iter().map(|part| part[matrix][name].as_f64().unwrap());
            let expected = &whole[matrix][name];
            let scale = expected.as_f64().unwrap();
            let found = json!(parts.sum::<f64>());
            assert_close(matrix, &found, expected, scale, tolerance::F64);
            let largest = |of: &Value| of[matrix]["eigenvalues"][0].as_f64().unwrap();
            let room = 1e-9 * largest(&whole);
            assert!(
                all.iter()
                    .all(|part| largest(part) <= largest(&whole) + room)
            );
        }
        let numbers = all.iter().map(|part| part["parameters"].as_u64().unwrap());
        assert_eq!(json!(numbers.sum::<u64>()), whole["parameters"]);
        // One layer, asked for by name, is what it is among all.
        let one = json(&run(&args(&["--parameters", "fc1.*"]), world.path()));
        assert_eq!(one["varying"], json!(["fc1.weight", "fc1.bias"]));
        let place = layers.iter().position(|&layer| layer == "fc1").unwrap();
        for field in ["hessian", "covariance_per_example", "covariance_mini_batch"] {
            assert_eq!(one[field], all[place][field], "{field}");
            assert_eq!(one["layers"][0][field], all[place][field], "{field}");
        }
        let biases = json(&run(
            &args(&["--parameters", "fc2.bias,fc?.bias"]),
            world.path(),
        ));
        assert!(biases["varying"].as_array().unwrap().len() >= 2);
    }
    let table = [&DATA[..], &MLP, &BATCHES, &["--per-layer"]].concat();
    let said = stdout(&run(&table, world.path()));
    assert_says(&said, &["Layer by layer, the others held fixed", "fc3  "]);
}
