//! What a sweep's design cannot decide, said before anything is trained.

use breakeven_plot::number::p_value;
use breakeven_verify::blocks::FEWEST_SEEDS;
use breakeven_verify::design::{Planned, Prospect, planned_prospects};
use breakeven_verify::quantity::Factor;
use breakeven_verify::settings::Adjustment;

use crate::config::Config;

/// The warnings about `configs`, whose hypotheses are judged as one family.
pub fn warnings(configs: &[&Config]) -> Vec<String> {
    let Some(first) = configs.first() else {
        return Vec::new();
    };
    let mut parts: Vec<(&Config, Factor, Vec<Planned>)> = configs
        .iter()
        .flat_map(|config| Factor::ALL.map(|factor| (*config, factor, config.planned(factor))))
        .collect();
    // Hypotheses about other sweeps or factors are about other runs.
    let mut before = 0;
    for (.., planned) in &mut parts {
        planned
            .iter_mut()
            .for_each(|planned| planned.part += before);
        before = planned.iter().map(|p| p.part + 1).max().unwrap_or(before);
    }
    let family: Vec<Planned> = parts
        .iter()
        .flat_map(|(.., planned)| planned.clone())
        .collect();
    let mut prospects = planned_prospects(&family, first.procedure()).into_iter();

    let mut warnings: Vec<String> = configs.iter().flat_map(|config| about(config)).collect();
    for (config, factor, planned) in &parts {
        let found: Vec<(Planned, Prospect)> =
            planned.iter().copied().zip(prospects.by_ref()).collect();
        warnings.extend(incomparable(config, &found));
        warnings.extend(undecidable(config, *factor, &found, family.len()));
    }
    warnings
}

/// What is wrong with a configuration by itself.
fn about(config: &Config) -> Vec<String> {
    let mut warnings = Vec::new();
    let name = config.name();
    if !config.has_levels() {
        warnings.push(format!(
            "{name}: with one learning rate, one batch size and one momentum there is nothing to \
             compare, so these runs alone give no verdict"
        ));
    }
    if config.sets_bootstrap() {
        warnings.push(format!(
            "{name}: verify.bootstrap has no effect, as intervals of slopes are Student's: leave it \
             out"
        ));
    }
    warnings
}

/// K^M with M = S where S varies.
fn incomparable(config: &Config, found: &[(Planned, Prospect)]) -> Option<String> {
    let any = found.iter().any(|(planned, _)| !planned.comparable);
    any.then(|| {
        format!(
            "{}: K^M is measured on batches of S examples and S varies, so λ_K, λ_K*/λ_K and Tr K \
             of K^M will have no verdict by S: set measure.covariance_batch_size",
            config.name()
        )
    })
}

