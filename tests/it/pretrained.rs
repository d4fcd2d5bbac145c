//! Sweeps and measurements of a BERT in Hugging Face's files.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::program::{json, refusal, run, stderr};

const CONFIG: &str = r#"
name = "bert"

[data]
name = "snli-600"
train_examples = 80
validation_examples = 20
length = 20

[model]
name = "bert"
pretrained = "tiny"

[training]
epochs = 1
precision = "f64"

[sweep]
learning_rates = [0.05]
batch_sizes = [20]
seeds = [0, 1]

[measure]
every_steps = 4
hessian_examples = 40
covariance_batches = 4
eigenvalue_tolerance = 1e-8
"#;

const TRAIN: [&str; 5] = ["train", "--config", "configs/bert.toml", "--out", "out"];

/// A configuration, and the files of the tiny BERT beside it.
fn world(config: &str) -> TempDir {
    let folder = tempdir().unwrap();
    let configs = folder.path().join("configs");
    fs::create_dir_all(configs.join("tiny")).unwrap();
    fs::write(configs.join("bert.toml"), config).unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reference/bert_tiny");
    for name in ["config.json", "model.safetensors", "vocab.txt"] {
        fs::copy(from.join(name), configs.join("tiny").join(name)).unwrap();
    }
    folder
}

/// Takes the tensors away whose name begins so: the header of a safetensors
/// file names them, and what no one names is cut out.
fn remove(start: &str, file: &Path) {
    let bytes = fs::read(file).unwrap();
    let (length, rest) = bytes.split_at(8);
    let length = u64::from_le_bytes(length.try_into().unwrap()) as usize;
    let (header, data) = rest.split_at(length);
    let header: serde_json::Map<String, Value> = serde_json::from_slice(header).unwrap();
    let mut kept = serde_json::Map::new();
    let mut numbers: Vec<u8> = Vec::new();
    for (name, mut entry) in header {
        if name.starts_with(start) || name == "__metadata__" {
            continue;
        }
        let place = |k: usize| entry["data_offsets"][k].as_u64().unwrap() as usize;
        let part = &data[place(0)..place(1)];
        let begin = numbers.len();
        numbers.extend(part);
        entry["data_offsets"] = serde_json::json!([begin, numbers.len()]);
        kept.insert(name, entry);
    }
    let header = Value::Object(kept).to_string().into_bytes();
    let length = (header.len() as u64).to_le_bytes().to_vec();
    fs::write(file, [length, header, numbers].concat()).unwrap();
}

