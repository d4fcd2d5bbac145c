//! Each claim under every statistic of a run.

use super::{Block, Section, Table};
use crate::input::Sweep;
use crate::quantity::Statistic;
use crate::report::statement::{self, ABSENT};
use crate::side_by_side::{OfStatistic, SideBySide};
use breakeven_plot::number::{p_value, significant};

const WHY: &str = "Why they differ. The maximum over the trajectory, the paper's statistic, is one \
    record: it may sit at step 0, where all runs of a seed share their weights and the factor has done \
    nothing yet. Without step 0 that is gone. After the break-even point is where the theory speaks, \
    but which runs get there depends on the factor itself, so that it is described and never tested. \
    At matched accuracy or loss runs are compared at the same progress instead of at the same time: a \
    larger η that merely trains faster, or slower, no longer counts. Slopes and p-values here are for \
    comparison, unadjusted, and change no verdict.";

pub fn section(all: &[SideBySide], sweeps: &[Sweep]) -> Section {
    let mut blocks = Vec::new();
    let mut place: Option<(&str, String)> = None;
    let mut rows = Vec::new();
    if !all.is_empty() {
        blocks.push(Block::Text(WHY.to_owned()));
        blocks.extend(losses(all).into_iter().map(Block::Text));
    }
    for one in all {
        let here = (one.sweep.as_str(), title(one));
        if place.as_ref() != Some(&here) {
            flush(&mut blocks, &mut rows);
            blocks.push(Block::Heading(match sweeps.len() {
                1 => here.1.clone(),
                _ => format!("{} · {}", here.1, here.0),
            }));
            place = Some(here);
        }
        rows.push(row(one));
    }
    flush(&mut blocks, &mut rows);
    Section {
        id: "side-by-side",
        title: "Beyond the maximum",
        blocks,
    }
}

fn flush(blocks: &mut Vec<Block>, rows: &mut Vec<Vec<String>>) {
    if !rows.is_empty() {
        blocks.push(Block::Table(Table::new(&HEADS, std::mem::take(rows))));
    }
}

fn title(one: &SideBySide) -> String {
    format!("{} varies, {}", one.factor.symbol(), one.fixed)
}

/// At which loss values are matched, sweep by sweep.
fn losses(all: &[SideBySide]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for one in all {
        let Some(loss) = one.loss_threshold else {
            continue;
        };
        let value = significant(loss.value, 4);
        let words = match loss.planned {
            true => format!("{}: loss matched at {value}, as planned.", one.sweep),
            false => format!(
                "{}: loss matched at {value}, the smallest that every run which counts came down to, \
                 as no loss_threshold was planned.",
                one.sweep
            ),
        };
        if !found.contains(&words) {
            found.push(words);
        }
    }
    found
}

const HEADS: [&str; 7] = [
    "Claim",
    "Maximum (the paper's)",
    "Without step 0",
    "After break-even (described)",
    "At matched accuracy",
    "At matched loss",
    "In a sentence",
];

fn row(one: &SideBySide) -> Vec<String> {
    let mut row = vec![statement::claim(one.quantity, one.factor, one.expected)];
    row.extend(one.statistics.iter().map(|of| cell(of, one)));
    row.push(sentence(one));
    row
}

fn cell(of: &OfStatistic, one: &SideBySide) -> String {
    let means: Vec<String> = of
        .level_means
        .iter()
        .map(|mean| mean.map_or(ABSENT.to_owned(), |mean| significant(mean, 3)))
        .collect();
    let means = match &means[..] {
        [first, .., last] if means.len() > 4 => format!("{first} … {last}"),
        _ => means.join(" → "),
    };
    if of.statistic == Statistic::MaxAfter {
        return match of.runs {
            0 => "no run reached it".to_owned(),
            runs => format!("{means} ({runs} of {} runs)", one.runs),
        };
    }
    let Some(p) = of.p_value else {
        return of.absent.clone().unwrap_or_else(|| ABSENT.to_owned());
    };
    let slope = match (of.log_slope, of.log_slope_interval) {
        (Some(slope), Some([low, high])) => format!(
            "slope {} [{}, {}]",
            significant(slope, 2),
            significant(low, 2),
            significant(high, 2)
        ),
        (Some(slope), None) => format!("slope {}", significant(slope, 2)),
        (None, _) => "no slope".to_owned(),
    };
    format!("{means}; {slope}; p {}", p_value(p))
}

/// Where the signs agree, and where they do not.
fn sentence(one: &SideBySide) -> String {
    let [with, against] = one.signs();
    let names = |statistics: &[Statistic]| {
        let names: Vec<&str> = statistics.iter().map(|s| short(*s)).collect();
        names.join(", ")
    };
    let signs = match (with.len(), against.len()) {
        (0, 0) => "no statistic has a slope".to_owned(),
        (all, 0) => format!("all {all} slopes have the claimed sign"),
        (0, all) => format!("all {all} slopes have the opposite sign"),
        _ => format!(
            "as claimed: {}; the other way: {}",
            names(&with),
            names(&against)
        ),
    };
    match one.maxima_at_step_zero {
        Some(zero) if zero > 0 => format!(
            "{signs}; in {zero} of {} runs the maximum sits at step 0",
            one.runs
        ),
        _ => signs,
    }
}

fn short(statistic: Statistic) -> &'static str {
    match statistic {
        Statistic::Max => "maximum",
        Statistic::MaxAfter => "after break-even",
        Statistic::AtAccuracy => "matched accuracy",
        Statistic::AtLoss => "matched loss",
        Statistic::MaxWithoutStepZero => "without step 0",
    }
}
