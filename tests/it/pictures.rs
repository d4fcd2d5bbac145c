//! Pictures that stay on disk, as the program reads them.

use std::fs;

use image::{Rgb, RgbImage};
use tempfile::TempDir;

use crate::program::{in_mid_run, json, run_words, stderr, stdout};
use crate::train::{assert_same, world};

/// A run of many short steps, of which each decodes its pictures.
const SWEEP: &str = r#"
name = "pictures"

[data]
name = "tiny-imagenet"

[model]
name = "mlp"
hidden = [3]

[training]
epochs = 60

[sweep]
learning_rates = [0.001]
batch_sizes = [4]
seeds = [3]

[measure]
every_steps = 4
hessian_examples = 8
covariance_batches = 3
covariance_batch_size = 2
"#;

const RUN: &str = "runs/lr0.001-bs4-seed3";

/// A Tiny ImageNet of two classes in `data`, and a sweep on it.
fn pictures() -> TempDir {
    let folder = world(SWEEP);
    for (part, count) in [("train", 8), ("val", 2)] {
        for class in 0..2 {
            let place = folder.path().join(format!("data/{part}/n0{class}"));
            fs::create_dir_all(&place).unwrap();
            for number in 0..count {
                let shade = |x: u32, y: u32| ((x * (3 + class) + 2 * y + 37 * number) % 256) as u8;
                let picture = RgbImage::from_fn(64, 64, |x, y| {
                    Rgb([shade(x, y), shade(y, x), shade(2 * x, y)])
                });
                picture.save(place.join(format!("{number}.JPEG"))).unwrap();
            }
        }
    }
    folder
}

/// `train` into `out`, with no picture in memory for longer than it is read.
fn train(out: &str) -> String {
    format!("train --config sweep.toml --data-dir data --picture-memory 0 --out {out}")
}

#[test]
fn a_picture_that_is_lost_in_mid_run_is_named_and_nothing_else_is_lost() {
    let folder = pictures();
    let at = folder.path();
    stdout(&run_words(&train("whole"), at));
    let picture = at.join("data/train/n01/3.JPEG");
    let kept = fs::read(&picture).unwrap();
    for (out, half, why) in [
        ("removed", None, "cannot read data"),
        ("cut", Some(&kept[..kept.len() / 2]), "is no image"),
    ] {
        let line = train(out);
        let words: Vec<&str> = line.split_whitespace().collect();
        let run = at.join(out).join(RUN);
        let child = in_mid_run(&words, at, &run.join("records.jsonl"), 5);
        match half {
            None => fs::remove_file(&picture).unwrap(),
            Some(half) => fs::write(&picture, half).unwrap(),
        }
        let output = child.wait_with_output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(!said.contains("panicked"), "{said}");
        let (_, error) = said
            .split_once("error: run lr0.001-bs4-seed3: ")
            .expect(&said);
        assert!(error.contains("data/train/n01/3.JPEG"), "{error}");
        assert!(error.contains(why), "{error}");
        assert!(
            error.ends_with("; with the file as it was, --resume goes on\n"),
            "{error}"
        );
        assert!(!run.join("outcome.json").exists());

        fs::write(&picture, &kept).unwrap();
        stdout(&run_words(&(train(out) + " --resume"), at));
        assert_same(at, out, "whole");
    }
}

#[test]
fn pictures_on_disk_are_measured_to_the_bits_of_those_in_memory() {
    let folder = pictures();
    let at = folder.path();
    stdout(&run_words(&train("out"), at));
    let measured = |options: &str| {
        let line = format!(
            "measure --config out/{RUN} --data-dir data --top 2 --bottom 1 --batches 3 --json \
             --memory 0 {options}"
        );
        json(&run_words(&line, at))
    };
    let held = measured("");
    assert!(held["hessian"]["eigenvalues"][0].as_f64().unwrap() > 0.0);
    assert_eq!(measured("--picture-memory 0"), held);

    let said = run_words("measure --config out --picture-memory=-1", at);
    assert_eq!(said.status.code(), Some(2));
    assert!(stderr(&said).contains("give a number of GiB, 0 or more"));
}
