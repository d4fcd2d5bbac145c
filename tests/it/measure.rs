//! `breakeven measure` against numbers of another framework, and all that it
//! refuses.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use crate::program::{json, refusal, run, stdout};

#[allow(dead_code)] // those of the library's own tests
#[path = "../../empirical/tests/it/tolerance.rs"]
mod tolerance;

const IMAGES: usize = 40;
const SIDE: usize = 28;
const IMAGES_FILE: &str = "train-images-idx3-ubyte";
const LABELS_FILE: &str = "train-labels-idx1-ubyte";

/// Tensors in PyTorch's names and shapes, with the exponents of the formula
/// in `fixtures/reference/make_measure.py`.
type Tensors<'a> = Vec<(&'a str, Vec<usize>, i32)>;

fn mlp() -> Tensors<'static> {
    vec![
        ("fc1.weight", vec![5, 784], 9),
        ("fc1.bias", vec![5], 8),
        ("fc2.weight", vec![4, 5], 6),
        ("fc2.bias", vec![4], 8),
        ("fc3.weight", vec![10, 4], 6),
        ("fc3.bias", vec![10], 8),
    ]
}

fn simplecnn() -> Tensors<'static> {
    vec![
        ("conv1.weight", vec![2, 1, 3, 3], 6),
        ("conv1.bias", vec![2], 8),
        ("conv2.weight", vec![2, 2, 3, 3], 6),
        ("conv2.bias", vec![2], 8),
        ("conv3.weight", vec![3, 2, 3, 3], 6),
        ("conv3.bias", vec![3], 8),
        ("conv4.weight", vec![3, 3, 3, 3], 6),
        ("conv4.bias", vec![3], 8),
        ("fc1.weight", vec![4, 75], 6),
        ("fc1.bias", vec![4], 8),
        ("fc2.weight", vec![10, 4], 6),
        ("fc2.bias", vec![10], 8),
    ]
}

/// Element `k` of tensor `t`.
fn weight(t: usize, k: usize, exponent: i32) -> f32 {
    let hash = (k + 1000 * t + 18) as u64 * 2_654_435_761 % (1 << 32);
    (((hash >> 16) % 101) as f32 - 50.0) * 2f32.powi(-exponent)
}

/// A safetensors file: the length of the header, the header, the numbers.
fn safetensors(tensors: &Tensors, value: impl Fn(usize, usize, i32) -> f32) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut data = Vec::new();
    for (t, (name, shape, exponent)) in tensors.iter().enumerate() {
        let begin = data.len();
        for k in 0..shape.iter().product() {
            data.extend(value(t, k, *exponent).to_le_bytes());
        }
        let entry = json!({"dtype": "F32", "shape": shape, "data_offsets": [begin, data.len()]});
        header.insert((*name).to_owned(), entry);
    }
    let header = Value::Object(header).to_string().into_bytes();
    [(header.len() as u64).to_le_bytes().to_vec(), header, data].concat()
}

fn idx(magic: u32, sides: &[u32], bytes: Vec<u8>) -> Vec<u8> {
    let numbers = [&[magic], sides].concat();
    let header = numbers.into_iter().flat_map(u32::to_be_bytes);
    header.chain(bytes).collect()
}

fn images() -> Vec<u8> {
    let pixel = |n: usize, r: usize, c: usize| (37 * n + 11 * r * r + 13 * c + 5 * n * r * c) as u8;
    let places = (0..IMAGES * SIDE * SIDE).map(|k| (k / SIDE / SIDE, k / SIDE % SIDE, k % SIDE));
    let bytes = places.map(|(n, r, c)| pixel(n, r, c)).collect();
    idx(0x0803, &[IMAGES as u32, SIDE as u32, SIDE as u32], bytes)
}

fn labels() -> Vec<u8> {
    let bytes = (0..IMAGES).map(|n| ((7 * n + 3) % 10) as u8).collect();
    idx(0x0801, &[IMAGES as u32], bytes)
}

/// A folder with data and the checkpoints of both models.
struct World(TempDir);

