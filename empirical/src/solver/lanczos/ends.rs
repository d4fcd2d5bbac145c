//! What a search says of both ends of a spectrum.

use breakeven_sim::record::{BoundKind, SolverStatus};

use super::outside::{Outside, Rest};
use super::{FIRST_SHARE, LOOSEST_CLUSTER, MOST_BEYOND, Search, TOO_CLOSE};
use crate::operator::LinearOperator;
use crate::solver::chance::MISSED;
use crate::solver::complete::{write_out, written_out_error};
use crate::solver::krylov::{KrylovSpace, Ritz};
use crate::solver::pairs::{Block, Eigenpair, Eigenpairs, Wanted, clusters, quadratic_bound};
use crate::solver::{most_vectors, scale};
use crate::spectrum::Spectrum;

/// Random directions with nothing new in their products, up to rounding, after
/// which all that is left is taken for zero: more of them say no more of
/// eigenvalues that are no larger than rounding makes of their vectors.
const EXHAUSTED: usize = 5;

impl<A: LinearOperator> Search<'_, A> {
    /// What the Ritz values of a fresh direction say of the spectrum's upper
    /// and lower end; at the lower all signs are turned.
    pub(super) fn ends(
        &self,
        block: &Block,
        space: &KrylovSpace,
        ritz: &Ritz,
        rest: &Rest,
    ) -> [End; 2] {
        let (coupling, allowed) = (block.coupling(), self.allowed(block.scale(), block.len()));
        let size = ritz.values.len();
        let largest = block.scale().max(ritz.scale());
        let rounding = self.rounding(largest);
        let level = (FIRST_SHARE * self.plan.tolerance * largest).max(rounding);
        let width = self.width(largest);
        let most = self.wanted.largest + self.wanted.smallest + self.most_beyond();
        let full = block.len() >= most;
        let end = |sign: f64, wanted: usize, last: usize, place: &dyn Fn(usize) -> usize| {
            if wanted == 0 {
                return End::open();
            }
            let last = sign * block.values[last];
            // The eigenvalues at zero of a matrix without full rank are not
            // counted, nor are loose clusters.
            let tight = self.plan.tolerance <= LOOSEST_CLUSTER;
            let counts = tight && !full && last.abs() > rounding;
            let edge = if counts {
                last - width
            } else {
                last + width / 2.0
            };
            let first = place(0);
            let joins = |&k: &usize| {
                let (value, residual) = (sign * ritz.values[k], ritz.residuals[k]);
                let above = value > edge && ritz.estimate(k) <= level;
                let close = residual <= level && value + TOO_CLOSE * residual > edge;
                above || (k == first && close && !space.complete())
            };
            let best = rest.edge(sign * ritz.values[first], sign);
            let reach = match space.exhausted() < EXHAUSTED {
                true => rest.edge(space.edge(ritz, sign, MISSED), sign),
                false => best,
            };
            End {
                reach,
                edge,
                best,
                counts,
                bounded: quadratic_bound(coupling, (last - reach).max(0.0)) <= allowed,
                joining: (0..size).map(place).take_while(joins).collect(),
            }
        };
        let Wanted {
            largest: above,
            smallest: below,
        } = self.wanted;
        let count = block.len();
        [
            end(1.0, above, above.min(count).saturating_sub(1), &|k| k),
            end(-1.0, below, count.saturating_sub(below), &|k| size - 1 - k),
        ]
    }

    /// Vectors beyond those asked for that a cluster may take.
    pub(super) fn most_beyond(&self) -> usize {
        MOST_BEYOND.min(most_vectors(self.operator.dim()))
    }

    /// Values that are no further apart are taken for one.
    pub(super) fn width(&self, scale: f64) -> f64 {
        (self.plan.tolerance * scale).max(2.0 * self.rounding(scale))
    }

    /// Whether each bound is within the tolerance, or is rounding's.
    pub(super) fn met(&self, found: &Eigenpairs) -> bool {
        let pairs = || found.pairs.iter().chain(&found.smallest);
        let scale = pairs().fold(0.0_f64, |scale, pair| scale.max(pair.value.abs()));
        let level = self.allowed(scale, pairs().count()) + found.rounding;
        pairs().all(|pair| pair.error_bound <= level)
    }

    /// What the bound of each of `count` pairs may be beside rounding.
    fn allowed(&self, scale: f64, count: usize) -> f64 {
        let rounding = self.rounding(scale);
        let least = (2.0 + (count as f64).sqrt()) * rounding;
        (self.plan.tolerance * scale - rounding).max(least)
    }

    /// What a block and the edges of the rest say.
    pub(super) fn of_block(&self, block: &Block, outside: Outside) -> Eigenpairs {
        let scale = block.scale();
        let rounding = self.rounding(scale);
        let (residuals, coupling) = (block.residuals(), block.coupling());
        let searched = outside.status == SolverStatus::Converged;
        let clusters = clusters(&block.values, self.width(scale));
        let size = block.len();
        let pair = |k: usize, gap: f64| {
            let (bound, kind) = if searched {
                let above = (-gap).max(0.0);
                let bound = above + quadratic_bound(coupling, gap.max(0.0));
                (bound, outside.kind)
            } else {
                (residuals[k], BoundKind::Residual)
            };
            let last = [
                self.wanted.largest.wrapping_sub(1),
                size - self.wanted.smallest,
            ];
            let open = (0..2).any(|end| !outside.counted[end] && clusters[k].contains(&last[end]));
            Eigenpair {
                value: or_zero(block.values[k], rounding),
                vector: block.vectors[k].clone(),
                residual: residuals[k],
                error_bound: bound + rounding,
                bound_kind: kind,
                multiplicity: (searched && !open).then(|| clusters[k].len()),
            }
        };
        self.assemble(
            size,
            |k| pair(k, block.values[k] - outside.highest),
            |k| pair(k, outside.lowest - block.values[k]),
            |k| block.vectors[k].clone(),
            (rounding, outside.status),
        )
    }

    /// What the Ritz values of one space say, which may be the whole.
    pub(super) fn of_ritz(
        &self,
        space: &KrylovSpace,
        ritz: &Ritz,
        status: SolverStatus,
    ) -> Eigenpairs {
        let scale = ritz.scale();
        let rounding = self.rounding(scale);
        let clusters = clusters(&ritz.values, self.width(scale));
        let complete = space.complete();
        let pair = |k: usize| {
            let (bound, bound_kind) = if complete {
                (written_out_error(self.operator, scale), BoundKind::Complete)
            } else if ritz.estimate(k) < ritz.residuals[k] {
                (ritz.estimate(k), BoundKind::GapEstimate)
            } else {
                (ritz.residuals[k], BoundKind::Residual)
            };
            Eigenpair {
                value: or_zero(ritz.values[k], rounding),
                vector: space.vector(ritz, k),
                residual: ritz.residuals[k],
                error_bound: bound + rounding,
                bound_kind,
                multiplicity: complete.then(|| clusters[k].len()),
            }
        };
        let size = ritz.values.len();
        let vector = |k| space.vector(ritz, k);
        self.assemble(size, pair, pair, vector, (rounding, status))
    }

    /// All eigenvalues of the matrix that D products write out.
    pub(super) fn written_out(&mut self) -> Option<Eigenpairs> {
        let dim = self.operator.dim();
        self.products = dim;
        let matrix = write_out(self.operator)?;
        let Spectrum { values, vectors } = Spectrum::of(&matrix)?;
        let scale = scale(&values);
        let rounding = self.rounding(scale);
        let clusters = clusters(&values, self.width(scale));
        let vector = |k: usize| vectors.column(k).iter().copied().collect::<Vec<f64>>();
        let pair = |k: usize| {
            let v = vectors.column(k);
            Eigenpair {
                value: or_zero(values[k], rounding),
                vector: vector(k),
                residual: (&matrix * v - values[k] * v).norm(),
                error_bound: written_out_error(self.operator, scale),
                bound_kind: BoundKind::Complete,
                multiplicity: Some(clusters[k].len()),
            }
        };
        let status = SolverStatus::Converged;
        Some(self.assemble(dim, pair, pair, vector, (rounding, status)))
    }

    /// Pairs from `size` values, largest first, by their places.
    pub(super) fn assemble(
        &self,
        size: usize,
        largest: impl Fn(usize) -> Eigenpair,
        smallest: impl Fn(usize) -> Eigenpair,
        vector: impl Fn(usize) -> Vec<f64>,
        (rounding, status): (f64, SolverStatus),
    ) -> Eigenpairs {
        let wanted = self.wanted;
        let pairs: Vec<Eigenpair> = (0..wanted.largest.min(size)).map(largest).collect();
        let smallest: Vec<Eigenpair> = (0..wanted.smallest.min(size))
            .map(|k| smallest(size - 1 - k))
            .collect();
        let repeated = pairs.first().and_then(|top| top.multiplicity).unwrap_or(1);
        let known = |k: usize| pairs.get(k).map(|pair| pair.vector.clone());
        let start = pairs.iter().chain(&smallest);
        Eigenpairs {
            top_space: (0..repeated.min(size))
                .map(|k| known(k).unwrap_or_else(|| vector(k)))
                .collect(),
            start: match repeated {
                1 => start.map(|pair| pair.vector.clone()).collect(),
                _ => Vec::new(),
            },
            smallest,
            pairs,
            products: self.products,
            rounding,
            status,
        }
    }
}

