//! The runs that a sweep plans, from the table `sweep` of its configuration.

use serde::Deserialize;

/// The name of a run and of its folder.
pub fn run_name(learning_rate: f64, batch_size: usize, momentum: Option<f64>, seed: u64) -> String {
    let eta = short(learning_rate);
    match momentum.map(short) {
        None => format!("lr{eta}-bs{batch_size}-seed{seed}"),
        Some(beta) => format!("lr{eta}-bs{batch_size}-beta{beta}-seed{seed}"),
    }
}

/// Whole digits of a number far from 1 make a name too long for a file.
fn short(number: f64) -> String {
    if number == 0.0 || (1e-9..1e9).contains(&number) {
        number.to_string()
    } else {
        format!("{number:e}")
    }
}

/// What a sweep varies, as far as the names of its runs say.
#[derive(Deserialize)]
struct Axes {
    learning_rates: Vec<f64>,
    batch_sizes: Vec<usize>,
    #[serde(default)]
    momenta: Option<Vec<f64>>,
    seeds: Vec<u64>,
}

/// A run that a sweep plans.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedRun {
    /// Its name, which is also its folder's.
    pub name: String,
    /// Of every random stream.
    pub seed: u64,
    /// η.
    pub learning_rate: f64,
    /// S.
    pub batch_size: usize,
    /// β, where the sweep names its own ones.
    pub momentum: Option<f64>,
}

/// All runs that a configuration plans, seed by seed; none where it has no such
/// table, as those of other programs.
///
/// ```
/// use breakeven_sim::record::planned_runs;
///
/// let config = serde_json::json!({"sweep": {
///     "learning_rates": [0.1, 0.01], "batch_sizes": [32], "seeds": [0, 1, 2],
/// }});
/// let runs = planned_runs(&config);
/// assert_eq!(runs.len(), 6);
/// assert_eq!(runs[0].name, "lr0.1-bs32-seed0");
/// ```
pub fn planned_runs(config: &serde_json::Value) -> Vec<PlannedRun> {
    let Ok(axes) = Axes::deserialize(&config["sweep"]) else {
        return Vec::new();
    };
    combinations(
        &axes.seeds,
        &axes.learning_rates,
        &axes.batch_sizes,
        axes.momenta.as_deref(),
    )
}

/// A run for each combination: seed by seed, as seeds are blocks.
pub fn combinations(
    seeds: &[u64],
    learning_rates: &[f64],
    batch_sizes: &[usize],
    momenta: Option<&[f64]>,
) -> Vec<PlannedRun> {
    let momenta: Vec<Option<f64>> = match momenta {
        Some(momenta) => momenta.iter().copied().map(Some).collect(),
        None => vec![None],
    };
    let mut runs = Vec::new();
    for &seed in seeds {
        for &learning_rate in learning_rates {
            for &batch_size in batch_sizes {
                runs.extend(momenta.iter().map(|&momentum| PlannedRun {
                    name: run_name(learning_rate, batch_size, momentum, seed),
                    seed,
                    learning_rate,
                    batch_size,
                    momentum,
                }));
            }
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plan_names_its_runs() {
        let plan = json!({"sweep": {
            "learning_rates": [0.1, 1e-12], "batch_sizes": [20], "momenta": [0.9], "seeds": [3],
        }});
        let names = ["lr0.1-bs20-beta0.9-seed3", "lr1e-12-bs20-beta0.9-seed3"];
        let found = planned_runs(&plan);
        assert_eq!(
            found
                .iter()
                .map(|run| run.name.as_str())
                .collect::<Vec<_>>(),
            names
        );
        assert!(
            found
                .iter()
                .all(|run| (run.seed, run.momentum) == (3, Some(0.9)))
        );
        assert_eq!(planned_runs(&json!({"seeds": [1]})), []);
    }
}
