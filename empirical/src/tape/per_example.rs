//! The sweeps that tell examples apart. They need losses of which each depends
//! on its own example alone: see [`Tape::couples_examples`].

use burn::tensor::Tensor;

use super::bilinear::row_sums;
use super::sums::{add, every_one};
use super::{Matrix, Node, Op, Share, Tape, Var};

impl Tape {
    /// `Σ_i c_i w_i g_i`: the gradient that [`Tape::pull_back`] gave, with the
    /// share of each example weighted by `c` `[n, 1]`. Cotangents are linear
    /// in the weights, so none of an example's is pulled back again.
    pub fn pull_back_weighted(&self, c: &Matrix) -> Vec<Matrix> {
        let mut cotangents = self.no_cotangents();
        let mut gradient = vec![None; self.parameters];
        let wanted: Vec<bool> = self.nodes.iter().map(|node| node.active).collect();
        for (k, node) in self.nodes.iter().enumerate().rev() {
            if node.shared {
                let Some(cotangent) = cotangents.take(k) else {
                    continue;
                };
                match node.op {
                    Op::Parameter(number) => add(&mut gradient[number], Some(cotangent)),
                    _ => {
                        self.pull(k, cotangent, &wanted, &mut cotangents);
                    }
                }
            } else if let Some(cotangent) = &node.cotangent
                && let Some(shared) = self.shared_input(&node.op)
            {
                let weighted = by_example(cotangent, c);
                if let Op::Bilinear(a, _, op) = &node.op {
                    let weighted = op.cotangent(&weighted);
                    let a = self.value(*a);
                    self.pull_right(shared, &**op, &weighted, a, &mut cotangents);
                } else {
                    let share = self.of_right_term(k, shared, &weighted);
                    cotangents.add(shared, Some(share));
                }
            }
        }
        every_one(self, gradient)
    }

    /// `‖w_i g_i‖²` for every example, `[n, 1]`, with the weights `w` that
    /// [`Tape::pull_back`] was given.
    pub fn squared_gradient_norms(&self, loss: Var) -> Matrix {
        let examples = self.shape(loss)[0];
        self.norms_by_shares(examples)
            .unwrap_or_else(|| self.norms_one_by_one(loss))
    }

    /// By the shares of each parameter in all operations that read it; absent
    /// where an operation reads what was computed of parameters alone, or
    /// shares have different forms.
    fn norms_by_shares(&self, examples: usize) -> Option<Matrix> {
        let mut shares: Vec<Option<Share>> = vec![None; self.nodes.len()];
        for node in &self.nodes {
            let Some(c) = node.cotangent.as_ref().filter(|_| !node.shared) else {
                continue;
            };
            let Some(shared) = self.shared_input(&node.op) else {
                continue;
            };
            if !self.is_parameter(shared) {
                return None;
            }
            let share = self.share(node, c, examples)?;
            let sum = match shares[shared.0].take() {
                Some(before) => before.plus(share)?,
                None => share,
            };
            shares[shared.0] = Some(sum);
        }
        let norms = shares.into_iter().flatten().map(Share::squared_norms);
        norms.reduce(|a, b| a + b)
    }

    /// By a weighted sweep for each example: any network, n sweeps.
    fn norms_one_by_one(&self, loss: Var) -> Matrix {
        let zeros = self.value(loss).zeros_like();
        let [examples, _] = zeros.dims();
        let norms = (0..examples).map(|example| {
            let one = zeros.clone().narrow(0, example, 1).ones_like();
            let one = zeros
                .clone()
                .slice_assign([example..example + 1, 0..1], one);
            let gradient = self.pull_back_weighted(&one);
            let squares = gradient.into_iter().map(|part| part.square().sum());
            let norm = squares.reduce(|a, b| a + b);
            norm.map_or_else(
                || zeros.clone().narrow(0, example, 1),
                |norm| norm.reshape([1, 1]),
            )
        });
        Tensor::cat(norms.collect(), 0)
    }

