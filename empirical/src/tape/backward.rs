//! The sweeps backwards: gradients, and their derivatives along a direction.

use super::cotangents::Cotangents;
use super::forward::Tangents;
use super::row::column_sums;
use super::rows::columns;
use super::sums::{both, either_or_both, every_one};
use super::{Bilinear, Map, Matrix, Node, Op, Tape, Var};

/// What a sweep back leaves on the tape for others.
#[derive(Clone, Copy)]
enum Kept {
    Cotangents,
    Nothing,
}

impl Tape {
    /// Reverse mode: the gradient of `Σ_i w_i ℓ_i` by every parameter, for
    /// weights `w` `[n, 1]` on the per-example losses `loss`. The cotangents
    /// stay on the tape for the later sweeps.
    pub fn pull_back(&mut self, loss: Var, weights: Matrix) -> Vec<Matrix> {
        let gradient = self.sweep_back(loss, weights, |node| node.active, Kept::Cotangents);
        every_one(self, gradient)
    }

    /// The gradient of [`Tape::pull_back`] from a tape that is not read again:
    /// what has been pulled back through is let go of at once.
    pub fn into_gradient(mut self, loss: Var, weights: Matrix) -> Vec<Matrix> {
        let gradient = self.sweep_back(loss, weights, |node| node.active, Kept::Nothing);
        every_one(&self, gradient)
    }

    /// The cotangents of [`Tape::pull_back`] alone, for the later sweeps: a
    /// product a layer instead of two.
    pub fn pull_cotangents(&mut self, loss: Var, weights: Matrix) {
        // What is computed of parameters alone has its cotangents kept too.
        let wanted = |node: &Node| node.active && !matches!(node.op, Op::Parameter(_));
        self.sweep_back(loss, weights, wanted, Kept::Cotangents);
    }

    /// Cotangents of all values that `wanted` names; those of parameters are
    /// given back.
    fn sweep_back(
        &mut self,
        loss: Var,
        weights: Matrix,
        wanted: impl Fn(&Node) -> bool,
        keep: Kept,
    ) -> Vec<Option<Matrix>> {
        let wanted: Vec<bool> = self.nodes.iter().map(wanted).collect();
        let mut cotangents = self.no_cotangents();
        cotangents.add(loss, Some(weights));
        let mut gradient = vec![None; self.parameters];
        for k in (0..self.nodes.len()).rev() {
            let Some(c) = cotangents.take(k) else {
                continue;
            };
            if let Op::Parameter(number) = self.nodes[k].op {
                gradient[number] = Some(c);
                continue;
            }
            let cotangent = self.pull(k, c, &wanted, &mut cotangents);
            let node = &mut self.nodes[k];
            match keep {
                Kept::Cotangents => node.cotangent = cotangent,
                Kept::Nothing => (node.op, node.value) = (Op::Constant, None),
            }
        }
        gradient
    }

