//! Mean curvatures of random mini-batches, drawn without replacement.

use std::ops::BitOr;

use rand::RngCore;

/// Draws batches without replacement, each independent of the others.
///
/// A partial Fisher-Yates shuffle: place k of the deck changes with one of the
/// N − k from there on, and the first places are a fair batch whatever the
/// order before. How far the places change with is drawn for many batches
/// ahead, which is arithmetic on many numbers at once.
#[derive(Clone, Debug)]
pub(crate) struct BatchSampler {
    deck: Vec<f64>,
    batch: Batch,
    distances: Distances,
}

/// How the mean of a batch follows from the places drawn.
#[derive(Clone, Copy, Debug)]
enum Batch {
    /// It is the places drawn.
    Drawn,
    /// It is all the others, in a batch of more than half of the examples.
    Rest { total: f64, batch_size: usize },
}

/// Distances in the word that makes them fastest.
#[derive(Clone, Debug)]
enum Distances {
    Short(Ahead<u16>),
    Long(Ahead<u32>),
}

/// Most examples for which 16 random bits a draw are enough: a chunk of
/// [`TOGETHER`] then seldom has one to be drawn again.
const MOST_SHORT: usize = 1 << 12;
/// Least distances drawn ahead.
const LEAST_AHEAD: usize = 2048;
/// Distances whose fairness is checked at once.
const TOGETHER: usize = 8;

impl BatchSampler {
    /// `batch_size` must be in 1 ..= N and N below 2³².
    pub(crate) fn new(values: &[f64], batch_size: usize) -> Self {
        let examples = values.len();
        let rest = examples - batch_size;
        let (batch, places) = if rest < batch_size {
            let total = values.iter().sum();
            (Batch::Rest { total, batch_size }, rest)
        } else {
            (Batch::Drawn, batch_size)
        };
        let distances = if examples <= MOST_SHORT {
            Distances::Short(Ahead::new(examples, places))
        } else {
            Distances::Long(Ahead::new(examples, places))
        };
        Self {
            deck: values.to_vec(),
            batch,
            distances,
        }
    }

    /// The mean of one batch.
    #[inline]
    pub(crate) fn draw(&mut self, rng: &mut impl RngCore) -> f64 {
        let (sum, places) = match &mut self.distances {
            Distances::Short(ahead) => deal(&mut self.deck, ahead.next(rng)),
            Distances::Long(ahead) => deal(&mut self.deck, ahead.next(rng)),
        };
        match self.batch {
            Batch::Drawn => sum / places as f64,
            Batch::Rest { total, batch_size } => (total - sum) / batch_size as f64,
        }
    }
}

/// Changes each of the first places with the one so much further. Returns the
/// sum of what is there then, and how many they are.
#[inline]
fn deal<W: Word>(deck: &mut [f64], distances: &[W]) -> (f64, usize) {
    const K: usize = 4;
    let (groups, last) = distances.as_chunks::<K>();
    let mut sums = [0.0; K];
    let mut place = 0;
    for group in groups {
        let rest = &mut deck[place..];
        assert!(rest.len() >= K, "a batch is no more than there are");
        // No later change looks at these places: they are written together.
        let mut dealt = [0.0; K];
        for (i, (card, distance)) in dealt.iter_mut().zip(group).enumerate() {
            let here = rest[i];
            *card = std::mem::replace(&mut rest[i + distance.index()], here);
        }
        rest[..K].copy_from_slice(&dealt);
        for (sum, card) in sums.iter_mut().zip(dealt) {
            *sum += card;
        }
        place += K;
    }
    let mut sum = sums.iter().sum();
    for distance in last {
        deck.swap(place, place + distance.index());
        sum += deck[place];
        place += 1;
    }
    (sum, place)
}

/// A random number of 16 or 32 bits.
trait Word: Copy + Default + PartialOrd + BitOr<Output = Self> {
    /// How many there are in a random number of 64 bits.
    const IN_64: usize;
    /// From the lowest bits.
    fn lowest(bits: u64) -> Self;
    /// As a place.
    fn index(self) -> usize;
    /// self·bound as its high and its low word. The high one is a number below
    /// `bound`.
    fn times(self, bound: Self) -> [Self; 2];
    /// 2^bits mod `bound`: without the words whose low one is below that,
    /// every high one is equally likely (Lemire 2019).
    fn unfair_below(bound: Self) -> Self;
    /// self − other, or 0 where that is negative.
    fn excess(self, other: Self) -> Self;
}

