//! How good a layout is.

use super::curve::Curve;
use super::graph::Graph;
use super::neighbours::{distance, nearest};

/// The least similarity that counts: of two points far apart, and of one place.
const FLOOR: f64 = 1e-4;

/// The cross entropy that the layout is to make small, over all pairs of points:
/// Σ w ln(w/q) + (1 − w) ln((1 − w)/(1 − q)), w the weight of the graph and q
/// that of the plane, held between 10⁻⁴ and 1 − 10⁻⁴.
pub fn cross_entropy(graph: &Graph, points: &[[f64; 2]], curve: Curve) -> f64 {
    let mut weights = vec![0.0; graph.points * graph.points];
    for &(i, j, weight) in &graph.edges {
        weights[i * graph.points + j] = weight;
    }
    let mut total = 0.0;
    for i in 0..graph.points {
        for j in i + 1..graph.points {
            let w = weights[i * graph.points + j];
            let far = distance(&points[i], &points[j]);
            let q = curve.at_square(far * far).clamp(FLOOR, 1.0 - FLOOR);
            total += term(w, q) + term(1.0 - w, 1.0 - q);
        }
    }
    total
}

/// w ln(w/q), 0 at w = 0.
fn term(w: f64, q: f64) -> f64 {
    if w > 0.0 { w * (w / q).ln() } else { 0.0 }
}

/// Trustworthiness (Venna & Kaski, ICANN 2001): 1 less the normalised sum of how
/// far neighbours in the plane are from being neighbours in the data, with
/// `count` neighbours, the point itself not counted. Absent where the
/// normalisation is not defined: for `count` of half the points or more.
///
/// ```
/// use breakeven_verify::umap::trustworthiness;
///
/// // The data themselves have all their neighbours.
/// let points = [[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [7.0, 0.0], [15.0, 0.0]];
/// let data = points.map(|point| point.to_vec());
/// assert_eq!(trustworthiness(&data, &points, 2), Some(1.0));
/// ```
pub fn trustworthiness(data: &[Vec<f64>], points: &[[f64; 2]], count: usize) -> Option<f64> {
    let n = data.len();
    if count == 0 || 2 * count >= n {
        return None;
    }
    let plane: Vec<Vec<f64>> = points.iter().map(|point| point.to_vec()).collect();
    let in_data = nearest(data, n);
    let in_plane = nearest(&plane, count + 1);
    let mut penalty = 0;
    for (all, near) in in_data.iter().zip(&in_plane) {
        let mut rank = vec![0; n];
        for (place, neighbour) in all.iter().enumerate() {
            rank[neighbour.point] = place;
        }
        let beyond = |&place: &usize| place > count;
        let ranks = near.iter().map(|neighbour| rank[neighbour.point]);
        penalty += ranks
            .filter(beyond)
            .map(|place| place - count)
            .sum::<usize>();
    }
    let (n, k) = (n as f64, count as f64);
    Some(1.0 - 2.0 * penalty as f64 / (n * k * (2.0 * n - 3.0 * k - 1.0)))
}
