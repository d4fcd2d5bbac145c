//! The hypotheses of one answer as a family: their p-values, adjusted for
//! their number.

use crate::benjamini_hochberg::benjamini_hochberg;
use crate::design::{Planned, smallest_adjusted};
use crate::gatekeeping::{Entrant, gated};
use crate::holm::holm;
use crate::hypothesis::Hypothesis;
use crate::settings::Adjustment;
use crate::ties::has_tie;
use crate::trend::{Block, TrendTest};
use crate::westfall_young::{Member, arrangements, sizes, step_down};

/// Which outcome p-values are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Towards {
    /// The trends that are claimed.
    Claims,
    /// The opposite ones.
    Opposites,
    /// The claims, if every block were in the claimed order as far as its ties
    /// allow.
    Best,
    /// The claims, if missing runs spoke against them.
    ClaimsAtLeast,
    /// The opposite ones, if missing runs spoke against those.
    OppositesAtLeast,
}

/// All hypotheses of an answer.
pub struct Family<'a> {
    hypotheses: &'a [Hypothesis],
    /// Of each the first hypothesis that is about the same runs.
    parts: Vec<usize>,
    /// The same with the missing runs.
    completed_parts: Vec<usize>,
    entrants: Vec<Entrant>,
}

impl<'a> Family<'a> {
    /// The family of `hypotheses`, tested.
    pub fn of(hypotheses: &'a [Hypothesis]) -> Self {
        let entrant = |h: &Hypothesis| Entrant {
            primary: h.primary,
            testable: h.can_have_verdict(),
        };
        Self {
            hypotheses,
            parts: parts(hypotheses, has_same_runs),
            completed_parts: parts(hypotheses, has_same_completed_runs),
            entrants: hypotheses.iter().map(entrant).collect(),
        }
    }

    /// The adjusted p-values, in the order of the hypotheses. One that cannot
    /// have a verdict counts with a p-value of 1.
    ///
    /// Two quantities that go together are one to Westfall and Young, two to Holm:
    ///
    /// ```
    /// use breakeven_verify::family::{Family, Towards};
    /// use breakeven_verify::hypothesis::of_sweep;
    /// use breakeven_verify::settings::Adjustment;
    /// # use breakeven_verify::{VerifySettings, parse_table};
    /// # let mut table = "seed,learning_rate,batch_size,max_lambda_k,max_lambda_h\n".to_owned();
    /// # for (seed, eta) in (0..15).map(|run| (run / 3, [0.1, 0.2, 0.4][run % 3])) {
    /// #     table += &format!("{seed},{eta},32,{},{}\n", 1.0 / eta, 2.0 / eta);
    /// # }
    /// # let path = std::path::Path::new("runs.csv");
    /// # let sweep = parse_table(path, table.as_bytes(), VerifySettings::default())?;
    ///
    /// let hypotheses = of_sweep(&sweep);
    /// let family = Family::of(&hypotheses);
    /// for (adjustment, factor) in [(Adjustment::WestfallYoung, 1.0), (Adjustment::Holm, 2.0)] {
    ///     let p = family.adjusted(adjustment, Towards::Claims)[0];
    ///     assert!((p * 6_f64.powi(5) - factor).abs() < 1e-9);
    /// }
    /// # Ok::<(), breakeven_verify::InputError>(())
    /// ```
    pub fn adjusted(&self, adjustment: Adjustment, towards: Towards) -> Vec<f64> {
        gated(&self.entrants, |some| match adjustment {
            Adjustment::WestfallYoung => step_down(&self.members(some, towards)),
            Adjustment::Holm => holm(&self.p_values(some, towards)),
            Adjustment::BenjaminiHochberg => benjamini_hochberg(&self.p_values(some, towards)),
        })
    }

    /// The smallest adjusted p-values that the designs and their ties allow.
    pub fn smallest(&self, adjustment: Adjustment) -> Vec<f64> {
        let ties = |h: &Hypothesis| h.blocks.iter().any(|block| has_tie(&block.groups));
        if self.hypotheses.iter().any(ties) {
            self.adjusted(adjustment, Towards::Best)
        } else {
            smallest_adjusted(&self.designs(), adjustment)
        }
    }

