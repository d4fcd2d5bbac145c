//! The sweeps forwards: tangents and second derivatives along a direction.

use super::row::plus;
use super::sums::{either_or_both, sum};
use super::{Matrix, Op, Tape, Var};
use burn::tensor::Tensor;

/// One tangent or second derivative a value; absent where it is zero.
pub struct Tangents(Vec<Option<Matrix>>);

impl Tangents {
    /// That of `var`.
    pub fn get(&self, var: Var) -> Option<&Matrix> {
        self.0[var.0].as_ref()
    }
}

impl Tape {
    fn none(&self) -> Vec<Option<Matrix>> {
        vec![None; self.nodes.len()]
    }

    /// Forward mode: derivatives of every value along `v`, one matrix a
    /// parameter. Those that no later sweep reads may be gone.
    pub fn push_tangent(&self, v: &[Matrix]) -> Tangents {
        let mut t = self.none();
        for (k, node) in self.nodes.iter().enumerate() {
            t[k] = match &node.op {
                Op::Constant => None,
                Op::Parameter(number) => Some(v[*number].clone()),
                Op::Bilinear(a, b, op) => {
                    let (a_value, b_value) = (self.value(*a), self.value(*b));
                    let left = t[a.0].as_ref().map(|da| (da, b_value));
                    let right = t[b.0].as_ref().map(|db| (a_value, db));
                    either_or_both(
                        [left, right],
                        |a, b| op.apply(a, b),
                        |pairs| op.apply_both(pairs),
                    )
                }
                Op::Sum(a, b) => self.push_sum(&mut t, *a, *b),
                Op::Map(a, map) => self.last(&mut t, *a).map(|da| map.push(da)),
                Op::Beside(parts) => self.push_beside(&t, parts),
            };
        }
        Tangents(t)
    }

    /// Second derivatives of the per-example losses `loss` along the line
    /// θ + τv, whose tangents are `t`: `vᵀ H_i v`, `[n, 1]`. Where examples are
    /// coupled their mean is that of the mean loss, and no single one is an
    /// example's own.
    pub fn push_second(&self, loss: Var, t: &Tangents) -> Matrix {
        let mut u = self.none();
        for (k, node) in self.nodes.iter().enumerate() {
            u[k] = match &node.op {
                Op::Constant | Op::Parameter(_) => None,
                Op::Bilinear(a, b, op) => {
                    let twice = t.get(*b).map(|db| db.clone().mul_scalar(2.0));
                    let of_left = either_or_both(
                        [
                            u[a.0].as_ref().map(|dda| (dda, self.value(*b))),
                            t.get(*a).zip(twice.as_ref()),
                        ],
                        |a, b| op.apply(a, b),
                        |pairs| op.apply_both(pairs),
                    );
                    let of_right = u[b.0].as_ref().map(|ddb| op.apply(self.value(*a), ddb));
                    sum(of_left, of_right)
                }
                Op::Sum(a, b) => self.push_sum(&mut u, *a, *b),
                Op::Map(a, map) => {
                    let bent = t.get(*a).filter(|_| map.bends()).map(|da| map.bend(da, da));
                    sum(bent, self.last(&mut u, *a).map(|dda| map.push(dda)))
                }
                Op::Beside(parts) => self.push_beside(&u, parts),
            };
        }
        let second = u.swap_remove(loss.0);
        second.unwrap_or_else(|| self.value(loss).zeros_like())
    }

    fn push_sum(&self, t: &mut [Option<Matrix>], a: Var, b: Var) -> Option<Matrix> {
        match (self.last(t, a), &t[b.0]) {
            (Some(da), Some(db)) => Some(plus(da, db)),
            (None, Some(db)) => Some(db.clone().expand(self.shape(a))),
            (da, None) => da,
        }
    }

    fn push_beside(&self, t: &[Option<Matrix>], parts: &[Var]) -> Option<Matrix> {
        let like = parts.iter().find_map(|part| t[part.0].as_ref())?;
        let all = parts.iter().map(|&part| match &t[part.0] {
            Some(moved) => moved.clone(),
            None => Tensor::zeros(self.shape(part), (&like.device(), like.dtype())),
        });
        Some(Tensor::cat(all.collect(), 1))
    }

    /// The derivative of `var` for an operation that reads it, to be changed in
    /// place where no other does.
    fn last(&self, t: &mut [Option<Matrix>], var: Var) -> Option<Matrix> {
        let node = &self.nodes[var.0];
        if node.readers == 1 && !node.factor {
            t[var.0].take()
        } else {
            t[var.0].clone()
        }
    }
}