    /// The derivative along `v` of the gradient that [`Tape::pull_back`]
    /// gave: a Hessian product, one matrix a parameter. `t` are the tangents
    /// along `v`.
    ///
    /// ```
    /// use breakeven_empirical::tape::{Tape, Targets};
    /// # use breakeven_empirical::compute::{Compute, DeviceKind, Precision, to_host};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
    /// let mut tape = Tape::new();
    /// let x = tape.constant(compute.matrix(&[2.0, 3.0], [1, 2]));
    /// let w = tape.parameter(compute.matrix(&[5.0, 7.0], [2, 1]));
    /// let output = tape.product(x, w);
    /// let loss = tape.squared_error(output, &Targets(compute.full([1, 1], 1.0)));
    /// tape.pull_back(loss, compute.full([1, 1], 1.0));
    /// // ½(xw − 1)² has the Hessian xᵀx, whose product with (1, 0) is 2x.
    /// let along = tape.push_tangent(&[compute.matrix(&[1.0, 0.0], [2, 1])]);
    /// assert_eq!(to_host(tape.pull_back_tangent(&along)[0].clone()), [4.0, 6.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn pull_back_tangent(&self, t: &Tangents) -> Vec<Matrix> {
        let mut dc = self.no_cotangents();
        let mut product = vec![None; self.parameters];
        for k in (0..self.nodes.len()).rev() {
            let node = &self.nodes[k];
            let moved = dc.take(k);
            match &node.op {
                Op::Parameter(number) => product[*number] = moved,
                Op::Bilinear(a, b, op) => {
                    let moved = moved.map(|d| op.cotangent(&d));
                    let fixed = node.cotangent.as_ref().map(|c| op.cotangent(c));
                    let fixed = fixed.as_ref();
                    if self.active(*a) {
                        let right = self.right_factor(*b, &**op, &mut dc);
                        let share = either_or_both(
                            [moved.as_ref().map(|c| (c, &right)), fixed.zip(t.get(*b))],
                            |c, b| op.pull_left(c, b),
                            |pairs| op.pull_left_both(pairs),
                        );
                        dc.add(*a, share);
                    }
                    if self.active(*b) {
                        if let Some(moved) = &moved {
                            self.pull_right(*b, &**op, moved, self.value(*a), &mut dc);
                        }
                        if let Some((fixed, da)) = fixed.zip(t.get(*a)) {
                            self.pull_right(*b, &**op, fixed, da, &mut dc);
                        }
                    }
                }
                Op::Map(a, map) => {
                    let bent = both(t.get(*a), node.cotangent.as_ref(), |da, c| {
                        map.bend_back(da, c)
                    });
                    dc.add(*a, bent);
                    if let Some(moved) = moved {
                        pull_onto(dc.sum(*a), &**map, moved);
                    }
                }
                Op::Constant => {}
                Op::Sum(..) | Op::Beside(_) => {
                    if let Some(moved) = moved {
                        self.spread(k, moved, &|var| self.active(var), &mut dc);
                    }
                }
            }
        }
        every_one(self, product)
    }

    /// Jᵀ(∇²ℓ)J along a direction, J the Jacobian of what the loss reads and ∇²ℓ the
    /// second derivative of the loss by that, weighted as in [`Tape::pull_back`]: the
    /// part of [`Tape::pull_back_tangent`] that has no second derivative of the
    /// network. `t` are the tangents along the direction.
    ///
    /// # Panics
    /// If `loss` is no map of one value.
    pub fn pull_back_gauss_newton(&self, loss: Var, t: &Tangents) -> Vec<Matrix> {
        let node = &self.nodes[loss.0];
        let Op::Map(outputs, map) = &node.op else {
            panic!("losses are a map of the network's outputs");
        };
        let mut cotangents = self.no_cotangents();
        let bent = both(t.get(*outputs), node.cotangent.as_ref(), |dz, c| {
            map.bend_back(dz, c)
        });
        cotangents.add(*outputs, bent);
        let wanted: Vec<bool> = self.nodes.iter().map(|node| node.active).collect();
        let mut product = vec![None; self.parameters];
        for k in (0..loss.0).rev() {
            let Some(c) = cotangents.take(k) else {
                continue;
            };
            match self.nodes[k].op {
                Op::Parameter(number) => product[number] = Some(c),
                _ => {
                    self.pull(k, c, &wanted, &mut cotangents);
                }
            }
        }
        every_one(self, product)
    }

    /// Adds what the cotangent `c` of operation `k` says of its inputs to
    /// their cotangents, where they are `wanted`; gives it back where a later
    /// sweep reads it.
    pub(super) fn pull(
        &self,
        k: usize,
        c: Matrix,
        wanted: &[bool],
        cotangents: &mut Cotangents,
    ) -> Option<Matrix> {
        let is_wanted = |var: Var| wanted[var.0];
        match &self.nodes[k].op {
            Op::Constant | Op::Parameter(_) => None,
            Op::Bilinear(a, b, op) => {
                let spread = op.cotangent(&c);
                if is_wanted(*a) {
                    let right = self.right_factor(*b, &**op, cotangents);
                    cotangents.add(*a, Some(op.pull_left(&spread, &right)));
                }
                if is_wanted(*b) {
                    self.pull_right(*b, &**op, &spread, self.value(*a), cotangents);
                }
                Some(c)
            }
            Op::Map(a, map) => {
                let kept = map.bends().then(|| c.clone());
                if is_wanted(*a) {
                    pull_onto(cotangents.sum(*a), &**map, c);
                }
                kept
            }
            Op::Sum(_, b) => {
                self.spread(k, c.clone(), &is_wanted, cotangents);
                // An example's share of what all share is read from it.
                (self.active(*b) && self.shared(*b)).then_some(c)
            }
            Op::Beside(_) => {
                self.spread(k, c, &is_wanted, cotangents);
                None
            }
        }
    }

    /// The right factor `b` of `op`, for [`Bilinear::pull_left`].
    fn right_factor(&self, b: Var, op: &dyn Bilinear, cotangents: &mut Cotangents) -> Matrix {
        let value = self.value(b);
        match self.is_shared_product(b, op) {
            true => cotangents.by_columns(b, value),
            false => value.clone(),
        }
    }

    /// Whether `b` is the right factor of several products, of which `op` is one.
    fn is_shared_product(&self, b: Var, op: &dyn Bilinear) -> bool {
        op.is_product() && self.nodes[b.0].readers > 1
    }

    /// Adds what the cotangent `c` of the value of `op` says of its right factor
    /// `b`; at once with what others say of it, where several read it.
    pub(super) fn pull_right(
        &self,
        b: Var,
        op: &dyn Bilinear,
        c: &Matrix,
        a: &Matrix,
        cotangents: &mut Cotangents,
    ) {
        if self.is_shared_product(b, op) {
            cotangents.add_product(b, c.clone(), a.clone());
        } else {
            cotangents.add(b, Some(op.pull_right(c, a)));
        }
    }

    /// Gives the cotangent `c` of a sum, or of values side by side, to its parts.
    fn spread(
        &self,
        k: usize,
        c: Matrix,
        wanted: &dyn Fn(Var) -> bool,
        cotangents: &mut Cotangents,
    ) {
        match &self.nodes[k].op {
            Op::Sum(a, b) => {
                if wanted(*b) {
                    cotangents.add(*b, Some(self.of_right_term(k, *b, &c)));
                }
                if wanted(*a) {
                    cotangents.add(*a, Some(c));
                }
            }
            Op::Beside(parts) => {
                let mut end = 0;
                let places: Vec<(Var, [usize; 2])> = parts
                    .iter()
                    .map(|&part| {
                        let [_, count] = self.shape(part);
                        end += count;
                        (part, [end - count, count])
                    })
                    .filter(|&(part, _)| wanted(part))
                    .collect();
                let (parts, places): (Vec<Var>, Vec<_>) = places.into_iter().unzip();
                for (part, own) in parts.into_iter().zip(columns(c, &places)) {
                    cotangents.add(part, Some(own));
                }
            }
            _ => unreachable!("sums and values side by side alone"),
        }
    }

    pub(super) fn no_cotangents(&self) -> Cotangents {
        Cotangents::none(self.nodes.len())
    }

    /// What the cotangent `c` of the sum `k` says of its right term `b`.
    pub(super) fn of_right_term(&self, k: usize, b: Var, c: &Matrix) -> Matrix {
        if self.shape(b) == self.nodes[k].shape {
            c.clone()
        } else {
            column_sums(c.clone())
        }
    }
}

/// Adds what the cotangent `c` of a map's value says of its input.
fn pull_onto(total: &mut Option<Matrix>, map: &dyn Map, c: Matrix) {
    *total = Some(match total.take() {
        Some(total) => map.pull_onto(total, c),
        None => map.pull(c),
    });
}
