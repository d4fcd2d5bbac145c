//! The sweeps over a tape: each goes once through the operations and treats
//! a kind of operation by one rule.

use burn::tensor::Tensor;

use super::{Matrix, Op, Tape, Var};

/// One tangent or second derivative a value; absent where it is zero.
pub struct Tangents(Vec<Option<Matrix>>);

impl Tangents {
    /// That of `var`.
    pub fn get(&self, var: Var) -> Option<&Matrix> {
        self.0[var.0].as_ref()
    }
}

/// Examples whose gradients are formed at once for their norms, where an
/// example has many rows.
const EXAMPLES_AT_ONCE: usize = 16;

impl Tape {
    /// Reverse mode: the gradient of `Σ_i w_i ℓ_i` by every parameter, for
    /// weights `w` `[n, 1]` on the per-example losses `loss`. The cotangents
    /// stay on the tape for the later sweeps.
    pub fn pull_back(&mut self, loss: Var, weights: Matrix) -> Vec<Matrix> {
        let mut cotangents = self.none();
        cotangents[loss.0] = Some(weights);
        let mut gradient = vec![None; self.parameters];
        for k in (0..self.nodes.len()).rev() {
            let Some(c) = cotangents[k].take() else {
                continue;
            };
            self.pull(k, &c, &mut cotangents);
            if let Op::Parameter(number) = self.nodes[k].op {
                gradient[number] = Some(c);
            } else {
                self.nodes[k].cotangent = Some(c);
            }
        }
        every_one(gradient)
    }

