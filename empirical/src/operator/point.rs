//! A network at one θ on a fixed subset, with everything kept that the
//! products of H and K share.

use std::cell::OnceCell;

use crate::compute::to_host;
use crate::examples::Examples;
use super::ROUNDING_UNITS;
use crate::network::{Network, Score, Written, add_each, chunks};
use crate::tape::Matrix;

/// How much memory a [`Point`] may take.
#[derive(Clone, Copy, Debug)]
pub struct PointSettings {
    /// Numbers that may be kept between products; what does not fit is
    /// computed again for each.
    pub kept_numbers: usize,
    /// Numbers that one piece of the subset may take while it is computed.
    pub piece_numbers: usize,
}

impl Default for PointSettings {
    /// 128 MB kept and 16 MB a piece, in 32-bit floats: a piece that a
    /// processor's cache holds is faster than a larger one.
    fn default() -> Self {
        Self {
            kept_numbers: 32 << 20,
            piece_numbers: 4 << 20,
        }
    }
}

/// The mean loss over a subset of n examples at one θ.
pub struct Point<'a> {
    network: Network<'a>,
    parameters: Vec<Matrix>,
    examples: &'a Examples,
    pieces: Vec<Piece>,
    score: Score,
    gradient: Vec<f64>,
    gradient_norms: OnceCell<f64>,
}

struct Piece {
    first: usize,
    count: usize,
    /// The piece's tape with its cotangents, where it is kept.
    written: Option<Written>,
}

impl<'a> Point<'a> {
    /// Writes the network at `theta` for all `examples` and pulls the
    /// gradient back.
    pub fn new(
        network: Network<'a>,
        theta: &[f64],
        examples: &'a Examples,
        settings: PointSettings,
    ) -> Self {
        let layout = network.model.parameters();
        let parameters = layout.split(theta, network.compute);
        let size = piece_size(&network, &parameters, examples, settings);
        let mut point = Self {
            network,
            parameters,
            examples,
            pieces: Vec::new(),
            score: Score::default(),
            gradient: vec![0.0; layout.dim()],
            gradient_norms: OnceCell::new(),
        };
        let mut kept = 0;
        for (first, count) in chunks(examples.len(), size) {
            let part = examples.range(first, count);
            let mut written = network.write(&point.parameters, &part);
            let sums = written.sums(&part);
            point.score.loss += sums.loss;
            point.score.accuracy += sums.accuracy;
            let share = layout.join(written.pull_back(point.weight(), network.compute));
            add_to(&mut point.gradient, &share);
            written.tape.trim();
            kept += written.tape.numbers();
            let written = (kept <= settings.kept_numbers).then_some(written);
            point.pieces.push(Piece {
                first,
                count,
                written,
            });
        }
        point.score = point.score.over(examples.len());
        point
    }

    /// D.
    pub fn dim(&self) -> usize {
        self.gradient.len()
    }

    /// Mean loss and accuracy over the subset.
    pub fn score(&self) -> Score {
        self.score
    }

    /// The gradient of the mean loss, in θ's order.
    pub fn gradient(&self) -> &[f64] {
        &self.gradient
    }

    /// How far rounding may move a number that sums terms of a size of
    /// `scale`, over examples and parameters.
    pub fn rounding(&self, scale: f64) -> f64 {
        let compute = self.network.compute;
        ROUNDING_UNITS * (compute.epsilon() * scale + compute.tiny() * self.dim() as f64)
    }

    /// `vᵀ H_i v` for every example i, H_i the Hessian of its loss.
    pub fn curvatures(&self, v: &[f64]) -> Vec<f64> {
        let v = self.split(v);
        let mut curvatures = Vec::with_capacity(self.examples.len());
        self.each(|written| {
            let tangents = written.tape.push_tangent(&v);
            curvatures.extend(to_host(written.tape.push_second(written.loss, &tangents)));
        });
        curvatures
    }

    /// `(1/n) Σ ‖g_i‖²`, g_i the gradient of the loss on example i. Exact.
    pub fn mean_squared_gradient_norm(&self) -> f64 {
        *self.gradient_norms.get_or_init(|| {
            let mut total = 0.0;
            // The tape's cotangents carry a factor 1/n each.
            self.each(|written| {
                let norms = to_host(written.tape.squared_gradient_norms(written.loss));
                total += norms.iter().sum::<f64>();
            });
            total * self.examples.len() as f64
        })
    }

    /// Calls `visit` with each piece of the subset, written and pulled back.
    pub(super) fn each(&self, mut visit: impl FnMut(&Written)) {
        for piece in &self.pieces {
            match &piece.written {
                Some(written) => visit(written),
                None => {
                    let part = self.examples.range(piece.first, piece.count);
                    let mut written = self.network.write(&self.parameters, &part);
                    written.pull_cotangents(self.weight(), self.network.compute);
                    visit(&written);
                }
            }
        }
    }

    /// Sums `product` over the pieces, in θ's order.
    pub(super) fn sum(&self, product: impl Fn(&Written) -> Vec<Matrix>) -> Vec<f64> {
        let mut total: Option<Vec<Matrix>> = None;
        self.each(|written| add_each(&mut total, product(written)));
        let layout = self.network.model.parameters();
        total.map_or_else(|| vec![0.0; self.dim()], |total| layout.join(total))
    }

    /// A vector in θ's order as matrices.
    pub(super) fn split(&self, v: &[f64]) -> Vec<Matrix> {
        assert_eq!(v.len(), self.dim(), "a vector of θ's space has D numbers");
        self.network
            .model
            .parameters()
            .split(v, self.network.compute)
    }

    /// The weight of an example's loss in the mean.
    fn weight(&self) -> f64 {
        1.0 / self.examples.len() as f64
    }
}

/// As many examples as one piece may hold, by the numbers that one takes.
fn piece_size(
    network: &Network,
    parameters: &[Matrix],
    examples: &Examples,
    settings: PointSettings,
) -> usize {
    let one = network.write(parameters, &examples.range(0, 1));
    let shared: usize = parameters
        .iter()
        .map(|p| p.dims().iter().product::<usize>())
        .sum();
    let each = one.tape.numbers().saturating_sub(shared).max(1);
    (settings.piece_numbers / each).clamp(1, examples.len())
}

fn add_to(total: &mut [f64], part: &[f64]) {
    for (total, part) in total.iter_mut().zip(part) {
        *total += part;
    }
}
