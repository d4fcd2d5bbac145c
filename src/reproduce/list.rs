//! `breakeven reproduce list`: a row a figure.

use breakeven_verify::paper::{FigureSpec, Paper};
use breakeven_verify::quantity::Factor;
use serde_json::{Value, json};

use super::scale::Scale;
use super::seeds::{Seeds, in_words as seeds_in_words, minutes, parts};
use crate::failure::{Failure, OrFail};
use crate::streams::{print, print_json};

/// Prints the list.
pub fn run(paper: &Paper, json: bool) -> Result<(), Failure> {
    let figures = paper.figures.iter();
    if json {
        let rows: Result<Vec<Value>, _> = figures.map(|figure| row(paper, figure)).collect();
        return print_json(&rows.or_work()?);
    }
    let figures: Result<String, _> = figures.map(|figure| in_words(paper, figure)).collect();
    print(format!("{}{FOOTER}\n", figures.or_work()?))
}

const FOOTER: &str = "\
Times are those of two cores, all runs of a figure's experiments together; figures
that share an experiment share its runs. Where seeds are counted, all would take
longer (--seeds all). At scale paper times are estimates.";

fn row(paper: &Paper, figure: &FigureSpec) -> anyhow::Result<Value> {
    let experiments = paper.experiments_of(figure);
    let mut names: Vec<Value> = experiments
        .iter()
        .map(|one| {
            json!({
                "id": one.id, "network": one.network, "data": one.data, "varies": one.varies,
                "minutes": one.minutes, "seeds": {}, "seeds_planned": {},
            })
        })
        .collect();
    let (mut ours, mut whole) = (json!({}), json!({}));
    for scale in Scale::ALL {
        let own = parts(scale, &experiments, None)?;
        let all = parts(scale, &experiments, Some(Seeds::All))?;
        ours[scale.name()] = json!(minutes(scale, &own));
        whole[scale.name()] = json!(minutes(scale, &all));
        for (name, part) in names.iter_mut().zip(&own) {
            name["seeds"][scale.name()] = json!(part.seeds);
            name["seeds_planned"][scale.name()] = json!(part.planned);
        }
    }
    let mut row = json!({
        "figure": figure.number,
        "title": figure.title,
        "place": figure.place,
        "panels": figure.panels.len(),
        "experiments": names,
        "minutes": ours,
        "minutes_of_all_seeds": whole,
        "printed_values": paper.printed(figure.number).count(),
        "printed_in": printed_in(paper, figure),
    });
    if let Some(lacks) = &figure.lacks {
        row["not_drawn"] = json!(lacks);
    }
    Ok(row)
}

/// The sections that print values of a figure, each once.
fn printed_in<'a>(paper: &'a Paper, figure: &FigureSpec) -> Vec<&'a str> {
    let mut places: Vec<&str> = Vec::new();
    for value in paper.printed(figure.number) {
        if !places.contains(&value.place.as_str()) {
            places.push(&value.place);
        }
    }
    places
}

fn in_words(paper: &Paper, figure: &FigureSpec) -> anyhow::Result<String> {
    let experiments = paper.experiments_of(figure);
    let each = experiments.iter().map(|one| {
        let varies = match one.varies {
            Factor::LearningRate => "learning rate",
            Factor::BatchSize => "batch size",
            Factor::Momentum => "momentum",
        };
        format!("{} on {}, {varies}", one.network, one.data)
    });
    let each: Vec<String> = each.collect();
    let time = |scale: Scale| {
        let own = parts(scale, &experiments, None)?;
        let fewer = seeds_in_words(&own).map_or_else(String::new, |words| format!(" ({words})"));
        let time = duration(minutes(scale, &own));
        Ok(format!("{} {time}{fewer}", scale.name()))
    };
    let times: anyhow::Result<Vec<String>> = Scale::ALL.into_iter().map(time).collect();
    let printed = match paper.printed(figure.number).count() {
        0 => "none".to_owned(),
        count => format!("{count}, in {}", printed_in(paper, figure).join(", ")),
    };
    let drawn = match &figure.lacks {
        Some(lacks) => format!("      not drawn: {lacks}\n"),
        None => String::new(),
    };
    Ok(format!(
        "{:>4}  {} ({})\n      {}\n      {}; printed values: {printed}\n{drawn}",
        figure.number,
        figure.title,
        figure.place,
        each.join("; "),
        times?.join(", "),
    ))
}

/// Minutes as people say them, with two digits at most.
fn duration(minutes: f64) -> String {
    match minutes {
        m if m < 1.0 => format!("{:.0} s", m * 60.0),
        m if m < 120.0 => format!("{m:.0} min"),
        m if m < 2880.0 => format!("{:.0} h", m / 60.0),
        m => format!("{:.0} days", m / 1440.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_in_the_unit_that_people_use() {
        let words: Vec<String> = [0.2, 25.0, 700.0, 9000.0].map(duration).into();
        assert_eq!(words, ["12 s", "25 min", "12 h", "6 days"]);
    }
}
