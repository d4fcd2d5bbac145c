//! A network at one θ on a fixed subset, with everything kept that the
//! products of H and K share.

use std::sync::OnceLock;

use breakeven_sim::meter::{Meter, Parts};

use crate::compute::to_host;
use crate::examples::Examples;
use crate::in_order::fold_in_order;
use crate::known::Known;
use crate::network::{Network, Score, Written, add_each, chunks};
use crate::tape::{Lane, Lanes, Matrix, Tangents, Turns};

/// How much memory a [`Point`] may take.
#[derive(Clone, Copy, Debug)]
pub struct PointSettings {
    /// Numbers that may be kept between products; what does not fit is
    /// computed again for each, with the same bits.
    pub kept_numbers: usize,
    /// Numbers that one piece of the subset may take while it is computed.
    /// Sums go piece by piece: other pieces, other bits.
    pub piece_numbers: usize,
    /// Examples of each batch, where examples of a batch depend on each other:
    /// the loss is then the mean over fixed batches, each with its own
    /// statistics, the last with what is left. One batch where absent.
    pub batch_size: Option<usize>,
}

impl Default for PointSettings {
    /// 128 MB kept and 16 MB a piece, in 32-bit floats: a piece that a
    /// processor's cache holds is faster than a larger one.
    fn default() -> Self {
        Self {
            kept_numbers: 32 << 20,
            piece_numbers: 4 << 20,
            batch_size: None,
        }
    }
}

impl PointSettings {
    /// With pieces of at least as many numbers as there are parameters: each
    /// piece has products of its own, and adding them up is to cost less than
    /// computing them.
    pub fn for_parameters(self, parameters: usize) -> Self {
        Self {
            piece_numbers: self.piece_numbers.max(parameters),
            ..self
        }
    }

    /// For one of `count` points that exist at once: they share what may be kept.
    pub fn one_of(self, count: usize) -> Self {
        Self {
            kept_numbers: self.kept_numbers / count.max(1),
            ..self
        }
    }
}

/// The mean loss over a subset of n examples at one θ.
///
/// Of two one-pixel images, 1 of class 0 and 0 of class 1, for a dense layer at θ = 0:
///
/// ```
/// # use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
/// # use breakeven_empirical::{examples::Examples, model::Architecture, network::Network};
/// use breakeven_empirical::operator::{Point, PointSettings};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
/// # let pixels = compute.matrix(&[1.0, 0.0], [2, 1]);
/// # let examples = Examples::new(pixels, &[0, 1], 2, &compute);
/// # let model = Architecture::Mlp { hidden: vec![] }.build([1, 1, 1], 2)?;
/// let network = Network::new(&*model, &compute);
/// let point = Point::new(network, &[0.0; 4], &examples, PointSettings::default());
/// assert!((point.score().loss - 2.0_f64.ln()).abs() < 1e-12);
/// // H is the mean of ¼(1 −1; −1 1) ⊗ (x, 1)(x, 1)ᵀ, whose traces are ½ · 2 and ½ · 1.
/// assert!(point.hessian_trace().is_some_and(|trace| (trace - 0.75).abs() < 1e-12));
/// # Ok(())
/// # }
/// ```
pub struct Point<'a> {
    network: Network<'a>,
    parameters: Vec<Matrix>,
    examples: &'a Examples,
    pieces: Vec<Piece>,
    turns: Turns,
    score: Score,
    gradient: Vec<f64>,
    /// ‖g‖².
    squared_norm: f64,
    gradient_norms: OnceLock<f64>,
}

struct Piece {
    first: usize,
    count: usize,
    /// The lanes of the piece with what is written on each, cotangents
    /// included, where it is kept.
    written: Option<(Lanes, Vec<Written>)>,
}

/// A lane of a piece that has been computed, with its share of what is summed.
struct Computed {
    written: Written,
    score: Score,
    gradient: Vec<f64>,
}

impl<'a> Point<'a> {
    /// Writes the network at `theta` for all `examples` and pulls the
    /// gradient back. This and all products take the threads of the current
    /// pool, a piece at a time, and sum in the order of the pieces: bits do
    /// not depend on the number of threads.
    pub fn new(
        network: Network<'a>,
        theta: &[f64],
        examples: &'a Examples,
        settings: PointSettings,
    ) -> Self {
        Self::watched(network, theta, examples, settings, &Meter::new())
    }