impl World {
    fn new() -> Self {
        let world = Self(tempdir().unwrap());
        world.write(IMAGES_FILE, images());
        world.write(LABELS_FILE, labels());
        world.write("mlp", safetensors(&mlp(), weight));
        world.write("simplecnn", safetensors(&simplecnn(), weight));
        world
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, bytes: Vec<u8>) {
        fs::write(self.path().join(name), bytes).unwrap();
    }
}

const DATA: [&str; 5] = ["measure", "--data", "fashion-mnist", "--data-dir", "."];
const MLP: [&str; 6] = ["--model", "mlp", "--hidden", "5,4", "--checkpoint", "mlp"];
const CNN: [&str; 8] = [
    "--model",
    "simplecnn",
    "--channels",
    "2,3",
    "--dense",
    "4",
    "--checkpoint",
    "simplecnn",
];
const BATCHES: [&str; 6] = [
    "--batches",
    "5",
    "--batch-size",
    "8",
    "--batch-order",
    "sequential",
];

fn reference(name: &str, case: usize) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/reference")
        .join(name);
    let file: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    file["cases"][case].clone()
}

#[track_caller]
fn assert_close(what: &str, found: &Value, expected: &Value, scale: f64, tolerance: f64) {
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

/// What is said of a changed file or changed options.
fn refused(files: &[(&str, Vec<u8>)], options: &[&str]) -> String {
    let world = World::new();
    for (name, bytes) in files {
        world.write(name, bytes.clone());
    }
    // The last option given counts.
    let mut args = [&DATA[..], &MLP, &BATCHES].concat();
    for pair in options.chunks(2) {
        match args.iter().position(|word| *word == pair[0]) {
            Some(place) => args[place + 1] = pair[1],
            None => args.extend(pair),
        }
    }
    refusal(&args, world.path())
}

#[track_caller]
fn assert_says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
}

#[test]
fn damaged_checkpoints_are_refused_by_name() {
    let whole = safetensors(&mlp(), weight);
    let mut other_shape = mlp();
    other_shape[2].1 = vec![5, 4];
    let mut without = mlp();
    without.remove(5);
    let mut renamed = mlp();
    renamed[0].0 = "layer1.weight";
    let not_a_number = |t: usize, k: usize, exponent: i32| match (t, k) {
        (2, 7) => f32::NAN,
        _ => weight(t, k, exponent),
    };
    let header_only = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    let cases: [(Vec<u8>, &[&str]); 9] = [
        (vec![], &["mlp is not a whole safetensors file ("]),
        (
            whole[..5].to_vec(),
            &["mlp is not a whole safetensors file ("],
        ),
        (
            whole[..header_only].to_vec(),
            &["mlp is not a whole safetensors file ("],
        ),
        (
            whole[..whole.len() - 4].to_vec(),
            &["mlp is not a whole safetensors file ("],
        ),
        (vec![0xff; 4096], &["mlp is not a whole safetensors file ("]),
        (
            safetensors(&other_shape, weight),
            &["mlp: tensor fc2.weight has shape [5, 4], the model needs [4, 5]"],
        ),
        (
            safetensors(&without, weight),
            &["mlp has no tensor fc3.bias"],
        ),
        (
            safetensors(&renamed, weight),
            &["mlp holds a tensor layer1.weight"],
        ),
        (
            safetensors(&mlp(), not_a_number),
            &["mlp: tensor fc2.weight holds a number that is not finite at index 7"],
        ),
    ];
    for (bytes, parts) in cases {
        assert_says(&refused(&[("mlp", bytes)], &[]), parts);
    }
    assert_says(
        &refused(&[], &["--checkpoint", "nowhere"]),
        &["nowhere: No such file"],
    );
    assert_says(
        &refused(&[], &["--checkpoint", "."]),
        &[".: Is a directory"],
    );
    assert_says(
        &refused(&[], &["--checkpoint", "simplecnn"]),
        &["simplecnn holds a tensor conv"],
    );
}

