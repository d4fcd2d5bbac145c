//! The layout by stochastic gradient descent on the cross entropy between the
//! two graphs, with negative samples (Sec. 3.2 of the paper, Algorithm 5).

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::Settings;
use super::curve::Curve;
use super::graph::Graph;

/// The longest move along an axis, in steps.
const LONGEST: f64 = 4.0;
/// Added to squared distances, so that none repels without bound.
const CLOSEST: f64 = 1e-3;

/// An edge, and when it is sampled next; in epochs.
struct Edge {
    ends: (usize, usize),
    every: f64,
    next: f64,
    next_negative: f64,
}

/// Moves the points: the step begins at 1 and falls to 0.
pub fn optimise(
    mut at: Vec<[f64; 2]>,
    graph: &Graph,
    curve: Curve,
    settings: &Settings,
    rng: &mut ChaCha8Rng,
) -> Vec<[f64; 2]> {
    let negative = settings.negative_samples as f64;
    let largest = graph.largest();
    let edge = |&(i, j, weight): &(usize, usize, f64)| {
        let every = largest / weight;
        Edge {
            ends: (i, j),
            every,
            next: every,
            next_negative: every / negative,
        }
    };
    let mut edges: Vec<Edge> = graph.edges.iter().map(edge).collect();
    for epoch in 0..settings.epochs {
        let now = epoch as f64;
        let step = 1.0 - now / settings.epochs as f64;
        for edge in edges.iter_mut().filter(|edge| edge.next <= now) {
            let (i, j) = edge.ends;
            let pull = along(at[i], at[j], |square| curve.pull(square));
            shift(&mut at[i], pull, step);
            shift(&mut at[j], pull, -step);
            edge.next += edge.every;
            let between = edge.every / negative;
            let due = ((now - edge.next_negative) / between) as usize;
            for _ in 0..due {
                let other = rng.random_range(0..graph.points);
                let push = along(at[i], at[other], |square| curve.push(square));
                shift(&mut at[i], push, step);
            }
            edge.next_negative += due as f64 * between;
        }
    }
    at
}

impl Curve {
    /// The factor of the difference by which a point is drawn to its neighbour:
    /// the derivative of ln of the curve.
    fn pull(self, square: f64) -> f64 {
        -2.0 * self.a * self.b * square.powf(self.b - 1.0) / (1.0 + self.a * square.powf(self.b))
    }

    /// The same away from any other point: the derivative of ln of 1 less the
    /// curve.
    fn push(self, square: f64) -> f64 {
        2.0 * self.b / ((CLOSEST + square) * (1.0 + self.a * square.powf(self.b)))
    }
}

/// The move along the difference of two points; none where they are one.
fn along(from: [f64; 2], to: [f64; 2], factor: impl Fn(f64) -> f64) -> [f64; 2] {
    let difference = [from[0] - to[0], from[1] - to[1]];
    let square = difference[0] * difference[0] + difference[1] * difference[1];
    if square == 0.0 {
        return [0.0; 2];
    }
    let factor = factor(square);
    difference.map(|x| (factor * x).clamp(-LONGEST, LONGEST))
}

fn shift(point: &mut [f64; 2], by: [f64; 2], step: f64) {
    point[0] += step * by[0];
    point[1] += step * by[1];
}
