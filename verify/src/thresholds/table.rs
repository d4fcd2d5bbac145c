//! Predictions and observations as tables.

use super::explained::{Explained, explained};
use super::{Known, Located, Observed, Predictor};
use breakeven_plot::csv_text;

/// A predictor against an observation.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What predicts.
    pub predictor: Predictor,
    /// What is predicted.
    pub observed: Observed,
    /// How much it explains.
    pub explained: Explained,
    /// How much 2/η explains, of the same runs.
    pub null: Explained,
}

/// How much each predictor explains of each observation, beside the null model
/// on the same runs: those with both numbers.
pub fn comparison(located: &[Located]) -> Vec<Row> {
    let row = |(observed, predictor): (Observed, Predictor)| {
        let both: Vec<&Located> = located
            .iter()
            .filter(|one| one.pair(predictor, observed).is_some())
            .collect();
        let of = |predictor| {
            let pairs = both.iter().filter_map(|one| one.pair(predictor, observed));
            explained(&pairs.collect::<Vec<_>>())
        };
        Row {
            predictor,
            observed,
            explained: of(predictor),
            null: of(Predictor::Null),
        }
    };
    let each = Observed::ALL.into_iter();
    let each = each.flat_map(|observed| Predictor::ALL.map(|predictor| (observed, predictor)));
    each.map(row).collect()
}

/// The columns of [`csv()`].
pub fn columns() -> Vec<&'static str> {
    vec![
        "network",
        "run",
        "seed",
        "learning_rate",
        "batch_size",
        "break_even_step",
        "predicted_at_step",
        "learning_rate_there",
        "lambda_h_there",
        "alpha",
        "lambda_k_there",
        "psi",
        "curvature_variance",
        "eq4",
        "eq4_mini_batch",
        "eq4_variance",
        "null",
        "break_even_lambda_h",
        "largest_lambda_h",
        "largest_lambda_h_step",
        "absent",
    ]
}

/// A row a run; a cell without a number is empty, and `absent` says why.
///
/// # Errors
/// None that a table in memory can give.
pub fn csv(located: &[Located]) -> Result<String, csv::Error> {
    let table = csv_text(|writer| {
        writer.write_record(columns())?;
        located
            .iter()
            .try_for_each(|one| writer.write_record(row(one)))
    })?;
    Ok(format!(
        "# eq4: 2/eta - alpha p/psi^2; eq4_mini_batch: with alpha from lambda_k of K^M; eq4_variance: \
         2/eta - p s^2/lambda_h; null: 2/eta (with momentum as in docs/model.md), at the last record before the break-even step\n{table}"
    ))
}

fn row(one: &Located) -> Vec<String> {
    let text = |value: Option<f64>| value.map_or_else(String::new, |x| x.to_string());
    let step = |value: Option<u64>| value.map_or_else(String::new, |x| x.to_string());
    let known = |value: &Known<f64>| text(value.as_ref().ok().copied());
    let seen = |observed| one.observed(observed).as_ref().ok();
    let inputs = &one.inputs;
    let predicted = one.predicted.iter().map(known);
    let known_there = vec![
        one.network.clone(),
        one.run.clone(),
        one.seed.to_string(),
        one.learning_rate.to_string(),
        one.batch_size.to_string(),
        step(one.break_even_step),
        step(one.at.as_ref().ok().copied()),
        text(inputs.learning_rate),
        text(inputs.lambda_h),
        text(inputs.alpha()),
        text(inputs.lambda_k),
        text(inputs.psi),
        text(inputs.curvature_variance),
    ];
    let outcome = [
        text(seen(Observed::BreakEven).map(|seen| seen.0)),
        text(seen(Observed::Largest).map(|seen| seen.0)),
        step(seen(Observed::Largest).map(|seen| seen.1)),
        absent(one),
    ];
    known_there
        .into_iter()
        .chain(predicted)
        .chain(outcome)
        .collect()
}

/// Why numbers are missing, each reason once.
fn absent(one: &Located) -> String {
    let mut reasons: Vec<String> = Vec::new();
    let predicted = one.predicted.iter().filter_map(|p| p.as_ref().err());
    let observed = one.observed.iter().filter_map(|o| o.as_ref().err());
    for why in predicted.chain(observed) {
        if !reasons.contains(why) {
            reasons.push(why.clone());
        }
    }
    reasons.join("; ")
}
