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

/// The names of all runs that a configuration plans, by seed; none where it
/// has no such table, as those of other programs.
pub fn planned_runs(config: &serde_json::Value) -> Vec<(u64, Vec<String>)> {
    let Ok(axes) = Axes::deserialize(&config["sweep"]) else {
        return Vec::new();
    };
    let momenta = match axes.momenta {
        Some(momenta) => momenta.into_iter().map(Some).collect(),
        None => vec![None],
    };
    let of_seed = |seed| {
        let mut names = Vec::new();
        for &learning_rate in &axes.learning_rates {
            for &batch_size in &axes.batch_sizes {
                let named = |&momentum: &_| run_name(learning_rate, batch_size, momentum, seed);
                names.extend(momenta.iter().map(named));
            }
        }
        (seed, names)
    };
    axes.seeds.iter().map(|&seed| of_seed(seed)).collect()
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
        assert_eq!(
            planned_runs(&plan),
            [(3, names.map(str::to_owned).to_vec())]
        );
        assert_eq!(planned_runs(&json!({"seeds": [1]})), []);
    }
}