macro_rules! word {
    ($word:ty, $double:ty) => {
        impl Word for $word {
            const IN_64: usize = 64 / <$word>::BITS as usize;

            fn lowest(bits: u64) -> Self {
                bits as Self
            }

            fn index(self) -> usize {
                self as usize
            }

            fn times(self, bound: Self) -> [Self; 2] {
                let product = <$double>::from(self) * <$double>::from(bound);
                [(product >> Self::BITS) as Self, product as Self]
            }

            fn unfair_below(bound: Self) -> Self {
                bound.wrapping_neg() % bound
            }

            fn excess(self, other: Self) -> Self {
                self.saturating_sub(other)
            }
        }
    };
}

word!(u16, u32);
word!(u32, u64);

/// Distances for whole batches, drawn ahead.
#[derive(Clone, Debug)]
struct Ahead<W> {
    /// Per batch.
    places: usize,
    /// What each distance is below: N, N − 1, ... in every batch, then 1 up to
    /// a whole number of chunks.
    bounds: Vec<W>,
    /// Below what a low word is not fair.
    unfair: Vec<W>,
    random: Vec<W>,
    distances: Vec<W>,
    /// The next batch's first distance.
    next: usize,
    /// Behind the last batch's.
    end: usize,
}

impl<W: Word> Ahead<W> {
    /// `examples` must fit into W, and `places` be at most half of that.
    fn new(examples: usize, places: usize) -> Self {
        let end = places * LEAST_AHEAD.div_ceil(places.max(1));
        let many = end.next_multiple_of(TOGETHER);
        let bounds: Vec<W> = (0..places)
            .map(|place| W::lowest((examples - place) as u64))
            .collect();
        let unfair: Vec<W> = bounds.iter().copied().map(W::unfair_below).collect();
        let repeated = |batch: Vec<W>, last: W| {
            let mut all: Vec<W> = batch.into_iter().cycle().take(end).collect();
            all.resize(many, last);
            all
        };
        Self {
            places,
            bounds: repeated(bounds, W::lowest(1)),
            unfair: repeated(unfair, W::default()),
            random: vec![W::default(); many],
            distances: vec![W::default(); many],
            next: end,
            end,
        }
    }

    /// One batch's.
    #[inline]
    fn next(&mut self, rng: &mut impl RngCore) -> &[W] {
        if self.next == self.end {
            self.draw(rng);
            self.next = 0;
        }
        let first = self.next;
        self.next += self.places;
        &self.distances[first..self.next]
    }

    #[inline(never)]
    fn draw(&mut self, rng: &mut impl RngCore) {
        fill(&mut self.random, rng);
        let random = self.random.iter().zip(&self.bounds);
        for (distance, (word, &bound)) in self.distances.iter_mut().zip(random) {
            [*distance, _] = word.times(bound);
        }
        let (random, _) = self.random.as_chunks::<TOGETHER>();
        let (bounds, _) = self.bounds.as_chunks();
        let (unfair, _) = self.unfair.as_chunks();
        let (distances, _) = self.distances.as_chunks_mut();
        let chunks = random.iter().zip(bounds).zip(unfair);
        for (distances, ((random, bounds), unfair)) in distances.iter_mut().zip(chunks) {
            if !are_fair(random, bounds, unfair) {
                *distances = redrawn(bounds, unfair, rng);
            }
        }
    }
}

fn fill<W: Word>(words: &mut [W], rng: &mut impl RngCore) {
    for words in words.chunks_exact_mut(W::IN_64) {
        let bits = rng.next_u64();
        for (i, word) in words.iter_mut().enumerate() {
            *word = W::lowest(bits >> (i * 64 / W::IN_64));
        }
    }
}

#[inline]
fn are_fair<W: Word>(
    random: &[W; TOGETHER],
    bounds: &[W; TOGETHER],
    unfair: &[W; TOGETHER],
) -> bool {
    let mut missing = W::default();
    for ((word, &bound), unfair) in random.iter().zip(bounds).zip(unfair) {
        let [_, low] = word.times(bound);
        missing = missing | unfair.excess(low);
    }
    missing == W::default()
}

