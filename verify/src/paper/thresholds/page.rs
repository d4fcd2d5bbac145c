//! The folder of predicted and observed break-even points: a page, pictures,
//! and a table.

use std::path::Path;

use maud::{Markup, html};
use serde_json::{Value, json};

use crate::paper::files::PAGE_FILE;
use crate::paper::html::{label, page};
use crate::thresholds::{
    Explained, Located, Network, Observed, Predictor, comparison, csv, figures, locate,
};
use breakeven_plot::number::significant;
use breakeven_plot::{Figure, WriteError, write_file};

/// The folder, beside those of the figures.
pub const THRESHOLDS_FOLDER: &str = "thresholds";
const TITLE: &str = "Predicted and observed break-even points";

/// Writes page, pictures and table of all `networks` into `folder`; what is
/// known, for machines.
///
/// # Errors
/// The first file that can't be written.
pub fn write(networks: &[Network<'_>], folder: &Path) -> Result<Value, WriteError> {
    let located = locate(networks);
    std::fs::create_dir_all(folder).map_err(|cause| WriteError::File {
        path: folder.to_owned(),
        cause,
    })?;
    let table = folder.join("thresholds.csv");
    let text = csv(&located).map_err(|cause| WriteError::Table {
        path: table.clone(),
        cause,
    })?;
    write_file(&table, text.as_bytes())?;
    let panels = figures(&located);
    for figure in panels.iter().flatten() {
        figure.write_picture(&folder.join(&figure.id))?;
    }
    let body = body(&located, &panels);
    write_file(&folder.join(PAGE_FILE), page(TITLE, body).as_bytes())?;
    Ok(json!({ "folder": folder, "runs": located.len(), "explained": explained(&located) }))
}

fn body(located: &[Located], panels: &[Result<Figure, String>]) -> Markup {
    html! {
        p.above { a href="../index.html" { "All figures" } }
        h1 { (TITLE) }
        p.lead {
            (label("Eq. 4 of the paper says at which λ_H a run breaks even, from α, ψ and s² as they \
                    are measured; 2/η knows the learning rate alone. A prediction is made at the last \
                    record before the break-even step, the first at which Eq. 1 no longer holds. A run \
                    that is unstable from its first record on, or never breaks even, has none."))
        }
        h2 { "How much of the variance each explains" }
        (table(located))
        p {
            (label("R² of the logarithms: 1 − Σ(ln o − ln p)²/Σ(ln o − mean)² of the prediction itself, \
                    below 0 where the mean of the observations would be better; and that of a straight \
                    line. Intervals are 95 % of a bootstrap over runs, which are no independent draws."))
        }
        div.panels style="grid-template-columns: repeat(2, minmax(0, 1fr))" {
            @for panel in panels { (drawn(panel)) }
        }
        p { "Each run: " a href="thresholds.csv" { "thresholds.csv" } "." }
    }
}

fn drawn(panel: &Result<Figure, String>) -> Markup {
    match panel {
        Ok(figure) => html! {
            figure {
                a href=(format!("{}.svg", figure.id)) {
                    img src=(format!("{}.svg", figure.id)) alt=(figure.description);
                }
            }
        },
        Err(why) => html! { figure { figcaption { "absent: " (why) } } },
    }
}

/// The names of columns beside those of a row.
const COLUMNS: [&str; 6] = [
    "what",
    "predicted by",
    "runs",
    "R² of the prediction",
    "R² of a line",
    "R² of 2/η, same runs",
];

fn table(located: &[Located]) -> Markup {
    html! {
        table {
            thead { tr { @for name in COLUMNS { th { (label(name)) } } } }
            tbody {
                @for row in comparison(located) {
                    tr {
                        td { (label(row.observed.symbol())) }
                        td { (label(row.predictor.symbol())) }
                        td.number { (row.explained.runs) }
                        td { (itself(&row.explained)) }
                        td { (line(&row.explained)) }
                        td { (itself(&row.null)) }
                    }
                }
            }
        }
    }
}

fn itself(found: &Explained) -> String {
    match &found.itself {
        Ok(share) => {
            let [low, high] = share.interval.map(|end| significant(end, 2));
            format!("{} [{low}, {high}]", significant(share.r2, 2))
        }
        Err(why) => format!("absent: {why}"),
    }
}

fn line(found: &Explained) -> String {
    match &found.fitted {
        Ok(fit) => format!(
            "{}, slope {}",
            significant(fit.share.r2, 2),
            significant(fit.slope, 2)
        ),
        Err(why) => format!("absent: {why}"),
    }
}

/// Every row of the table, with names for numbers and reasons for none.
fn explained(located: &[Located]) -> Vec<Value> {
    let of = |observed: Observed, predictor: Predictor, found: &Explained, null: &Explained| {
        let share = |found: &Explained| match &found.itself {
            Ok(share) => json!({ "r2": share.r2, "interval": share.interval }),
            Err(why) => json!({ "absent": why }),
        };
        let fitted = match &found.fitted {
            Ok(fit) => json!({
                "r2": fit.share.r2, "interval": fit.share.interval,
                "slope": fit.slope, "intercept": fit.intercept,
            }),
            Err(why) => json!({ "absent": why }),
        };
        json!({
            "observed": observed.name(), "predictor": predictor.name(), "runs": found.runs,
            "prediction": share(found), "line": fitted, "null": share(null),
        })
    };
    let rows = comparison(located).into_iter();
    rows.map(|row| of(row.observed, row.predictor, &row.explained, &row.null))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_runs_all_is_absent_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let found = write(&[], folder.path()).unwrap();
        assert_eq!(found["runs"], 0);
        for row in found["explained"].as_array().unwrap() {
            assert!(row["prediction"]["absent"].is_string(), "{row}");
        }
        let page = std::fs::read_to_string(folder.path().join(PAGE_FILE)).unwrap();
        assert!(page.contains("absent: "), "{page}");
        assert!(folder.path().join("thresholds.csv").is_file());
    }
}
