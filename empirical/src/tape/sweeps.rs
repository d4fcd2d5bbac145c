//! The sweeps over a tape: each goes once through the operations and treats
//! a kind of operation by one rule.

use burn::tensor::Tensor;

use super::{Matrix, Node, Op, Tape, Var};

/// One tangent or second derivative a value; absent where it is zero.
pub struct Tangents(Vec<Option<Matrix>>);

impl Tangents {
    /// That of `var`.
    pub fn get(&self, var: Var) -> Option<&Matrix> {
        self.0[var.0].as_ref()
    }
}

impl Tape {
    /// Reverse mode: the gradient of `Σ_i w_i ℓ_i` by every parameter, for
    /// weights `w` `[n, 1]` on the per-example losses `loss`. The cotangents
    /// stay on the tape for the later sweeps.
    pub fn pull_back(&mut self, loss: Var, weights: Matrix) -> Vec<Matrix> {
        every_one(self.sweep_back(loss, weights, |node| node.active))
    }

    /// The cotangents of [`Tape::pull_back`] alone, for the later sweeps: a
    /// product a layer instead of two.
    pub fn pull_cotangents(&mut self, loss: Var, weights: Matrix) {
        self.sweep_back(loss, weights, |node| {
            node.active && !matches!(node.op, Op::Parameter(_))
        });
    }

    /// Cotangents of all values that `wanted` names; those of parameters are
    /// given back.
    fn sweep_back(
        &mut self,
        loss: Var,
        weights: Matrix,
        wanted: impl Fn(&Node) -> bool,
    ) -> Vec<Option<Matrix>> {
        let wanted: Vec<bool> = self.nodes.iter().map(wanted).collect();
        let mut cotangents = self.none();
        cotangents[loss.0] = Some(weights);
        let mut gradient = vec![None; self.parameters];
        for k in (0..self.nodes.len()).rev() {
            let Some(c) = cotangents[k].take() else {
                continue;
            };
            if let Op::Parameter(number) = self.nodes[k].op {
                gradient[number] = Some(c);
            } else {
                self.nodes[k].cotangent = self.pull(k, c, &wanted, &mut cotangents);
            }
        }
        gradient
    }

    /// Forward mode: derivatives of every value along `v`, one matrix a
    /// parameter.
    pub fn push_tangent(&self, v: &[Matrix]) -> Tangents {
        let mut t = self.none();
        for (k, node) in self.nodes.iter().enumerate() {
            t[k] = match &node.op {
                Op::Constant => None,
                Op::Parameter(number) => Some(v[*number].clone()),
                Op::Product(a, w, product) => {
                    let (a_value, w_value) = (self.value(*a), self.value(*w));
                    let left = t[a.0].as_ref().map(|da| (da, w_value));
                    let right = t[w.0].as_ref().map(|dw| (a_value, dw));
                    either_or_both(
                        [left, right],
                        |a, w| product.apply(a, w),
                        |pairs| product.apply_both(pairs),
                    )
                }
                Op::AddRow(a, b) => match (self.tangent(&mut t, *a), &t[b.0]) {
                    (Some(da), Some(db)) => Some(da + db.clone()),
                    (None, Some(db)) => Some(db.clone().expand(node.shape)),
                    (da, None) => da,
                },
                Op::Linear(a, map) => self.tangent(&mut t, *a).map(|da| map.apply(da)),
                Op::Loss(z, loss) => t[z.0].as_ref().map(|dz| loss.tangent(dz)),
            };
        }
        Tangents(t)
    }

