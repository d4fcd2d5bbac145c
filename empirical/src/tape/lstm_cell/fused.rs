//! The cell on the CPU: one loop a sweep.
//!
//! All that the loop calls is inlined into it: only what stands in it is compiled
//! anew for processors with AVX2 and for those with AVX-512.

use std::array::from_fn;

use super::super::host::{matrix, read, slice};
use super::super::real::Real;
use super::super::{Map, Matrix};

/// The cell at x, of `hidden` units.
pub(super) struct Fused<T> {
    /// `[i | f | g | o | c | tanh c']`, `[r, 6h]`.
    units: Vec<T>,
    hidden: usize,
}

impl<T: Real> Fused<T> {
    /// At x, and its value there.
    pub(super) fn of(x: &Matrix) -> (Self, Matrix) {
        let [rows, columns] = x.dims();
        let hidden = columns / 5;
        let x = read(x.clone());
        let units = each_unit(
            hidden,
            [slice(&x), &[], &[]],
            #[inline(always)]
            |x, []: [T; 0], []: [T; 0]| Unit::of(x).numbers(),
        );
        let value = each_unit(
            hidden,
            [&units, &[], &[]],
            #[inline(always)]
            |unit, []: [T; 0], []: [T; 0]| Unit::at(unit).value(),
        );
        (Self { units, hidden }, matrix(value, [rows, 2 * hidden]))
    }

    /// What `of` makes of each unit and its numbers in `[r, B·h]` and `[r, C·h]`:
    /// `[r, OUT·h]`.
    fn each<const B: usize, const C: usize, const OUT: usize>(
        &self,
        [b, c]: [&[T]; 2],
        of: impl Fn(Unit<T>, [T; B], [T; C]) -> [T; OUT],
    ) -> Matrix {
        let made = each_unit(
            self.hidden,
            [&self.units, b, c],
            #[inline(always)]
            |unit, b, c| of(Unit::at(unit), b, c),
        );
        let rows = self.units.len() / (6 * self.hidden);
        matrix(made, [rows, OUT * self.hidden])
    }
}

impl<T: Real> Map for Fused<T> {
    fn push(&self, dx: Matrix) -> Matrix {
        let dx = read(dx);
        self.each(
            [slice(&dx), &[]],
            #[inline(always)]
            |unit, dx, []: [T; 0]| unit.jacobian().push(dx),
        )
    }

    fn pull(&self, c: Matrix) -> Matrix {
        let c = read(c);
        self.each(
            [slice(&c), &[]],
            #[inline(always)]
            |unit, c, []: [T; 0]| unit.jacobian().pull(c),
        )
    }

    fn bends(&self) -> bool {
        true
    }

    fn bend(&self, dx: &Matrix, v: &Matrix) -> Matrix {
        let (dx, v) = (read(dx.clone()), read(v.clone()));
        self.each(
            [slice(&dx), slice(&v)],
            #[inline(always)]
            |unit, dx, v| unit.bend(dx, v),
        )
    }

    fn bend_back(&self, dx: &Matrix, c: &Matrix) -> Matrix {
        let (dx, c) = (read(dx.clone()), read(c.clone()));
        self.each(
            [slice(&dx), slice(&c)],
            #[inline(always)]
            |unit, dx, c| unit.bend_back(dx, c),
        )
    }

    fn numbers(&self) -> usize {
        self.units.len()
    }
}

/// One unit of one example: its gates, its cell c and `shown = tanh c'`.
#[derive(Clone, Copy)]
struct Unit<T> {
    input: T,
    forget: T,
    update: T,
    output: T,
    cell: T,
    shown: T,
}

/// The derivative J of a unit, `dc' = Σ p_k dx_k` over all but a_o and
/// `ds = q dc' + p_o da_o`.
#[derive(Clone, Copy)]
struct Jacobian<T> {
    /// p, in the order of x: i, f, g, o, c.
    gains: [T; 5],
    /// q.
    cell_to_state: T,
}

impl<T: Real> Unit<T> {
    /// From the sums of its gates, and its cell.
    #[inline(always)]
    fn of([input, forget, update, output, cell]: [T; 5]) -> Self {
        let mut unit = Self {
            input: input.sigmoid(),
            forget: forget.sigmoid(),
            update: update.tanh(),
            output: output.sigmoid(),
            cell,
            shown: T::ZERO,
        };
        unit.shown = unit.next().tanh();
        unit
    }

    #[inline(always)]
    fn at([input, forget, update, output, cell, shown]: [T; 6]) -> Self {
        Self {
            input,
            forget,
            update,
            output,
            cell,
            shown,
        }
    }

    #[inline(always)]
    fn numbers(self) -> [T; 6] {
        let Self {
            input,
            forget,
            update,
            output,
            cell,
            shown,
        } = self;
        [input, forget, update, output, cell, shown]
    }

    /// c'.
    #[inline(always)]
    fn next(self) -> T {
        self.forget * self.cell + self.input * self.update
    }

    /// c' and s.
    #[inline(always)]
    fn value(self) -> [T; 2] {
        [self.next(), self.output * self.shown]
    }

    /// The derivatives of the gates i, f, g, o by their sums.
    #[inline(always)]
    fn slopes(self) -> [T; 4] {
        let of_sigmoid = |y: T| y * (T::ONE - y);
        [
            of_sigmoid(self.input),
            of_sigmoid(self.forget),
            T::ONE - self.update * self.update,
            of_sigmoid(self.output),
        ]
    }

    /// 1 − tanh² c'.
    #[inline(always)]
    fn shown_slope(self) -> T {
        T::ONE - self.shown * self.shown
    }

