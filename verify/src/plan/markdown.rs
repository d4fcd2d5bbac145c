//! The plan as people read it.

use std::fmt::Write as _;

use super::{Plan, PlannedHypothesis};
use crate::quantity::Direction;
use crate::report::statement;
use breakeven_plot::number::{p_value, significant};

/// The plan in Markdown, under the hash that names it.
pub fn markdown(plan: &Plan, hash: &str) -> String {
    let mut text = format!(
        "# Plan\n\nWritten by breakeven {} before training. SHA-256 of `plan.json`: `{hash}`\n\n{}\n",
        plan.version,
        statement::adjustment(plan.procedure)
    );
    for sweep in &plan.sweeps {
        let settings = &sweep.settings;
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "\n## {}\n\n{} seeds. A run counts if {}. `at_accuracy_` quantities are read past a \
             training accuracy of {}. Runs that begin with this plan say `plan_sha256` `{}`.\n",
            sweep.sweep,
            sweep.seeds.len(),
            settings.convergence.in_words(),
            settings.accuracy_threshold,
            sweep.plan_sha256
        );
    }
    text += "\n## Hypotheses\n\n| hypothesis | claim | levels | smallest adjusted p | a verdict is possible |\n|---|---|---|---|---|\n";
    for hypothesis in &plan.hypotheses {
        text += &row(hypothesis);
    }
    text + &power(plan)
}

fn row(hypothesis: &PlannedHypothesis) -> String {
    let levels: Vec<String> = hypothesis.levels.iter().map(ToString::to_string).collect();
    let verb = match hypothesis.expected {
        Direction::Increasing => "rises",
        Direction::Decreasing => "falls",
    };
    let possible = match (hypothesis.decidable, hypothesis.seeds_needed) {
        (true, _) => "yes".to_owned(),
        (false, Some(needed)) => format!("no: needs {needed} seeds"),
        (false, None) => "no, with any number of seeds".to_owned(),
    };
    format!(
        "| `{}` | {verb} with {} | {} | {} | {possible} |\n",
        hypothesis.id,
        hypothesis.factor.symbol(),
        levels.join(", "),
        hypothesis
            .smallest_p_adjusted
            .map_or("–".to_owned(), p_value),
    )
}

fn power(plan: &Plan) -> String {
    let assumed = plan.power.assumed;
    let percent = |share: f64| significant(100.0 * share, 3);
    let mut text = format!(
        "\n## Power\n\nIf every quantity goes as the power {} of its factor, in the expected \
         direction, and its logarithm scatters by {} between runs, independently for each \
         quantity: the chance of “supported” in {} simulated studies.\n\n\
         | runs | seeds | mean power | all supported (95 % interval) | seeds for 80 % |\n|---|---|---|---|---|\n",
        assumed.slope, assumed.spread, assumed.studies
    );
    for of in &plan.power.of {
        let interval = of
            .power_of_all_interval
            .map_or_else(String::new, |[low, high]| {
                format!(" ({} to {} %)", percent(low), percent(high))
            });
        let needed = of
            .seeds_for_power
            .map_or("more than 12".to_owned(), |seeds| seeds.to_string());
        let _ = writeln!(
            text,
            "| {} by {}, {} | {} | {} % | {} %{interval} | {needed} |",
            of.sweep,
            of.factor.symbol(),
            of.fixed.id(),
            of.seeds,
            percent(of.power),
            percent(of.power_of_all),
        );
    }
    text
}
