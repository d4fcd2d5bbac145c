//! Westfall and Young's step-down minP adjustment (P. H. Westfall & S. S.
//! Young, *Resampling-Based Multiple Testing*, 1993, Algorithm 2.8), for trend
//! tests that share runs.
//!
//! Quantities of one run go together, so that hypotheses about the same runs
//! are far from independent, and Holm's factor is too large. If the factor had no
//! effect, the runs of a seed could change their levels, each with all its
//! quantities; where no seed has several levels, all runs could. Over all such
//! rearrangements the smallest p-value of the hypotheses that are left has a
//! distribution, and the chance that it is at most the observed one takes the
//! place of Holm's product.
//!
//! Hypotheses about other runs, or other seeds or levels of them, are another
//! part; the chances of the parts are added up (Boole's inequality), whatever
//! goes on between them. The result is never larger than Holm's.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha12Rng;

use crate::jonckheere_terpstra::doubled_j_of_sorted;
use crate::null::Null;
use crate::ties::doubled_midranks;
use crate::trend::{Block, TrendTest, null};

/// Up to so many rearrangements of a part's runs are all made; of more, as
/// many are drawn, the observed one among them.
pub const ARRANGEMENTS: usize = 20_000;

/// p-values of equal arrangements differ by rounding alone.
const ROUNDING: f64 = 1e-9;

/// A trend test within a family.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Which runs it is about: those of members of the same part are the same,
    /// block by block and run by run, whatever way values should go.
    pub part: usize,
    /// Its test.
    pub test: TrendTest,
    /// The runs that could change levels among each other.
    pub blocks: Vec<Block>,
}

/// The adjusted p-values of a family, in the order given. A member that cannot
/// be rejected is absent; its p-value is 1.
///
/// # Panics
/// If a member has no blocks, or members of one part differ in their runs.
///
/// Two quantities of the same runs that go together count once, where Holm's
/// adjustment would double their p of (1/3!)²:
///
/// ```
/// use breakeven_verify::trend::{Block, TrendTest};
/// use breakeven_verify::westfall_young::{Member, step_down};
///
/// let seed = Block { labels: vec![0, 1, 2], groups: vec![0, 1, 2] };
/// let blocks = vec![seed; 2];
/// let member = Some(Member { part: 0, test: TrendTest::Page, blocks });
/// let adjusted = step_down(&[member.clone(), member]);
/// assert!(adjusted.iter().all(|p| (p - 1.0 / 36.0).abs() < 1e-12));
/// ```
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

/// How many rearrangements a part has whose blocks have so many runs of each
/// level: Π n!/Π n_j!.
pub fn arrangements<'a>(blocks: impl IntoIterator<Item = &'a [usize]>) -> f64 {
    let of_block = |sizes: &[usize]| -> f64 {
        let factors = sizes.iter().flat_map(|&size| 1..=size);
        (1..)
            .zip(factors)
            .map(|(run, factor): (u32, usize)| f64::from(run) / factor as f64)
            .product()
    };
    blocks.into_iter().map(of_block).product()
}

/// The smallest chance that so many rearrangements tell from none, where not
/// all are made.
pub fn resolution(arrangements: f64) -> f64 {
    match are_all_made(arrangements) {
        true => 0.0,
        false => 1.0 / ARRANGEMENTS as f64,
    }
}

/// Whether all of so many rearrangements are made.
fn are_all_made(arrangements: f64) -> bool {
    // Products of whole numbers and their quotients, up to rounding.
    arrangements.round() <= ARRANGEMENTS as f64
}

/// A member with its ranks and their distribution.
struct Test {
    part: usize,
    null: Null,
    p_value: f64,
    blocks: Vec<Ranked>,
}

/// What a block adds to twice the statistic, wherever its runs go.
struct Ranked {
    labels: Vec<usize>,
    kind: Kind,
}

enum Kind {
    /// Doubled midranks of the runs.
    Page(Vec<u64>),
    /// The runs in the order of their values, each with its group of ties, and
    /// the number of levels.
    JonckheereTerpstra(Vec<(usize, usize)>, usize),
}

impl Ranked {
    fn of(test: TrendTest, block: &Block) -> Self {
        let kind = match test {
            TrendTest::Page | TrendTest::IncompleteBlocks => {
                Kind::Page(doubled_midranks(&block.groups))
            }
            TrendTest::JonckheereTerpstra => {
                let mut runs: Vec<(usize, usize)> = (0..block.groups.len())
                    .map(|run| (block.groups[run], run))
                    .collect();
                runs.sort_unstable();
                let levels = block.labels.iter().max().map_or(0, |most| most + 1);
                Kind::JonckheereTerpstra(runs, levels)
            }
        };
        Self {
            labels: block.labels.clone(),
            kind,
        }
    }

    /// Twice its part where the run at each place goes to the place that
    /// `places` names.
    fn doubled(&self, places: &[usize]) -> u64 {
        let label = |run: usize| self.labels[places[run]];
        match &self.kind {
            Kind::Page(ranks) => (0..ranks.len())
                .map(|run| (label(run) as u64 + 1) * ranks[run])
                .sum(),
            Kind::JonckheereTerpstra(runs, levels) => {
                let sorted = runs.iter().map(|&(group, run)| (group, label(run)));
                doubled_j_of_sorted(sorted, *levels)
            }
        }
    }
}

