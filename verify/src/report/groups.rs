//! Hypotheses in the order in which a reader compares them: by sweep and
//! factor, then by quantity, with the statistics side by side.

use crate::description::Description;
use crate::hypothesis::Hypothesis;
use crate::level::Fixed;
use crate::quantity::{Conjecture, Factor, Quantity, Statistic};
use crate::verdicts::Verdicts;

/// The hypotheses that vary one factor in one sweep, and what is described
/// beside them.
pub struct Group<'a> {
    pub sweep: &'a str,
    pub factor: Factor,
    pub fixed: Fixed,
    pub hypotheses: Vec<&'a Hypothesis>,
    pub descriptions: Vec<&'a Description>,
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
    for h in &verdicts.hypotheses {
        group_of(&mut groups, &h.sweep, h.factor, &h.fixed)
            .hypotheses
            .push(h);
    }
    for d in &verdicts.descriptive {
        group_of(&mut groups, &d.sweep, d.factor, &d.fixed)
            .descriptions
            .push(d);
    }
    groups
}

/// The group of that sweep, factor and fixed levels, added where it is new.
fn group_of<'a, 'b>(
    groups: &'b mut Vec<Group<'a>>,
    sweep: &'a str,
    factor: Factor,
    fixed: &Fixed,
) -> &'b mut Group<'a> {
    let is_it = |g: &Group<'_>| (g.sweep, g.factor, &g.fixed) == (sweep, factor, fixed);
    let index = groups.iter().position(is_it).unwrap_or(groups.len());
    if index == groups.len() {
        groups.push(Group {
            sweep,
            factor,
            fixed: fixed.clone(),
            hypotheses: Vec::new(),
            descriptions: Vec::new(),
        });
    }
    &mut groups[index]
}

impl<'a> Group<'a> {
    /// What varies and what is fixed: `η varies, S = 64`.
    pub fn title(&self) -> String {
        format!("{} varies, {}", self.factor.symbol(), self.fixed)
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
