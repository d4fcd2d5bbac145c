//! What a design can decide, whatever its outcome: the smallest p-values that
//! seeds, levels and ties allow, before and after adjustment, and the number of
//! seeds with which a verdict could be had.

use std::collections::BTreeSet;

use crate::benjamini_hochberg::benjamini_hochberg;
use crate::blocks::FEWEST_SEEDS;
use crate::gatekeeping::{Entrant, gated};
use crate::holm::holm;
use crate::settings::{Adjustment, Procedure};
use crate::westfall_young::resolution;

/// Rounding of p-values: one that equals α but for it is at most α.
const ROUNDING: f64 = 1e-12;
/// Beyond so many more seeds nobody trains.
const MOST_MORE_SEEDS: usize = 10_000;

/// A hypothesis as far as its design goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Planned {
    /// Which runs it is about: hypotheses of one part are about the same.
    pub part: usize,
    /// Seeds, with all levels or some.
    pub seeds: usize,
    /// Levels; with fewer than two there is no trend.
    pub levels: usize,
    /// Whether seeds have several levels each. Where they have one, no further
    /// seeds with all levels are added to them: those would be tested without.
    pub shared: bool,
    /// In how many ways its runs could change levels among each other.
    pub arrangements: f64,
    /// The smallest p-value that these seeds allow; of no seeds it is 1.
    pub smallest_p: f64,
    /// Whether values at its levels can be compared at all.
    pub comparable: bool,
    /// Whether the plan declares it primary.
    pub primary: bool,
}

/// What a hypothesis of a family can come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prospect {
    /// The smallest p-value after adjustment: where every hypothesis of the family
    /// reaches its smallest.
    pub smallest_p_adjusted: f64,
    /// Whether any outcome would be a verdict.
    pub decidable: bool,
    /// The fewest seeds with which one would be: where the design decides,
    /// counted without ties; where it doesn't, those at hand, with their ties,
    /// and as many more for every hypothesis, without. `None` where no number
    /// of seeds helps.
    pub seeds_needed: Option<usize>,
}

impl Planned {
    /// A hypothesis with so many complete seeds, without ties: each further seed
    /// is in order with a chance of 1/k!.
    pub fn without_ties(seeds: usize, levels: usize) -> Self {
        Self {
            part: 0,
            seeds,
            levels,
            shared: true,
            arrangements: 1.0 / chance_of_order(seeds, levels),
            smallest_p: chance_of_order(seeds, levels),
            comparable: true,
            primary: false,
        }
    }

    /// The same with so many more seeds, complete and without ties.
    fn with_more(self, seeds: usize) -> Self {
        if !self.shared && seeds > 0 {
            return self.without_seeds().with_more(seeds);
        }
        Self {
            seeds: self.seeds + seeds,
            arrangements: self.arrangements / chance_of_order(seeds, self.levels),
            smallest_p: self.smallest_p * chance_of_order(seeds, self.levels),
            ..self
        }
    }

    /// The same without a seed.
    fn without_seeds(self) -> Self {
        Self {
            part: self.part,
            comparable: self.comparable,
            primary: self.primary,
            ..Self::without_ties(0, self.levels)
        }
    }

    fn can_be_tested(&self) -> bool {
        self.comparable && self.levels >= 2
    }

    /// The p-value with which it counts in the family: 1 where it cannot have a
    /// verdict, so that it makes none easier for others.
    fn counted_p(&self) -> f64 {
        if self.can_be_tested() && self.seeds >= FEWEST_SEEDS {
            self.smallest_p.clamp(f64::MIN_POSITIVE, 1.0)
        } else {
            1.0
        }
    }
}

/// What each hypothesis of a planned family can come to.
///
/// Alone, a hypothesis of two levels needs 2⁻ⁿ ≤ 0.035, seven tenths of α:
///
/// ```
/// use breakeven_verify::VerifySettings;
/// use breakeven_verify::design::{Planned, planned_prospects};
///
/// let procedure = VerifySettings::default().procedure();
/// let [found] = planned_prospects(&[Planned::without_ties(4, 2)], procedure)[..] else {
///     panic!("one for each hypothesis")
/// };
/// assert_eq!(found.smallest_p_adjusted, 1.0 / 16.0);
/// assert_eq!((found.decidable, found.seeds_needed), (false, Some(5)));
/// ```
pub fn planned_prospects(family: &[Planned], procedure: Procedure) -> Vec<Prospect> {
    let smallest = smallest_adjusted(family, procedure.adjustment);
    prospects(family, procedure, &smallest)
}

