//! The tensor algebra that models are written in: a tape of matrix
//! operations whose values are kept, so that every derivative that curvature
//! needs is one sweep over it.
//!
//! A model is written once, as calls that put operations on a [`Tape`]. The
//! tape then gives, at the same parameters and data,
//!
//! | sweep | gives |
//! |---|---|
//! | while it is written | values and per-example losses |
//! | [`Tape::pull_back`] | the gradient (reverse mode) |
//! | [`Tape::push_tangent`] | derivatives along v, Jv (forward mode) |
//! | [`Tape::pull_back_tangent`] | Hv: the derivative of the gradient along v |
//! | [`Tape::pull_back_weighted`] | Jᵀc for weights c over examples |
//! | [`Tape::push_second`] | vᵀH_i v for every example (second-order Taylor) |
//! | [`Tape::squared_gradient_norms`] | ‖g_i‖² for every example |
//! | [`Tape::hessian_traces`] | Tr H_i for every example |
//!
//! Every operation is of one of four kinds (a bilinear product, a sum, a
//! locally linear map, the loss), and each sweep treats a kind by one rule.
//! Because values and cotangents stay on the tape, a Hessian product costs
//! two products a layer forwards and four backwards and repeats nothing; a
//! tangent that is zero is absent and costs nothing (Pearlmutter, 1994).
//!
//! All values are matrices. Rows run over examples and, within an example,
//! over positions of an image; columns are channels or features.

mod convolution;
mod cross_entropy;
mod locally_linear;
mod product;
mod sweeps;

use burn::tensor::Tensor;

pub use convolution::Convolution;
pub use cross_entropy::Targets;
pub use locally_linear::{Flatten, Grid, LocallyLinear, MaxPool, Transposed};

use cross_entropy::CrossEntropy;
use locally_linear::Mask;
use product::Product;

/// A matrix on the device, `[rows, columns]`.
pub type Matrix = Tensor<2>;

/// A value on the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Var(usize);

/// One operation, with the values it reads.
enum Op {
    /// Data: no derivative.
    Constant,
    /// The parameter of this number.
    Parameter(usize),
    /// Of two values, bilinear.
    Product(Var, Var, Product),
    /// `a + b` with the one row of `b` added to each row of `a`.
    AddRow(Var, Var),
    /// A map that is linear at this point: its matrix is fixed by the values.
    Linear(Var, Box<dyn LocallyLinear>),
    /// Per-example loss `[n, 1]` of logits `[n, classes]`.
    Loss(Var, Box<CrossEntropy>),
}

struct Node {
    op: Op,
    shape: [usize; 2],
    /// Kept where a derivative will read it.
    value: Option<Matrix>,
    /// Derivative of the weighted loss by this value, after `pull_back`, where
    /// a later sweep reads it.
    cotangent: Option<Matrix>,
    /// Whether the value depends on a parameter.
    active: bool,
}

impl Node {
    /// Whether its value matters to no derivative and to one operation alone.
    fn passes_on(&self) -> bool {
        matches!(self.op, Op::Product(..) | Op::AddRow(..))
    }
}

/// Operations in the order in which they were carried out, with their values.
#[derive(Default)]
pub struct Tape {
    nodes: Vec<Node>,
    parameters: usize,
}

impl Tape {
    /// An empty tape.
    pub fn new() -> Self {
        Self::default()
    }

    /// Data, which no derivative goes through.
    pub fn constant(&mut self, value: Matrix) -> Var {
        self.push(Op::Constant, value, false)
    }

    /// The next parameter; parameters are numbered in the order of the calls.
    pub fn parameter(&mut self, value: Matrix) -> Var {
        let number = self.parameters;
        self.parameters += 1;
        self.push(Op::Parameter(number), value, true)
    }

    /// `a · w`, shapes `[r, k]` and `[k, m]`.
    pub fn product(&mut self, a: Var, w: Var) -> Var {
        self.bilinear(a, w, Product::Dense)
    }

