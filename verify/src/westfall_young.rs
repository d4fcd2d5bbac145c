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

    /// The p-value once the runs of each seed have changed places.
    fn rearranged(&self, orders: &[&[usize]]) -> f64 {
        let of_seed = |(ranks, order): (&Vec<u64>, &&[usize])| -> u64 {
            let places = (1..).zip(order.iter());
            places.map(|(place, &run)| place * ranks[run]).sum()
        };
        let l = self.ranks.iter().zip(orders).map(of_seed).sum();
        self.null.p_value(l)
    }
}

/// The tests of one part, the smallest p-value first.
struct Part<'a> {
    tests: Vec<&'a Test>,
    /// For each test the smallest p-value of it and all behind it, over all
    /// rearrangements, rising.
    smallest: Vec<Vec<f64>>,
    /// Whether the rearrangements are drawn, and not all there are.
    drawn: bool,
    /// Tests that are done with.
    passed: usize,
}

impl<'a> Part<'a> {
    fn with(test: &'a Test) -> Self {
        Self {
            tests: vec![test],
            smallest: Vec::new(),
            drawn: false,
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

    fn make_all(&mut self, all: usize, seeds: usize, levels: usize) {
        let listed = orders(levels);
        for number in 0..all {
            let mut rest = number;
            let chosen: Vec<&[usize]> = (0..seeds)
                .map(|_| {
                    let order = &listed[rest % listed.len()];
                    rest /= listed.len();
                    order.as_slice()
                })
                .collect();
            self.add(&chosen);
        }
    }

    fn draw(&mut self, seeds: usize, levels: usize) {
        self.drawn = true;
        let mut random = ChaCha12Rng::seed_from_u64(0);
        let mut orders: Vec<Vec<usize>> = vec![(0..levels).collect(); seeds];
        for number in 0..ARRANGEMENTS {
            // The observed one is the first.
            if number > 0 {
                orders
                    .iter_mut()
                    .for_each(|order| order.shuffle(&mut random));
            }
            let chosen: Vec<&[usize]> = orders.iter().map(Vec::as_slice).collect();
            self.add(&chosen);
        }
    }

    fn add(&mut self, orders: &[&[usize]]) {
        let mut smallest = f64::INFINITY;
        for (test, all) in self.tests.iter().zip(&mut self.smallest).rev() {
            smallest = smallest.min(test.rearranged(orders));
            all.push(smallest);
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
