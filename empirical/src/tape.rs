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
//! An operation is [`Bilinear`] in two values, a [`Map`] of one, the sum of
//! two or several side by side, and each sweep treats a kind by one rule. A
//! new operation is a type in a file of its own that implements one of the two
//! traits. Because values and cotangents stay on the tape, a Hessian product
//! costs two products a layer forwards and four backwards and repeats nothing;
//! a tangent that is zero is absent and costs nothing (Pearlmutter, 1994).
//!
//! All values are matrices. Rows run over examples and, within an example,
//! over positions of an image or a text; columns are channels or features.
//! Values that depend on parameters alone are shared by all examples. A value
//! may be read by any number of operations.

mod attention;
mod backward;
mod bilinear;
mod convolution;
mod cotangents;
mod cross_entropy;
mod elementwise;
mod forward;
mod host;
mod images;
mod lane;
mod lstm_cell;
mod map;
mod per_example;
mod real;
mod row;
mod rows;
mod share;
mod softmax;
mod squared_error;
mod standardise;
mod sums;
mod windows;

use burn::tensor::Tensor;
use row::plus;

pub use attention::{Heads, PerGroup};
pub use bilinear::{Bilinear, Dense, Hadamard, ScaleColumns};
pub use convolution::Convolution;
pub use cross_entropy::{CrossEntropy, Targets};
pub use elementwise::{Elementwise, Times};
pub use forward::Tangents;
pub use images::{Flatten, Grid, MaxPool, MeanPixel};
pub use lane::{Lane, Lanes, Turns};
pub use lstm_cell::LstmCell;
pub use map::{Map, Transposed};
pub use rows::{Columns, EachStep, Lookup, Rows, Together};
pub use share::Share;
pub use softmax::Softmax;
pub use squared_error::SquaredError;
pub use standardise::{Over, Standardise};
pub use windows::{AveragePool, Patches, Winners};

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
    /// Of two values, linear in each.
    Bilinear(Var, Var, Box<dyn Bilinear>),
    /// `a + b`; a `b` of one row is added to each row of `a`.
    Sum(Var, Var),
    /// Of one value.
    Map(Var, Box<dyn Map>),
    /// Columns of several values side by side.
    Beside(Vec<Var>),
}

impl Op {
    fn reads(&self) -> Vec<Var> {
        match self {
            Self::Constant | Self::Parameter(_) => Vec::new(),
            Self::Bilinear(a, b, _) | Self::Sum(a, b) => vec![*a, *b],
            Self::Map(a, _) => vec![*a],
            Self::Beside(parts) => parts.clone(),
        }
    }
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
    /// Whether all examples share the value: it depends on no data.
    shared: bool,
    /// Operations that read it.
    readers: usize,
    /// Whether a derivative reads the value, or its tangent, again: it is a
    /// factor, or a map bends it.
    factor: bool,
}

/// Operations in the order in which they were carried out, with their values.
///
/// ```
/// use breakeven_empirical::tape::Tape;
/// # use breakeven_empirical::compute::{Compute, DeviceKind, Precision, to_host};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
/// let mut tape = Tape::new();
/// let x = tape.constant(compute.matrix(&[2.0, 3.0], [1, 2]));
/// let w = tape.parameter(compute.matrix(&[5.0, 7.0], [2, 1]));
/// let loss = tape.product(x, w);
/// let gradient = tape.pull_back(loss, compute.full([1, 1], 1.0));
/// assert_eq!(to_host(gradient[0].clone()), [2.0, 3.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct Tape {
    nodes: Vec<Node>,
    parameters: usize,
    couples_examples: bool,
}

impl Tape {
    /// An empty tape.
    pub fn new() -> Self {
        Self::default()
    }

    /// Data, which no derivative goes through.
    pub fn constant(&mut self, value: Matrix) -> Var {
        self.push(Op::Constant, value)
    }

    /// The next parameter; parameters are numbered in the order of the calls.
    pub fn parameter(&mut self, value: Matrix) -> Var {
        let number = self.parameters;
        self.parameters += 1;
        self.push(Op::Parameter(number), value)
    }

