//! What `paper.toml` says.

use super::*;

#[test]
fn every_figure_stands_once_and_names_experiments_that_there_are() {
    let paper = paper();
    let numbers: Vec<u32> = paper.figures.iter().map(|figure| figure.number).collect();
    assert_eq!(numbers, (1..=26).collect::<Vec<_>>());
    for figure in &paper.figures {
        let ids = figure.experiments();
        assert!(!ids.is_empty(), "figure {}", figure.number);
        assert_eq!(paper.experiments_of(figure).len(), ids.len(), "{ids:?}");
        assert_ne!(figure.panels.is_empty(), figure.lacks.is_none());
        assert!(figure.columns > 0);
    }
}

#[test]
fn every_experiment_is_shown_and_every_printed_value_is_about_a_figure_of_it() {
    let paper = paper();
    let shown: BTreeSet<&str> = paper.figures.iter().flat_map(|f| f.experiments()).collect();
    let ids: BTreeSet<&str> = paper.experiments.iter().map(|e| e.id.as_str()).collect();
    assert_eq!(shown, ids);
    assert_eq!(ids.len(), paper.experiments.len());
    for value in &paper.values {
        for number in &value.figures {
            let figure = paper.figure(*number).unwrap();
            let experiment = value.experiment.as_str();
            assert!(figure.experiments().contains(&experiment), "{value:?}");
        }
    }
}

/// Sec. 4.2 and 4.3 of the paper, typed anew from its text.
#[test]
fn the_papers_headline_values_stand_in_the_table() {
    let printed = |quantity, statistic, level, value| {
        let is_it = |v: &&Printed| {
            (v.quantity, v.statistic, v.level, v.value) == (quantity, statistic, Some(level), value)
        };
        paper().values.iter().filter(is_it).count()
    };
    use Field::{ConditionK, LambdaH, LambdaK, SubspaceRatio, TraceK};
    for (quantity, statistic, level, value) in [
        (LambdaK, Statistic::Max, 0.1, 0.68),
        (LambdaK, Statistic::Max, 0.01, 3.30),
        (ConditionK, Statistic::Max, 0.1, 0.37),
        (ConditionK, Statistic::Max, 0.01, 0.24),
        (TraceK, Statistic::Max, 10.0, 5.56),
        (TraceK, Statistic::Max, 100.0, 10.86),
        (LambdaH, Statistic::Max, 0.1, 26.27),
        (LambdaH, Statistic::Max, 0.01, 211.17),
        (SubspaceRatio, Statistic::Max, 0.001, 1.90),
        (SubspaceRatio, Statistic::Min, 0.001, 1.37),
        (SubspaceRatio, Statistic::Max, 0.01, 2.02),
        (SubspaceRatio, Statistic::Min, 0.01, 1.09),
        (LambdaK, Statistic::Max, 0.001, 12.05),
        (ConditionK, Statistic::Max, 0.001, 0.343),
    ] {
        assert_eq!(printed(quantity, statistic, level, value), 1, "{value}");
    }
}
