//! UMAP in two dimensions, exactly: McInnes, Healy & Melville,
//! arXiv:1802.03426, with the choices of their `umap-learn` 0.5.
//!
//! All neighbours are found by comparing all points, the initial layout is that
//! of all eigenvectors, everything is in 64 bits and one seed fixes the layout.
//! That is for a few thousand points. Of the crates that there are, `umap-rs`
//! leaves neighbours and initial layout to the caller and draws from a generator
//! that can't be seeded, on threads that race; `annembed` approximates
//! neighbours and needs BLAS; `fast-umap` is Burn's.
//!
//! What differs from `umap-learn`: random numbers; the noise on the initial
//! layout is uniform, with the same standard deviation; and where the graph
//! falls apart its components begin on a circle ([`Embedding::components`]).

mod curve;
mod graph;
mod layout;
mod neighbours;
mod quality;
mod spectral;

pub use curve::Curve;
pub use graph::{Graph, Local};
pub use neighbours::{Neighbour, nearest};
pub use quality::{cross_entropy, trustworthiness};
pub use spectral::{Start, start};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;

/// The most points: all eigenvectors of a matrix of so many rows are found.
pub const MOST_POINTS: usize = 4096;

/// How points are embedded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// Neighbours of each point, itself among them; more than there are other
    /// points mean all of those. Default 15.
    pub neighbours: usize,
    /// How close points may come: 0 to `spread`. Default 0.1.
    pub min_dist: f64,
    /// The scale of the layout. Default 1.
    pub spread: f64,
    /// Passes over the graph. Default 500.
    pub epochs: usize,
    /// Points that each one is pushed from for one that it is pulled to.
    /// Default 5.
    pub negative_samples: usize,
    /// Of the layout's random numbers. Default 0.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            neighbours: 15,
            min_dist: 0.1,
            spread: 1.0,
            epochs: 500,
            negative_samples: 5,
            seed: 0,
        }
    }
}

/// Points in the plane.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// Where each point is.
    pub points: Vec<[f64; 2]>,
    /// Parts of the graph without an edge between them. With more than one,
    /// distances between their points say nothing.
    pub components: usize,
    /// Neighbours of each point, itself among them.
    pub neighbours: usize,
    /// Share in \[0, 1\] of neighbourhoods of the plane that are neighbourhoods of
    /// the data ([`trustworthiness`]); absent
    /// where neighbours are half of the points or more.
    pub trustworthiness: Option<f64>,
}

/// Points that can't be embedded.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum UmapError {
    /// Too few of them.
    #[error("{0} points have no layout: give at least 3")]
    TooFew(usize),
    /// Too many of them.
    #[error(
        "{0} points are too many to embed exactly: give at most {MOST_POINTS}, such as every second one"
    )]
    TooMany(usize),
    /// Of different dimensions.
    #[error("point {point} has {found} numbers, those before it {expected}: give all as many")]
    Lengths {
        /// The first other one, from 0.
        point: usize,
        /// Its dimension.
        found: usize,
        /// The others'.
        expected: usize,
    },
    /// A number that is none.
    #[error("point {0} has a number that is not finite: leave it out")]
    NotFinite(usize),
    /// All in one place.
    #[error("all points are equal: there is nothing to lay out")]
    AllEqual,
    /// A setting out of its range.
    #[error("{name} is {found}: give {expected}")]
    Setting {
        /// Which.
        name: &'static str,
        /// What was given.
        found: String,
        /// What is asked for.
        expected: String,
    },
}

/// Embeds points in the plane.
///
/// Two groups of three, where no point has a neighbour in the other:
///
/// ```
/// use breakeven_verify::umap::{Settings, embed};
///
/// let points: Vec<Vec<f64>> =
///     [0.0, 1.0, 3.0, 100.0, 101.0, 103.0].map(|x| vec![x, 0.0]).to_vec();
/// let found = embed(&points, &Settings { neighbours: 3, ..Settings::default() })?;
/// assert_eq!((found.points.len(), found.components), (6, 2));
/// # Ok::<(), breakeven_verify::umap::UmapError>(())
/// ```
///
/// # Errors
/// Points or settings that can't be.
pub fn embed(points: &[Vec<f64>], settings: &Settings) -> Result<Embedding, UmapError> {
    settings.check()?;
    check(points)?;
    let neighbours = settings.neighbours.min(points.len() - 1);
    let graph = Graph::of(&nearest(points, neighbours));
    let curve = Curve::fitted(settings.min_dist, settings.spread);
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    let sampled = graph.sampled(settings.epochs);
    let Start {
        points: at,
        components,
    } = start(&sampled, &mut rng);
    let at = layout::optimise(at, &sampled, curve, settings, &mut rng);
    Ok(Embedding {
        trustworthiness: trustworthiness(points, &at, neighbours - 1),
        points: at,
        components,
        neighbours,
    })
}

impl Settings {
    fn check(&self) -> Result<(), UmapError> {
        let refuse = |name, found: String, expected: String| {
            Err(UmapError::Setting {
                name,
                found,
                expected,
            })
        };
        let (spread, min_dist) = (self.spread, self.min_dist);
        if self.neighbours < 2 {
            return refuse(
                "neighbours",
                self.neighbours.to_string(),
                "at least 2".into(),
            );
        }
        if !(spread > 0.0 && spread.is_finite()) {
            return refuse("spread", spread.to_string(), "a positive number".into());
        }
        if !(0.0..=spread).contains(&min_dist) {
            return refuse("min_dist", min_dist.to_string(), format!("0 to {spread}"));
        }
        if self.epochs == 0 {
            return refuse("epochs", "0".into(), "at least 1".into());
        }
        Ok(())
    }
}

fn check(points: &[Vec<f64>]) -> Result<(), UmapError> {
    if points.len() < 3 {
        return Err(UmapError::TooFew(points.len()));
    }
    if points.len() > MOST_POINTS {
        return Err(UmapError::TooMany(points.len()));
    }
    let expected = points[0].len();
    for (point, numbers) in points.iter().enumerate() {
        if numbers.len() != expected {
            let found = numbers.len();
            return Err(UmapError::Lengths {
                point,
                found,
                expected,
            });
        }
        if numbers.iter().any(|x| !x.is_finite()) {
            return Err(UmapError::NotFinite(point));
        }
    }
    match points.iter().all(|point| *point == points[0]) {
        true => Err(UmapError::AllEqual),
        false => Ok(()),
    }
}