    /// The derivative along `v` of the gradient that [`Tape::pull_back`]
    /// gave: a Hessian product, one matrix a parameter. `t` are the tangents
    /// along `v`.
    pub fn pull_back_tangent(&self, t: &Tangents) -> Vec<Matrix> {
        let mut dc = self.none();
        let mut product = vec![None; self.parameters];
        for k in (0..self.nodes.len()).rev() {
            let node = &self.nodes[k];
            if let Op::Parameter(number) = node.op {
                product[number] = dc[k].take();
                continue;
            }
            let moved = dc[k].take();
            match &node.op {
                Op::Constant | Op::Parameter(_) => {}
                Op::Product(a, w, product) => {
                    let moved = moved.map(|d| product.cotangent(&d));
                    let fixed = node.cotangent.as_ref().map(|c| product.cotangent(c));
                    let fixed = fixed.as_ref();
                    let left = |c: &Matrix, w: &Matrix| product.pull_left(c, w);
                    let right = |c: &Matrix, a: &Matrix| product.pull_right(c, a);
                    if self.active(*a) {
                        let pairs = [
                            moved.as_ref().map(|c| (c, self.value(*w))),
                            fixed.zip(t.get(*w)),
                        ];
                        let share =
                            either_or_both(pairs, left, |pairs| product.pull_left_both(pairs));
                        add(&mut dc[a.0], share);
                    }
                    if self.active(*w) {
                        let a_value = Some(self.value(*a));
                        add(&mut dc[w.0], both(moved.as_ref(), a_value, right));
                        add(&mut dc[w.0], both(fixed, t.get(*a), right));
                    }
                }
                Op::AddRow(a, b) => {
                    add(&mut dc[b.0], moved.clone().map(|d| d.sum_dim(0)));
                    add(&mut dc[a.0], moved);
                }
                Op::Linear(a, map) => add(&mut dc[a.0], moved.map(|d| map.transpose(d))),
                Op::Loss(z, loss) => {
                    let pulled = both(t.get(*z), node.cotangent.as_ref(), |dz, c| {
                        loss.pull_tangent(dz, c)
                    });
                    add(&mut dc[z.0], pulled);
                }
            }
        }
        every_one(product)
    }

    /// `Σ_i c_i w_i g_i`: the gradient that [`Tape::pull_back`] gave, with the
    /// share of each example weighted by `c` `[n, 1]`. Cotangents are linear
    /// in the weights, so none is pulled back again.
    pub fn pull_back_weighted(&self, c: &Matrix) -> Vec<Matrix> {
        let mut gradient = vec![None; self.parameters];
        for node in &self.nodes {
            let Some(cotangent) = &node.cotangent else {
                continue;
            };
            let Some(number) = self.parameter_of(&node.op) else {
                continue;
            };
            let weighted = by_example(cotangent, c);
            let share = match &node.op {
                Op::Product(a, _, product) => {
                    product.pull_right(&product.cotangent(&weighted), self.value(*a))
                }
                _ => weighted.sum_dim(0),
            };
            add(&mut gradient[number], Some(share));
        }
        every_one(gradient)
    }

    /// Second derivatives of the per-example losses `loss` along the line
    /// θ + τv, whose tangents are `t`: `vᵀ H_i v`, `[n, 1]`.
    pub fn push_second(&self, loss: Var, t: &Tangents) -> Matrix {
        let mut u = self.none();
        for (k, node) in self.nodes.iter().enumerate() {
            u[k] = match &node.op {
                Op::Constant | Op::Parameter(_) => None,
                Op::Product(a, w, product) => {
                    let twice = t.get(*w).map(|dw| dw.clone().mul_scalar(2.0));
                    either_or_both(
                        [
                            u[a.0].as_ref().map(|dda| (dda, self.value(*w))),
                            t.get(*a).zip(twice.as_ref()),
                        ],
                        |a, w| product.apply(a, w),
                        |pairs| product.apply_both(pairs),
                    )
                }
                Op::AddRow(a, _) => self.tangent(&mut u, *a),
                Op::Linear(a, map) => self.tangent(&mut u, *a).map(|dda| map.apply(dda)),
                Op::Loss(z, loss) => t.get(*z).map(|dz| loss.second(dz, u[z.0].as_ref())),
            };
        }
        let second = u.swap_remove(loss.0);
        second.unwrap_or_else(|| self.value(loss).zeros_like())
    }