/// What each hypothesis of a family can come to, whose smallest adjusted
/// p-values are known.
///
/// Adjusted p-values never fall where a p-value rises, so the smallest ones are
/// those where all are smallest, later steps included.
pub fn prospects(family: &[Planned], procedure: Procedure, smallest: &[f64]) -> Vec<Prospect> {
    let needed = seeds_needed(family, procedure);
    let from_scratch: Vec<Planned> = family.iter().map(|h| h.without_seeds()).collect();
    let needed_from_scratch = seeds_needed(&from_scratch, procedure);
    (0..family.len())
        .map(|index| {
            let decides = is_at_most(smallest[index], procedure.alpha_supported);
            let decidable = family[index].counted_p() < 1.0 && decides;
            Prospect {
                smallest_p_adjusted: smallest[index],
                decidable,
                seeds_needed: if decidable {
                    needed_from_scratch[index]
                } else {
                    needed[index]
                },
            }
        })
        .collect()
}

/// Whether a p-value is at most α, but for rounding.
pub fn is_at_most(p: f64, alpha: f64) -> bool {
    p <= alpha * (1.0 + ROUNDING)
}

/// The smallest adjusted p-values of designs, for which no ties are known.
pub(crate) fn smallest_adjusted(family: &[Planned], adjustment: Adjustment) -> Vec<f64> {
    let entrant = |h: &Planned| Entrant {
        primary: h.primary,
        testable: h.can_be_tested() && h.seeds >= FEWEST_SEEDS,
    };
    let entrants: Vec<Entrant> = family.iter().map(entrant).collect();
    gated(&entrants, |some| {
        let some: Vec<Planned> = some.iter().map(|&index| family[index]).collect();
        smallest_of_one_family(&some, adjustment)
    })
}

fn smallest_of_one_family(family: &[Planned], adjustment: Adjustment) -> Vec<f64> {
    let counted: Vec<f64> = family.iter().map(|h| h.counted_p()).collect();
    match adjustment {
        Adjustment::Holm => holm(&counted),
        Adjustment::BenjaminiHochberg => benjamini_hochberg(&counted),
        Adjustment::WestfallYoung => {
            let floored = |(h, p): (&Planned, f64)| p.max(resolution(h.arrangements));
            let counted: Vec<f64> = family.iter().zip(counted).map(floored).collect();
            smallest_together(family, &counted)
        }
    }
}

/// Westfall and Young's adjustment where all hypotheses are in order. Those of
/// one part then rise and fall together over all rearrangements, and count
/// once; of those whose smallest p is larger no rearrangement has so small a p.
/// What ties tell apart within a part counts apart, which is an upper bound.
fn smallest_together(family: &[Planned], counted: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..counted.len()).collect();
    order.sort_by(|&a, &b| counted[a].total_cmp(&counted[b]));
    let mut adjusted = vec![1.0; counted.len()];
    let mut so_far: f64 = 0.0;
    for equal in order.chunk_by(|&a, &b| counted[a] == counted[b]) {
        let parts: BTreeSet<usize> = equal.iter().map(|&index| family[index].part).collect();
        so_far = so_far.max((counted[equal[0]] * parts.len() as f64).min(1.0));
        equal.iter().for_each(|&index| adjusted[index] = so_far);
    }
    adjusted
}

/// The seeds with which each hypothesis could have a verdict, where all have
/// equally many more than now.
fn seeds_needed(family: &[Planned], procedure: Procedure) -> Vec<Option<usize>> {
    let mut needed = vec![None; family.len()];
    let open = |needed: &[Option<usize>]| {
        (0..family.len()).any(|i| needed[i].is_none() && family[i].can_be_tested())
    };
    let mut more = 0;
    while open(&needed) && more <= MOST_MORE_SEEDS {
        let then: Vec<Planned> = family.iter().map(|h| h.with_more(more)).collect();
        let smallest = smallest_adjusted(&then, procedure.adjustment);
        for (index, p) in smallest.into_iter().enumerate() {
            let passes = then[index].counted_p() < 1.0 && is_at_most(p, procedure.alpha_supported);
            if needed[index].is_none() && passes {
                needed[index] = Some(then[index].seeds);
            }
        }
        more += 1;
    }
    needed
}