/// A chunk of distances from new words: of all of them, so that it depends on
/// no other chance than that all are fair.
#[cold]
fn redrawn<W: Word>(
    bounds: &[W; TOGETHER],
    unfair: &[W; TOGETHER],
    rng: &mut impl RngCore,
) -> [W; TOGETHER] {
    let mut random = [W::default(); TOGETHER];
    loop {
        fill(&mut random, rng);
        if are_fair(&random, bounds, unfair) {
            return std::array::from_fn(|i| random[i].times(bounds[i])[0]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    /// χ² of how often each batch of `batch_size` out of `examples` is drawn,
    /// `each` times expected, and how many batches there are.
    fn chi_square(examples: u32, batch_size: usize, each: u32) -> (f64, usize) {
        // Powers of two name the batch by its sum.
        let values: Vec<f64> = (0..examples).map(|i| f64::from(1 << i)).collect();
        let mut sampler = BatchSampler::new(&values, batch_size);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let batches = crate::batches::number_of_batches(values.len(), batch_size).unwrap();
        let mut counts = vec![0_u32; 1 << examples];
        for _ in 0..batches * u64::from(each) {
            counts[(sampler.draw(&mut rng) * batch_size as f64).round() as usize] += 1;
        }
        let drawn = counts.iter().filter(|&&n| n > 0).count();
        let each = f64::from(each);
        let square = |&n: &u32| (f64::from(n) - each).powi(2) / each;
        let seen = counts.iter().filter(|&&n| n > 0).map(square).sum();
        (seen, drawn)
    }

    #[test]
    fn drawn_batches_are_equally_likely() {
        // 99.9 % points of χ² with one degree of freedom less than batches
        // (SciPy 1.17.1, chi2.ppf); fixed seed. The last size draws what is
        // left out.
        for (examples, batch_size, batches, point) in [
            (7, 3, 35, 65.25),
            (9, 4, 126, 179.6),
            (7, 1, 7, 22.46),
            (9, 7, 36, 66.62),
        ] {
            let (chi2, drawn) = chi_square(examples, batch_size, 1000);
            assert_eq!(drawn, batches);
            assert!(chi2 < point, "{batch_size} of {examples}: {chi2}");
        }
    }

    #[test]
    fn all_examples_are_the_mean_and_one_left_out_is_the_others() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        assert_eq!(BatchSampler::new(&[3.0], 1).draw(&mut rng), 3.0);
        assert_eq!(BatchSampler::new(&[1.0, 2.0, 6.0], 3).draw(&mut rng), 3.0);
        let mean = BatchSampler::new(&[1.0, 2.0, 6.0], 2).draw(&mut rng);
        assert!([1.5, 3.5, 4.0].contains(&mean));
    }

    #[test]
    fn of_all_fair_words_equally_many_give_each_number() {
        for bound in [1_u16, 2, 7, 1000, 3000, 4096, 40_000] {
            let mut words = vec![0_u32; usize::from(bound)];
            for word in 0..=u16::MAX {
                let [number, low] = word.times(bound);
                words[number.index()] += u32::from(low >= u16::unfair_below(bound));
            }
            let each = (1 << 16) / u32::from(bound);
            assert!(words.iter().all(|&n| n == each), "{bound}");
        }
    }

    #[test]
    fn distances_are_drawn_again_where_they_are_not_fair() {
        // Below 3·2³⁰ and without that, multiples of three would be half of
        // all results instead of a third. Four standard errors.
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
        let mut ahead = Ahead::<u32>::new(3 << 30, 1);
        let mut threes = 0;
        for _ in 0..160_000 {
            threes += usize::from(ahead.next(&mut rng)[0].is_multiple_of(3));
        }
        let share = threes as f64 / 160_000.0;
        assert!((share - 1.0 / 3.0).abs() < 4.0 * (2.0f64 / 9.0 / 160_000.0).sqrt());
    }

    #[test]
    fn both_words_deal_every_example_equally_often() {
        // 5,000 examples need long words, 4,000 do not. Each is in 30 of 3,000
        // batches of a hundredth: χ² of hypergeometric counts, whose variance
        // is 30·0.99, against the 99.9 % point of the normal approximation.
        for examples in [4_000, 5_000] {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
            let mut deck: Vec<f64> = (0..examples).map(f64::from).collect();
            let many = deck.len();
            let mut counts = vec![0_u32; many];
            let mut short = Ahead::<u16>::new(many, many / 100);
            let mut long = Ahead::<u32>::new(many, many / 100);
            for _ in 0..3_000 {
                if many <= MOST_SHORT {
                    deal(&mut deck, short.next(&mut rng));
                } else {
                    deal(&mut deck, long.next(&mut rng));
                }
                for &card in &deck[..many / 100] {
                    counts[card as usize] += 1;
                }
            }
            let square = |&n: &u32| (f64::from(n) - 30.0).powi(2) / (30.0 * 0.99);
            let chi2: f64 = counts.iter().map(square).sum();
            let many = many as f64;
            assert!((chi2 - many).abs() < 3.3 * (2.0 * many).sqrt(), "{chi2}");
        }
    }
}