    /// `‖w_i g_i‖²` for every example, `[n, 1]`, with the weights `w` that
    /// [`Tape::pull_back`] was given. Each parameter must enter once.
    pub fn squared_gradient_norms(&self, loss: Var) -> Matrix {
        let mut total = self.value(loss).zeros_like();
        for node in &self.nodes {
            if let Some(c) = &node.cotangent
                && let Some(norms) = self.share_norms(node, std::slice::from_ref(c), loss)
            {
                total = total + norms;
            }
        }
        total
    }

    /// `Tr H_i` for every example, `[n, 1]`, H_i the Hessian of its loss;
    /// absent where logits are not affine in each parameter.
    ///
    /// Where they are, with all others fixed, ∂²z/∂θ² has no diagonal and
    /// Tr H_i = Tr Jᵀ(diag p − ppᵀ)J = Σ_c p_c ‖Jᵀ(e_c − p)‖²: a sweep
    /// backwards a class.
    pub fn hessian_traces(&self, loss: Var) -> Option<Matrix> {
        let Op::Loss(logits, of_logits) = &self.nodes[loss.0].op else {
            return None;
        };
        if !self.is_affine_in_each_parameter() {
            return None;
        }
        let inner = |node: &Node| node.active && !matches!(node.op, Op::Parameter(_));
        let wanted: Vec<bool> = self.nodes.iter().map(inner).collect();
        let roots = of_logits.hessian_roots();
        let mut cotangents: Vec<Vec<Option<Matrix>>> = vec![self.none(); roots.len()];
        for (cotangents, root) in cotangents.iter_mut().zip(roots) {
            cotangents[logits.0] = Some(root);
        }
        let mut total = self.value(loss).zeros_like();
        for k in (0..loss.0).rev() {
            let pulled = cotangents.iter_mut().filter_map(|cotangents| {
                let c = cotangents[k].take()?;
                self.pull(k, c, &wanted, cotangents)
            });
            let all: Vec<Matrix> = pulled.collect();
            if let Some(norms) = self.share_norms(&self.nodes[k], &all, loss) {
                total = total + norms;
            }
        }
        Some(total)
    }

    /// Whether each parameter enters once, as the right factor of a product or
    /// a row that is added, and all else is locally linear: then every value
    /// is affine in each single number of a parameter.
    fn is_affine_in_each_parameter(&self) -> bool {
        let is_parameter = |var: &Var| matches!(self.nodes[var.0].op, Op::Parameter(_));
        let mut entered = vec![false; self.nodes.len()];
        let mut enters = |var: &Var| !std::mem::replace(&mut entered[var.0], true);
        self.nodes.iter().all(|node| match &node.op {
            Op::Product(a, b, _) | Op::AddRow(a, b) => {
                let right = if is_parameter(b) {
                    enters(b)
                } else {
                    !self.active(*b)
                };
                !is_parameter(a) && right
            }
            Op::Linear(a, _) | Op::Loss(a, _) => !is_parameter(a),
            Op::Constant | Op::Parameter(_) => true,
        })
    }

    /// The squared norm of each example's share of the parameter that a node
    /// reads, summed over cotangents of that node; absent for other nodes.
    fn share_norms(&self, node: &Node, all: &[Matrix], loss: Var) -> Option<Matrix> {
        self.parameter_of(&node.op)?;
        if all.is_empty() {
            return None;
        }
        let examples = self.value(loss).dims()[0];
        match &node.op {
            Op::Product(a, _, product) => Some(product.share_norms(all, self.value(*a), examples)),
            _ => all
                .iter()
                .map(|c| row_sum_norms(c, examples))
                .reduce(|a, b| a + b),
        }
    }

    /// The number of the parameter that `op` reads, if it does.
    fn parameter_of(&self, op: &Op) -> Option<usize> {
        let (Op::Product(_, var, _) | Op::AddRow(_, var)) = op else {
            return None;
        };
        match self.nodes[var.0].op {
            Op::Parameter(number) => Some(number),
            _ => None,
        }
    }

