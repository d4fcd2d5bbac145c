//! Steps of SGD against those of PyTorch.

use breakeven_empirical::compute::{Compute, DeviceKind, Precision, to_host};
use breakeven_empirical::config::Decayed;
use breakeven_empirical::optimiser::Sgd;
use breakeven_empirical::parameters::{Parameter, Parameters, Role};
use breakeven_empirical::tape::Matrix;
use serde_json::Value;

use crate::config::sound;
use crate::reference::fixture;
use crate::tolerance;

fn layout() -> Parameters {
    let named = |name: &str, role| Parameter {
        name: name.to_owned(),
        role,
    };
    let weight = Role::Dense {
        inputs: 3,
        outputs: 1,
    };
    let bias = Role::Bias { outputs: 2 };
    Parameters::new(vec![named("weight", weight), named("bias", bias)])
}

#[test]
fn steps_are_pytorchs() {
    let text = std::fs::read_to_string(fixture("sgd.json")).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let compute = Compute::new(DeviceKind::Flex, Precision::F64).unwrap();
    for case in file["cases"].as_array().unwrap() {
        let mut training = sound().training;
        training.momentum = case["momentum"].as_f64().unwrap();
        training.weight_decay = case["weight_decay"].as_f64().unwrap();
        training.weight_decay_on = Decayed::Weights;
        training.clip_norm = case["clip_norm"].as_f64();
        training.decay_epochs = vec![6];
        let layout = layout();
        let mut sgd = Sgd::new(&training, &layout);
        let mut parameters = layout.split(&[0.5, -1.0, 2.0, -0.3, 0.7], &compute);
        for (k, expected) in case["path"].as_array().unwrap().iter().enumerate() {
            let eta = training.learning_rate(0.1, k as u64);
            let weight = sgd.loss_weight(eta);
            let gradient = parameters
                .iter()
                .map(|p| gradient(p, k, &compute) * weight)
                .collect();
            sgd.step(&mut parameters, gradient, eta);
            let expected: Vec<f64> = serde_json::from_value(expected.clone()).unwrap();
            for (found, expected) in layout.join(parameters.clone()).iter().zip(expected) {
                let error = (found - expected).abs();
                assert!(error < tolerance::DENSE, "step {k} of {case}: {error:e}");
            }
        }
    }
}

fn gradient(parameter: &Matrix, step: usize, compute: &Compute) -> Matrix {
    let numbers: Vec<f64> = to_host(parameter.clone())
        .iter()
        .enumerate()
        .map(|(i, p)| (1.0 + i as f64 / 4.0) * p + ((step + i) as f64).sin())
        .collect();
    compute.matrix(&numbers, parameter.dims())
}
