//! UMAP against umap-learn and scikit-learn (`fixtures/reference/make_umap.py`),
//! and small cases whose answer is known.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use breakeven_verify::umap::{
    Curve, Embedding, Graph, Local, Settings, UmapError, cross_entropy, embed, nearest, start,
    trustworthiness,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    curves: Vec<[f64; 4]>,
    paths: Case,
    clusters: Case,
    versions: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Case {
    data: Vec<Vec<f64>>,
    neighbours: usize,
    rho: Vec<f64>,
    sigma: Vec<f64>,
    weights: Vec<(usize, usize, f64)>,
    layout: Vec<[f64; 2]>,
    cross_entropy: Vec<f64>,
    trustworthiness: Vec<f64>,
    spectral: Option<Vec<[f64; 2]>>,
}

static REFERENCE: LazyLock<Reference> = LazyLock::new(|| {
    let text = include_str!("../../../fixtures/reference/umap.json");
    serde_json::from_str(text).unwrap()
});

impl Reference {
    fn cases(&self) -> [(&'static str, &Case); 2] {
        [("paths", &self.paths), ("clusters", &self.clusters)]
    }
}

impl Case {
    fn graph(&self) -> Graph {
        Graph::of(&nearest(&self.data, self.neighbours))
    }

    fn embedded(&self, seed: u64) -> Embedding {
        let settings = Settings {
            neighbours: self.neighbours,
            seed,
            ..Settings::default()
        };
        embed(&self.data, &settings).unwrap()
    }
}

/// umap-learn keeps rho and sigma in 32 bits.
const SINGLE: f64 = 2e-7;

#[track_caller]
fn close(found: f64, expected: f64, relative: f64) {
    let scale = expected.abs().max(1e-12);
    assert!(
        (found - expected).abs() <= relative * scale,
        "{found} instead of {expected}"
    );
}

#[test]
fn the_local_metrics_are_those_of_umap_learn() {
    assert_eq!(REFERENCE.versions["umap-learn"], "0.5.12");
    for (_, case) in REFERENCE.cases() {
        let found = Local::of(&nearest(&case.data, case.neighbours));
        assert_eq!(found.len(), case.rho.len());
        for (local, (&rho, &sigma)) in found.iter().zip(case.rho.iter().zip(&case.sigma)) {
            close(local.rho, rho, SINGLE);
            close(local.sigma, sigma, SINGLE);
        }
    }
}

#[test]
fn the_graph_is_that_of_umap_learn() {
    for (name, case) in REFERENCE.cases() {
        let graph = case.graph();
        let upper: Vec<_> = graph.edges.iter().filter(|(i, j, _)| i < j).collect();
        assert_eq!(upper.len(), case.weights.len(), "{name}");
        assert_eq!(graph.edges.len(), 2 * upper.len(), "{name}");
        for (&&(i, j, found), &(k, l, expected)) in upper.iter().zip(&case.weights) {
            assert_eq!((i, j), (k, l), "{name}");
            assert!((found - expected).abs() <= 1e-6, "{found} {expected}");
        }
    }
}

#[test]
fn the_curve_is_that_of_umap_learn() {
    for &[min_dist, spread, a, b] in &REFERENCE.curves {
        let found = Curve::fitted(min_dist, spread);
        // Those of curve_fit stop at a relative change of the squares of 1.5e-8.
        close(found.a, a, 1e-5);
        close(found.b, b, 1e-5);
    }
}

#[test]
fn the_spectral_layout_is_that_of_umap_learn_up_to_its_signs() {
    let case = &REFERENCE.paths;
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let begun = start(&case.graph().sampled(500), &mut rng);
    assert_eq!(begun.components, 1);
    let expected = case.spectral.as_ref().unwrap();
    for axis in [0, 1] {
        let found: Vec<f64> = begun.points.iter().map(|point| point[axis]).collect();
        let theirs: Vec<f64> = expected.iter().map(|point| point[axis]).collect();
        let (low, high) = ends(&theirs);
        let place = |x: f64| 10.0 * (x - low) / (high - low);
        let apart = |turned: bool| {
            let pairs = found.iter().zip(&theirs);
            let one = pairs.map(|(found, &x)| {
                let x = if turned { 10.0 - place(x) } else { place(x) };
                (found - x).abs()
            });
            one.fold(0.0, f64::max)
        };
        // The noise of 1e-4 on both ends and the point, of a layout that is
        // scaled up to twice.
        let error = apart(false).min(apart(true));
        assert!(error < 1e-3, "axis {axis}: {error}");
    }
}

fn ends(values: &[f64]) -> (f64, f64) {
    let all = values.iter().copied();
    (
        all.clone().fold(f64::INFINITY, f64::min),
        all.fold(f64::NEG_INFINITY, f64::max),
    )
}

#[test]
fn cross_entropy_and_trustworthiness_are_those_of_numpy_and_scikit_learn() {
    for (_, case) in REFERENCE.cases() {
        let curve = Curve::fitted(0.1, 1.0);
        let found = cross_entropy(&case.graph(), &case.layout, curve);
        close(found, case.cross_entropy[0], 1e-5);
        let found = trustworthiness(&case.data, &case.layout, case.neighbours - 1).unwrap();
        close(found, case.trustworthiness[0], 1e-12);
    }
}

/// Mean and standard deviation.
fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|x| (x - mean) * (x - mean));
    (mean, (squares.sum::<f64>() / (count - 1.0)).sqrt())
}

