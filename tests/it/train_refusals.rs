//! Configurations, options and folders that `breakeven train` refuses, by name.

use std::fs;

use crate::program::{files, refusal};
use crate::train::{QUICK, TRAIN, train, world};

#[test]
fn folders_that_are_not_free_are_refused_and_left_alone() {
    let folder = world(QUICK);
    fs::create_dir(folder.path().join("mine")).unwrap();
    fs::write(folder.path().join("mine/thesis.txt"), "kept").unwrap();
    let args = |out: &'static str| [&TRAIN[..], &["--out", out]].concat();
    let said = refusal(&args("mine"), folder.path());
    assert!(
        said.contains("mine is there already: give --resume"),
        "{said}"
    );
    assert_eq!(files(&folder.path().join("mine"), "").len(), 1);
    let said = refusal(&args("sweep.toml"), folder.path());
    assert!(said.contains("sweep.toml: "), "{said}");
    let said = refusal(&args("sweep.toml/below"), folder.path());
    assert!(said.contains("sweep.toml/below: "), "{said}");
}

#[test]
fn another_configuration_is_not_resumed_with() {
    let folder = world(QUICK);
    train(folder.path(), "out", &[]);
    let config = folder.path().join("sweep.toml");
    fs::write(config, QUICK.replace("epochs = 4", "epochs = 5")).unwrap();
    let said = refusal(
        &[&TRAIN[..], &["--out", "out", "--resume"]].concat(),
        folder.path(),
    );
    assert!(
        said.contains("out/config.json differs from the configuration given now"),
        "{said}"
    );
    fs::write(folder.path().join("out/config.json"), "{").unwrap();
    let said = refusal(
        &[&TRAIN[..], &["--out", "out", "--resume"]].concat(),
        folder.path(),
    );
    assert!(said.contains("out/config.json is damaged ("), "{said}");
    assert!(
        said.contains("put it back as it was, or give another --out"),
        "{said}"
    );
}