    /// `a · w`, shapes `[r, k]` and `[k, m]`.
    pub fn product(&mut self, a: Var, w: Var) -> Var {
        self.bilinear(a, w, Dense)
    }

    /// The images `a` convolved with `w`, shapes `[n·h·w, c]` and
    /// `[size²·c, m]`.
    pub fn convolve(&mut self, a: Var, w: Var, convolution: Convolution) -> Var {
        self.bilinear(a, w, convolution)
    }

    /// An operation that is linear in each of `a` and `b`.
    ///
    /// # Panics
    /// If `a` is shared by all examples and `b` is not: what is shared stands
    /// on the right.
    pub fn bilinear(&mut self, a: Var, b: Var, op: impl Bilinear + 'static) -> Var {
        assert!(
            self.nodes[b.0].shared || !self.nodes[a.0].shared,
            "a factor that all examples share stands on the right"
        );
        self.restore(a);
        self.restore(b);
        let value = op.apply(self.value(a), self.value(b));
        self.push(Op::Bilinear(a, b, Box::new(op)), value)
    }

    /// `a + b`: both `[r, m]`, or `b` a row `[1, m]` that is added to each row
    /// of `a`.
    ///
    /// # Panics
    /// If the shapes are others, or `a` alone is shared by all examples.
    pub fn add(&mut self, a: Var, b: Var) -> Var {
        let ([rows, columns], of_b) = (self.shape(a), self.shape(b));
        assert!(
            of_b == [rows, columns] || of_b == [1, columns],
            "a sum of {:?} and {of_b:?}",
            [rows, columns]
        );
        assert!(
            self.nodes[b.0].shared || !self.nodes[a.0].shared,
            "a term that all examples share stands on the right"
        );
        self.restore(b);
        let value = plus(self.take(a), self.value(b));
        self.push(Op::Sum(a, b), value)
    }

    /// `max(a, 0)`, with derivative 0 at 0.
    pub fn relu(&mut self, a: Var) -> Var {
        self.restore(a);
        let mask = Elementwise::rectifier(self.value(a));
        self.linear(a, mask)
    }

    /// A map whose value is its derivative times `a`: it is linear in the
    /// neighbourhood of `a`, and zero at zero.
    pub fn linear(&mut self, a: Var, map: impl Map + 'static) -> Var {
        let value = map.push(self.take(a));
        self.put_map(a, map, value)
    }

