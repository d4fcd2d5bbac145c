//! Time of the Monte Carlo against N, S and paths: `cargo bench -p
//! breakeven-sim`. The first row is the problem of
//! `benches/montecarlo_numpy.py`, at the root of the repository.

use std::time::Instant;

use breakeven_sim::curvatures::{CurvatureDistribution, Curvatures};
use breakeven_sim::montecarlo::MonteCarlo;

const REPEATS: usize = 10;
/// (N, S, steps, paths).
const PROBLEMS: [(usize, usize, u64, usize); 12] = [
    (1_000, 32, 100, 10_000),
    (1_000, 32, 100, 1_000),
    (1_000, 32, 100, 100_000),
    (1_000, 1, 100, 10_000),
    (1_000, 8, 100, 10_000),
    (1_000, 128, 100, 10_000),
    (1_000, 500, 100, 10_000),
    (1_000, 900, 100, 10_000),
    (100, 32, 100, 10_000),
    (10_000, 32, 100, 10_000),
    (100_000, 32, 100, 10_000),
    (1_000_000, 32, 100, 10_000),
];

fn main() {
    let threads = rayon::current_num_threads();
    println!("threads: {threads}, best of {REPEATS}");
    println!(
        "{:>9} {:>5} {:>6} {:>7} {:>10} {:>9} {:>12}",
        "N", "S", "steps", "paths", "seconds", "ns/draw", "growth"
    );
    for (examples, batch_size, steps, paths) in PROBLEMS {
        let law = CurvatureDistribution::Gamma {
            mean: 1.0,
            deviation: 2.0,
        };
        let curvatures = Curvatures::draw(law, examples, 0).expect("a gamma law");
        let problem = MonteCarlo::new(1.5, batch_size, curvatures, steps, paths, 1);
        let problem = problem.expect("a batch that fits");
        let mut best = f64::INFINITY;
        let mut growth = f64::NAN;
        for _ in 0..REPEATS {
            let start = Instant::now();
            growth = problem.run().growth.value;
            best = best.min(start.elapsed().as_secs_f64());
        }
        let draws = paths as f64 * steps as f64 * batch_size as f64;
        let each = 1e9 * best / draws;
        println!(
            "{examples:>9} {batch_size:>5} {steps:>6} {paths:>7} {best:>10.4} {each:>9.2} {growth:>12.6}"
        );
    }
}
