//! Hypotheses in the order in which a reader compares them: by sweep and
//! factor, then by quantity, with the statistics side by side.

use crate::blocks::Level;
use crate::hypothesis::Hypothesis;
use crate::quantity::{Conjecture, Factor, Quantity, Statistic};
use crate::verdicts::Verdicts;

/// The hypotheses that vary one factor in one sweep.
pub struct Group<'a> {
    pub sweep: &'a str,
    pub factor: Factor,
    pub fixed: Level,
    pub hypotheses: Vec<&'a Hypothesis>,
}

/// The hypotheses of a group about one quantity.
pub struct Row<'a> {
    pub quantity: Quantity,
    pub conjecture: Conjecture,
    /// One for each of the group's statistics, where it is tested.
    pub cells: Vec<Option<&'a Hypothesis>>,
}

/// All groups, in the order of the hypotheses.
pub fn groups(verdicts: &Verdicts) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for hypothesis in &verdicts.hypotheses {
        let is_same = |group: &&mut Group<'_>| {
            group.sweep == hypothesis.sweep
                && group.factor == hypothesis.factor
                && group.fixed == hypothesis.fixed
        };
        match groups.iter_mut().find(is_same) {
            Some(group) => group.hypotheses.push(hypothesis),
            None => groups.push(Group {
                sweep: &hypothesis.sweep,
                factor: hypothesis.factor,
                fixed: hypothesis.fixed,
                hypotheses: vec![hypothesis],
            }),
        }
    }
    groups
}

impl<'a> Group<'a> {
    /// What varies and what is fixed: `η varies, S = 64`.
    pub fn title(&self) -> String {
        let other = self.factor.other().symbol();
        format!("{} varies, {other} = {}", self.factor.symbol(), self.fixed)
    }

    /// The statistics that are tested.
    pub fn statistics(&self) -> Vec<Statistic> {
        let tested = |s: &Statistic| self.hypotheses.iter().any(|h| h.quantity.statistic == *s);
        Statistic::ALL.into_iter().filter(tested).collect()
    }

    /// One row for each quantity, those of Conjecture 1 first.
    pub fn rows(&self) -> Vec<Row<'a>> {
        let statistics = self.statistics();
        let cell = |quantity, statistic| {
            let is_it = |h: &&&Hypothesis| {
                h.quantity.quantity == quantity && h.quantity.statistic == statistic
            };
            self.hypotheses.iter().find(is_it).copied()
        };
        let row = |quantity: Quantity| Row {
            quantity,
            conjecture: quantity.conjecture(),
            cells: statistics.iter().map(|&s| cell(quantity, s)).collect(),
        };
        Quantity::ALL
            .into_iter()
            .map(row)
            .filter(|row| row.cells.iter().any(Option::is_some))
            .collect()
    }
}
