//! The layout to begin with: the two eigenvectors after the trivial one of the
//! normalised Laplacian I − D^−½ W D^−½ (Sec. 3.2 of the paper).

use nalgebra::{DMatrix, SymmetricEigen};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::graph::Graph;

/// The side of the square that a layout begins in.
const SIDE: f64 = 10.0;
/// Standard deviation of the noise on it, which parts points in one place.
const NOISE: f64 = 1e-4;
/// A component of fewer points has no two eigenvectors to be laid out by.
const FEWEST: usize = 4;

/// A layout to begin with.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// Where each point is.
    pub points: Vec<[f64; 2]>,
    /// Parts of the graph without an edge between them.
    pub components: usize,
}

/// The spectral layout with a little noise, each axis from 0 to 10. Components
/// stand on a circle, in the order of their first points, each within half the
/// distance of its neighbours.
pub fn start(graph: &Graph, rng: &mut ChaCha8Rng) -> Start {
    let components = components(graph);
    let points = match components.len() {
        1 => eigenvectors(graph),
        _ => on_a_circle(graph, &components, rng),
    };
    Start {
        points: framed(noisy(points, rng)),
        components: components.len(),
    }
}

/// The points of each component, in the order of their first ones.
fn components(graph: &Graph) -> Vec<Vec<usize>> {
    let mut adjacent = vec![Vec::new(); graph.points];
    for &(i, j, _) in &graph.edges {
        adjacent[i].push(j);
    }
    let mut seen = vec![false; graph.points];
    let mut all = Vec::new();
    for first in 0..graph.points {
        if std::mem::replace(&mut seen[first], true) {
            continue;
        }
        let mut found = vec![first];
        let mut next = 0;
        while let Some(&point) = found.get(next) {
            next += 1;
            for &other in &adjacent[point] {
                if !std::mem::replace(&mut seen[other], true) {
                    found.push(other);
                }
            }
        }
        found.sort_unstable();
        all.push(found);
    }
    all
}

/// The second and third eigenvector of a connected graph of at least three
/// points; the largest entry of each is positive.
fn eigenvectors(graph: &Graph) -> Vec<[f64; 2]> {
    let n = graph.points;
    let mut degrees = vec![0.0; n];
    for &(i, _, weight) in &graph.edges {
        degrees[i] += weight;
    }
    let mut laplacian = DMatrix::<f64>::identity(n, n);
    for &(i, j, weight) in &graph.edges {
        laplacian[(i, j)] -= weight / (degrees[i] * degrees[j]).sqrt();
    }
    let eigen = SymmetricEigen::new(laplacian);
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[a].total_cmp(&eigen.eigenvalues[b]));
    let vector = |rank: usize| -> Vec<f64> {
        let column = eigen.eigenvectors.column(order[rank]);
        let size = column.iter().fold(0.0, |size: f64, x| size.max(x.abs()));
        // Of entries that rounding parts, the first decides.
        let largest = column.iter().find(|x| x.abs() >= size * (1.0 - 1e-9));
        let sign = largest.map_or(1.0, |x| x.signum());
        column.iter().map(|x| sign * x).collect()
    };
    let (first, second) = (vector(1), vector(2));
    first.into_iter().zip(second).map(|(x, y)| [x, y]).collect()
}

fn on_a_circle(graph: &Graph, components: &[Vec<usize>], rng: &mut ChaCha8Rng) -> Vec<[f64; 2]> {
    let mut points = vec![[0.0; 2]; graph.points];
    let count = components.len() as f64;
    // Half of the distance to the next one on the circle.
    let room = (std::f64::consts::PI / count).sin();
    for (number, component) in components.iter().enumerate() {
        let angle = std::f64::consts::TAU * number as f64 / count;
        let own = match component.len() {
            few if few < FEWEST => scattered(few, rng),
            _ => scaled(eigenvectors(&part(graph, component))),
        };
        for (&point, [x, y]) in component.iter().zip(own) {
            points[point] = [angle.cos() + room * x, angle.sin() + room * y];
        }
    }
    points
}

/// The edges between these points, renumbered.
fn part(graph: &Graph, points: &[usize]) -> Graph {
    let number = |point: usize| points.binary_search(&point).ok();
    let renumbered = |&(i, j, weight): &(usize, usize, f64)| Some((number(i)?, number(j)?, weight));
    Graph {
        points: points.len(),
        edges: graph.edges.iter().filter_map(renumbered).collect(),
    }
}

/// Anywhere in a square of side 2.
fn scattered(count: usize, rng: &mut ChaCha8Rng) -> Vec<[f64; 2]> {
    let mut one = || [rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0)];
    (0..count).map(|_| one()).collect()
}

/// With a largest coordinate of 1.
fn scaled(points: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    let size = points
        .iter()
        .flatten()
        .fold(0.0, |size: f64, x| size.max(x.abs()));
    points
        .into_iter()
        .map(|point| point.map(|x| x / size))
        .collect()
}

/// Scaled to the square's side, with uniform noise of [`NOISE`].
fn noisy(points: Vec<[f64; 2]>, rng: &mut ChaCha8Rng) -> Vec<[f64; 2]> {
    let width = NOISE * 3_f64.sqrt();
    let mut moved = |x: f64| SIDE * x + rng.random_range(-width..width);
    let scaled = scaled(points).into_iter();
    scaled.map(|[x, y]| [moved(x), moved(y)]).collect()
}

/// Each axis from 0 to the square's side.
fn framed(points: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    let ends = [0, 1].map(|axis| {
        let along = points.iter().map(|point| point[axis]);
        along.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
            (low.min(x), high.max(x))
        })
    });
    let place = |x: f64, (low, high): (f64, f64)| SIDE * (x - low) / (high - low);
    let all = points.into_iter();
    all.map(|[x, y]| [place(x, ends[0]), place(y, ends[1])])
        .collect()
}
