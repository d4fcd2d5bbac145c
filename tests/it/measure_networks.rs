//! `breakeven measure --model` on a checkpoint of every network: sizes come from
//! the weights, and numbers are those that the run itself recorded.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::check::fixture;
use crate::program::{json, refusal, run, stderr};

/// Ten steps an epoch, measured at its end.
const RUN: &str = "runs/lr0.02-bs20-seed0";

/// λ_H of two searches, each to this share of it.
const TOLERANCE: f64 = 1e-5;

/// The smoke configuration of a network in 64 bits, with one run of so many
/// epochs.
fn config(name: &str, epochs: usize) -> String {
    let of = if name == "mlp" { "simple-cnn" } else { name };
    let text = fs::read_to_string(fixture(&format!("smoke/{of}.toml"))).unwrap();
    let mut table: toml::Table = toml::from_str(&text).unwrap();
    if name == "mlp" {
        table["model"] = toml::toml! { name = "mlp"
        hidden = [7, 5] }
        .into();
    }
    table["training"]["epochs"] = (epochs as i64).into();
    let training = table["training"].as_table_mut().unwrap();
    // Of two epochs; η after the first has no part in what is compared.
    training.remove("decay_epochs");
    training.insert("precision".to_owned(), "f64".into());
    table["sweep"]["learning_rates"] = vec![0.02].into();
    let measure = table["measure"].as_table_mut().unwrap();
    measure.insert("every_steps".to_owned(), 10.into());
    measure.insert("eigenvalue_tolerance".to_owned(), TOLERANCE.into());
    toml::to_string(&table).unwrap()
}

fn train(name: &str, epochs: usize, folder: &Path) -> String {
    let out = format!("{name}-{epochs}");
    let file = format!("{out}.toml");
    fs::write(folder.join(&file), config(name, epochs)).unwrap();
    let output = run(&["train", "--config", &file, "--out", &out], folder);
    assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
    format!("{out}/{RUN}")
}

/// What a run of two epochs records at the end of the first, where one of one
/// epoch has its checkpoint.
fn record(of_run: &str, folder: &Path) -> Value {
    let text = fs::read_to_string(folder.join(of_run).join("records.jsonl")).unwrap();
    let mut records = text.lines().map(|line| serde_json::from_str(line).unwrap());
    records.find(|record: &Value| record["step"] == 10).unwrap()
}

/// The smoke bert as Hugging Face would write it.
fn hugging_face() -> Value {
    json!({
        "model_type": "bert", "vocab_size": 2052, "hidden_size": 16, "num_hidden_layers": 2,
        "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 512,
        "type_vocab_size": 2,
    })
}

#[test]
fn every_network_is_measured_from_its_weights_as_its_run_measured_it() {
    for (name, model, options) in [
        ("mlp", "mlp", ""),
        ("simple-cnn", "simple-cnn", ""),
        ("simple-cnn-bn", "simple-cnn-bn", ""),
        ("resnet", "resnet", ""),
        ("densenet", "densenet", ""),
        ("lstm", "lstm", "--length 12"),
        ("bert", "bert", "--length 24"),
    ] {
        let folder = tempdir().unwrap();
        let folder = folder.path();
        let weights = format!("{}/checkpoint.safetensors", train(name, 1, folder));
        let long = train(name, 2, folder);
        let beside = Path::new(&weights).parent().unwrap().join("config.json");
        if name == "bert" {
            fs::write(folder.join(beside), hugging_face().to_string()).unwrap();
        }
        let is_text = !options.is_empty();
        let data = if is_text {
            "snli-600"
        } else {
            "fashion-mnist-12k"
        };
        let line = format!(
            "measure --model {model} --checkpoint {weights} --data {data} --subset 60 --batches 6 \
             --batch-size 20 --tolerance {TOLERANCE} --trace-probes 2 --trace-tolerance 0.9 --json {options}"
        );
        let words: Vec<&str> = line.split_whitespace().collect();
        let found = json(&run(&words, folder));
        let header = fs::read(folder.join(&long).join("run.json")).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        assert_eq!(found["parameters"], header["parameters"], "{name}");
        let record = record(&long, folder);
        let close = |what: &str, found: &Value, expected: &Value, tolerance: f64| {
            let [found, expected] = [found, expected].map(|x| x.as_f64().unwrap());
            assert!(
                (found - expected).abs() <= tolerance * expected.abs(),
                "{name}: {what} is {found}, the run has {expected}"
            );
        };
        close("the loss", &found["loss"], &record["loss"], 1e-12);
        let accuracy = (&found["accuracy"], &record["training_accuracy"]);
        close("the accuracy", accuracy.0, accuracy.1, 0.0);
        let largest = &found["hessian"]["eigenvalues"][0];
        close("λ_H", largest, &record["lambda_h"], 2.0 * TOLERANCE);
        if let Some(trace) = found["covariance_per_example"].get("trace") {
            close("Tr K", trace, &record["trace_k_per_example"], 1e-9);
        }
    }
}

#[test]
fn weights_of_another_network_are_refused_by_the_tensor_that_is_not_there() {
    let folder = tempdir().unwrap();
    let folder = folder.path();
    let weights = format!("{}/checkpoint.safetensors", train("mlp", 1, folder));
    let said = |options: &str| {
        let line = format!("measure --checkpoint {weights} --data fashion-mnist-12k {options}");
        let words: Vec<&str> = line.split_whitespace().collect();
        refusal(&words, folder)
    };
    for (model, tensor) in [
        ("simplecnn", "conv1.weight"),
        ("simple-cnn-bn", "conv1.weight"),
        ("resnet", "conv1.weight"),
        ("densenet", "features.denseblock1.denselayer1.conv2.weight"),
        ("lstm", "embedding.weight"),
    ] {
        let said = said(&format!("--model {model}"));
        assert!(said.contains(&format!("has no tensor {tensor}")), "{said}");
    }
    let bert = said("--model bert");
    assert!(
        bert.contains("config.json is not there: put the config.json"),
        "{bert}"
    );
    let length = said("--model mlp --length 9");
    assert!(
        length.contains("--length is given, but mlp has none"),
        "{length}"
    );
}
