//! Checkpoints: bits that come back, PyTorch's files, and every damage.

use std::path::{Path, PathBuf};

use breakeven_empirical::checkpoint::{Checkpoint, load_weights};
use breakeven_empirical::compute::Precision;
use breakeven_empirical::measure::WarmStart;
use breakeven_empirical::model::{Model, glorot};
use breakeven_empirical::optimiser::Clipped;
use breakeven_empirical::parameters::Parameters;
use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::run_folder::Followed;
use breakeven_sim::record::seal::sha256;
use safetensors::serialize_to_file;
use safetensors::tensor::{Dtype, TensorView};
use tempfile::{TempDir, tempdir};

use crate::reference::{Reference, fixture, shape};

fn model(case: &str) -> Box<dyn Model> {
    let (architecture, image, classes) = shape(case);
    architecture.build(image, classes).unwrap()
}

fn same_bits(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

#[test]
fn weights_from_pytorch_are_those_of_the_formula() {
    for case in ["mlp_tiny", "simplecnn_tiny"] {
        let reference = Reference::load(case, Precision::F64);
        let path = fixture(&format!("{case}.safetensors"));
        let loaded = load_weights(&path, reference.model.parameters()).unwrap();
        let rounded: Vec<f64> = reference
            .theta
            .iter()
            .map(|&x| f64::from(x as f32))
            .collect();
        assert!(same_bits(&loaded.theta, &rounded), "{case}");
        assert!(loaded.notes.is_empty(), "{case}");
    }
}

#[test]
fn an_order_of_numbers_has_its_inverse() {
    for case in ["mlp_tiny", "simplecnn_tiny", "simplecnn"] {
        let model = model(case);
        let layout = model.parameters();
        let torch: Vec<f64> = (0..layout.dim()).map(|k| k as f64).collect();
        let theta = layout.from_torch(&torch);
        assert_ne!(theta, torch, "{case}");
        assert_eq!(layout.to_torch(&theta), torch, "{case}");
    }
}

/// A checkpoint of a run in `precision`.
fn checkpoint(layout: &Parameters, precision: Precision) -> Checkpoint {
    let vector = |index| {
        let mut rng = stream(5, Purpose::Init, index);
        let exact = glorot(layout, &mut rng);
        match precision {
            Precision::F64 => exact,
            Precision::F32 => exact.iter().map(|&x| f64::from(x as f32)).collect(),
        }
    };
    Checkpoint {
        step: 1234,
        records: Followed {
            bytes: 56_789,
            sha256: Some(sha256(b"records")),
        },
        theta: vector(0),
        previous_step: vector(1),
        buffers: Vec::new(),
        velocity: vector(5),
        clipped: Clipped {
            clipped: 3,
            steps: 7,
        },
        warm: WarmStart {
            hessian: vec![vector(2), vector(3)],
            covariance: vec![vector(4)],
        },
    }
}

#[test]
fn a_checkpoint_comes_back_bit_by_bit() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    for case in ["mlp_tiny", "simplecnn_tiny"] {
        let model = model(case);
        for precision in [Precision::F32, Precision::F64] {
            let saved = checkpoint(model.parameters(), precision);
            saved.save(&path, model.parameters()).unwrap();
            let bytes = std::fs::read(&path).unwrap();
            saved.save(&path, model.parameters()).unwrap();
            assert!(std::fs::read(&path).unwrap() == bytes, "other bytes");
            let loaded = Checkpoint::load(&path, model.parameters()).unwrap();
            assert!(same_bits(&loaded.theta, &saved.theta));
            assert_eq!(loaded, saved, "{case}, {precision}");
            let weights = load_weights(&path, model.parameters()).unwrap();
            assert!(same_bits(&weights.theta, &saved.theta));
        }
        let fresh = Checkpoint {
            theta: glorot(model.parameters(), &mut stream(0, Purpose::Init, 0)),
            ..Checkpoint::default()
        };
        fresh.save(&path, model.parameters()).unwrap();
        assert_eq!(Checkpoint::load(&path, model.parameters()).unwrap(), fresh);
    }
    // Nothing else is left, and others may read it as they may any new file.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let plain = folder.path().join("plain");
        std::fs::write(&plain, "").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&plain));
    }
}

#[test]
fn numbers_that_are_not_finite_come_back_to_the_run_that_made_them() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let model = model("mlp_tiny");
    let mut saved = checkpoint(model.parameters(), Precision::F32);
    saved.theta[3] = f64::NAN;
    saved.previous_step[5] = f64::NEG_INFINITY;
    saved.save(&path, model.parameters()).unwrap();
    let loaded = Checkpoint::load(&path, model.parameters()).unwrap();
    assert!(same_bits(&loaded.theta, &saved.theta));
    assert!(same_bits(&loaded.previous_step, &saved.previous_step));
    // To measure at them makes no sense.
    assert!(load_weights(&path, model.parameters()).is_err());
}