fn read(file: &Path) -> Value {
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

fn first_record(folder: &Path, seed: u64) -> Value {
    let file = format!("out/runs/lr0.05-bs20-seed{seed}/records.jsonl");
    let text = fs::read_to_string(folder.join(file)).unwrap();
    serde_json::from_str(text.lines().next().unwrap()).unwrap()
}

/// What `measure` says of the files, with the classifier of a seed.
fn measured(folder: &Path, seed: u64) -> Value {
    let line = format!(
        "measure --model bert --checkpoint configs/tiny --data snli-600 --length 20 --subset 40 \
         --batches 4 --batch-size 10 --tolerance 1e-8 --seed {seed} --json"
    );
    let words: Vec<&str> = line.split_whitespace().collect();
    json(&run(&words, folder))
}

#[track_caller]
fn assert_same(record: &Value, found: &Value) {
    for (what, found, tolerance) in [
        ("loss", &found["loss"], 1e-12),
        ("lambda_h", &found["hessian"]["eigenvalues"][0], 2e-8),
        (
            "trace_k_per_example",
            &found["covariance_per_example"]["trace"],
            1e-9,
        ),
    ] {
        let [found, expected] = [found, &record[what]].map(|x| x.as_f64().unwrap());
        let error = (found - expected).abs() / expected.abs();
        assert!(
            error <= tolerance,
            "{what}: {found}, the run has {expected}"
        );
    }
}

#[test]
fn runs_start_from_the_files_and_say_so() {
    let world = world(CONFIG);
    let folder = world.path();
    let output = run(&TRAIN, folder);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let of_run = "out/runs/lr0.05-bs20-seed0";
    let header = read(&folder.join(of_run).join("run.json"));
    // sha256sum of both files.
    assert_eq!(
        header["pretrained"],
        serde_json::json!({
            "weights_sha256": "8c17a0d38de65c479bbe124b00608a39c857a1ce2d38c687d99670abccc554ce",
            "vocabulary_sha256": "080b7ef9d185d5fa45cc1ed3ae4053988d58f516587b36dbc17af707e6c36697",
        })
    );
    // Nothing is drawn: seeds differ in the order of examples alone.
    assert_eq!(
        first_record(folder, 0)["loss"],
        first_record(folder, 1)["loss"]
    );
    assert_same(&first_record(folder, 0), &measured(folder, 5));

    // The run's own checkpoint, with pieces and sizes from its configuration.
    let line = format!("measure --config {of_run} --subset 40 --json");
    let words: Vec<&str> = line.split_whitespace().collect();
    let trained = json(&run(&words, folder));
    assert!(trained["loss"].as_f64().unwrap() < first_record(folder, 0)["loss"].as_f64().unwrap());
}

#[test]
fn a_classifier_that_is_missing_is_drawn_from_the_seed_and_said_to_be() {
    let world = world(CONFIG);
    let folder = world.path();
    remove(
        "classifier.",
        &folder.join("configs/tiny/model.safetensors"),
    );
    let output = run(&TRAIN, folder);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let lacking = "the pretrained weights have no classifier.weight, classifier.bias: drawn from each run's seed";
    assert!(said.contains(lacking), "{said}");
    for seed in [0, 1] {
        let header = read(&folder.join(format!("out/runs/lr0.05-bs20-seed{seed}/run.json")));
        let drawn = &header["pretrained"]["drawn"];
        assert_eq!(
            *drawn,
            serde_json::json!(["classifier.weight", "classifier.bias"])
        );
        let found = measured(folder, seed);
        assert_same(&first_record(folder, seed), &found);
        let note = found["notes"][0].as_str().unwrap();
        assert!(
            note.contains("classifier.weight, classifier.bias is missing and was drawn"),
            "{note}"
        );
    }
    assert_ne!(
        first_record(folder, 0)["loss"],
        first_record(folder, 1)["loss"]
    );
}

#[test]
fn a_resume_with_other_weights_is_refused_and_one_with_moved_files_is_not() {
    let world = world(CONFIG);
    let folder = world.path();
    assert_eq!(run(&TRAIN, folder).status.code(), Some(0));
    let resume = [&TRAIN[..], &["--resume"]].concat();

    fs::rename(folder.join("configs"), folder.join("elsewhere")).unwrap();
    let moved: Vec<&str> = resume
        .iter()
        .map(|&word| {
            if word == "configs/bert.toml" {
                "elsewhere/bert.toml"
            } else {
                word
            }
        })
        .collect();
    let output = run(&moved, folder);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));

    remove(
        "classifier.",
        &folder.join("elsewhere/tiny/model.safetensors"),
    );
    let said = refusal(&moved, folder);
    assert!(
        said.contains("config.json was begun with other pretrained weights"),
        "{said}"
    );
}

#[test]
fn tables_that_can_not_be_meant_are_refused() {
    for (from, to, expected) in [
        (
            "pretrained = \"tiny\"",
            "pretrained = \"tiny\"\nhidden_size = 8",
            "model.hidden_size is given beside model.pretrained, whose config.json has the shape",
        ),
        (
            "name = \"bert\"\npre",
            "name = \"lstm\"\npre",
            "only bert starts from pretrained weights",
        ),
        ("\"tiny\"", "\"none\"", "none/config.json is not there: put"),
        ("length = 20", "length = 25", "give a length of at most 24"),
    ] {
        let world = world(&CONFIG.replacen(from, to, 1));
        let said = refusal(&TRAIN, world.path());
        assert!(said.contains(expected), "{said}");
    }
}