    fn p_values(&self, some: &[usize], towards: Towards) -> Vec<f64> {
        let p = |h: &Hypothesis| {
            let missing = h.missing_runs.as_ref();
            match towards {
                Towards::Claims => h.p_value,
                Towards::Opposites => h.opposite_p_value,
                Towards::Best => h.smallest_p_value,
                Towards::ClaimsAtLeast => missing.map(|m| m.p_least_favourable).or(h.p_value),
                Towards::OppositesAtLeast => missing
                    .map(|m| m.opposite_p_least_favourable)
                    .or(h.opposite_p_value),
            }
        };
        let counted = |h: &Hypothesis| p(h).filter(|_| h.can_have_verdict()).unwrap_or(1.0);
        some.iter()
            .map(|&index| counted(&self.hypotheses[index]))
            .collect()
    }

    fn members(&self, some: &[usize], towards: Towards) -> Vec<Option<Member>> {
        let parts = match towards {
            Towards::Claims | Towards::Opposites | Towards::Best => &self.parts,
            Towards::ClaimsAtLeast | Towards::OppositesAtLeast => &self.completed_parts,
        };
        let member = |&index: &usize| {
            let (test, blocks) = outcome(&self.hypotheses[index], towards)?;
            Some(Member {
                part: parts[index],
                test,
                blocks,
            })
        };
        some.iter().map(member).collect()
    }

    /// The hypotheses as far as their designs go.
    pub fn designs(&self) -> Vec<Planned> {
        let design = |(h, &part): (&Hypothesis, &usize)| {
            let sizes: Vec<Vec<usize>> = h.blocks.iter().map(|b| sizes(&b.labels)).collect();
            Planned {
                part,
                seeds: h.seeds.len(),
                levels: h.levels.len(),
                shared: h.test != Some(TrendTest::JonckheereTerpstra),
                arrangements: arrangements(sizes.iter().map(Vec::as_slice)),
                smallest_p: h.smallest_p_value.unwrap_or(1.0),
                // No number of seeds makes a test of zeros.
                comparable: h.is_comparable() && !h.is_zero,
                primary: h.primary,
            }
        };
        self.hypotheses
            .iter()
            .zip(&self.parts)
            .map(design)
            .collect()
    }
}

/// Of each hypothesis the first that is `alike`.
fn parts(hypotheses: &[Hypothesis], alike: fn(&Hypothesis, &Hypothesis) -> bool) -> Vec<usize> {
    let part = |h: &Hypothesis| {
        let first = hypotheses.iter().position(|other| alike(other, h));
        // It is like itself.
        first.unwrap_or(0)
    };
    hypotheses.iter().map(part).collect()
}

fn has_same_group(a: &Hypothesis, b: &Hypothesis) -> bool {
    (&a.sweep, a.factor, &a.fixed, &a.levels) == (&b.sweep, b.factor, &b.fixed, &b.levels)
}

fn has_same_runs(a: &Hypothesis, b: &Hypothesis) -> bool {
    has_same_group(a, b)
        && (a.test, &a.seeds, &a.levels_of_seeds) == (b.test, &b.seeds, &b.levels_of_seeds)
}

fn has_same_completed_runs(a: &Hypothesis, b: &Hypothesis) -> bool {
    match (&a.missing_runs, &b.missing_runs) {
        (None, None) => has_same_runs(a, b),
        (Some(of_a), Some(of_b)) => {
            has_same_group(a, b) && (of_a.test, &of_a.runs) == (of_b.test, &of_b.runs)
        }
        _ => false,
    }
}

/// The test of a hypothesis with its blocks labelled in the order in which they
/// should rise; `None` where it cannot have a verdict.
fn outcome(h: &Hypothesis, towards: Towards) -> Option<(TrendTest, Vec<Block>)> {
    let test = h.test.filter(|_| h.can_have_verdict())?;
    let turned = |blocks: &[Block]| -> Vec<Block> {
        let levels = h.levels.len();
        blocks.iter().map(|b| b.turned_round(levels)).collect()
    };
    Some(match (towards, &h.missing_runs) {
        (Towards::Best, _) => (test, h.blocks.iter().map(Block::in_order).collect()),
        (Towards::ClaimsAtLeast, Some(missing)) => (missing.test, missing.least_favourable.clone()),
        (Towards::OppositesAtLeast, Some(missing)) => {
            (missing.test, turned(&missing.most_favourable))
        }
        (Towards::Claims | Towards::ClaimsAtLeast, _) => (test, h.blocks.clone()),
        (Towards::Opposites | Towards::OppositesAtLeast, _) => (test, turned(&h.blocks)),
    })
}