/// Ten seeds each: the means differ by less than three standard errors of their
/// difference, with a hundredth of the value at most for what the random
/// generators and the first noise make different.
#[test]
fn layouts_are_as_good_as_those_of_umap_learn() {
    for (name, case) in REFERENCE.cases() {
        let curve = Curve::fitted(0.1, 1.0);
        let ours: Vec<Embedding> = (0..10).map(|seed| case.embedded(seed)).collect();
        let losses: Vec<f64> = ours
            .iter()
            .map(|one| cross_entropy(&case.graph(), &one.points, curve))
            .collect();
        let trusts: Vec<f64> = ours
            .iter()
            .map(|one| one.trustworthiness.unwrap())
            .collect();
        for (what, ours, theirs) in [
            ("cross entropy", losses, &case.cross_entropy),
            ("trustworthiness", trusts, &case.trustworthiness),
        ] {
            let ((mean, deviation), (expected, spread)) = (moments(&ours), moments(theirs));
            let error = ((deviation * deviation + spread * spread) / 10.0).sqrt();
            let band = 3.0 * error + 0.01 * expected;
            println!("{name} {what}: {mean} ± {deviation}, umap-learn {expected} ± {spread}");
            assert!(
                (mean - expected).abs() <= band,
                "{name}, {what}: {mean} instead of {expected} ± {band}"
            );
        }
    }
}

#[test]
fn a_seed_fixes_the_layout() {
    let case = &REFERENCE.paths;
    assert_eq!(case.embedded(3), case.embedded(3));
    assert_ne!(case.embedded(3).points, case.embedded(4).points);
}

#[test]
fn clusters_without_common_neighbours_stay_apart_and_are_counted() {
    let case = &REFERENCE.clusters;
    let found = case.embedded(0);
    assert_eq!(found.components, 3);
    let centre = |number: usize| {
        let own = &found.points[30 * number..30 * (number + 1)];
        [0, 1].map(|axis| own.iter().map(|p| p[axis]).sum::<f64>() / 30.0)
    };
    let far = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
    for number in 0..3 {
        for (index, &point) in found.points.iter().enumerate() {
            let own = far(point, centre(index / 30));
            assert!(number == index / 30 || own < far(point, centre(number)));
        }
    }
}

