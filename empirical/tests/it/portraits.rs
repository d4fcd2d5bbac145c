//! Portraits of what is in memory.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use breakeven_empirical::checkpoint::Checkpoint;
use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
use breakeven_empirical::data::Images;
use breakeven_empirical::examples::{Examples, Inputs};
use breakeven_empirical::loaded::Labelled;
use breakeven_empirical::model::{Architecture, InputShape, Model, glorot};
use breakeven_empirical::portrait::{Portrait, PortraitError, PortraitSettings, Subject};
use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::weights::{Shapes, Weights, weights_in};
use breakeven_sim::meter::Meter;

use crate::tolerance;

const IMAGE: [usize; 3] = [1, 2, 3];
const COUNT: usize = 30;
const CLASSES: usize = 4;

fn settings() -> PortraitSettings {
    PortraitSettings {
        top: 2,
        bottom: 1,
        batches: 5,
        batch_size: 6,
        eigenvectors: true,
        ..PortraitSettings::default()
    }
}

fn images() -> Images {
    let pixels = (0..COUNT * 6).map(|k| (k * k * 7 + 31 * k) as u8).collect();
    let labels: Vec<u8> = (0..COUNT).map(|n| (n * 7 % CLASSES) as u8).collect();
    Images::new(pixels, labels, IMAGE, CLASSES).unwrap()
}

/// The bytes of a file with weights drawn for `model`.
fn file(model: &dyn Model, path: &Path) -> Vec<u8> {
    let layout = model.parameters();
    let checkpoint = Checkpoint {
        theta: glorot(layout, &mut stream(3, Purpose::Init, 0)),
        buffers: vec![1.0; layout.buffers().dim()],
        ..Checkpoint::default()
    };
    checkpoint.save(path, layout).unwrap();
    std::fs::read(path).unwrap()
}

/// The numbers of [`images`], never seen as pictures.
fn examples(compute: &Compute) -> Examples {
    let images = images();
    let numbers = compute.matrix(&images.scaled_f64(0..COUNT), [COUNT, 6]);
    let labels: Vec<usize> = images.labels().iter().map(|&k| k.into()).collect();
    Examples::of(Inputs::Features(numbers), &labels, CLASSES, compute)
}

fn mlp(hidden: &[usize]) -> Architecture {
    Architecture::Mlp {
        hidden: hidden.to_vec(),
    }
}

#[test]
fn weights_and_examples_in_memory_give_the_numbers_of_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let compute = Compute::new(DeviceKind::Flex, Precision::F64).unwrap();
    let (architecture, meter) = (mlp(&[5]), Meter::new());
    let model = architecture.build(IMAGE, CLASSES).unwrap();
    let bytes = file(&*model, &path);
    for subset in [None, Some(20)] {
        let settings = PortraitSettings {
            subset,
            ..settings()
        };
        let data = Labelled::Images(images());
        let of_files =
            Portrait::measure(&architecture, &path, &data, &compute, &settings, &meter).unwrap();
        let subject = Subject {
            model: &*model,
            weights: weights_in(Path::new("weights"), &bytes, model.parameters()).unwrap(),
            examples: examples(&compute),
            compute: &compute,
        };
        let found = subject.portrait(&settings, &meter, &AtomicBool::new(false));
        assert_eq!(found.unwrap(), of_files);
        assert_eq!(of_files.examples, subset.unwrap_or(COUNT));
    }
}

/// Softmax regression: H = (1/n) Σ x xᵀ ⊗ (diag p − p pᵀ), x with a 1 for the bias.
#[test]
fn a_portrait_in_memory_has_the_trace_of_the_closed_form() {
    let compute = Compute::new(DeviceKind::Flex, Precision::F64).unwrap();
    let model = mlp(&[]).build(IMAGE, CLASSES).unwrap();
    let layout = model.parameters();
    let theta = glorot(layout, &mut stream(3, Purpose::Init, 0));
    let torch = layout.to_torch(&theta);
    let (weight, bias) = torch.split_at(6 * CLASSES);
    let of_example = |x: &[f64]| {
        let logit = |class: usize| -> f64 {
            let row = &weight[6 * class..6 * (class + 1)];
            bias[class] + row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>()
        };
        let all: Vec<f64> = (0..CLASSES).map(|class| logit(class).exp()).collect();
        let sum: f64 = all.iter().sum();
        let spread: f64 = all.iter().map(|p| p / sum * (1.0 - p / sum)).sum();
        spread * (1.0 + x.iter().map(|x| x * x).sum::<f64>())
    };
    let pixels = images().scaled_f64(0..COUNT);
    let expected = pixels.chunks(6).map(of_example).sum::<f64>() / COUNT as f64;
    let subject = Subject {
        model: &*model,
        weights: Weights {
            theta,
            buffers: Vec::new(),
            lacking: Vec::new(),
            notes: Vec::new(),
        },
        examples: examples(&compute),
        compute: &compute,
    };
    let found = subject.portrait(&settings(), &Meter::new(), &AtomicBool::new(false));
    let trace = found.unwrap().hessian.trace.value;
    assert!((trace - expected).abs() <= tolerance::DENSE * expected);
}

