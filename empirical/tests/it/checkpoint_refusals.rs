//! Files that are refused as checkpoints or weights, by name.

use std::path::{Path, PathBuf};

use breakeven_empirical::checkpoint::Checkpoint;
use breakeven_empirical::compute::Precision;
use breakeven_empirical::parameters::Parameters;
use breakeven_empirical::weights::load_weights;
use safetensors::serialize_to_file;
use safetensors::tensor::{Dtype, TensorView};
use tempfile::{TempDir, tempdir};

use crate::checkpoint::{checkpoint, model};
use crate::reference::fixture;

/// A safetensors file of named tensors.
pub struct File {
    pub folder: TempDir,
    pub tensors: Vec<(String, Vec<usize>, Dtype, Vec<u8>)>,
}

impl File {
    /// Zeros for every parameter.
    pub fn of(parameters: &Parameters) -> Self {
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

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("w.safetensors")
    }

    pub fn write(&self) -> PathBuf {
        let views = self.tensors.iter().map(|(name, shape, dtype, data)| {
            (name, TensorView::new(*dtype, shape.clone(), data).unwrap())
        });
        serialize_to_file(views, None, &self.path()).unwrap();
        self.path()
    }
}

pub fn said(error: impl std::fmt::Display, path: &Path) -> String {
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
