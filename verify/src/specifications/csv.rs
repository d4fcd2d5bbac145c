//! All specifications as a table.

use super::{Specification, SpecificationCurve};
use crate::trend::Method;
use breakeven_plot::csv_text;

const COLUMNS: [&str; 17] = [
    "claim",
    "quantity",
    "sample",
    "statistic",
    "window",
    "smoothed_over",
    "every",
    "seeds",
    "levels",
    "log_slope",
    "log_slope_low",
    "log_slope_high",
    "p_value",
    "opposite_p_value",
    "p_method",
    "level_means",
    "absent",
];

/// A row a claim and choice; a cell without a number is empty, and `absent` says
/// why. P-values are not adjusted.
///
/// # Errors
/// None that a table in memory can give.
pub fn csv(curves: &[SpecificationCurve]) -> Result<String, csv::Error> {
    csv_text(|writer| {
        writer.write_record(COLUMNS)?;
        for curve in curves {
            for one in &curve.all {
                writer.write_record(row(curve, one))?;
            }
        }
        Ok(())
    })
}

fn row(curve: &SpecificationCurve, one: &Specification) -> Vec<String> {
    let choices = &one.choices;
    let mut row = vec![
        curve.id.clone(),
        choices.measured.quantity.name().to_owned(),
        choices.measured.sample.name().to_owned(),
        choices.statistic.name().to_owned(),
        choices.window.in_words().to_owned(),
        choices.smoothing.records().to_string(),
        choices.cadence.one_of().to_string(),
    ];
    let number = |value: Option<f64>| value.map_or_else(String::new, |v| v.to_string());
    match &one.effect {
        Ok(effect) => {
            let ends = effect.slope.as_ref().and_then(|slope| slope.interval);
            let means: Vec<String> = effect.level_means.iter().map(f64::to_string).collect();
            row.extend([
                effect.seeds.to_string(),
                effect.level_means.len().to_string(),
                number(effect.slope.as_ref().map(|slope| slope.slope)),
                number(ends.map(|[low, _]| low)),
                number(ends.map(|[_, high]| high)),
                effect.p_value.to_string(),
                effect.opposite_p_value.to_string(),
                match effect.method {
                    Method::Exact => "exact".to_owned(),
                    Method::Normal => "normal".to_owned(),
                },
                means.join(" "),
                match effect.slope {
                    Some(_) => String::new(),
                    None => "a value is not positive: no slope".to_owned(),
                },
            ]);
        }
        Err(why) => {
            row.extend(std::iter::repeat_n(String::new(), 9));
            row.push(why.clone());
        }
    }
    row
}