#[test]
fn weights_at_which_the_loss_overflows_are_refused() {
    let huge = |t: usize, k: usize, exponent: i32| weight(t, k, exponent) * 1e38;
    for precision in ["f32", "f64"] {
        let files = [("mlp", safetensors(&mlp(), huge))];
        let world = World::new();
        world.write(files[0].0, files[0].1.clone());
        let args = [
            &DATA[..],
            &MLP,
            &BATCHES,
            &["--precision", precision, "--json"],
        ]
        .concat();
        let output = run(&args, world.path());
        match precision {
            "f32" => assert_says(
                &refusal(&args, world.path()),
                &["the loss is not finite at these weights"],
            ),
            // Finite in f64, and so is all that is said of it.
            _ => assert!(!stdout(&output).contains("null")),
        }
    }
}

#[test]
fn damaged_data_are_refused_by_name() {
    let (images, labels) = (images(), labels());
    let mut magic = images.clone();
    magic[3] = 1;
    let mut label = labels.clone();
    label[8 + 12] = 10;
    let mut tall = images.clone();
    tall[8..12].copy_from_slice(&0_u32.to_be_bytes());
    let cases: [(&str, Vec<u8>, &str); 9] = [
        (
            IMAGES_FILE,
            vec![],
            "truncated: ends after 0 bytes, expected 4",
        ),
        (
            IMAGES_FILE,
            magic,
            "starts with 0x00000801, expected 0x00000803",
        ),
        (
            IMAGES_FILE,
            images[..images.len() - 1].to_vec(),
            "truncated: ends after 31375 bytes",
        ),
        (
            IMAGES_FILE,
            [&images[..], &[0]].concat(),
            "goes on after 31376 bytes",
        ),
        (
            IMAGES_FILE,
            tall,
            "holds images of 0×28 pixels, expected sides from 1",
        ),
        (
            IMAGES_FILE,
            [0x1f, 0x8b, 8, 0, 1, 2, 3].to_vec(),
            "truncated: ends after 0 bytes",
        ),
        (
            LABELS_FILE,
            labels[..20].to_vec(),
            "truncated: ends after 20 bytes, expected 48",
        ),
        (
            LABELS_FILE,
            label,
            "example 12 has the label 10, expected 0 to 9",
        ),
        (
            LABELS_FILE,
            idx(0x0801, &[39], vec![0; 39]),
            "holds 39 labels, expected 40, one for each image of",
        ),
    ];
    for (file, bytes, part) in cases {
        assert_says(&refused(&[(file, bytes)], &[]), &[file, part]);
    }
    let world = World::new();
    fs::remove_file(world.path().join(LABELS_FILE)).unwrap();
    let args = [&DATA[..], &MLP, &BATCHES].concat();
    let said = refusal(&args, world.path());
    assert_says(&said, &[LABELS_FILE, " is missing, though ", IMAGES_FILE]);
    fs::remove_file(world.path().join(IMAGES_FILE)).unwrap();
    let said = refusal(&args, world.path());
    assert_says(
        &said,
        &["the training files of `fashion-mnist` were not found"],
    );
}

