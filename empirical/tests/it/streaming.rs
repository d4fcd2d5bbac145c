//! Pictures on disk: decoded when a network reads them, to the same bits.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
use breakeven_empirical::config::{Augmentation, DataConfig, SweepConfig};
use breakeven_empirical::data::DataError;
use breakeven_empirical::layers::Normalisation;
use breakeven_empirical::loaded::LoadError;
use breakeven_empirical::model::{Architecture, InputShape, glorot};
use breakeven_empirical::network::{Loss, Network};
use breakeven_empirical::random::{Purpose, stream as stream_of};
use breakeven_empirical::sweep::{Place, Sweep, SweepError};
use breakeven_empirical::train::RunError;
use breakeven_sim::meter::Meter;
use image::{Rgb, RgbImage};
use tempfile::{TempDir, tempdir};

use crate::config::sound;
use crate::training::{assert_same_files, carry_out, uninterrupted};

/// A Tiny ImageNet of two classes, `each` pictures a class, and four for
/// validation.
fn pictures(each: u32) -> TempDir {
    let folder = tempdir().unwrap();
    for class in 0..2 {
        for (part, count) in [("train", each), ("val", 2)] {
            let place = folder.path().join(part).join(format!("n0{class}"));
            fs::create_dir_all(&place).unwrap();
            for number in 0..count {
                let path = place.join(format!("{number}.JPEG"));
                picture(class, number).save(path).unwrap();
            }
        }
    }
    folder
}

fn picture(class: u32, number: u32) -> RgbImage {
    RgbImage::from_fn(64, 64, |x, y| {
        let shade = |c: u32| ((x * (3 + class) + y * (c + 1) + 37 * number) % 256) as u8;
        Rgb([shade(0), shade(1), shade(2)])
    })
}

fn config() -> SweepConfig {
    let mut config = sound();
    config.data = DataConfig::of("tiny-imagenet".into());
    config.training.augment = Augmentation::PadCropFlip;
    config.sweep.learning_rates = vec![0.01];
    config.sweep.batch_sizes = vec![4];
    config.sweep.seeds = vec![0];
    config.measure.hessian_examples = Some(8);
    config.measure.covariance_batch_size = Some(2);
    config
}

fn prepare<'a>(config: &'a SweepConfig, folder: &Path, decoded_bytes: usize) -> Sweep<'a> {
    let place = Place {
        data_dir: Some(folder),
        device: DeviceKind::Flex.into(),
        decoded_bytes,
    };
    Sweep::watched(config, &place, "test".into(), &Meter::new()).unwrap()
}

#[test]
fn training_on_pictures_on_disk_gives_the_bits_of_those_in_memory() {
    let data = pictures(8);
    for precision in [Default::default(), Precision::F64] {
        let mut config = config();
        config.training.precision = precision;
        let decoded = prepare(&config, data.path(), usize::MAX);
        assert!(decoded.examples().stream().is_none());
        let streamed = prepare(&config, data.path(), 0);
        assert!(streamed.examples().stream().is_some());
        assert_same_files(
            "streamed",
            uninterrupted(&streamed).path(),
            uninterrupted(&decoded).path(),
        );
    }
}

#[test]
fn pictures_held_at_once_do_not_grow_with_their_number() {
    let config = config();
    for each in [8, 32] {
        let data = pictures(each);
        let sweep = prepare(&config, data.path(), 0);
        let stream = sweep.examples().stream().unwrap();
        assert_eq!(stream.len(), 2 * each as usize);
        assert_eq!(stream.most_at_once(), 0);
        uninterrupted(&sweep);
        // those that H is measured on, more than a mini-batch has
        assert_eq!(stream.most_at_once(), 8);
    }
}

#[test]
fn pictures_scored_at_once_are_as_many_as_fit_with_their_activations() {
    let data = pictures(8);
    let config = config();
    let [streamed, decoded] = [0, usize::MAX].map(|bytes| prepare(&config, data.path(), bytes));
    let stream = streamed.examples().stream().unwrap();
    let model = Architecture::of_paper("simple_cnn");
    let model = model.build(InputShape::Image([3, 64, 64]), 2).unwrap();
    let fit = (1 << 20) / model.activations();
    assert!(fit > 0 && fit < stream.len());

    let compute = Compute::new(DeviceKind::Flex, Precision::F32).unwrap();
    let network = Network {
        model: &*model,
        compute: &compute,
        loss: Loss::CrossEntropy,
        normalisation: Normalisation::Batch,
        lanes: None,
    };
    let theta = glorot(model.parameters(), &mut stream_of(0, Purpose::Init, 0));
    let parameters = model.parameters().split(&theta, &compute);
    let score = |sweep: &Sweep| network.score(&parameters, sweep.examples(), 4);
    assert_eq!(score(&streamed), score(&decoded));
    assert_eq!(stream.most_at_once(), fit);
}

#[test]
fn a_budget_is_for_numbers_on_the_device() {
    let (config, data) = (config(), pictures(8));
    let bytes = 16 * 3 * 64 * 64 * 4;
    for (budget, is_streamed) in [(bytes, false), (bytes - 1, true)] {
        let sweep = prepare(&config, data.path(), budget);
        assert_eq!(sweep.examples().stream().is_some(), is_streamed);
    }
}

fn one_file(data: &Path) -> PathBuf {
    data.join("train/n01/3.JPEG")
}

#[test]
fn a_picture_that_cannot_be_read_is_found_before_training() {
    let data = pictures(8);
    let file = one_file(data.path());
    fs::write(&file, b"no picture").unwrap();
    for decoded_bytes in [0, usize::MAX] {
        let place = Place {
            data_dir: Some(data.path()),
            device: DeviceKind::Flex.into(),
            decoded_bytes,
        };
        let config = config();
        let refused = Sweep::watched(&config, &place, "test".into(), &Meter::new());
        let Err(SweepError::Data(LoadError::Data(DataError::Format { file: found, .. }))) = refused
        else {
            panic!("it was read");
        };
        assert_eq!(found, file);
    }
}

#[test]
fn a_picture_that_goes_while_training_ends_the_run_which_goes_on_once_it_is_back() {
    let (config, data) = (config(), pictures(8));
    let sweep = prepare(&config, data.path(), 0);
    let expected = uninterrupted(&sweep);
    for (gone, at) in [("train/n01/3.JPEG", 5), ("val/n00/1.JPEG", 2)] {
        let file = data.path().join(gone);
        let whole = fs::read(&file).unwrap();
        let sweep = prepare(&config, data.path(), 0);
        let out = tempdir().unwrap();
        let stop = AtomicBool::new(false);
        let ended = carry_out(&sweep, out.path(), 1, &stop, |_, step| {
            if step == at {
                fs::write(&file, &whole[..whole.len() / 2]).unwrap();
            }
        });
        let error = ended.unwrap_err();
        let SweepError::Run { source, .. } = &error else {
            panic!("{error}");
        };
        assert!(matches!(source, RunError::Data(_)), "{error}");
        let said = error.to_string();
        let expected_start = format!("run lr0.01-bs4-seed0: {}: is no image", file.display());
        assert!(said.starts_with(&expected_start), "{said}");
        assert!(
            said.ends_with("; with the file as it was, --resume goes on"),
            "{said}"
        );

        fs::write(&file, &whole).unwrap();
        let again = prepare(&config, data.path(), 0);
        let stop = AtomicBool::new(false);
        carry_out(&again, out.path(), 1, &stop, |_, _| {}).unwrap();
        assert_same_files(gone, out.path(), expected.path());
    }
}