impl Test {
    fn of(member: &Member) -> Self {
        let null = null(member.test, &member.blocks);
        let blocks = member.blocks.iter();
        let blocks: Vec<Ranked> = blocks.map(|block| Ranked::of(member.test, block)).collect();
        let as_they_are = |block: &Ranked| {
            let places: Vec<usize> = (0..block.labels.len()).collect();
            block.doubled(&places)
        };
        let observed = blocks.iter().map(as_they_are).sum();
        Self {
            part: member.part,
            p_value: null.at_least(observed).0,
            null,
            blocks,
        }
    }

    /// How many runs each block has.
    fn runs(&self) -> impl Iterator<Item = usize> {
        self.blocks.iter().map(|block| block.labels.len())
    }

    fn arrangements(&self) -> f64 {
        let sizes: Vec<Vec<usize>> = self.blocks.iter().map(|b| sizes(&b.labels)).collect();
        arrangements(sizes.iter().map(Vec::as_slice))
    }
}

/// How many runs have each label that any has.
pub(crate) fn sizes(labels: &[usize]) -> Vec<usize> {
    let mut sorted = labels.to_vec();
    sorted.sort_unstable();
    sorted.chunk_by(|a, b| a == b).map(<[usize]>::len).collect()
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
        let first = self.tests[0];
        for test in &self.tests {
            assert!(
                test.runs().eq(first.runs()),
                "a part's tests have the same runs"
            );
        }
        self.smallest = vec![Vec::new(); self.tests.len()];
        match are_all_made(first.arrangements()) {
            true => self.make_all(),
            false => self.draw(),
        }
        for smallest in &mut self.smallest {
            smallest.sort_by(f64::total_cmp);
        }
    }

    /// All rearrangements: that of a block is one of a list.
    fn make_all(&mut self) {
        let listed = Listed::of(&self.tests);
        let mut chosen = vec![0; listed.arrangements.len()];
        loop {
            self.add(|test, block| listed.parts[test][block][chosen[block]]);
            // The next number, its digits the choices.
            let carries = chosen.iter().zip(&listed.arrangements);
            let last = carries.take_while(|(c, all)| **c + 1 == **all).count();
            chosen[..last].fill(0);
            match chosen.get_mut(last) {
                Some(digit) => *digit += 1,
                None => return,
            }
        }
    }

    fn draw(&mut self) {
        let mut random = ChaCha12Rng::seed_from_u64(0);
        let tests = self.tests.clone();
        let mut places: Vec<Vec<usize>> = tests[0].runs().map(|n| (0..n).collect()).collect();
        for number in 0..ARRANGEMENTS {
            // The observed one is the first.
            if number > 0 {
                places
                    .iter_mut()
                    .for_each(|places| places.shuffle(&mut random));
            }
            self.add(|test, block| tests[test].blocks[block].doubled(&places[block]));
        }
    }

    /// Takes in a rearrangement, of which `part` says what a block adds to twice
    /// the statistic of a test.
    fn add(&mut self, part: impl Fn(usize, usize) -> u64) {
        let mut smallest = f64::INFINITY;
        for (index, test) in self.tests.iter().enumerate().rev() {
            let blocks = 0..test.blocks.len();
            let doubled = blocks.map(|block| part(index, block)).sum();
            smallest = smallest.min(test.null.at_least(doubled).0);
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

/// What each rearrangement of each block adds to twice each test's statistic.
struct Listed {
    /// How many each block has.
    arrangements: Vec<usize>,
    /// \[tests\]\[blocks\]\[arrangements\].
    parts: Vec<Vec<Vec<u64>>>,
}

impl Listed {
    fn of(tests: &[&Test]) -> Self {
        let labels = tests[0].blocks.iter().map(|block| &block.labels);
        let lists: Vec<Vec<Vec<usize>>> = labels.map(|labels| rearranged(labels)).collect();
        let of_block = |(block, list): (&Ranked, &Vec<Vec<usize>>)| -> Vec<u64> {
            list.iter().map(|places| block.doubled(places)).collect()
        };
        let of_test = |test: &&Test| test.blocks.iter().zip(&lists).map(of_block).collect();
        Self {
            parts: tests.iter().map(of_test).collect(),
            arrangements: lists.iter().map(Vec::len).collect(),
        }
    }
}

/// All ways for the runs of a block to change places, of those that differ by
/// places of the same label one: for each run its place.
fn rearranged(labels: &[usize]) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for _ in labels {
        all = all
            .into_iter()
            .flat_map(|taken: Vec<usize>| {
                let is_free = |place: &usize| !taken.contains(place);
                let is_first = |place: &usize| {
                    let mut before = 0..*place;
                    !before.any(|other| labels[other] == labels[*place] && is_free(&other))
                };
                let places = (0..labels.len()).filter(|place| is_free(place) && is_first(place));
                let longer = |place| {
                    let mut longer = taken.clone();
                    longer.push(place);
                    longer
                };
                places.map(longer).collect::<Vec<_>>()
            })
            .collect();
    }
    all
}

#[cfg(test)]
mod tests;