/// (1/k!)ⁿ: the chance that all seeds are in one of the k! orders.
fn chance_of_order(seeds: usize, levels: usize) -> f64 {
    let orders: f64 = (1..=levels).map(|k| k as f64).product();
    orders.powf(-(seeds as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holm's adjustment, with all of α for the claims.
    fn holm(alpha: f64) -> Procedure {
        Procedure {
            adjustment: Adjustment::Holm,
            alpha,
            looks: None,
            alpha_supported: alpha,
            alpha_refuted: alpha,
        }
    }

    /// Westfall and Young's, likewise.
    fn together(alpha: f64) -> Procedure {
        Procedure {
            adjustment: Adjustment::WestfallYoung,
            ..holm(alpha)
        }
    }

    /// Fifteen hypotheses about the same runs of two levels count once: 2⁻⁵.
    /// About three different sets of runs they count three times, and where one
    /// set has six seeds, its 2⁻⁶ is out of the others' reach.
    #[test]
    fn hypotheses_about_the_same_runs_count_once() {
        let planned = |part, seeds| Planned {
            part,
            ..Planned::without_ties(seeds, 2)
        };
        let of = |family: &[Planned]| planned_prospects(family, together(0.05));
        let one = of(&[planned(0, 5); 15]);
        assert!(one.iter().all(|p| p.smallest_p_adjusted == 1.0 / 32.0));
        assert!(one.iter().all(|p| p.decidable && p.seeds_needed == Some(5)));

        let three: Vec<Planned> = (0..15).map(|index| planned(index % 3, 5)).collect();
        let three = of(&three);
        assert!(three.iter().all(|p| p.smallest_p_adjusted == 3.0 / 32.0));
        assert!(
            three
                .iter()
                .all(|p| !p.decidable && p.seeds_needed == Some(6))
        );

        let uneven = of(&[planned(0, 6), planned(1, 5), planned(2, 5)]);
        assert_eq!(uneven[0].smallest_p_adjusted, 1.0 / 64.0);
        assert_eq!(uneven[1].smallest_p_adjusted, 2.0 / 32.0);
    }

    fn of(seeds_and_levels: &[(usize, usize)], alpha: f64) -> Vec<Prospect> {
        let family: Vec<_> = seeds_and_levels
            .iter()
            .map(|&(seeds, levels)| Planned::without_ties(seeds, levels))
            .collect();
        planned_prospects(&family, holm(alpha))
    }

    /// Fifteen hypotheses of two levels: 2⁻⁵·15 = 0.47 at best, 2⁻⁸·15 = 0.059,
    /// 2⁻⁹·15 = 0.029.
    #[test]
    fn two_levels_of_five_seeds_cannot_decide_fifteen_hypotheses() {
        for found in of(&[(5, 2); 15], 0.05) {
            assert!((found.smallest_p_adjusted - 15.0 / 32.0).abs() < 1e-12);
            assert!(!found.decidable);
            assert_eq!(found.seeds_needed, Some(9));
        }
        assert!(of(&[(9, 2); 15], 0.05).iter().all(|p| p.decidable));
        assert!(of(&[(8, 2); 15], 0.05).iter().all(|p| !p.decidable));
    }

    /// Holm's later steps: two hypotheses of three levels (6⁻³ = 0.0046) leave
    /// the third, of two levels (2⁻⁵ = 0.031), with its own p. Three times it
    /// would be 0.094.
    #[test]
    fn later_steps_of_the_adjustment_count() {
        let found = of(&[(3, 3), (3, 3), (5, 2)], 0.05);
        assert!((found[0].smallest_p_adjusted - 3.0 / 216.0).abs() < 1e-12);
        assert!((found[2].smallest_p_adjusted - 1.0 / 32.0).abs() < 1e-12);
        assert!(found.iter().all(|p| p.decidable));
        assert_eq!(found[2].seeds_needed, Some(5));
    }

    #[test]
    fn fewer_than_three_seeds_never_decide() {
        // 120⁻² = 0.00007.
        let found = of(&[(2, 5)], 0.05)[0];
        assert!(!found.decidable);
        assert_eq!(found.smallest_p_adjusted, 1.0);
        assert_eq!(found.seeds_needed, Some(3));
    }

    /// Four seeds that tie throughout, and one with one of three orders: three
    /// more seeds reach 1/3·6⁻² = 0.0093 after two, 0.056 after one.
    #[test]
    fn the_ties_at_hand_stay() {
        let tied = Planned {
            smallest_p: 1.0 / 3.0,
            ..Planned::without_ties(5, 3)
        };
        let found = planned_prospects(&[tied], holm(0.05))[0];
        assert!((found.smallest_p_adjusted - 1.0 / 3.0).abs() < 1e-12);
        assert!(!found.decidable);
        assert_eq!(found.seeds_needed, Some(7));
    }

    #[test]
    fn what_no_seeds_can_cure_needs_none_and_helps_nobody() {
        let incomparable = Planned {
            comparable: false,
            ..Planned::without_ties(5, 3)
        };
        let one_level = Planned::without_ties(5, 1);
        let found = planned_prospects(
            &[incomparable, one_level, Planned::without_ties(5, 2)],
            holm(0.05),
        );
        assert_eq!(found[0].seeds_needed, None);
        assert_eq!(found[1].seeds_needed, None);
        // 2⁻⁵·3, as both count.
        assert!((found[2].smallest_p_adjusted - 3.0 / 32.0).abs() < 1e-12);
        assert_eq!(found[2].seeds_needed, Some(6));
    }

    /// 0.05 = 6·120⁻¹, which no binary number is.
    #[test]
    fn a_p_value_that_equals_alpha_passes_whatever_its_rounding() {
        assert!(is_at_most(0.05_f64.next_up(), 0.05));
        assert!(!is_at_most(0.0500001, 0.05));
    }

    #[test]
    fn huge_families_and_tiny_levels_end() {
        let found = of(&[(5, 2); 1000], 1e-300);
        // 2ⁿ ≥ 10³⁰³.
        assert_eq!(found[0].seeds_needed, Some(1007));
    }
}