fn line(points: usize) -> Vec<Vec<f64>> {
    (0..points).map(|k| vec![k as f64, 0.5]).collect()
}

fn all_finite(found: &Embedding) -> bool {
    found.points.iter().flatten().all(|x| x.is_finite())
}

#[test]
fn three_points_and_more_neighbours_than_points_have_a_layout() {
    for points in [3, 4, 5, 16] {
        let found = embed(&line(points), &Settings::default()).unwrap();
        assert_eq!(found.points.len(), points);
        assert_eq!(found.neighbours, (points - 1).min(15));
        assert!(all_finite(&found), "{points}");
    }
}

#[test]
fn pairs_of_neighbours_alone_are_components_of_their_own() {
    let points: Vec<Vec<f64>> = [0.0, 1.0, 100.0, 101.0, 200.0, 201.5]
        .iter()
        .map(|x| vec![*x])
        .collect();
    let settings = Settings {
        neighbours: 2,
        ..Settings::default()
    };
    let found = embed(&points, &settings).unwrap();
    assert_eq!(found.components, 3);
    assert!(all_finite(&found));
}

#[test]
fn duplicates_have_a_layout() {
    // Each point four times: rho is the distance of the next place, and the
    // copies belong to each other in full.
    let points: Vec<Vec<f64>> = (0..20)
        .flat_map(|k| vec![vec![f64::from(k), 1.0]; 4])
        .collect();
    let neighbours = nearest(&points, 6);
    assert!(
        neighbours
            .iter()
            .enumerate()
            .all(|(k, own)| own[0].point == k)
    );
    let local = Local::of(&neighbours);
    assert!(local.iter().all(|local| local.rho == 1.0));
    let graph = Graph::of(&neighbours);
    let weight = |i, j| graph.edges.iter().find(|e| (e.0, e.1) == (i, j)).unwrap().2;
    assert_eq!(weight(0, 3), 1.0);
    let found = embed(&points, &Settings::default()).unwrap();
    assert!(all_finite(&found));
    // Copies of all neighbours: more of them than neighbours that are asked for.
    let settings = Settings {
        neighbours: 3,
        ..Settings::default()
    };
    assert!(all_finite(&embed(&points, &settings).unwrap()));
}

#[test]
fn what_has_no_layout_is_refused_with_a_reason() {
    let said =
        |points: &[Vec<f64>], settings: Settings| embed(points, &settings).unwrap_err().to_string();
    let usual = Settings::default();
    for (points, why) in [
        (line(2), "2 points have no layout: give at least 3"),
        (vec![], "0 points have no layout: give at least 3"),
        (
            line(4097),
            "4097 points are too many to embed exactly: give at most 4096, such as every second one",
        ),
        (
            vec![vec![0.25, 0.75]; 9],
            "all points are equal: there is nothing to lay out",
        ),
        (
            vec![vec![0.0], vec![1.0], vec![f64::NAN]],
            "point 2 has a number that is not finite: leave it out",
        ),
        (
            vec![vec![0.0], vec![1.0, 2.0], vec![3.0]],
            "point 1 has 2 numbers, those before it 1: give all as many",
        ),
    ] {
        assert_eq!(said(&points, usual), why);
    }
    for (settings, why) in [
        (
            Settings {
                neighbours: 1,
                ..usual
            },
            "neighbours is 1: give at least 2",
        ),
        (
            Settings {
                min_dist: 1.5,
                ..usual
            },
            "min_dist is 1.5: give 0 to 1",
        ),
        (
            Settings {
                spread: 0.0,
                ..usual
            },
            "spread is 0: give a positive number",
        ),
        (
            Settings { epochs: 0, ..usual },
            "epochs is 0: give at least 1",
        ),
    ] {
        assert_eq!(said(&line(5), settings), why);
    }
    assert_eq!(
        embed(&line(1), &usual),
        Err(UmapError::TooFew(1)),
        "one point"
    );
}