    /// `Tr H_i` for every example, `[n, 1]`, H_i the Hessian of its loss;
    /// absent where logits are not affine in each parameter.
    ///
    /// Where they are, with all others fixed, ∂²z/∂θ² has no diagonal and
    /// Tr H_i = Tr Jᵀ L J = Σ_c ‖Jᵀr_c‖², where L = Σ_c r_c r_cᵀ is the Hessian
    /// of the loss by the logits: a sweep backwards a class.
    pub fn hessian_traces(&self, loss: Var) -> Option<Matrix> {
        let Op::Map(logits, of_logits) = &self.nodes[loss.0].op else {
            return None;
        };
        let roots = of_logits.hessian_roots()?;
        if !self.is_affine_in_each_parameter(loss) {
            return None;
        }
        let inner = |node: &Node| node.active && !matches!(node.op, Op::Parameter(_));
        let wanted: Vec<bool> = self.nodes.iter().map(inner).collect();
        let mut cotangents: Vec<_> = roots.iter().map(|_| self.no_cotangents()).collect();
        for (cotangents, root) in cotangents.iter_mut().zip(roots) {
            cotangents.add(*logits, Some(root));
        }
        let [examples, _] = self.shape(loss);
        let mut total = self.value(loss).zeros_like();
        for k in (0..loss.0).rev() {
            let node = &self.nodes[k];
            let mut pulled = Vec::with_capacity(cotangents.len());
            for cotangents in &mut cotangents {
                if let Some(c) = cotangents.take(k) {
                    pulled.extend(self.pull(k, c, &wanted, cotangents));
                }
            }
            if self.shared_input(&node.op).is_some() {
                for share in self.shares(node, &pulled, examples)? {
                    total = total + share.squared_norms();
                }
            }
        }
        Some(total)
    }

    /// Whether each parameter enters once, as the right factor of a product or
    /// a term of a sum, and all else but the loss is locally linear: then every
    /// value is affine in each single number of a parameter.
    fn is_affine_in_each_parameter(&self, loss: Var) -> bool {
        let mut entered = vec![false; self.nodes.len()];
        let mut enters = |var: &Var| !std::mem::replace(&mut entered[var.0], true);
        self.nodes.iter().enumerate().all(|(k, node)| {
            let reads = node.op.reads();
            let read_well = match &node.op {
                Op::Bilinear(_, b, _) => self.is_parameter(*b) || !self.active(*b),
                Op::Map(_, map) => k == loss.0 || !map.bends(),
                _ => true,
            };
            let once = match (&node.op, reads.split_last()) {
                (Op::Bilinear(..) | Op::Sum(..), Some((last, others))) => {
                    (!self.is_parameter(*last) || enters(last))
                        && !others.iter().any(|var| self.is_parameter(*var))
                }
                _ => !reads.iter().any(|var| self.is_parameter(*var)),
            };
            read_well && once
        })
    }

    /// Each example's share of the gradient by what `node` reads and all
    /// examples share.
    fn share(&self, node: &Node, c: &Matrix, examples: usize) -> Option<Share> {
        match &node.op {
            Op::Bilinear(a, _, op) => op.share(c, self.value(*a), examples),
            Op::Sum(_, b) if self.shape(*b) == node.shape => {
                let [rows, columns] = node.shape;
                let each = rows / examples * columns;
                Some(Share::Whole(c.clone().reshape([examples, each])))
            }
            _ => Some(Share::Whole(row_sums(c, examples))),
        }
    }

    /// The same for each of several cotangents.
    fn shares(&self, node: &Node, all: &[Matrix], examples: usize) -> Option<Vec<Share>> {
        match &node.op {
            Op::Bilinear(a, _, op) => op.shares(all, self.value(*a), examples),
            _ => all.iter().map(|c| self.share(node, c, examples)).collect(),
        }
    }

    /// What `op`, an operation of each example, reads of what depends on
    /// parameters alone.
    fn shared_input(&self, op: &Op) -> Option<Var> {
        match op {
            Op::Bilinear(_, b, _) | Op::Sum(_, b) => {
                (self.shared(*b) && self.active(*b)).then_some(*b)
            }
            _ => None,
        }
    }

    fn is_parameter(&self, var: Var) -> bool {
        matches!(self.nodes[var.0].op, Op::Parameter(_))
    }
}

/// `c` with the rows of each example multiplied by its weight in `[n, 1]`.
fn by_example(c: &Matrix, weights: &Matrix) -> Matrix {
    let [rows, columns] = c.dims();
    let [examples, _] = weights.dims();
    let wide: Matrix = c.clone().reshape([examples, rows / examples * columns]);
    (wide * weights.clone()).reshape([rows, columns])
}