/// Too few seeds or levels for a verdict, whatever the outcome.
fn undecidable(
    config: &Config,
    factor: Factor,
    found: &[(Planned, Prospect)],
    family: usize,
) -> Option<String> {
    let is_open =
        |(planned, prospect): &&(Planned, Prospect)| planned.comparable && !prospect.decidable;
    let (_, prospect) = found.iter().find(is_open)?;
    let (seeds, levels) = (config.seeds(), config.levels(factor));
    let orders: f64 = (1..=levels).map(|k| k as f64).product();
    // Quantities of the same runs count once there.
    let fewer = match config.procedure().adjustment {
        Adjustment::WestfallYoung => "",
        Adjustment::Holm | Adjustment::BenjaminiHochberg => ", or fewer verify.quantities",
    };
    let enough = prospect.seeds_needed.map_or_else(String::new, |needed| {
        format!("; {needed} seeds could decide, or more levels{fewer}")
    });
    let reach = if seeds < FEWEST_SEEDS {
        format!("fewer than {FEWEST_SEEDS} never give one")
    } else {
        format!(
            "they reach p = {} at best, {} after adjustment for {family} hypotheses",
            p_value(orders.powf(-(seeds as f64))),
            p_value(prospect.smallest_p_adjusted),
        )
    };
    let seeds = if seeds == 1 {
        "1 seed".to_owned()
    } else {
        format!("{seeds} seeds")
    };
    Some(format!(
        "{}: no outcome of {seeds} at {levels} values of {} would be a verdict: {reach}{enough}",
        config.name(),
        factor.name(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn read(text: &str) -> Config {
        Config::parse(text, Path::new("")).unwrap()
    }

    fn sweep(axes: &str, rest: &str) -> Config {
        read(&format!(
            "name = \"s\"\n[data]\nname = \"fashion-mnist-12k\"\n[model]\nname = \"mlp\"\n\
             [training]\nepochs = 1\n[sweep]\n{axes}\n{rest}"
        ))
    }

    /// Of the paper's own experiments, those with one or two seeds: they make
    /// its figures and decide nothing.
    const FEW_SEEDS: [&str; 3] = [
        "densenet-imagenet-learning-rate.toml",
        "lstm-imdb-batch-size.toml",
        "lstm-imdb-learning-rate.toml",
    ];
    /// Another one, which is not read without weights.
    const NEEDS_WEIGHTS: &str = "bert-mnli-learning-rate.toml";

    /// Every other configuration that comes with the program can decide all
    /// that it tests, alone and, of `check`, together.
    #[test]
    fn every_fixture_can_decide() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/configs");
        let mut seen = 0;
        for folder in [folder.clone(), folder.join("paper"), folder.join("check")] {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let is_toml = path.extension().is_some_and(|end| end == "toml");
                if is_toml && !path.ends_with(NEEDS_WEIGHTS) {
                    let config = Config::load(&path).unwrap();
                    let decides = warnings(&[&config]).is_empty();
                    let has_few = FEW_SEEDS.iter().any(|few| path.ends_with(few));
                    assert_ne!(decides, has_few, "{}", path.display());
                    seen += 1;
                }
            }
        }
        assert!(seen >= 21, "{seen}");
        let defaults = crate::config::DEFAULTS.map(read);
        assert_eq!(warnings(&defaults.each_ref()), [""; 0]);
    }

    /// Five quantities and two statistics: ten hypotheses of 2⁻⁵ = 0.031.
    #[test]
    fn two_levels_of_few_seeds_are_warned_about() {
        let axes = "learning_rates = [0.1]\nbatch_sizes = [10, 100]\nseeds = [0, 1, 2, 3]";
        let measured = "[measure]\ncovariance_batch_size = 128";
        assert_eq!(
            warnings(&[&sweep(axes, measured)]),
            [
                "s: no outcome of 4 seeds at 2 values of batch_size would be a verdict: they reach \
              p = 0.062 at best, 0.062 after adjustment for 10 hypotheses; 5 seeds could decide, or \
              more levels"
            ]
        );
        let axes = axes.replace("3]", "3, 4]");
        assert_eq!(warnings(&[&sweep(&axes, measured)]), [""; 0]);
        let measured = "[measure]\ncovariance_batch_size = 128\n[verify]\nadjustment = \"holm\"";
        let axes = axes.as_str();
        assert_eq!(
            warnings(&[&sweep(axes, measured)]),
            [
                "s: no outcome of 5 seeds at 2 values of batch_size would be a verdict: they reach \
              p = 0.031 at best, 0.31 after adjustment for 10 hypotheses; 9 seeds could decide, or \
              more levels, or fewer verify.quantities"
            ]
        );
        let nine = axes.replace("4]", "4, 5, 6, 7, 8]");
        assert_eq!(warnings(&[&sweep(&nine, measured)]), [""; 0]);
        let found = warnings(&[&sweep(&nine, "")]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].contains("set measure.covariance_batch_size"),
            "{found:?}"
        );
    }

    #[test]
    fn sweeps_that_are_judged_together_are_one_family() {
        let axes = "learning_rates = [0.1, 0.2]\nbatch_sizes = [10]\nseeds = [0, 1, 2, 3, 4]";
        let four =
            "[verify]\nquantities = [\"lambda_k\", \"lambda_h\", \"trace_k\", \"condition_k\"]";
        let alone = sweep(axes, four);
        assert_eq!(warnings(&[&alone]), [""; 0]);
        let found = warnings(&[&alone, &alone]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].contains("0.062 after adjustment for 16 hypotheses; 6 seeds could"),
            "{found:?}"
        );
    }

    /// Two η, one S and three β: η varies at three β, β at two η. Of five
    /// quantities and two statistics that is 30 hypotheses of two levels, 2⁻⁵·30
    /// and more, and 20 of three, 50·6⁻⁵ = 0.006.
    #[test]
    fn momenta_are_levels_and_fix_the_others() {
        let axes = "learning_rates = [0.1, 0.2]\nbatch_sizes = [10]\n\
                    momenta = [0.1, 0.5, 0.9]\nseeds = [0, 1, 2, 3, 4]";
        let config = sweep(axes, "");
        let planned = Factor::ALL.map(|factor| config.planned(factor).len());
        assert_eq!(planned, [30, 0, 20]);
        let found = warnings(&[&config]);
        assert_eq!(found.len(), 1, "{found:?}");
        let expected = "no outcome of 5 seeds at 2 values of learning_rate would be a verdict";
        assert!(found[0].contains(expected), "{found:?}");
        let alone = sweep(&axes.replace("0.1, 0.2]", "0.1]"), "");
        assert!(alone.has_levels());
        assert_eq!(warnings(&[&alone]), [""; 0]);
        let one = sweep(
            &axes
                .replace("0.1, 0.2]", "0.1]")
                .replace("0.1, 0.5, 0.9", "0.9"),
            "",
        );
        assert!(!one.has_levels());
    }

    #[test]
    fn few_seeds_one_level_and_settings_without_effect_are_named() {
        let axes = "learning_rates = [0.1]\nbatch_sizes = [10]\nseeds = [0]";
        let bootstrap = "[verify]\nbootstrap = { resamples = 10 }";
        let found = warnings(&[&sweep(axes, bootstrap)]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].contains("there is nothing to compare"),
            "{found:?}"
        );
        assert!(
            found[1].contains("verify.bootstrap has no effect"),
            "{found:?}"
        );
        let two = axes
            .replace("[0.1]", "[0.1, 0.2, 0.3, 0.4, 0.5]")
            .replace("[0]", "[0, 1]");
        let found = warnings(&[&sweep(&two, "")]);
        assert!(
            found[0].contains("fewer than 3 never give one; 3 seeds could"),
            "{found:?}"
        );
    }
}
