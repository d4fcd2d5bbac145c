//! The fuzzy graph of the data: how much each point belongs to each other's
//! neighbourhood (Sec. 3.1 of the paper, Algorithms 2 and 3).

use std::collections::BTreeMap;

use super::neighbours::Neighbour;

/// Halvings of the search for σ, and how well its sum has to fit.
const ITERATIONS: usize = 64;
const TOLERANCE: f64 = 1e-5;
/// The least σ, in mean distances.
const LEAST_SCALE: f64 = 1e-3;

/// The local metric of a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Local {
    /// ρ, the distance of the nearest other point that is not in the same place.
    pub rho: f64,
    /// σ, with which Σ exp(−max(0, d − ρ)/σ) over the other neighbours is
    /// log₂ k.
    pub sigma: f64,
}

/// Symmetric weights in (0, 1] between different points.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// Points.
    pub points: usize,
    /// (i, j, weight), both ways, by i and then by j.
    pub edges: Vec<(usize, usize, f64)>,
}

impl Graph {
    /// The union of all points' neighbourhoods: w = a + b − ab, a and b what each
    /// end says.
    pub fn of(neighbours: &[Vec<Neighbour>]) -> Self {
        let mut one_way: BTreeMap<(usize, usize), f64> = BTreeMap::new();
        for (point, (own, local)) in neighbours.iter().zip(Local::of(neighbours)).enumerate() {
            for other in own.iter().filter(|other| other.point != point) {
                one_way.insert((point, other.point), local.strength(other.distance));
            }
        }
        let mut both = BTreeMap::new();
        for (&(i, j), &a) in &one_way {
            let b = one_way.get(&(j, i)).copied().unwrap_or(0.0);
            let weight = a + b - a * b;
            if weight > 0.0 {
                both.insert((i, j), weight);
                both.insert((j, i), weight);
            }
        }
        Self {
            points: neighbours.len(),
            edges: both.into_iter().map(|((i, j), w)| (i, j, w)).collect(),
        }
    }

    /// Without edges that would not be sampled in so many epochs, where these are
    /// more than ten.
    pub fn sampled(&self, epochs: usize) -> Self {
        let epochs = if epochs > 10 { epochs } else { 500 };
        let least = self.largest() / epochs as f64;
        let sampled = self.edges.iter().filter(|edge| edge.2 >= least);
        Self {
            points: self.points,
            edges: sampled.copied().collect(),
        }
    }

    /// The largest weight.
    pub(super) fn largest(&self) -> f64 {
        self.edges.iter().map(|edge| edge.2).fold(0.0, f64::max)
    }
}

impl Local {
    /// Those of all points, each given itself first and then its neighbours by
    /// distance.
    pub fn of(neighbours: &[Vec<Neighbour>]) -> Vec<Self> {
        let distances =
            |own: &[Neighbour]| -> Vec<f64> { own.iter().map(|n| n.distance).collect() };
        let all: Vec<Vec<f64>> = neighbours.iter().map(|own| distances(own)).collect();
        let total: f64 = all.iter().flatten().sum();
        let mean = total / all.iter().map(Vec::len).sum::<usize>().max(1) as f64;
        all.iter().map(|own| Self::of_one(own, mean)).collect()
    }

    fn of_one(distances: &[f64], mean_of_all: f64) -> Self {
        let rho = distances.iter().copied().find(|d| *d > 0.0).unwrap_or(0.0);
        let others = distances.get(1..).unwrap_or_default();
        let target = (distances.len() as f64).log2();
        let scale = if rho > 0.0 {
            distances.iter().sum::<f64>() / distances.len() as f64
        } else {
            mean_of_all
        };
        let sigma = search(others, rho, target).max(LEAST_SCALE * scale);
        Self { rho, sigma }
    }

    /// How much a point at this distance belongs to the neighbourhood.
    fn strength(self, distance: f64) -> f64 {
        let beyond = distance - self.rho;
        match beyond <= 0.0 || self.sigma == 0.0 {
            true => 1.0,
            false => (-beyond / self.sigma).exp(),
        }
    }
}

/// σ by halving, as `umap-learn` does: from 1, doubled while it is too small.
fn search(others: &[f64], rho: f64, target: f64) -> f64 {
    let (mut low, mut high, mut sigma) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..ITERATIONS {
        let terms = others.iter().map(|d| match d - rho {
            beyond if beyond > 0.0 => (-beyond / sigma).exp(),
            _ => 1.0,
        });
        let sum: f64 = terms.sum();
        if (sum - target).abs() < TOLERANCE {
            break;
        }
        if sum > target {
            high = sigma;
        } else {
            low = sigma;
        }
        sigma = if high.is_finite() {
            (low + high) / 2.0
        } else {
            2.0 * sigma
        };
    }
    sigma
}