    /// Forward mode: derivatives of every value along `v`, one matrix a
    /// parameter.
    pub fn push_tangent(&self, v: &[Matrix]) -> Tangents {
        let mut t = self.none();
        for (k, node) in self.nodes.iter().enumerate() {
            t[k] = match &node.op {
                Op::Constant => None,
                Op::Parameter(number) => Some(v[*number].clone()),
                Op::Product(a, w) => sum(
                    t[a.0]
                        .as_ref()
                        .map(|da| da.clone().matmul(self.value(*w).clone())),
                    t[w.0]
                        .as_ref()
                        .map(|dw| self.value(*a).clone().matmul(dw.clone())),
                ),
                Op::AddRow(a, b) => match (&t[a.0], &t[b.0]) {
                    (Some(da), Some(db)) => Some(da.clone() + db.clone()),
                    (None, Some(db)) => Some(db.clone().expand(node.shape)),
                    (da, None) => da.clone(),
                },
                Op::Linear(a, map) => t[a.0].clone().map(|da| map.apply(da)),
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
                Op::Product(a, w) => {
                    let fixed = node.cotangent.as_ref();
                    if self.active(*a) {
                        add(
                            &mut dc[a.0],
                            moved.as_ref().map(|d| pull_left(d, self.value(*w))),
                        );
                        add(&mut dc[a.0], both(fixed, t.get(*w), pull_left));
                    }
                    if self.active(*w) {
                        add(
                            &mut dc[w.0],
                            moved.as_ref().map(|d| pull_right(d, self.value(*a))),
                        );
                        add(&mut dc[w.0], both(fixed, t.get(*a), pull_right));
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
            if let Some((number, input)) = self.parameter_factor(&node.op) {
                let weighted = by_example(cotangent, c);
                let share = match input {
                    Some(a) => pull_right(&weighted, self.value(a)),
                    None => weighted.sum_dim(0),
                };
                add(&mut gradient[number], Some(share));
            }
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
                Op::Product(a, w) => sum(
                    u[a.0]
                        .as_ref()
                        .map(|dda| dda.clone().matmul(self.value(*w).clone())),
                    both(t.get(*a), t.get(*w), |da, dw| {
                        da.clone().matmul(dw.clone()).mul_scalar(2.0)
                    }),
                ),
                Op::AddRow(a, _) => u[a.0].clone(),
                Op::Linear(a, map) => u[a.0].clone().map(|dda| map.apply(dda)),
                Op::Loss(z, loss) => t.get(*z).map(|dz| loss.second(dz, u[z.0].as_ref())),
            };
        }
        let second = u.swap_remove(loss.0);
        second.unwrap_or_else(|| self.value(loss).zeros_like())
    }

    /// `‖w_i g_i‖²` for every example, `[n, 1]`, with the weights `w` that
    /// [`Tape::pull_back`] was given. Each parameter must enter once.
    pub fn squared_gradient_norms(&self, loss: Var) -> Matrix {
        let examples = self.value(loss).dims()[0];
        let mut total = self.value(loss).zeros_like();
        for node in &self.nodes {
            let Some(c) = &node.cotangent else { continue };
            total = match self.parameter_factor(&node.op) {
                Some((_, Some(a))) => total + product_norms(self.value(a), c, examples),
                Some((_, None)) => total + row_sum_norms(c, examples),
                None => total,
            };
        }
        total
    }

    /// Where `op` reads a parameter: its number, and the value that
    /// multiplies it, if one does.
    fn parameter_factor(&self, op: &Op) -> Option<(usize, Option<Var>)> {
        let (factor, var) = match *op {
            Op::Product(a, w) => (Some(a), w),
            Op::AddRow(_, b) => (None, b),
            _ => return None,
        };
        match self.nodes[var.0].op {
            Op::Parameter(number) => Some((number, factor)),
            _ => None,
        }
    }

    /// Adds the pulled-back cotangent `c` of operation `k` to those of its
    /// inputs.
    fn pull(&self, k: usize, c: &Matrix, cotangents: &mut [Option<Matrix>]) {
        match &self.nodes[k].op {
            Op::Constant | Op::Parameter(_) => {}
            Op::Product(a, w) => {
                if self.active(*a) {
                    add(&mut cotangents[a.0], Some(pull_left(c, self.value(*w))));
                }
                if self.active(*w) {
                    add(&mut cotangents[w.0], Some(pull_right(c, self.value(*a))));
                }
            }
            Op::AddRow(a, b) => {
                add(&mut cotangents[a.0], Some(c.clone()));
                add(&mut cotangents[b.0], Some(c.clone().sum_dim(0)));
            }
            Op::Linear(a, map) if self.active(*a) => {
                add(&mut cotangents[a.0], Some(map.transpose(c.clone())));
            }
            Op::Linear(..) => {}
            Op::Loss(z, loss) => add(&mut cotangents[z.0], Some(loss.pull(c))),
        }
    }

    fn none(&self) -> Vec<Option<Matrix>> {
        vec![None; self.nodes.len()]
    }
}

/// `c · wᵀ`: what a product's cotangent `c` says of its left factor.
fn pull_left(c: &Matrix, w: &Matrix) -> Matrix {
    c.clone().matmul(w.clone().transpose())
}

/// `aᵀ · c`: what a product's cotangent `c` says of its right factor.
fn pull_right(c: &Matrix, a: &Matrix) -> Matrix {
    a.clone().transpose().matmul(c.clone())
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

/// ‖aᵢᵀcᵢ‖² of each example's rows of `a` `[n·p, k]` and `c` `[n·p, m]`.
fn product_norms(a: &Matrix, c: &Matrix, examples: usize) -> Matrix {
    let ([rows, k], [_, m]) = (a.dims(), c.dims());
    let positions = rows / examples;
    if positions == 1 {
        return a.clone().square().sum_dim(1) * c.clone().square().sum_dim(1);
    }
    let a: Tensor<3> = a.clone().reshape([examples, positions, k]);
    let c: Tensor<3> = c.clone().reshape([examples, positions, m]);
    let norms = (0..examples)
        .step_by(EXAMPLES_AT_ONCE)
        .map(|first| {
            let count = EXAMPLES_AT_ONCE.min(examples - first);
            let a = a.clone().narrow(0, first, count).swap_dims(1, 2);
            let c = c.clone().narrow(0, first, count);
            let gradients: Matrix = a.matmul(c).reshape([count, k * m]);
            gradients.square().sum_dim(1)
        })
        .collect();
    Tensor::cat(norms, 0)
}

/// ‖Σ of an example's rows‖² for each example of `c` `[n·p, m]`.
fn row_sum_norms(c: &Matrix, examples: usize) -> Matrix {
    let [rows, m] = c.dims();
    let c: Tensor<3> = c.clone().reshape([examples, rows / examples, m]);
    let sums: Matrix = c.sum_dim(1).reshape([examples, m]);
    sums.square().sum_dim(1)
}