    /// A map of `a`, with its value: `at` makes both from the value of `a`, as
    /// [`Softmax::of`] does.
    pub fn map<M: Map + 'static>(
        &mut self,
        a: Var,
        at: impl FnOnce(&Matrix) -> (M, Matrix),
    ) -> Var {
        self.restore(a);
        let (map, value) = at(self.value(a));
        self.put_map(a, map, value)
    }

    fn put_map(&mut self, a: Var, map: impl Map + 'static, value: Matrix) -> Var {
        self.couples_examples |= map.couples_examples();
        self.push(Op::Map(a, Box::new(map)), value)
    }

    /// Columns of several values, `[r, m₁ + m₂ + …]`, in order.
    ///
    /// # Panics
    /// If there is none, or some are shared by all examples.
    pub fn beside(&mut self, parts: &[Var]) -> Var {
        for &part in parts {
            assert!(
                !self.nodes[part.0].shared,
                "what stands side by side is of each example"
            );
            self.restore(part);
        }
        let values = parts.iter().map(|&part| self.value(part).clone());
        let value = Tensor::cat(values.collect(), 1);
        self.push(Op::Beside(parts.to_vec()), value)
    }

    /// Cross entropy of each example, `[n, 1]`, from its logits `[n, classes]`.
    pub fn cross_entropy(&mut self, logits: Var, targets: &Targets) -> Var {
        self.map(logits, |logits| CrossEntropy::of(logits, targets))
    }

    /// Half the squared distance of each example's outputs `[n, classes]` from a
    /// one at its class: `[n, 1]`.
    pub fn squared_error(&mut self, outputs: Var, targets: &Targets) -> Var {
        self.map(outputs, |outputs| SquaredError::of(outputs, targets))
    }

    /// The value of `var`.
    ///
    /// # Panics
    /// If it was taken over: a product or a sum lives on in the sum or the map
    /// that reads it, unless [`Tape::hold`] was called. Or if [`Tape::trim`]
    /// has let it go.
    pub fn value(&self, var: Var) -> &Matrix {
        self.nodes[var.0]
            .value
            .as_ref()
            .expect("values are read before they are taken over or trimmed")
    }

    /// The shape of `var`.
    pub fn shape(&self, var: Var) -> [usize; 2] {
        self.nodes[var.0].shape
    }

    /// The value of `var`, computed again where it was taken over, and kept
    /// from then on: for values that several operations read.
    pub fn hold(&mut self, var: Var) -> &Matrix {
        self.restore(var);
        // A reader that takes over must be the only one.
        self.nodes[var.0].readers += 1;
        self.value(var)
    }

    /// Whether an example's loss depends on other examples, as under batch
    /// normalisation: then there is no derivative of one example.
    pub fn couples_examples(&self) -> bool {
        self.couples_examples
    }

    /// Makes sure that the value of `var` is there.
    fn restore(&mut self, var: Var) {
        if self.nodes[var.0].value.is_some() {
            return;
        }
        for input in self.nodes[var.0].op.reads() {
            self.restore(input);
        }
        let value = match &self.nodes[var.0].op {
            Op::Bilinear(a, b, op) => op.apply(self.value(*a), self.value(*b)),
            Op::Sum(a, b) => plus(self.value(*a).clone(), self.value(*b)),
            _ => unreachable!("products and sums alone are taken over"),
        };
        self.nodes[var.0].value = Some(value);
    }

    /// The value of `var`, to be changed in place where it is a product or a
    /// sum that nobody has read: it then lives on in its reader.
    fn take(&mut self, var: Var) -> Matrix {
        let node = &mut self.nodes[var.0];
        if matches!(node.op, Op::Bilinear(..) | Op::Sum(..))
            && node.readers == 0
            && let Some(value) = node.value.take()
        {
            return value;
        }
        self.restore(var);
        self.value(var).clone()
    }

    /// Lets go of the values that no derivative reads: all but the factors
    /// of products and the last value, which is the loss.
    pub fn trim(&mut self) {
        let last = self.nodes.len().saturating_sub(1);
        for (k, node) in self.nodes.iter_mut().enumerate() {
            let read = node.factor || matches!(node.op, Op::Parameter(_));
            if !read && k != last {
                node.value = None;
            }
        }
    }

    /// Numbers that the tape holds for itself: values, cotangents and maps, but
    /// not what all examples share.
    pub fn numbers(&self) -> usize {
        let size = |matrix: &Option<Matrix>| {
            matrix
                .as_ref()
                .map_or(0, |m| m.dims().iter().product::<usize>())
        };
        self.nodes
            .iter()
            .filter(|node| !node.shared)
            .map(|node| {
                let kept = match &node.op {
                    Op::Map(_, map) => map.numbers() + size(&node.cotangent),
                    // A sum shares its cotangent with what it adds to.
                    Op::Sum(..) => 0,
                    _ => size(&node.cotangent),
                };
                size(&node.value) + kept
            })
            .sum()
    }

    fn active(&self, var: Var) -> bool {
        self.nodes[var.0].active
    }

    fn shared(&self, var: Var) -> bool {
        self.nodes[var.0].shared
    }

    fn push(&mut self, op: Op, value: Matrix) -> Var {
        let reads = op.reads();
        for var in &reads {
            let node = &mut self.nodes[var.0];
            node.readers += 1;
            node.factor |= match &op {
                Op::Bilinear(..) => true,
                Op::Map(_, map) => map.bends(),
                _ => false,
            };
        }
        let of_all = |holds: fn(&Node) -> bool| reads.iter().all(|var| holds(&self.nodes[var.0]));
        let active = match op {
            Op::Constant => false,
            Op::Parameter(_) => true,
            _ => !of_all(|node| !node.active),
        };
        let shared = match op {
            Op::Constant => false,
            _ => of_all(|node| node.shared),
        };
        self.nodes.push(Node {
            op,
            shape: value.dims(),
            value: Some(value),
            cotangent: None,
            active,
            shared,
            readers: 0,
            factor: false,
        });
        Var(self.nodes.len() - 1)
    }
}