/// A safetensors file of named tensors.
struct File {
    folder: TempDir,
    tensors: Vec<(String, Vec<usize>, Dtype, Vec<u8>)>,
}

impl File {
    /// Zeros for every parameter.
    fn of(parameters: &Parameters) -> Self {
        let tensors = parameters
            .iter()
            .map(|p| {
                (
                    p.name.clone(),
                    p.torch_shape(),
                    Dtype::F32,
                    vec![0; 4 * p.len()],
                )
            })
            .collect();
        Self {
            folder: tempdir().unwrap(),
            tensors,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("w.safetensors")
    }

    fn write(&self) -> PathBuf {
        let views = self.tensors.iter().map(|(name, shape, dtype, data)| {
            (name, TensorView::new(*dtype, shape.clone(), data).unwrap())
        });
        serialize_to_file(views, None, &self.path()).unwrap();
        self.path()
    }
}

fn said(error: impl std::fmt::Display, path: &Path) -> String {
    error
        .to_string()
        .replace(&path.display().to_string(), "FILE")
}

/// What loading the weights of the tiny MLP says of a file.
fn refusal(change: impl FnOnce(&mut File)) -> String {
    let model = model("mlp_tiny");
    let mut file = File::of(model.parameters());
    change(&mut file);
    let path = file.write();
    said(load_weights(&path, model.parameters()).unwrap_err(), &path)
}

#[test]
fn tensors_that_do_not_fit_are_refused_by_name() {
    assert_eq!(
        refusal(|file| drop(file.tensors.remove(3))),
        "FILE has no tensor fc2.bias, which the model needs: is it a checkpoint of another model?"
    );
    assert_eq!(
        refusal(|file| file.tensors[2].0 = "fc9.weight".into()),
        "FILE holds a tensor fc9.weight, which the model does not have: \
         is it a checkpoint of another model?"
    );
    assert_eq!(
        refusal(|file| file.tensors[0].1 = vec![6, 5]),
        "FILE: tensor fc1.weight has shape [6, 5], the model needs [5, 6]: check the model's sizes"
    );
    assert_eq!(
        refusal(|file| file.tensors[1].1 = vec![5, 1]),
        "FILE: tensor fc1.bias has shape [5, 1], the model needs [5]: check the model's sizes"
    );
    assert_eq!(
        refusal(|file| {
            file.tensors[4].2 = Dtype::I32;
        }),
        "FILE: tensor fc3.weight holds I32, only F64, F32, F16 and BF16 are read: convert it"
    );
    assert_eq!(
        refusal(|file| {
            let mut again = file.tensors[1].clone();
            again.0 = "module.fc1.bias".to_owned();
            file.tensors.push(again);
        }),
        "FILE holds fc1.bias and module.fc1.bias, which are one name without their prefixes: \
         keep one"
    );
    assert_eq!(
        refusal(|file| file.tensors[1].0 = "module.bn1.running_mean".to_owned()),
        "FILE holds a tensor module.bn1.running_mean, which the model does not have: \
         is it a checkpoint of another model?"
    );
    for (bad, index) in [(f32::NAN, 0), (f32::INFINITY, 7), (f32::NEG_INFINITY, 29)] {
        assert_eq!(
            refusal(|file| {
                file.tensors[0].3[4 * index..4 * index + 4].copy_from_slice(&bad.to_le_bytes());
            }),
            format!(
                "FILE: tensor fc1.weight holds a number that is not finite at index {index}: \
                 the training diverged before it was saved"
            )
        );
    }
}

#[test]
fn files_that_are_no_checkpoints_are_refused() {
    let model = model("mlp_tiny");
    let folder = tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let refused = || said(load_weights(&path, model.parameters()).unwrap_err(), &path);
    assert!(refused().starts_with("FILE: No such file"), "{}", refused());
    let whole = std::fs::read(fixture("mlp_tiny.safetensors")).unwrap();
    for length in (0..whole.len()).step_by(7) {
        std::fs::write(&path, &whole[..length]).unwrap();
        let said = refused();
        assert!(
            said.starts_with("FILE is not a whole safetensors file (")
                && said.ends_with("): save the weights again"),
            "{length} bytes: {said}"
        );
    }
    std::fs::write(&path, "seed,learning_rate\n0,0.1\n").unwrap();
    assert!(refused().contains("is not a whole safetensors file"));
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(refused().starts_with("FILE: "), "{}", refused());
}

#[test]
fn a_file_of_weights_alone_cannot_be_resumed_from() {
    let model = model("mlp_tiny");
    let mut file = File::of(model.parameters());
    let damage = |file: &File| {
        let path = file.write();
        said(
            Checkpoint::load(&path, model.parameters()).unwrap_err(),
            &path,
        )
    };
    let wrong = |what: &str| {
        format!(
            "FILE can't be resumed from: its {what} is missing or damaged; \
             remove the run's folder to start it anew"
        )
    };
    assert_eq!(damage(&file), wrong("step"));
    for (dtype, length) in [(Dtype::I64, 1), (Dtype::I64, 3), (Dtype::F64, 2)] {
        let odd = (
            "breakeven.progress".to_owned(),
            vec![length],
            dtype,
            vec![0; 8 * length],
        );
        file.tensors.push(odd);
        assert_eq!(damage(&file), wrong("step"));
        file.tensors.pop();
    }
    let progress = vec![0; 16];
    file.tensors.push((
        "breakeven.progress".to_owned(),
        vec![2],
        Dtype::I64,
        progress,
    ));
    for (name, what) in [
        ("breakeven.previous_step", "last step"),
        ("breakeven.warm_hessian", "eigenvectors of H"),
        ("breakeven.warm_covariance", "eigenvectors of K"),
    ] {
        let short = (name.to_owned(), vec![1, 9], Dtype::F32, vec![0; 36]);
        file.tensors.push(short);
        assert_eq!(damage(&file), wrong(what));
        file.tensors.pop();
    }
}

#[test]
fn a_checkpoint_that_cannot_be_written_names_the_file() {
    let model = model("mlp_tiny");
    let folder = tempdir().unwrap();
    let path = folder.path().join("nowhere/checkpoint.safetensors");
    let saved = checkpoint(model.parameters(), Precision::F32);
    let error = saved.save(&path, model.parameters()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("nowhere/checkpoint.safetensors: "),
        "{error}"
    );
}

/// A file in `fixtures/files`.
fn real(name: &str) -> PathBuf {
    fixture("../files").join(name)
}

#[test]
fn sixteen_bits_are_widened_as_pytorch_widens_them() {
    let model = model("mlp_tiny");
    for (name, dtype) in [("f16", "F16"), ("bf16", "BF16")] {
        let read = |file: String| load_weights(&real(&file), model.parameters()).unwrap();
        let weights = read(format!("{name}.safetensors"));
        let widened = read(format!("{name}-as-f64.safetensors"));
        assert!(same_bits(&weights.theta, &widened.theta), "{name}");
        assert!(widened.notes.is_empty());
        assert_eq!(
            weights.notes,
            [format!(
                "numbers in {dtype} were widened, which loses nothing"
            )]
        );
    }
}

#[test]
fn names_of_wrappers_are_stripped_and_counters_ignored_and_both_said() {
    let model = model("mlp_tiny");
    let weights = load_weights(&real("wrapped.safetensors"), model.parameters()).unwrap();
    let plain = load_weights(&fixture("mlp_tiny.safetensors"), model.parameters()).unwrap();
    assert!(same_bits(&weights.theta, &plain.theta));
    assert_eq!(
        weights.notes,
        [
            "`module._orig_mod.` was stripped from the names of tensors",
            "`module._orig_mod.bn1.num_batches_tracked` was ignored: it counts batches and is \
             no weight",
        ]
    );
}

#[test]
fn files_of_pytorch_are_recognised_and_come_with_their_conversion() {
    let model = model("mlp_tiny");
    for name in ["zip.pt", "legacy.pth"] {
        let path = real(name);
        let error = load_weights(&path, model.parameters()).unwrap_err();
        let said = said(error, &path);
        let (first, lines) = said.split_once('\n').unwrap();
        assert_eq!(
            first,
            "FILE is a PyTorch file of Python pickles, which are not read here: two lines of \
             Python turn it into safetensors"
        );
        let stem = path.with_extension("safetensors").display().to_string();
        assert_eq!(
            lines,
            format!(
                "  import torch; from safetensors.torch import save_file\n  \
                 save_file(torch.load(\"FILE\", map_location=\"cpu\", weights_only=True), {stem:?})"
            )
        );
    }
}

#[test]
fn every_flipped_bit_of_a_checkpoint_is_seen_or_changes_nothing() {
    let model = model("mlp_tiny");
    let folder = tempdir().unwrap();
    let path = folder.path().join("c.safetensors");
    let saved = checkpoint(model.parameters(), Precision::F32);
    saved.save(&path, model.parameters()).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let mut seen = 0;
    for bit in 0..8 * whole.len() {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &flipped).unwrap();
        match Checkpoint::load(&path, model.parameters()) {
            Ok(read) => assert_eq!(read, saved, "bit {bit}"),
            Err(_) => seen += 1,
        }
    }
    // The numbers alone are over half of the file, and each of their bits counts.
    assert!(seen > 4 * whole.len(), "{seen}");
}

#[test]
fn a_checkpoint_of_an_earlier_version_needs_no_checksum() {
    let model = model("mlp_tiny");
    let mut file = File::of(model.parameters());
    let progress = [3_u64, 40].map(u64::to_le_bytes).concat();
    file.tensors.push((
        "breakeven.progress".to_owned(),
        vec![2],
        Dtype::I64,
        progress,
    ));
    let read = Checkpoint::load(&file.write(), model.parameters()).unwrap();
    assert_eq!(read.step, 3);
    let expected = Followed {
        bytes: 40,
        sha256: None,
    };
    assert_eq!(read.records, expected);
}