#[test]
fn a_portrait_that_is_stopped_says_so() {
    let compute = Compute::new(DeviceKind::Flex, Precision::F64).unwrap();
    let model = mlp(&[20]).build([1, 8, 8], CLASSES).unwrap();
    let layout = model.parameters();
    let pixels: Vec<f64> = (0..600 * 64).map(|k| f64::from(k).sin()).collect();
    let labels: Vec<usize> = (0..600).map(|n| n % CLASSES).collect();
    let numbers = Inputs::Features(compute.matrix(&pixels, [600, 64]));
    for stage in [
        "",
        "eigenvalues of H",
        "eigenvalues of K",
        "trace of G",
        "mini-batch gradients",
    ] {
        let subject = Subject {
            model: &*model,
            weights: Weights {
                theta: glorot(layout, &mut stream(3, Purpose::Init, 0)),
                buffers: Vec::new(),
                lacking: Vec::new(),
                notes: Vec::new(),
            },
            examples: Examples::of(numbers.clone(), &labels, CLASSES, &compute),
            compute: &compute,
        };
        // Far more work than a second's, so that the stop comes before its end.
        let settings = PortraitSettings {
            gauss_newton: true,
            top: 60,
            tolerance: 1e-13,
            trace_tolerance: 1e-9,
            trace_probes: 1000,
            batches: 1000,
            ..PortraitSettings::default()
        };
        let (meter, stop) = (Meter::new(), AtomicBool::new(stage.is_empty()));
        let found = thread::scope(|scope| {
            let measured = scope.spawn(|| subject.portrait(&settings, &meter, &stop));
            while !stop.load(Ordering::Relaxed) && !measured.is_finished() {
                stop.store(meter.read().what == stage, Ordering::Relaxed);
                thread::sleep(Duration::from_micros(100));
            }
            measured.join().unwrap()
        });
        assert!(matches!(found, Err(PortraitError::Stopped)), "{stage}");
    }
}

#[test]
fn weights_tell_how_many_classes_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let image = InputShape::Image([3, 32, 32]);
    let text = InputShape::Text {
        vocabulary: 11,
        length: 6,
    };
    let small = |name: &str| match name {
        "densenet" => Architecture::Densenet {
            growth: 4,
            blocks: vec![1, 1],
            first: 6,
        },
        _ => Architecture::of_paper(name),
    };
    for (name, inputs) in [
        ("mlp", image),
        ("simple_cnn", image),
        ("simple_cnn_bn", image),
        ("resnet", image),
        ("densenet", image),
        ("lstm", text),
    ] {
        let architecture = small(name);
        let model = architecture.build(inputs, 7).unwrap();
        let bytes = file(&*model, &path);
        let shapes = Shapes::in_bytes(&path, &bytes).unwrap();
        assert_eq!(architecture.classes_of_weights(&shapes).unwrap(), 7);
        assert_eq!(architecture.of_weights(&shapes).unwrap(), architecture);
    }
    let softmax = mlp(&[]).build(IMAGE, 3).unwrap();
    let shapes = Shapes::in_bytes(&path, &file(&*softmax, &path)).unwrap();
    assert_eq!(mlp(&[5]).classes_of_weights(&shapes).unwrap(), 3);
    let missing = Architecture::of_paper("densenet").classes_of_weights(&shapes);
    let words = missing.unwrap_err().to_string();
    assert!(words.contains("no tensor classifier.weight"), "{words}");
}

/// As weights of no rows would have it.
#[test]
fn networks_of_no_numbers_or_classes_are_refused() {
    let text = |[vocabulary, length]: [usize; 2]| InputShape::Text { vocabulary, length };
    for (architecture, inputs, empty) in [
        (mlp(&[]), IMAGE.into(), InputShape::Image([1, 0, 2])),
        (Architecture::of_paper("lstm"), text([9, 4]), text([0, 4])),
        (Architecture::of_paper("lstm"), text([9, 4]), text([9, 0])),
    ] {
        let said = |inputs, classes| {
            let refused = architecture.build(inputs, classes).err();
            refused.map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(said(inputs, 2), "");
        assert!(said(inputs, 0).starts_with("the number of classes is 0: "));
        assert!(said(empty, 2).starts_with("a size of the examples is 0: "));
    }
}
