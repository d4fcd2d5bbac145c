//! Networks and numbers of `fixtures/reference`: weights, inputs, labels and
//! directions follow closed formulas, values are float64 PyTorch's.

use std::path::PathBuf;

use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
use breakeven_empirical::examples::Examples;
use breakeven_empirical::layers::Normalisation;
use breakeven_empirical::model::{Architecture, CnnShape, Model};
use breakeven_empirical::network::{Loss, Network};
use breakeven_empirical::parameters::{Parameters, Role};
use serde_json::Value;

/// One file of reference numbers and the network that it is about.
pub struct Reference {
    pub numbers: Value,
    pub model: Box<dyn Model>,
    pub compute: Compute,
    pub theta: Vec<f64>,
    pub examples: Examples,
}

pub fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures/reference")
        .join(name)
}

/// The architecture, image and classes of each file.
pub fn shape(case: &str) -> (Architecture, [usize; 3], usize) {
    let mlp = |hidden: &[usize]| Architecture::Mlp {
        hidden: hidden.to_vec(),
    };
    let cnn = |first, second, dense| {
        Architecture::SimpleCnn(CnnShape {
            first,
            second,
            dense,
        })
    };
    match case {
        "mlp_tiny" => (mlp(&[5, 4]), [1, 1, 6], 3),
        "mlp" => (mlp(&[300, 100]), [1, 28, 28], 10),
        "simplecnn_tiny" => (cnn(2, 3, 4), [3, 12, 12], 3),
        "simplecnn" => (cnn(32, 64, 128), [3, 32, 32], 10),
        _ => panic!("no reference {case}"),
    }
}

impl Reference {
    pub fn load(case: &str, precision: Precision) -> Self {
        Self::load_on(case, DeviceKind::Flex, precision)
    }

    pub fn load_on(case: &str, device: DeviceKind, precision: Precision) -> Self {
        let text = std::fs::read_to_string(fixture(&format!("{case}.json"))).unwrap();
        let numbers: Value = serde_json::from_str(&text).unwrap();
        let (architecture, image, classes) = shape(case);
        let model = architecture.build(image, classes).unwrap();
        let compute = Compute::new(device, precision).unwrap();
        let theta = formula(model.parameters(), weight);
        let count = numbers["examples"].as_u64().unwrap() as usize;
        let phase = numbers["input_phase"].as_f64().unwrap();
        let features = image.iter().product();
        let pixels = formula_pixels(count, features, phase);
        let labels: Vec<u8> = (0..count).map(|n| ((n * 7 + 3) % classes) as u8).collect();
        let pixels = compute.matrix(&pixels, [count, features]);
        let examples = Examples::new(pixels, &labels, classes, &compute);
        Self {
            numbers,
            model,
            compute,
            theta,
            examples,
        }
    }

    pub fn network(&self) -> Network<'_> {
        Network {
            lanes: None,
            model: &*self.model,
            compute: &self.compute,
            loss: Loss::CrossEntropy,
            normalisation: Normalisation::Batch,
        }
    }

    /// The number at a dotted path.
    pub fn number(&self, path: &str) -> f64 {
        self.at(path)
            .as_f64()
            .unwrap_or_else(|| panic!("no number {path}"))
    }

    /// The numbers at a dotted path.
    pub fn list(&self, path: &str) -> Vec<f64> {
        let list = self
            .at(path)
            .as_array()
            .unwrap_or_else(|| panic!("no list {path}"));
        list.iter().map(|x| x.as_f64().unwrap()).collect()
    }

    fn at(&self, path: &str) -> &Value {
        path.split('.')
            .fold(&self.numbers, |value, key| &value[key])
    }

    /// The direction of the file's products.
    pub fn direction(&self) -> Vec<f64> {
        formula_direction(self.model.parameters())
    }
}

/// a(t, k) = sin(1 + 0.7 k + 1.3 t) for place k of tensor t, made a number of
/// the tensor by its role; in θ's order.
pub fn formula(parameters: &Parameters, value: impl Fn(Role, f64) -> f64) -> Vec<f64> {
    let wave = |t: usize, k: usize| (1.0 + 0.7 * k as f64 + 1.3 * t as f64).sin();
    let mut all = Vec::with_capacity(parameters.dim());
    for (t, parameter) in parameters.iter().enumerate() {
        all.extend((0..parameter.len()).map(|k| value(parameter.role, wave(t, k))));
    }
    parameters.from_torch(&all)
}

/// A weight of the reference networks.
pub fn weight(role: Role, a: f64) -> f64 {
    let glorot = |fans: usize| (6.0 / fans as f64).sqrt() * a;
    match role {
        Role::Dense { inputs, outputs } => glorot(inputs + outputs),
        Role::Convolution {
            inputs,
            outputs,
            size,
        } => glorot(size * size * (inputs + outputs)),
        Role::Bias { .. } => 0.05 * a,
        Role::Scale { .. } => 1.0 + 0.2 * a,
        Role::Embedding { .. } => 0.5 * a,
    }
}

/// v_k = sin(k/2) over PyTorch's order, normalised; in θ's order.
pub fn formula_direction(parameters: &Parameters) -> Vec<f64> {
    let v: Vec<f64> = (0..parameters.dim())
        .map(|k| (0.5 * k as f64).sin())
        .collect();
    let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
    let v: Vec<f64> = v.iter().map(|x| x / norm).collect();
    parameters.from_torch(&v)
}

/// Pixels `[count, features]`.
pub fn formula_pixels(count: usize, features: usize, phase: f64) -> Vec<f64> {
    let pixel = |n: usize, j: usize| {
        let (n, j) = (n as f64, j as f64);
        0.5 + 0.5 * (0.3 * n + 0.11 * j + 0.013 * n * j + phase).sin()
    };
    (0..count)
        .flat_map(|n| (0..features).map(move |j| (n, j)))
        .map(|(n, j)| pixel(n, j))
        .collect()
}
