//! `breakeven measure` on what others left: the folder of a run, weights of
//! wrappers, pickles.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::measure_refusals::assert_says;
use crate::measure_world::{BATCHES, DATA, MLP, Tensors, World, mlp, safetensors, weight};
use crate::program::{json, refusal, run, stdout};

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