    #[inline(always)]
    fn jacobian(self) -> Jacobian<T> {
        let [input, forget, update, output] = self.slopes();
        Jacobian {
            gains: [
                self.update * input,
                self.cell * forget,
                self.input * update,
                self.shown * output,
                self.forget,
            ],
            cell_to_state: self.output * self.shown_slope(),
        }
    }

    /// The derivative of J where x moves along `dx`.
    #[inline(always)]
    fn moved(self, dx: [T; 5]) -> Jacobian<T> {
        let slopes = self.slopes();
        let gates: [T; 4] = from_fn(|gate| slopes[gate] * dx[gate]);
        // σ'' = σ' (1 − 2σ) and tanh'' = −2 tanh' tanh.
        let of_sigmoid = |y: T, dy: T| dy * (T::ONE - T::TWO * y);
        let of_slopes = [
            of_sigmoid(self.input, gates[0]),
            of_sigmoid(self.forget, gates[1]),
            -T::TWO * self.update * gates[2],
            of_sigmoid(self.output, gates[3]),
        ];
        let [next, _] = self.jacobian().sums(dx);
        let shown = self.shown_slope() * next;
        Jacobian {
            gains: [
                gates[2] * slopes[0] + self.update * of_slopes[0],
                dx[4] * slopes[1] + self.cell * of_slopes[1],
                gates[0] * slopes[2] + self.input * of_slopes[2],
                shown * slopes[3] + self.shown * of_slopes[3],
                gates[1],
            ],
            cell_to_state: gates[3] * self.shown_slope()
                - T::TWO * self.output * self.shown * shown,
        }
    }

    /// `(D_dx J) v`.
    #[inline(always)]
    fn bend(self, dx: [T; 5], v: [T; 5]) -> [T; 2] {
        let (at, moved) = (self.jacobian(), self.moved(dx));
        let ([next, _], [bent, output]) = (at.sums(v), moved.sums(v));
        let state = at.cell_to_state * bent + moved.cell_to_state * next;
        [bent, state + output]
    }

    /// `(D_dx J)ᵀ c`.
    #[inline(always)]
    fn bend_back(self, dx: [T; 5], c: [T; 2]) -> [T; 5] {
        let (at, moved) = (self.jacobian(), self.moved(dx));
        let fixed = moved.spread(at.cotangent(c), c[1]);
        let bent = at.spread(moved.cell_to_state * c[1], T::ZERO);
        from_fn(|k| fixed[k] + bent[k])
    }
}

impl<T: Real> Jacobian<T> {
    /// `dc'`, and what `da_o` adds to `ds`.
    #[inline(always)]
    fn sums(self, dx: [T; 5]) -> [T; 2] {
        let [input, forget, update, output, cell] = from_fn(|k| self.gains[k] * dx[k]);
        [input + forget + update + cell, output]
    }

    /// `dc'` and `ds`.
    #[inline(always)]
    fn push(self, dx: [T; 5]) -> [T; 2] {
        let [next, output] = self.sums(dx);
        [next, self.cell_to_state * next + output]
    }

    /// The cotangent of c', what it adds to s included.
    #[inline(always)]
    fn cotangent(self, [next, state]: [T; 2]) -> T {
        state * self.cell_to_state + next
    }

    /// p times the cotangents `next` of c' and `state` of s.
    #[inline(always)]
    fn spread(self, next: T, state: T) -> [T; 5] {
        let [input, forget, update, output, cell] = self.gains;
        [
            next * input,
            next * forget,
            next * update,
            state * output,
            next * cell,
        ]
    }

    /// `Jᵀ c`.
    #[inline(always)]
    fn pull(self, c: [T; 2]) -> [T; 5] {
        self.spread(self.cotangent(c), c[1])
    }
}

/// What `of` makes of the numbers of each unit in `[r, A·h]`, `[r, B·h]` and
/// `[r, C·h]`: `[r, OUT·h]`, h = `hidden`.
fn each_unit<T: Real, const A: usize, const B: usize, const C: usize, const OUT: usize>(
    hidden: usize,
    inputs: [&[T]; 3],
    of: impl Fn([T; A], [T; B], [T; C]) -> [T; OUT],
) -> Vec<T> {
    // In the widest vectors that the processor has: of AVX-512, AVX2 or SSE2.
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || of_each_unit(hidden, inputs, of),
    )
}

#[inline(always)]
fn of_each_unit<T: Real, const A: usize, const B: usize, const C: usize, const OUT: usize>(
    hidden: usize,
    [a, b, c]: [&[T]; 3],
    of: impl Fn([T; A], [T; B], [T; C]) -> [T; OUT],
) -> Vec<T> {
    let rows = a.len() / (A * hidden);
    let mut made = vec![T::ZERO; rows * OUT * hidden];
    for (row, made) in made.chunks_exact_mut(OUT * hidden).enumerate() {
        let (a, b, c) = (
            parts(a, row, hidden),
            parts(b, row, hidden),
            parts(c, row, hidden),
        );
        let mut made = made.chunks_exact_mut(hidden);
        let mut made: [&mut [T]; OUT] = from_fn(|_| made.next().expect("OUT parts a row"));
        for unit in 0..hidden {
            let numbers = of(at(&a, unit), at(&b, unit), at(&c, unit));
            for (part, number) in made.iter_mut().zip(numbers) {
                part[unit] = number;
            }
        }
    }
    made
}

/// The N parts of a row of `[r, N·h]`.
#[inline(always)]
fn parts<T, const N: usize>(all: &[T], row: usize, hidden: usize) -> [&[T]; N] {
    from_fn(|part| &all[(row * N + part) * hidden..][..hidden])
}

#[inline(always)]
fn at<T: Copy, const N: usize>(parts: &[&[T]; N], unit: usize) -> [T; N] {
    from_fn(|part| parts[part][unit])
}
