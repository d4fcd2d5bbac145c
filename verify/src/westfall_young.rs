//! Westfall and Young's step-down minP adjustment (P. H. Westfall & S. S.
//! Young, *Resampling-Based Multiple Testing*, 1993, Algorithm 2.8), for trend
//! tests that share runs.
//!
//! Quantities of one run go together, so that hypotheses about the same runs
//! are far from independent, and Holm's factor is too large. If the factor had no
//! effect, the runs of a seed could change their levels, each with all its
//! quantities. Over all such rearrangements the smallest p-value of the
//! hypotheses that are left has a distribution, and the chance that it is at
//! most the observed one takes the place of Holm's product.
//!
//! Hypotheses about other runs, or other seeds or levels of them, are another
//! part; the chances of the parts are added up (Boole's inequality), whatever
//! goes on between them. The result is never larger than Holm's.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha12Rng;

use crate::page::{Null, weighted_sum};
use crate::ties::doubled_midranks;

/// Up to so many rearrangements of a part's runs are all made; of more, as
/// many are drawn, the observed one among them.
pub const ARRANGEMENTS: usize = 20_000;

/// All orders of so many levels are written down.
const LISTED_LEVELS: usize = 6;

/// p-values of equal arrangements differ by rounding alone.
const ROUNDING: f64 = 1e-9;

/// A trend test within a family.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Which runs it is about: those of members of the same part are the same,
    /// seed by seed and level by level.
    pub part: usize,
    /// The groups of ties \[seeds\]\[levels\], levels in the order in which
    /// values should rise.
    pub blocks: Vec<Vec<usize>>,
}

/// The adjusted p-values of a family, in the order given. A member that cannot
/// be rejected is absent; its p-value is 1.
///
/// # Panics
/// If a member has no seeds, or members of one part differ in seeds or levels.
pub fn step_down(family: &[Option<Member>]) -> Vec<f64> {
    let tests: Vec<Option<Test>> = family
        .iter()
        .map(|member| member.as_ref().map(Test::of))
        .collect();
    let mut order: Vec<usize> = (0..tests.len()).filter(|&i| tests[i].is_some()).collect();
    let p = |index: usize| tests[index].as_ref().map_or(1.0, |test| test.p_value);
    order.sort_by(|&a, &b| p(a).total_cmp(&p(b)));

    let mut parts: Vec<(usize, Part)> = Vec::new();
    for test in order.iter().filter_map(|&index| tests[index].as_ref()) {
        match parts.iter_mut().find(|(part, _)| *part == test.part) {
            Some((_, part)) => part.tests.push(test),
            None => parts.push((test.part, Part::with(test))),
        }
    }
    for (_, part) in &mut parts {
        part.rearrange();
    }

    let mut adjusted = vec![1.0; family.len()];
    let mut so_far: f64 = 0.0;
    for &index in &order {
        let chance: f64 = parts.iter().map(|(_, part)| part.chance(p(index))).sum();
        so_far = so_far.max(chance.min(1.0));
        adjusted[index] = so_far;
        let own = tests[index].as_ref().map(|test| test.part);
        if let Some((_, part)) = parts.iter_mut().find(|(part, _)| Some(*part) == own) {
            part.passed += 1;
        }
    }
    adjusted
}

/// How many rearrangements a part of so many seeds and levels has, where they
/// are all made; absent where they are drawn.
pub fn all_arrangements(seeds: usize, levels: usize) -> Option<usize> {
    let orders: usize = if levels <= LISTED_LEVELS {
        (1..=levels).product()
    } else {
        return None;
    };
    let seeds = u32::try_from(seeds).ok()?;
    let all = orders.checked_pow(seeds)?;
    (all <= ARRANGEMENTS).then_some(all)
}

/// The smallest chance that the rearrangements of so many seeds and levels tell
/// from none, where they are drawn.
pub fn resolution(seeds: usize, levels: usize) -> f64 {
    match all_arrangements(seeds, levels) {
        Some(_) => 0.0,
        None => 1.0 / ARRANGEMENTS as f64,
    }
}

/// A member with its ranks and their distribution.
struct Test {
    part: usize,
    ranks: Vec<Vec<u64>>,
    null: Null,
    p_value: f64,
}

impl Test {
    fn of(member: &Member) -> Self {
        let ranks: Vec<Vec<u64>> = member.blocks.iter().map(|b| doubled_midranks(b)).collect();
        let null = Null::of(&ranks);
        let observed = ranks.iter().map(|block| weighted_sum(block)).sum();
        Self {
            part: member.part,
            p_value: null.p_value(observed),
            ranks,
            null,
        }
    }

