//! The hypotheses of one answer as a family: their p-values, adjusted for
//! their number.

use crate::benjamini_hochberg::benjamini_hochberg;
use crate::design::{Planned, smallest_adjusted};
use crate::holm::holm;
use crate::hypothesis::Hypothesis;
use crate::settings::Adjustment;
use crate::ties::has_tie;
use crate::westfall_young::{Member, step_down};

/// Which outcome p-values are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Towards {
    /// The trends that are claimed.
    Claims,
    /// The opposite ones.
    Opposites,
    /// The claims, if every seed were in the claimed order as far as its ties
    /// allow.
    Best,
}

/// All hypotheses of an answer.
pub struct Family<'a> {
    hypotheses: &'a [Hypothesis],
    /// Of each the first hypothesis that is about the same runs.
    parts: Vec<usize>,
}

impl<'a> Family<'a> {
    /// The family of `hypotheses`, tested.
    pub fn of(hypotheses: &'a [Hypothesis]) -> Self {
        let part = |h: &Hypothesis| {
            let is_same = |other: &Hypothesis| {
                (&other.sweep, other.factor, &other.fixed) == (&h.sweep, h.factor, &h.fixed)
                    && (&other.levels, &other.seeds) == (&h.levels, &h.seeds)
            };
            // It is about the same runs as itself.
            hypotheses.iter().position(is_same).unwrap_or(0)
        };
        Self {
            hypotheses,
            parts: hypotheses.iter().map(part).collect(),
        }
    }

    /// The adjusted p-values, in the order of the hypotheses. One that cannot
    /// have a verdict counts with a p-value of 1.
    pub fn adjusted(&self, adjustment: Adjustment, towards: Towards) -> Vec<f64> {
        match adjustment {
            Adjustment::WestfallYoung => step_down(&self.members(towards)),
            Adjustment::Holm => holm(&self.p_values(towards)),
            Adjustment::BenjaminiHochberg => benjamini_hochberg(&self.p_values(towards)),
        }
    }

    /// The smallest adjusted p-values that the designs and their ties allow.
    pub fn smallest(&self, adjustment: Adjustment) -> Vec<f64> {
        let ties = |h: &Hypothesis| h.ranked.iter().any(|block| has_tie(block));
        if self.hypotheses.iter().any(ties) {
            self.adjusted(adjustment, Towards::Best)
        } else {
            smallest_adjusted(&self.designs(), adjustment)
        }
    }

    fn p_values(&self, towards: Towards) -> Vec<f64> {
        let p = |h: &Hypothesis| match towards {
            Towards::Claims => h.p_value,
            Towards::Opposites => h.opposite_p_value,
            Towards::Best => h.smallest_p_value,
        };
        let counted = |h: &Hypothesis| p(h).filter(|_| h.can_have_verdict()).unwrap_or(1.0);
        self.hypotheses.iter().map(counted).collect()
    }

    fn members(&self, towards: Towards) -> Vec<Option<Member>> {
        let member = |(h, &part): (&Hypothesis, &usize)| {
            h.can_have_verdict().then(|| Member {
                part,
                blocks: h.ranked.iter().map(|b| outcome(b, towards)).collect(),
            })
        };
        self.hypotheses
            .iter()
            .zip(&self.parts)
            .map(member)
            .collect()
    }

    /// The hypotheses as far as their designs go.
    pub fn designs(&self) -> Vec<Planned> {
        let design = |(h, &part): (&Hypothesis, &usize)| Planned {
            part,
            seeds: h.seeds.len(),
            levels: h.levels.len(),
            smallest_p: h.smallest_p_value.unwrap_or(1.0),
            // No number of seeds makes a test of zeros.
            comparable: h.is_comparable() && !h.is_zero,
        };
        self.hypotheses
            .iter()
            .zip(&self.parts)
            .map(design)
            .collect()
    }
}

/// A seed's groups of ties in the order in which they should rise.
fn outcome(block: &[usize], towards: Towards) -> Vec<usize> {
    let mut block = block.to_vec();
    match towards {
        Towards::Claims => {}
        Towards::Opposites => block.reverse(),
        Towards::Best => block.sort_unstable(),
    }
    block
}