#[test]
fn settings_that_do_not_fit_are_refused_by_name() {
    let cases: [(&[&str], &str); 22] = [
        (
            &["--data", "mnits"],
            "no data set is called `mnits`; there are",
        ),
        (
            &["--data-dir", "nowhere"],
            "the data folder nowhere does not exist",
        ),
        (&["--model", "vgg"], "invalid value 'vgg' for '--model"),
        (&["--hidden", "5,0"], "a hidden layer of mlp is 0"),
        (&["--hidden", "5,five"], "\"five\" is no number of units"),
        (
            &["--hidden", "99999999999999"],
            "a layer has 99999999999999 units",
        ),
        (
            &["--hidden", "6,4"],
            "tensor fc1.weight has shape [5, 784], the model needs [6, 784]",
        ),
        (&["--hidden", "5"], "mlp holds a tensor fc3."),
        (
            &["--hidden", "5,4,3"],
            "tensor fc3.weight has shape [10, 4], the model needs [3, 4]",
        ),
        (
            &["--subset", "0"],
            "--subset is 0: give 1 to 40, the training examples found",
        ),
        (
            &["--subset", "41"],
            "--subset is 41: give 1 to 40, the training examples found",
        ),
        (
            &["--subset", "39"],
            "--batch-size is 8: give 1 to 7: 39 examples are measured in 5",
        ),
        (
            &["--subset", "4"],
            "--batch-size is 8: give at most 4 --batches, one example each",
        ),
        (&["--batch-size", "9"], "--batch-size is 9: give 1 to 8"),
        (&["--batch-size", "0"], "--batch-size is 0: give 1 to 8"),
        (
            &["--batch-size", "41", "--batch-order", "random"],
            "--batch-size is 41: give 1 to 40",
        ),
        (&["--batches", "1"], "--batches is 1: give 2 to 4096"),
        (&["--top", "0"], "--top is 0: give at least 1"),
        (
            &["--top", "4000"],
            "--top is 4000: give 1 to 3999, the parameters of the model",
        ),
        (
            &["--trace-probes", "1"],
            "--trace-probes is 1: give at least 2",
        ),
        (
            &["--tolerance", "NaN"],
            "--tolerance is NaN: give a number above 0 and below 1",
        ),
        (
            &["--tolerance", "1"],
            "--tolerance is 1: give a number above 0 and below 1",
        ),
    ];
    for (options, part) in cases {
        assert_says(&refused(&[], options), &[part]);
    }
    let cnn = [&DATA[..], &CNN, &BATCHES].concat();
    let world = World::new();
    for (option, value, part) in [
        (
            "--channels",
            "2",
            "--channels has 1 numbers: give two, such as 32,64",
        ),
        ("--channels", "0,3", "a layer of simple_cnn is 0"),
        (
            "--channels",
            "2,9223372036854775807",
            "a layer has 9223372036854775807 units",
        ),
        (
            "--dense",
            "5",
            "tensor fc1.weight has shape [4, 75], the model needs [5, 75]",
        ),
    ] {
        let mut args = cnn.clone();
        let place = args.iter().position(|word| *word == option).unwrap();
        args[place + 1] = value;
        assert_says(&refusal(&args, world.path()), &[part]);
    }
    let device = [
        &DATA[..],
        &MLP,
        &BATCHES,
        &["--device", "cuda", "--precision", "f64"],
    ]
    .concat();
    assert_says(
        &refusal(&device, world.path()),
        &["precision f64 is offered on flex alone, not on cuda"],
    );
    let nowhere = [&DATA[..], &MLP, &BATCHES, &["--curvatures", "mlp/c.csv"]].concat();
    assert_says(&refusal(&nowhere, world.path()), &["mlp/c.csv: "]);
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
        let exact = ["--tolerance", "1e-12", "--json"];
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
        let trace = &found["hessian"]["trace"];
        let error = found["hessian"]["trace_standard_error"].as_f64().unwrap();
        let expected = json!(0.9 * squares);
        assert_close("trace", trace, &expected, error, tolerance::NORMAL_QUANTILE);
    }
}

const CONFIG: &str = r#"
name = "tiny"
[data]
name = "fashion-mnist"
train_examples = 30
[model]
name = "mlp"
hidden = [5, 4]
[training]
epochs = 1
[sweep]
learning_rates = [0.1]
batch_sizes = [10, 6]
seeds = [0]
[measure]
every_steps = 2
hessian_examples = 20
hessian_eigenvalues = 2
covariance_batches = 3
"#;

