//! Theory against networks: the break-even λ_H as Eq. 4 predicts it and as it is.

use super::{Block, Room, Section, Table};
use crate::report::pictures::Picture;
use crate::report::statement::ABSENT;
use crate::thresholds::{
    Comparison, Observed, RunThreshold, Thresholds, figures, in_words, with_ends,
};
use breakeven_plot::number::significant;

const INTRO: &str = "Eq. 4 of the paper says at which λ_H a run breaks even, from α = λ_K/λ_H and ψ \
    as they are measured; by s², the variance of the examples' curvatures, it needs no Assumption 2. \
    2/η, the null model, knows the learning rate alone. A prediction is made at the last record \
    before the break-even step, the first at which the left side of Eq. 1 is at least 1: at that step \
    itself the equation is an equality by definition. A run that is unstable from its first record on, \
    or never breaks even, has none. With momentum, 2(1+β)/η takes the place of 2/η.";

const HOW: &str = "R² is that of the prediction itself, nothing fitted: 1 − Σ(ln o − ln p)²/Σ(ln o − \
    mean)², below 0 where the mean of the observations would be closer. “Error ratio” is Σ(ln o − ln \
    p)² over the same sum of 2/η, on the same runs: below 1 the equation is closer. Brackets are a \
    jackknife over seeds, as runs of a seed share their initial weights, with Student's quantile: rough \
    for few seeds. A ratio whose bracket holds 1 shows nothing either way. Runs for which the equation \
    has no stable λ_H at all have no error to count; their number stands beside the others, as a \
    prediction that failed.";

pub fn section(thresholds: &Thresholds) -> Section {
    let mut blocks = vec![
        Block::Text(INTRO.to_owned()),
        Block::Answer(thresholds.sentence.clone()),
    ];
    for (observed, folded) in [
        (Observed::BreakEven, None),
        (
            Observed::Largest,
            Some("Against the largest λ_H of the run".to_owned()),
        ),
    ] {
        let drawn = figures(thresholds, observed).into_iter();
        let drawn: Vec<Picture> = drawn
            .filter_map(|figure| Some(Picture::of(&figure.ok()?)))
            .collect();
        if !drawn.is_empty() {
            blocks.push(Block::Figures {
                drawn,
                room: Room::Some,
                folded,
            });
        }
    }
    let (mut each, all): (Vec<&Comparison>, Vec<&Comparison>) = thresholds
        .comparisons
        .iter()
        .partition(|c| c.sweep.is_some());
    // Of a sweep that never breaks even there is nothing to compare.
    each.retain(|comparison| comparison.runs > 0);
    let rows = |of: Vec<&Comparison>| of.into_iter().map(row).collect::<Vec<_>>();
    blocks.push(Block::Table(Table::new(&HEADS, rows(all))));
    if !each.is_empty() {
        let table = Table::new(&HEADS, rows(each));
        blocks.push(Block::Table(table.folded("Each sweep by itself")));
    }
    blocks.push(Block::Text(HOW.to_owned()));
    let rows: Vec<Vec<String>> = thresholds.runs.iter().map(run_row).collect();
    let words = format!("Each of {} runs", rows.len());
    blocks.push(Block::Table(Table::new(&RUN_HEADS, rows).folded(words)));
    Section {
        id: "thresholds",
        title: "Theory against networks: the break-even point",
        blocks,
    }
}

const HEADS: [&str; 8] = [
    "Observed",
    "Runs",
    "Predicted by",
    "Compared; no λ_H stable",
    "R²",
    "R² of 2/η",
    "Error ratio",
    "Explains more",
];

fn row(comparison: &Comparison) -> Vec<String> {
    let observed = match comparison.observed {
        "break_even" => "λ_H at the break-even point",
        _ => "largest λ_H",
    };
    let runs = comparison.sweep.clone().unwrap_or_else(|| "all".to_owned());
    let mut row = vec![
        observed.to_owned(),
        runs,
        in_words(comparison.predictor).to_owned(),
        format!(
            "{} of {}; {}",
            comparison.compared, comparison.runs, comparison.nothing_stable
        ),
    ];
    match (
        comparison.r2,
        comparison.null_r2,
        comparison.log_error_ratio,
    ) {
        (Some(r2), Some(null), Some(ratio)) => {
            let ratio = crate::thresholds::Interval {
                value: ratio.value.exp(),
                interval: ratio.interval.map(|ends| ends.map(f64::exp)),
            };
            row.extend([
                with_ends(&r2),
                with_ends(&null),
                with_ends(&ratio),
                comparison.explains_more.in_words().to_owned(),
            ]);
        }
        _ => {
            let why = comparison.absent.clone().unwrap_or_default();
            row.extend([ABSENT.to_owned(), ABSENT.to_owned(), ABSENT.to_owned(), why]);
        }
    }
    row
}

const RUN_HEADS: [&str; 9] = [
    "Run",
    "Predicted at step",
    "Eq. 4",
    "Eq. 4, α from K^M",
    "Eq. 4 by s²",
    "2/η",
    "Observed, from before to after",
    "Largest @ step",
    "Absent",
];

fn run_row(run: &RunThreshold) -> Vec<String> {
    let number = |value: Option<f64>| value.map_or(ABSENT.to_owned(), |v| significant(v, 4));
    let predicted = |name| number(run.predicted.get(name).copied());
    let observed = match (run.observed_bracket, run.break_even_step) {
        (Some([before, after]), Some(step)) => format!(
            "{} → {} @ {step}",
            significant(before, 4),
            significant(after, 4)
        ),
        (None, Some(step)) => format!("{} @ {step}", number(run.observed)),
        _ => ABSENT.to_owned(),
    };
    let largest = match (run.largest, run.largest_step) {
        (Some(value), Some(step)) => format!("{} @ {step}", significant(value, 4)),
        _ => ABSENT.to_owned(),
    };
    let mut reasons: Vec<&String> = Vec::new();
    for why in run.absent.values() {
        if !reasons.contains(&why) {
            reasons.push(why);
        }
    }
    let reasons: Vec<&str> = reasons.into_iter().map(String::as_str).collect();
    let at = run.predicted_at_step;
    vec![
        run.run.clone(),
        at.map_or(ABSENT.to_owned(), |step| step.to_string()),
        predicted("eq4"),
        predicted("eq4_mini_batch"),
        predicted("eq4_variance"),
        number(run.null),
        observed,
        largest,
        reasons.join("; "),
    ]
}
