//! Nearest neighbours, by comparing all points.

/// A neighbour of a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Which point.
    pub point: usize,
    /// Its Euclidean distance.
    pub distance: f64,
}

/// The `count` nearest neighbours of each point: itself, then the others by
/// distance, equal ones in their order. `count` is at most the number of points.
///
/// ```
/// use breakeven_verify::umap::nearest;
///
/// let found = nearest(&[vec![0.0], vec![1.0], vec![3.0]], 2);
/// // Itself, and the next one.
/// assert_eq!((found[2][0].point, found[2][1].point), (2, 1));
/// assert_eq!(found[2][1].distance, 2.0);
/// ```
pub fn nearest(points: &[Vec<f64>], count: usize) -> Vec<Vec<Neighbour>> {
    let of = |centre: usize| {
        let mut all: Vec<Neighbour> = points
            .iter()
            .enumerate()
            .map(|(point, other)| Neighbour {
                point,
                distance: distance(&points[centre], other),
            })
            .collect();
        all.sort_by(|a, b| {
            let nearer = a.distance.total_cmp(&b.distance);
            let itself = (b.point == centre).cmp(&(a.point == centre));
            itself.then(nearer).then(a.point.cmp(&b.point))
        });
        all.truncate(count);
        all
    };
    (0..points.len()).map(of).collect()
}

/// The Euclidean distance.
pub(super) fn distance(a: &[f64], b: &[f64]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
    squares.sum::<f64>().sqrt()
}