#[test]
fn a_run_says_what_is_measured_and_options_beside_it_count() {
    let world = World::new();
    world.write("tiny.toml", CONFIG.into());
    let train = [
        "train",
        "--config",
        "tiny.toml",
        "--out",
        "out",
        "--data-dir",
        ".",
    ];
    stdout(&run(&train, world.path()));
    let checkpoint = "out/runs/lr0.1-bs6-seed0/checkpoint.safetensors";
    let measured = |words: &[&str]| {
        let ends = ["--data-dir", ".", "--json"];
        json(&run(&[&["measure"], words, &ends].concat(), world.path()))
    };
    let flags = [
        "--checkpoint",
        checkpoint,
        "--model",
        "mlp",
        "--hidden",
        "5,4",
        "--data",
        "fashion-mnist",
        "--subset",
        "30",
        "--top",
        "2",
        "--batches",
        "3",
        "--batch-size",
        "6",
    ];
    let expected = measured(&flags);
    assert_eq!(expected["examples"], 30);
    assert_eq!(expected["covariance_mini_batch"]["batch_size"], 6);
    assert_eq!(
        measured(&["--config", "out/runs/lr0.1-bs6-seed0"]),
        expected
    );
    for config in ["out", "out/config.json", "out/config.toml", "tiny.toml"] {
        let found = measured(&["--config", config, "--checkpoint", checkpoint]);
        assert_eq!(found, expected, "{config}");
    }
    let changed = [
        "--top",
        "1",
        "--batches",
        "4",
        "--batch-size",
        "5",
        "--subset",
        "20",
    ];
    let found = measured(&[&["--config", "out/runs/lr0.1-bs6-seed0"][..], &changed].concat());
    let mut all = flags;
    for pair in changed.chunks(2) {
        let place = all.iter().position(|word| *word == pair[0]).unwrap();
        all[place + 1] = pair[1];
    }
    assert_eq!(found, measured(&all));

    let refused = |words: &[&str]| {
        let said = refusal(
            &[&["measure", "--data-dir", "."], words].concat(),
            world.path(),
        );
        said.replace('\n', " ")
    };
    assert_says(
        &refused(&["--config", "out"]),
        &["--checkpoint is missing: name the weights, or give the folder of one run"],
    );
    fs::copy(world.path().join(checkpoint), world.path().join("alone")).unwrap();
    assert_says(
        &refused(&["--config", "out", "--checkpoint", "alone"]),
        &["the sweep has the batch sizes 10, 6: give --batch-size"],
    );
    assert_says(
        &refused(&["--config", "nowhere", "--checkpoint", "alone"]),
        &["--config: nowhere is neither a configuration nor the folder of a sweep"],
    );
    assert_says(
        &refused(&[
            "--config",
            "out",
            "--checkpoint",
            "alone",
            "--channels",
            "2,3",
        ]),
        &["--channels is given, but mlp has none"],
    );
    assert_says(
        &refused(&["--checkpoint", "alone"]),
        &["--model <MODEL>", "--data <NAME>"],
    );
}

#[test]
fn weights_of_wrappers_are_taken_and_said_and_pickles_come_with_their_conversion() {
    let world = World::new();
    let wrapped: Vec<(String, Vec<usize>, i32)> = mlp()
        .into_iter()
        .map(|(name, shape, exponent)| (format!("module.{name}"), shape, exponent))
        .collect();
    let names: Tensors = wrapped
        .iter()
        .map(|(name, shape, exponent)| (name.as_str(), shape.clone(), *exponent))
        .collect();
    let plain = json(&run(
        &[&DATA[..], &MLP, &BATCHES, &["--json"]].concat(),
        world.path(),
    ));
    assert!(plain.get("notes").is_none());
    world.write("mlp", safetensors(&names, weight));
    let args = [&DATA[..], &MLP, &BATCHES, &["--json"]].concat();
    let mut found = json(&run(&args, world.path()));
    let note = "`module.` was stripped from the names of tensors";
    assert_eq!(found["notes"], json!([note]));
    found.as_object_mut().unwrap().remove("notes");
    assert_eq!(found, plain);
    let table = stdout(&run(&[&DATA[..], &MLP, &BATCHES].concat(), world.path()));
    assert!(table.starts_with(&format!("note: {note}\n")), "{table}");

    let pickle = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/files/zip.pt");
    world.write("W.pt", fs::read(pickle).unwrap());
    let said = refusal(
        &[
            &DATA[..],
            &BATCHES,
            &["--model", "mlp", "--checkpoint", "W.pt"],
        ]
        .concat(),
        world.path(),
    );
    assert_says(
        &said,
        &[
            "W.pt is a PyTorch file of Python pickles",
            "import torch; from safetensors.torch import save_file",
            "save_file(torch.load(\"W.pt\", map_location=\"cpu\", weights_only=True), \"W.safetensors\")",
        ],
    );
}