#[test]
fn configurations_that_cannot_be_are_refused_by_key() {
    let cases = [
        ("epochs = 4", "epoch = 4", "unknown field `epoch`"),
        ("hidden = [6]", "hiden = [6]", "unknown field `hiden`"),
        (
            "seeds = [0, 1]",
            "seeds = [0, 1]\nseed = 1",
            "unknown field `seed`",
        ),
        (
            "[measure]",
            "[verify]\nalpa = 0.1\n[measure]",
            "unknown field `alpa`",
        ),
        ("[measure]", "[extra]\n[measure]", "unknown field `extra`"),
        ("name = \"quick\"", "", "missing field `name`"),
        ("epochs = 4", "", "missing field `epochs`"),
        (
            "epochs = 4",
            "epochs = \"four\"",
            "invalid type: string \"four\", expected u64",
        ),
        ("epochs = 4", "epochs = -4", "-4"),
        ("epochs = 4", "epochs = 4 4", "TOML parse error at line 14"),
        ("name = \"mlp\"", "name = \"vgg\"", "unknown variant `vgg`"),
        (
            "name = \"quick\"",
            "name = \"a/b\"",
            "name is \"a/b\": give letters, digits",
        ),
        (
            "name = \"quick\"",
            "name = \"..\"",
            "name is \"..\": give letters, digits",
        ),
        (
            "0.05, 0.2",
            "0.05, nan",
            "sweep.learning_rates is NaN: give positive numbers",
        ),
        (
            "0.05, 0.2",
            "0.05, inf",
            "sweep.learning_rates is inf: give positive numbers",
        ),
        (
            "0.05, 0.2",
            "0.2, 0.2",
            "sweep.learning_rates holds 0.2 twice",
        ),
        (
            "seeds = [0, 1]",
            "seeds = [1, 1]",
            "sweep.seeds holds 1 twice",
        ),
        (
            "seeds = [0, 1]",
            "momenta = [0.5, 1.5]\nseeds = [0, 1]",
            "sweep.momenta is 1.5: give 0 or more and below 1",
        ),
        (
            "seeds = [0, 1]",
            "momenta = [0.3, 0.30000000000000004]\nseeds = [0, 1]",
            "sweep.momenta names 0.3 and 0.30000000000000004, which are one level",
        ),
        // 0 is the default, and given all the same.
        (
            "[sweep]",
            "momentum = 0\n[sweep]\nmomenta = [0.5]",
            "training.momentum and sweep.momenta are both given: leave training.momentum out",
        ),
        (
            "batch_sizes = [20]",
            "batch_sizes = []",
            "sweep.batch_sizes is empty",
        ),
        (
            "batch_sizes = [20]",
            "batch_sizes = [121]",
            "sweep.toml: sweep.batch_sizes is 121, but there are 120 training examples",
        ),
        (
            "every_steps = 6",
            "every_steps = 6\nevery_examples = 100",
            "measure.every_steps and measure.every_examples are both given: give one of them",
        ),
        (
            "[measure]",
            "[verify]\nalpha = 0.5\n[measure]",
            "verify.alpha is 0.5; give a number above 0 and below 0.5",
        ),
        (
            "[0.05, 0.2]",
            "[0.3, 0.30000000000000004]",
            "sweep.learning_rates names 0.3 and 0.30000000000000004, which are one level",
        ),
        (
            "every_steps = 6",
            "covariance_batch_size = 500",
            "measure.covariance_batch_size is 500, but there are 120 training examples",
        ),
        (
            "train_examples = 120",
            "train_examples = 12001",
            "sweep.toml: data.train_examples is 12001, but fashion-mnist-12k has 12000",
        ),
        (
            "fashion-mnist-12k",
            "mnits",
            "no data set is called `mnits`",
        ),
        (
            "name = \"fashion-mnist-12k\"",
            "name = \"cifar10\"",
            "the training files of `cifar10` were not found; looked in ",
        ),
        ("hidden = [6]", "hidden = [0]", "a hidden layer of mlp is 0"),
        (
            "[measure]",
            "[verify]\nalpha = nan\n[measure]",
            "verify.alpha is NaN",
        ),
        (
            "epochs = 4",
            "epochs = 4\ndivergence_loss = inf",
            "training.divergence_loss is inf",
        ),
        (
            "epochs = 4",
            "epochs = 4\nprecision = \"f16\"",
            "unknown variant `f16`, expected `f32` or `f64`",
        ),
    ];
    for (old, new, part) in cases {
        assert!(QUICK.contains(old), "{old}");
        let folder = world(&QUICK.replacen(old, new, 1));
        let said = refusal(&[&TRAIN[..], &["--out", "out"]].concat(), folder.path());
        assert!(said.contains(part), "{new:?}: {said}");
        // Nothing is made before all fits.
        assert!(!folder.path().join("out").exists(), "{new:?}");
    }
}

#[test]
fn wrong_options_are_refused_by_name() {
    let folder = world(QUICK);
    let cases: [(&[&str], &str); 8] = [
        (&["--jobs", "0"], "invalid value '0' for '--jobs"),
        (
            &["--shard", "0/2"],
            "\"0/2\" is no shard: give K/N with 1 ≤ K ≤ N, such as 2/4",
        ),
        (&["--shard", "3/2"], "\"3/2\" is no shard"),
        (&["--shard", "2"], "\"2\" is no shard"),
        (&["--shard", "1/-2"], "\"1/-2\" is no shard"),
        (&["--device", "tpu"], "invalid value 'tpu' for '--device"),
        (
            &["--data-dir", "nowhere"],
            "the data folder nowhere does not exist",
        ),
        (&["--config", "nowhere.toml"], "nowhere.toml"),
    ];
    for (options, part) in cases {
        let mut args = [&["train", "--out", "out"], options].concat();
        if options[0] != "--config" {
            args.extend(["--config", "sweep.toml"]);
        }
        let said = refusal(&args, folder.path());
        assert!(said.contains(part), "{options:?}: {said}");
    }
}

#[test]
fn a_network_for_texts_is_refused_for_images() {
    let config = QUICK
        .replace("name = \"mlp\"", "name = \"lstm\"")
        .replace("hidden = [6]", "hidden = 6");
    let folder = world(&config);
    let said = refusal(&[&TRAIN[..], &["--out", "out"]].concat(), folder.path());
    assert!(
        said.contains("lstm takes texts, the data set has images"),
        "{said}"
    );
}