    /// Adds what the cotangent `c` of operation `k` says of its inputs to
    /// their cotangents, where they are `wanted`; gives it back where a later
    /// sweep reads it.
    fn pull(
        &self,
        k: usize,
        c: Matrix,
        wanted: &[bool],
        cotangents: &mut [Option<Matrix>],
    ) -> Option<Matrix> {
        match &self.nodes[k].op {
            Op::Constant | Op::Parameter(_) => return None,
            Op::Product(a, w, product) => {
                let c = product.cotangent(&c);
                if wanted[a.0] {
                    let share = product.pull_left(&c, self.value(*w));
                    add(&mut cotangents[a.0], Some(share));
                }
                if wanted[w.0] {
                    let share = product.pull_right(&c, self.value(*a));
                    add(&mut cotangents[w.0], Some(share));
                }
            }
            Op::AddRow(a, b) => {
                add(&mut cotangents[a.0], Some(c.clone()));
                if wanted[b.0] {
                    add(&mut cotangents[b.0], Some(c.clone().sum_dim(0)));
                }
            }
            Op::Linear(a, map) => {
                if wanted[a.0] {
                    add(&mut cotangents[a.0], Some(map.transpose(c)));
                }
                return None;
            }
            Op::Loss(z, loss) => add(&mut cotangents[z.0], Some(loss.pull(&c))),
        }
        Some(c)
    }

    /// The tangent of `var` for an operation that reads it, to be changed in
    /// place where no other does.
    fn tangent(&self, t: &mut [Option<Matrix>], var: Var) -> Option<Matrix> {
        if self.nodes[var.0].passes_on() {
            t[var.0].take()
        } else {
            t[var.0].clone()
        }
    }

    fn none(&self) -> Vec<Option<Matrix>> {
        vec![None; self.nodes.len()]
    }
}

fn every_one(derivatives: Vec<Option<Matrix>>) -> Vec<Matrix> {
    derivatives
        .into_iter()
        .map(|derivative| derivative.expect("a model's loss depends on all its parameters"))
        .collect()
}

fn both(
    a: Option<&Matrix>,
    b: Option<&Matrix>,
    combine: impl Fn(&Matrix, &Matrix) -> Matrix,
) -> Option<Matrix> {
    Some(combine(a?, b?))
}

/// A sum over those of two pairs that are there.
fn either_or_both(
    pairs: [Option<(&Matrix, &Matrix)>; 2],
    one: impl Fn(&Matrix, &Matrix) -> Matrix,
    two: impl Fn([(&Matrix, &Matrix); 2]) -> Matrix,
) -> Option<Matrix> {
    match pairs {
        [Some(first), Some(second)] => Some(two([first, second])),
        [first, second] => first.or(second).map(|(a, b)| one(a, b)),
    }
}

fn sum(a: Option<Matrix>, b: Option<Matrix>) -> Option<Matrix> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}

fn add(total: &mut Option<Matrix>, share: Option<Matrix>) {
    *total = sum(total.take(), share);
}

/// `c` with the rows of each example multiplied by its weight in `[n, 1]`.
fn by_example(c: &Matrix, weights: &Matrix) -> Matrix {
    let [rows, columns] = c.dims();
    let [examples, _] = weights.dims();
    let wide: Matrix = c.clone().reshape([examples, rows / examples * columns]);
    (wide * weights.clone()).reshape([rows, columns])
}

/// ‖Σ of an example's rows‖² for each example of `c` `[n·p, m]`.
fn row_sum_norms(c: &Matrix, examples: usize) -> Matrix {
    let [rows, m] = c.dims();
    let c: Tensor<3> = c.clone().reshape([examples, rows / examples, m]);
    let sums: Matrix = c.sum_dim(1).reshape([examples, m]);
    sums.square().sum_dim(1)
}