    /// The images `a` convolved with `w`, shapes `[n·h·w, c]` and
    /// `[size²·c, m]`.
    pub fn convolve(&mut self, a: Var, w: Var, convolution: Convolution) -> Var {
        self.bilinear(a, w, Product::Convolution(convolution))
    }

    fn bilinear(&mut self, a: Var, w: Var, product: Product) -> Var {
        let value = product.apply(self.value(a), self.value(w));
        let active = self.active(a) || self.active(w);
        self.push(Op::Product(a, w, product), value, active)
    }

    /// `a + b`, the one row of `b` `[1, m]` added to each row of `a` `[r, m]`.
    pub fn add_row(&mut self, a: Var, b: Var) -> Var {
        let value = self.take(a) + self.value(b).clone();
        let active = self.active(a) || self.active(b);
        self.push(Op::AddRow(a, b), value, active)
    }

    /// `max(a, 0)`, with derivative 0 at 0.
    pub fn relu(&mut self, a: Var) -> Var {
        let mask = Mask::positive(self.value(a));
        self.linear(a, mask)
    }

    /// A map that is linear in the neighbourhood of the value of `a`.
    pub fn linear(&mut self, a: Var, map: impl LocallyLinear + 'static) -> Var {
        let value = map.apply(self.take(a));
        let active = self.active(a);
        self.push(Op::Linear(a, Box::new(map)), value, active)
    }

    /// Cross entropy of each example, `[n, 1]`, from its logits `[n, classes]`.
    pub fn cross_entropy(&mut self, logits: Var, targets: &Targets) -> Var {
        let (loss, value) = CrossEntropy::new(self.value(logits), targets);
        let active = self.active(logits);
        self.push(Op::Loss(logits, Box::new(loss)), value, active)
    }

    /// The value of `var`.
    ///
    /// # Panics
    /// If it was taken over: a product or a sum lives on in the sum or the map
    /// that reads it. Or if [`Tape::trim`] has let it go.
    pub fn value(&self, var: Var) -> &Matrix {
        self.nodes[var.0]
            .value
            .as_ref()
            .expect("values are read before they are taken over or trimmed")
    }

    /// The value of `var` for the one operation that reads it, to be changed
    /// in place where no derivative reads it.
    fn take(&mut self, var: Var) -> Matrix {
        if self.nodes[var.0].passes_on() {
            let value = self.nodes[var.0].value.take();
            return value.expect("a product or a sum is read by one operation");
        }
        self.value(var).clone()
    }

    /// Lets go of the values that no derivative reads: all but the factors
    /// of products and the last value, which is the loss.
    pub fn trim(&mut self) {
        let mut read = vec![false; self.nodes.len()];
        for node in &self.nodes {
            if let Op::Product(a, w, _) = node.op {
                read[a.0] = true;
                read[w.0] = true;
            }
        }
        if let Some(last) = read.last_mut() {
            *last = true;
        }
        for (node, read) in self.nodes.iter_mut().zip(read) {
            if !read {
                node.value = None;
            }
        }
    }

    /// Numbers that the tape holds for itself: values, cotangents and maps, but
    /// not the parameters, which it shares.
    pub fn numbers(&self) -> usize {
        let size = |matrix: &Option<Matrix>| {
            matrix
                .as_ref()
                .map_or(0, |m| m.dims().iter().product::<usize>())
        };
        self.nodes
            .iter()
            .map(|node| {
                let kept = match &node.op {
                    Op::Linear(_, map) => map.numbers(),
                    // A sum shares its cotangent with what it adds to.
                    Op::AddRow(..) => 0,
                    _ => size(&node.cotangent),
                };
                let value = match &node.op {
                    Op::Parameter(_) => 0,
                    _ => size(&node.value),
                };
                value + kept
            })
            .sum()
    }

    fn active(&self, var: Var) -> bool {
        self.nodes[var.0].active
    }

    fn push(&mut self, op: Op, value: Matrix, active: bool) -> Var {
        self.nodes.push(Node {
            op,
            shape: value.dims(),
            value: Some(value),
            cotangent: None,
            active,
        });
        Var(self.nodes.len() - 1)
    }
}
