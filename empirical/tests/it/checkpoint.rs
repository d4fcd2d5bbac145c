//! Checkpoints: bits that come back, PyTorch's files, and flipped bits.

use std::path::{Path, PathBuf};

use breakeven_empirical::checkpoint::Checkpoint;
use breakeven_empirical::compute::Precision;
use breakeven_empirical::measure::WarmStart;
use breakeven_empirical::model::{Model, glorot};
use breakeven_empirical::optimiser::Clipped;
use breakeven_empirical::parameters::Parameters;
use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::run_folder::{Followed, FollowedLines};
use breakeven_empirical::weights::load_weights;
use breakeven_sim::record::seal::sha256;
use safetensors::tensor::Dtype;
use tempfile::tempdir;

use crate::checkpoint_refusals::{File, said};
use crate::reference::{Reference, fixture, shape};

pub fn model(case: &str) -> Box<dyn Model> {
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
pub fn checkpoint(layout: &Parameters, precision: Precision) -> Checkpoint {
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
        followed: Followed {
            records: FollowedLines {
                bytes: 56_789,
                sha256: Some(sha256(b"records")),
            },
            predictions: Some(FollowedLines {
                bytes: 3,
                sha256: Some(sha256(b"predictions")),
            }),
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
            tilt: Some(0.1),
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
    let expected = FollowedLines {
        bytes: 40,
        sha256: None,
    };
    assert_eq!(read.followed.records, expected);
    assert_eq!(read.followed.predictions, None);
}
