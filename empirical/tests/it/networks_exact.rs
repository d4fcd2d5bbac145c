//! Networks whose Hessians are known: linear regression's from its normal
//! equations, that of a user's own network from differences.

use breakeven_empirical::compute::{Compute, DeviceKind, Precision, to_host};
use breakeven_empirical::examples::{Examples, Inputs};
use breakeven_empirical::layers::{BatchNorm, Dense, Forward, Layout, Normalisation};
use breakeven_empirical::model::{Architecture, Model};
use breakeven_empirical::network::{Loss, Network};
use breakeven_empirical::operator::{HessianOp, LinearOperator, Point, PointSettings};
use breakeven_empirical::parameters::Parameters;
use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::solver::Lanczos;
use breakeven_empirical::tape::Var;
use nalgebra::DMatrix;

use crate::networks::pixels;
use crate::reference::{formula, weight};
use crate::tolerance;

/// Without hidden layers and with squared errors the Hessian is that of linear
/// regression, the same for each class: (1/n) XᵀX, X with a column of ones.
#[test]
fn the_hessian_of_linear_regression_is_its_normal_equations() {
    let compute = Compute::new(DeviceKind::Flex, Precision::F64).unwrap();
    let (count, features, classes) = (7, 4, 3);
    let model = Architecture::Mlp { hidden: vec![] }
        .build([1, 1, features], classes)
        .unwrap();
    let inputs = pixels(count, [1, 1, features], &compute);
    let Inputs::Features(x) = &inputs else {
        unreachable!("pixels are numbers")
    };
    let x =
        DMatrix::from_row_slice(count, features, &to_host(x.clone())).insert_column(features, 1.0);
    let normal = x.transpose() * &x / count as f64;
    let labels: Vec<usize> = (0..count).map(|n| n % classes).collect();
    let examples = Examples::of(inputs, &labels, classes, &compute);
    let network = Network {
        lanes: None,
        model: &*model,
        compute: &compute,
        loss: Loss::Mse,
        normalisation: Normalisation::Batch,
    };
    let theta = formula(model.parameters(), weight);
    let point = Point::new(network, &theta, &examples, PointSettings::default());
    let close = |found: f64, expected: f64| {
        assert!((found - expected).abs() <= tolerance::F64 * expected.abs());
    };
    close(
        point.hessian_trace().unwrap(),
        classes as f64 * normal.trace(),
    );
    let expected = normal.symmetric_eigenvalues().max();
    let mut rng = stream(0, Purpose::Start, 0);
    let found = Lanczos::new(classes, 1e-10).solve(&HessianOp(&point), &[], &mut rng);
    for pair in &found.pairs {
        close(pair.value, expected);
    }
    let residual = &x * DMatrix::from_row_slice(features + 1, classes, &theta)
        - DMatrix::from_fn(count, classes, |n, c| f64::from(u8::from(labels[n] == c)));
    close(
        point.score().loss,
        0.5 * residual.norm_squared() / count as f64,
    );
}

/// A network of a user of the crate: a residual with a batch normalisation.
struct Own {
    parameters: Parameters,
    inner: Dense,
    norm: BatchNorm,
    output: Dense,
}

impl Own {
    fn new(features: usize, classes: usize) -> Self {
        let mut layout = Layout::new();
        let inner = layout.dense("inner", features, features);
        let norm = layout.batch_norm("norm", features);
        let output = layout.dense("output", features, classes);
        Self {
            parameters: layout.finish(),
            inner,
            norm,
            output,
        }
    }
}

impl Model for Own {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn activations(&self) -> usize {
        100
    }

    fn logits(&self, on: &mut Forward, inputs: &Inputs) -> Var {
        let x = inputs.features(on);
        let inner = self.inner.of(on, x);
        let inner = self.norm.of(on, inner);
        let inner = on.tape.relu(inner);
        let sum = on.tape.add(inner, x);
        self.output.of(on, sum)
    }
}

/// Its Hessian, written out, is symmetric and that of differences of gradients.
#[test]
fn a_model_from_outside_is_measured_exactly() {
    let compute = Compute::new(DeviceKind::Flex, Precision::F64).unwrap();
    let model = Own::new(4, 3);
    let labels = [0, 1, 2, 1, 0];
    let inputs = pixels(labels.len(), [1, 1, 4], &compute);
    let examples = Examples::of(inputs, &labels, 3, &compute);
    let network = Network::new(&model, &compute);
    let theta = formula(model.parameters(), weight);
    let at = |theta: &[f64]| Point::new(network, theta, &examples, PointSettings::default());
    let point = at(&theta);
    let dim = point.dim();
    let unit = |k: usize| -> Vec<f64> { (0..dim).map(|j| f64::from(u8::from(j == k))).collect() };
    let columns: Vec<f64> = (0..dim)
        .flat_map(|k| HessianOp(&point).apply(&unit(k)))
        .collect();
    let h = DMatrix::from_vec(dim, dim, columns);
    let scale = h.abs().max();
    assert!((&h - h.transpose()).abs().max() <= tolerance::F64 * scale);
    let step = tolerance::DIFFERENCE_STEP;
    for k in 0..dim {
        let side = |sign: f64| {
            let mut moved = theta.clone();
            moved[k] += sign * step;
            at(&moved).gradient().to_vec()
        };
        for (j, (after, before)) in side(1.0).iter().zip(side(-1.0)).enumerate() {
            let slope = (after - before) / (2.0 * step);
            assert!((h[(j, k)] - slope).abs() <= 10.0 * tolerance::DIFFERENCES * scale);
        }
    }
}