    /// [`Self::new`], with each example counted.
    pub fn watched(
        network: Network<'a>,
        theta: &[f64],
        examples: &'a Examples,
        settings: PointSettings,
        meter: &Meter,
    ) -> Self {
        meter.begin("loss and gradient", Parts::Exactly(examples.len() as u64));
        let layout = network.model.parameters();
        let parameters = layout.split(theta, network.compute);
        let size = piece_size(&network, &parameters, examples, settings);
        let mut point = Self {
            network,
            parameters,
            examples,
            pieces: Vec::new(),
            turns: Turns::of_pool(),
            score: Score::default(),
            gradient: vec![0.0; layout.dim()],
            squared_norm: 0.0,
            gradient_norms: OnceLock::new(),
        };
        let weight = point.weight();
        let parameters = point.parameters.clone();
        // Parameters are shared by all pieces.
        let mut kept = point.dim();
        let turns = point.turns.clone();
        let of_lane = |mut written: Written, own: Examples| {
            let score = written.sums(&own);
            let gradient = layout.join(written.pull_back(weight, network.compute));
            written.tape.trim();
            Computed {
                written,
                score,
                gradient,
            }
        };
        let compute = |(first, count)| {
            let part = examples.range(first, count);
            let computed = network.write_lanes(&parameters, &part, &turns, of_lane);
            (first, count, computed)
        };
        let pieces = chunks(examples.len(), size);
        fold_in_order(pieces, compute, |(first, count, (lanes, all))| {
            let mut written = Vec::with_capacity(all.len());
            for lane in all {
                point.score.loss += lane.score.loss;
                point.score.accuracy += lane.score.accuracy;
                add_to(&mut point.gradient, &lane.gradient);
                kept += lane.written.tape.numbers();
                written.push(lane.written);
            }
            meter.advance(count as u64);
            point.pieces.push(Piece {
                first,
                count,
                written: (kept <= settings.kept_numbers).then_some((lanes, written)),
            });
        });
        point.score = point.score.over(examples.len());
        point.squared_norm = point.gradient.iter().map(|x| x * x).sum();
        point
    }