/// One end of the spectrum outside a block, signs turned so that it is the
/// upper.
pub(super) struct End {
    /// What nothing is above, but with a small probability.
    pub(super) reach: f64,
    /// What belongs to the block is above this.
    edge: f64,
    /// What the reach would be if nothing were hidden above the largest Ritz
    /// value.
    best: f64,
    /// Whether all bounds are good enough, given the reach.
    bounded: bool,
    /// Whether what lies next to the last wanted value belongs to it too.
    pub(super) counts: bool,
    /// Ritz pairs that have converged above the edge.
    pub(super) joining: Vec<usize>,
}

impl End {
    /// That at which nothing is wanted.
    fn open() -> Self {
        Self {
            reach: f64::NEG_INFINITY,
            edge: f64::INFINITY,
            best: f64::NEG_INFINITY,
            counts: true,
            bounded: true,
            joining: Vec::new(),
        }
    }

    /// Whether nothing is left that belongs to the block, and more products would
    /// make no bound much better.
    pub(super) fn is_clear(&self) -> bool {
        let halfway = self.reach - self.best <= self.edge - self.reach;
        self.reach <= self.edge && (self.bounded || halfway)
    }

    /// Whether more products may clear this end, for all that is known beside
    /// what the direction shows.
    pub(super) fn has_room(&self, rest: &Rest) -> bool {
        rest.is_empty() || self.best <= self.edge
    }
}

/// A value that rounding alone may have made is none.
fn or_zero(value: f64, rounding: f64) -> f64 {
    if value.abs() <= rounding { 0.0 } else { value }
}
