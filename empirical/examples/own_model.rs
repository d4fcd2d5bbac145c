//! λ_H, Tr H and λ_K of a network of one's own, on data of one's own.

use std::error::Error;

use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
use breakeven_empirical::examples::{Examples, Inputs};
use breakeven_empirical::layers::{Dense, Forward, Layout};
use breakeven_empirical::model::{Model, glorot};
use breakeven_empirical::network::Network;
use breakeven_empirical::operator::{GradientCovarianceOp, HessianOp, Point, PointSettings};
use breakeven_empirical::parameters::Parameters;
use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::solver::Lanczos;
use breakeven_empirical::tape::Var;

struct Own(Parameters, Dense, Dense);

impl Model for Own {
    fn parameters(&self) -> &Parameters {
        &self.0
    }

    fn activations(&self) -> usize {
        19 // numbers that the layers put out for an example, about
    }

    fn logits(&self, on: &mut Forward, inputs: &Inputs) -> Var {
        let x = inputs.features(on);
        let hidden = self.1.of(on, x);
        let hidden = on.tape.relu(hidden);
        self.2.of(on, hidden)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut layout = Layout::new();
    let (hidden, output) = (layout.dense("hidden", 4, 16), layout.dense("out", 16, 3));
    let model = Own(layout.finish(), hidden, output);
    let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
    let features: Vec<f64> = (0..200 * 4).map(|k| f64::from(k).sin()).collect();
    let labels: Vec<usize> = (0..200).map(|n| n % 3).collect();
    let inputs = Inputs::Features(compute.matrix(&features, [200, 4]));
    let examples = Examples::of(inputs, &labels, 3, &compute);

    let theta = glorot(model.parameters(), &mut stream(0, Purpose::Init, 0));
    let network = Network::new(&model, &compute);
    let point = Point::new(network, &theta, &examples, PointSettings::default());
    let k = GradientCovarianceOp::of(&point)?;
    let (solver, mut rng) = (Lanczos::new(1, 1e-6), stream(0, Purpose::Start, 0));
    let of_h = &solver.solve(&HessianOp(&point), &[], &mut rng).pairs[0];
    let of_k = &solver.solve(&k, &[], &mut rng).pairs[0];
    println!("λ_H {:.6} ± {:.0e}", of_h.value, of_h.error_bound);
    println!("λ_K {:.6} ± {:.0e}", of_k.value, of_k.error_bound);
    println!("Tr K {:.6}, Tr H {:?}", k.trace(), point.hessian_trace());
    Ok(())
}