    /// The network.
    pub fn network(&self) -> &Network<'a> {
        &self.network
    }

    /// θ, one matrix a parameter.
    pub fn parameters(&self) -> &[Matrix] {
        &self.parameters
    }

    /// The n examples.
    pub fn examples(&self) -> &'a Examples {
        self.examples
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

    /// ‖g‖² of that gradient.
    pub fn squared_gradient_norm(&self) -> f64 {
        self.squared_norm
    }

    /// How many pieces are computed anew for each product, and of how many.
    pub fn computed_anew(&self) -> (usize, usize) {
        let anew = self.pieces.iter().filter(|piece| piece.written.is_none());
        (anew.count(), self.pieces.len())
    }

    /// How far rounding may move a number that sums terms of a size of
    /// `scale`, over examples and parameters.
    pub fn rounding(&self, scale: f64) -> f64 {
        self.network.rounding().of(scale)
    }

    /// Nothing, where each example's loss depends on itself alone; else why
    /// there is no derivative of a single example.
    pub fn independent_examples(&self) -> Known<()> {
        if self.network.couples_examples() {
            let why =
                "batch normalisation by the batch's statistics: no example has a loss of its own";
            return Err(why.to_owned());
        }
        Ok(())
    }

    /// `vᵀ H_i v` for every example i, H_i the Hessian of its loss; absent where
    /// examples depend on each other.
    pub fn curvatures(&self, v: &[f64]) -> Known<Vec<f64>> {
        self.independent_examples()?;
        let mut curvatures = Vec::with_capacity(self.examples.len());
        self.fold_curvatures(v, |piece| curvatures.extend(piece));
        Ok(curvatures)
    }

    /// `vᵀ H_B v` of each whole batch B of `size` examples in their order, H_B
    /// the Hessian of its mean loss.
    ///
    /// # Panics
    /// If examples depend on each other and their batches have another size.
    pub fn batch_curvatures(&self, v: &[f64], size: usize) -> Vec<f64> {
        let mut all = Vec::with_capacity(self.examples.len());
        self.fold_curvatures(v, |piece| all.extend(piece));
        if self.network.couples_examples() {
            assert_eq!(self.pieces[0].count, size.min(all.len()), "other batches");
        }
        let whole = all.chunks_exact(size);
        whole
            .map(|batch| batch.iter().sum::<f64>() / size as f64)
            .collect()
    }

    /// `vᵀ H v`.
    pub(crate) fn quadratic(&self, v: &[f64]) -> f64 {
        let mut sum = 0.0;
        self.fold_curvatures(v, |piece| {
            for x in piece {
                sum += x;
            }
        });
        sum / self.examples.len() as f64
    }

    /// Second derivatives of the examples' losses along v, piece by piece.
    fn fold_curvatures(&self, v: &[f64], fold: impl FnMut(Vec<f64>) + Send) {
        let v = self.split(v);
        let of_piece = |written: &Written| {
            let tangents = written.tape.push_tangent(&v);
            to_host(written.tape.push_second(written.loss, &tangents))
        };
        self.fold(of_piece, fold);
    }

    /// `(1/n) Σ ‖g_i‖²`, g_i the gradient of the loss on example i. Exact.
    ///
    /// # Panics
    /// If examples depend on each other.
    pub fn mean_squared_gradient_norm(&self) -> f64 {
        assert!(
            self.independent_examples().is_ok(),
            "examples have gradients of their own"
        );
        *self.gradient_norms.get_or_init(|| {
            // The tape's cotangents carry a factor 1/n each.
            let of_piece = |written: &Written| {
                let norms = to_host(written.tape.squared_gradient_norms(written.loss));
                norms.iter().sum::<f64>()
            };
            let mut total = 0.0;
            self.fold(of_piece, |piece| total += piece);
            total * self.examples.len() as f64
        })
    }

    /// Tr H, exact up to rounding, from a sweep backwards for each class;
    /// absent where logits are not affine in each parameter, or examples depend
    /// on each other.
    pub fn hessian_trace(&self) -> Option<f64> {
        let of_piece = |written: &Written| {
            let traces = to_host(written.tape.hessian_traces(written.loss)?);
            Some(traces.iter().sum::<f64>())
        };
        let mut total = Some(0.0);
        self.fold(of_piece, |piece: Option<f64>| {
            total = total.zip(piece).map(|(total, piece)| total + piece);
        });
        total.map(|total| total / self.examples.len() as f64)
    }

    /// Classes of the examples.
    pub fn classes(&self) -> usize {
        self.examples.classes()
    }

    /// Applies `map` to each lane of each piece of the subset, written and
    /// pulled back, and `fold` to what it gives, in their order.
    fn fold<T: Send>(&self, map: impl Fn(&Written) -> T + Sync, mut fold: impl FnMut(T) + Send) {
        let anew = |mut written: Written, _| {
            written.pull_cotangents(self.weight(), self.network.compute);
            map(&written)
        };
        let of_piece = |piece: &Piece| match &piece.written {
            Some((lanes, written)) => lanes.run_with(written, &map),
            None => {
                let part = self.examples.range(piece.first, piece.count);
                let network = &self.network;
                network
                    .write_lanes(&self.parameters, &part, &self.turns, anew)
                    .1
            }
        };
        fold_in_order(self.pieces.iter(), of_piece, |lanes| {
            lanes.into_iter().for_each(&mut fold);
        });
    }

    /// Sums `product` over the pieces, in θ's order.
    pub(super) fn sum(&self, product: impl Fn(&Written) -> Vec<Matrix> + Sync) -> Vec<f64> {
        let mut total: Option<Vec<Matrix>> = None;
        self.fold(product, |piece| add_each(&mut total, piece));
        let layout = self.network.model.parameters();
        total.map_or_else(|| vec![0.0; self.dim()], |total| layout.join(total))
    }

    /// The same of what `product` makes of the tangents along `v`.
    pub(super) fn sum_along(
        &self,
        v: &[f64],
        product: impl Fn(&Written, &Tangents) -> Vec<Matrix> + Sync,
    ) -> Vec<f64> {
        let v = self.split(v);
        self.sum(|written| product(written, &written.tape.push_tangent(&v)))
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
    if network.couples_examples() {
        let all = examples.len();
        return settings.batch_size.map_or(all, |size| size.clamp(1, all));
    }
    let one = network.write(parameters, &examples.range(0, 1), &Lane::alone(1));
    let each = one.tape.numbers().max(1);
    (settings.piece_numbers / each).clamp(1, examples.len())
}

fn add_to(total: &mut [f64], part: &[f64]) {
    for (total, part) in total.iter_mut().zip(part) {
        *total += part;
    }
}