    /// What one seed adds to doubled L where its runs stand in this order.
    fn part_of_l(&self, seed: usize, order: &[usize]) -> u64 {
        let ranks = &self.ranks[seed];
        (1..)
            .zip(order)
            .map(|(place, &run)| place * ranks[run])
            .sum()
    }
}

/// The tests of one part, the smallest p-value first.
struct Part<'a> {
    tests: Vec<&'a Test>,
    /// For each test the smallest p-value of it and all behind it, over all
    /// rearrangements, rising.
    smallest: Vec<Vec<f64>>,
    /// Tests that are done with.
    passed: usize,
}

impl<'a> Part<'a> {
    fn with(test: &'a Test) -> Self {
        Self {
            tests: vec![test],
            smallest: Vec::new(),
            passed: 0,
        }
    }

    fn rearrange(&mut self) {
        let (seeds, levels) = (self.tests[0].ranks.len(), self.tests[0].ranks[0].len());
        for test in &self.tests {
            let same = test.ranks.len() == seeds && test.ranks.iter().all(|b| b.len() == levels);
            assert!(same, "a part's tests have the same seeds and levels");
        }
        self.smallest = vec![Vec::new(); self.tests.len()];
        match all_arrangements(seeds, levels) {
            Some(all) => self.make_all(all, seeds, levels),
            None => self.draw(seeds, levels),
        }
        for smallest in &mut self.smallest {
            smallest.sort_by(f64::total_cmp);
        }
    }

    /// All rearrangements of few levels: a seed's order is one of a list.
    fn make_all(&mut self, all: usize, seeds: usize, levels: usize) {
        let listed = Listed::of(&self.tests, levels);
        let mut chosen = vec![0; seeds];
        for number in 0..all {
            let mut rest = number;
            for order in &mut chosen {
                *order = rest % listed.orders;
                rest /= listed.orders;
            }
            self.add(|test, seed| listed.part_of_l(test, seed, chosen[seed]));
        }
    }

    fn draw(&mut self, seeds: usize, levels: usize) {
        let mut random = ChaCha12Rng::seed_from_u64(0);
        let tests = self.tests.clone();
        let mut orders: Vec<Vec<usize>> = vec![(0..levels).collect(); seeds];
        for number in 0..ARRANGEMENTS {
            // The observed one is the first.
            if number > 0 {
                orders
                    .iter_mut()
                    .for_each(|order| order.shuffle(&mut random));
            }
            self.add(|test, seed| tests[test].part_of_l(seed, &orders[seed]));
        }
    }

    /// Takes in a rearrangement, of which `part_of_l` says what a seed adds to
    /// the doubled L of a test.
    fn add(&mut self, part_of_l: impl Fn(usize, usize) -> u64) {
        let mut smallest = f64::INFINITY;
        for (index, test) in self.tests.iter().enumerate().rev() {
            let seeds = 0..test.ranks.len();
            let l = seeds.map(|seed| part_of_l(index, seed)).sum();
            smallest = smallest.min(test.null.p_value(l));
            self.smallest[index].push(smallest);
        }
    }

    /// P(the smallest p-value of the tests that are left ≤ p).
    fn chance(&self, p: f64) -> f64 {
        self.smallest.get(self.passed).map_or(0.0, |smallest| {
            let below = smallest.partition_point(|&found| found <= p * (1.0 + ROUNDING));
            below as f64 / smallest.len() as f64
        })
    }
}

/// What each order of each seed's runs adds to each test's doubled L.
struct Listed {
    orders: usize,
    seeds: usize,
    /// \[tests\]\[seeds\]\[orders\].
    parts: Vec<u64>,
}

impl Listed {
    fn of(tests: &[&Test], levels: usize) -> Self {
        let orders = orders(levels);
        let of_seed = |test: &Test, seed| -> Vec<u64> {
            let part = |order: &Vec<usize>| test.part_of_l(seed, order);
            orders.iter().map(part).collect()
        };
        let seeds = tests[0].ranks.len();
        let of_test = |test: &&Test| -> Vec<u64> {
            (0..seeds).flat_map(|seed| of_seed(test, seed)).collect()
        };
        Self {
            parts: tests.iter().flat_map(of_test).collect(),
            orders: orders.len(),
            seeds,
        }
    }

    fn part_of_l(&self, test: usize, seed: usize, order: usize) -> u64 {
        self.parts[(test * self.seeds + seed) * self.orders + order]
    }
}

/// All orders of 0, …, levels − 1.
fn orders(levels: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for level in 0..levels {
        all = all
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                (0..=order.len()).map(move |place| {
                    let mut longer = order.clone();
                    longer.insert(place, level);
                    longer
                })
            })
            .collect();
    }
    all
}

#[cfg(test)]
mod tests;
