//! All that `breakeven measure` refuses, by name.

use std::fs;

use crate::measure_world::{
    BATCHES, CNN, DATA, IMAGES_FILE, LABELS_FILE, MLP, World, idx, images, labels, mlp,
    safetensors, weight,
};
use crate::program::{refusal, run, stdout};

/// What is said of a changed file or changed options.
pub fn refused(files: &[(&str, Vec<u8>)], options: &[&str]) -> String {
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
pub fn assert_says(said: &str, parts: &[&str]) {
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
    let cases: [(&[&str], &str); 25] = [
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
            &["--parameters", "fc1*,conv*"],
            "--parameters is conv*: give a name, or a pattern with * and ?, that fits one of fc1.weight, fc1.bias, ",
        ),
        (
            &["--parameters", "fc3.bias", "--top", "11"],
            "--top is 11: give 1 to 10, the parameters that vary",
        ),
        (
            &["--parameters", "fc["],
            "invalid value 'fc[' for '--parameters",
        ),
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
