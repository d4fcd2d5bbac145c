//! Batches that batch normalisation couples, cut into lanes.

use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use breakeven_empirical::compute::{Precision, to_host};
use breakeven_empirical::layers::Statistics;
use breakeven_empirical::operator::{
    BatchSharpness, HessianOp, LinearOperator, MiniBatchGradients, Point, PointSettings,
};
use breakeven_empirical::tape::{Lane, Lanes, Map, Matrix, Over, Standardise, Turns};
use burn::tensor::Tensor;

use crate::checker::{check_map, exact, random, single};
use crate::networks::{Case, check_all, check_running};

fn turns(threads: usize) -> Turns {
    Turns::new(NonZero::new(threads).unwrap())
}

fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.unwrap().install(work)
}

/// Four or six examples: in lanes of equal and of different sizes, down to one each.
#[test]
fn networks_have_pytorchs_numbers_in_any_number_of_lanes() {
    for lanes in [1, 2, 3, 4, 6, 9] {
        check_all(Case::coupled(Precision::F64, lanes));
        check_running(Case::coupled(Precision::F64, lanes));
    }
    check_all(Case::coupled(Precision::F32, 4));
}

/// Everything that is computed of a batch whose examples are coupled.
struct Numbers {
    step: Vec<f64>,
    statistics: Vec<f64>,
    score: [f64; 2],
    gradient: Vec<f64>,
    product: Vec<f64>,
    curvatures: Vec<f64>,
    mini_batches: Vec<f64>,
}

impl Numbers {
    /// Batches of three, the last of what is left; so many numbers kept.
    fn of(case: &Case, kept_numbers: usize) -> Self {
        let network = case.network();
        let layout = case.model.parameters();
        let parameters = layout.split(&case.theta, &case.compute);
        let step = network.step(&parameters, &case.examples, 0.25);
        let buffers: Vec<Matrix> = layout
            .buffers()
            .split(&vec![0.0; layout.buffers().dim()], &case.compute);
        let updated = Statistics::update(&step.statistics, &buffers);
        let settings = PointSettings {
            kept_numbers,
            batch_size: Some(3),
            ..PointSettings::default()
        };
        let point = Point::new(network, &case.theta, &case.examples, settings);
        let v = case.direction();
        let batches = [[0, 1, 2], [1, 2, 3], [3, 0, 2]].map(|k| case.examples.select(&k));
        let gradients = MiniBatchGradients::new(
            &network,
            &parameters,
            batches.into_iter(),
            BatchSharpness::Measured,
        );
        let covariance = gradients.covariance().unwrap();
        let mut mini_batches = covariance.spectrum().eigenvalues()[..2].to_vec();
        mini_batches.push(gradients.batch_sharpness().unwrap().unwrap().value);
        let score = network.score(&parameters, &case.examples, 3);
        Self {
            step: layout.join(step.gradient),
            statistics: updated.into_iter().flat_map(to_host).collect(),
            score: [score.loss + step.loss, score.accuracy],
            gradient: point.gradient().to_vec(),
            product: HessianOp(&point).apply(&v),
            curvatures: point.batch_curvatures(&v, 3),
            mini_batches,
        }
    }

    fn all(&self) -> [(&str, &[f64]); 7] {
        [
            ("the gradient of a step", &self.step),
            ("statistics", &self.statistics),
            ("loss and accuracy", &self.score),
            ("the gradient", &self.gradient),
            ("Hv", &self.product),
            ("vᵀH_B v", &self.curvatures),
            ("K^M and sharpness", &self.mini_batches),
        ]
    }
}

#[test]
fn lanes_agree_with_one() {
    let whole = Case::coupled(Precision::F64, 1);
    for lanes in [2, 3, 4] {
        for (case, whole) in Case::coupled(Precision::F64, lanes).iter().zip(&whole) {
            for kept in [0, usize::MAX] {
                let (of_lanes, of_one) = (Numbers::of(case, kept), Numbers::of(whole, kept));
                for ((what, found), (_, expected)) in of_lanes.all().into_iter().zip(of_one.all()) {
                    case.close(what, found, expected);
                }
            }
        }
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads_or_on_what_is_kept() {
    for case in Case::coupled(Precision::F32, 3) {
        let bits = |threads, kept| {
            let numbers = with_threads(threads, || Numbers::of(&case, kept));
            let all = numbers
                .all()
                .into_iter()
                .flat_map(|(_, part)| part.to_vec());
            all.map(f64::to_bits).collect::<Vec<u64>>()
        };
        let one = bits(1, usize::MAX);
        for (threads, kept) in [(1, 0), (2, usize::MAX), (2, 0), (3, usize::MAX), (8, 0)] {
            assert_eq!(bits(threads, kept), one, "{threads} threads");
        }
    }
}

/// Batch normalisation in three lanes, as one map of all rows.
struct InLanes {
    lanes: Lanes,
    of_lanes: Vec<Standardise>,
}

impl InLanes {
    fn of(x: &Matrix, epsilon: f64) -> (Self, Matrix) {
        let lanes = Lanes::new(x.dims()[0], 3, &turns(2));
        let all = lanes.run(|lane| {
            let (first, count) = lane.range();
            let own = x.clone().narrow(0, first, count);
            Standardise::of(&own, Over::Rows(lane.clone()), epsilon)
        });
        let (of_lanes, values) = all.into_iter().unzip();
        (Self { lanes, of_lanes }, Tensor::cat(values, 0))
    }

    fn each(
        &self,
        x: [&Matrix; 2],
        op: impl Fn(&Standardise, [Matrix; 2]) -> Matrix + Sync,
    ) -> Matrix {
        let parts = self.lanes.run(|lane| {
            let (first, count) = lane.range();
            let own = x.map(|x| x.clone().narrow(0, first, count));
            op(&self.of_lanes[lane.number()], own)
        });
        Tensor::cat(parts, 0)
    }
}

impl Map for InLanes {
    fn push(&self, dx: Matrix) -> Matrix {
        self.each([&dx, &dx], |op, [dx, _]| op.push(dx))
    }

    fn pull(&self, c: Matrix) -> Matrix {
        self.each([&c, &c], |op, [c, _]| op.pull(c))
    }

    fn bends(&self) -> bool {
        true
    }

    fn bend(&self, dx: &Matrix, v: &Matrix) -> Matrix {
        self.each([dx, v], |op, [dx, v]| op.bend(&dx, &v))
    }

    fn couples_examples(&self) -> bool {
        true
    }
}

#[test]
fn batch_normalisation_in_lanes_has_every_derivative() {
    for epsilon in [1e-5, 0.5] {
        for on in [exact(), single()] {
            check_map(&on, "batch norm in lanes", [4, 3], |x| {
                InLanes::of(x, epsilon)
            });
        }
    }
}

/// What `work` comes to, unless it takes half a minute.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    std::thread::spawn(move || done.send(work()));
    let limit = Duration::from_secs(30);
    result
        .recv_timeout(limit)
        .expect("lanes do not wait for ever")
}

fn normalise(x: &Matrix, over: Over) -> Vec<f64> {
    to_host(Standardise::of(x, over, 1e-5).1)
}

#[test]
fn a_lane_that_panics_ends_all_with_its_panic() {
    for threads in [1, 2, 4] {
        let (said, later) = in_time(move || {
            let lanes = Lanes::new(8, 4, &turns(threads));
            let x = random(&exact().full([1, 1], 0.0), [2, 3], 1);
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                lanes.run(|lane| {
                    let over = Over::Rows(lane.clone());
                    normalise(&x, over.clone());
                    assert_ne!(lane.number(), 2, "the third");
                    normalise(&x, over)
                })
            }));
            let said = panicked.unwrap_err().downcast::<String>().unwrap();
            // Another sweep starts anew.
            (
                *said,
                lanes.run(|lane| normalise(&x, Over::Rows(lane.clone()))),
            )
        });
        assert!(said.contains("the third"), "{said}");
        assert_eq!(later.len(), 4);
    }
}

#[test]
fn lanes_that_do_not_meet_alike_panic() {
    let said = in_time(|| {
        let lanes = Lanes::new(8, 4, &turns(2));
        let x = random(&exact().full([1, 1], 0.0), [2, 3], 1);
        let one_is_short = |lane: &Lane| {
            if lane.number() > 0 {
                normalise(&x, Over::Rows(lane.clone()));
            }
        };
        let panicked = catch_unwind(AssertUnwindSafe(|| lanes.run(one_is_short)));
        *panicked.unwrap_err().downcast::<&str>().unwrap()
    });
    assert_eq!(said, "lanes carry out the same operations");
}

#[test]
fn no_more_lanes_compute_at_once_than_there_are_turns() {
    for threads in [1, 2, 3] {
        let (busy, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let compute = || {
            most.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(2));
            busy.fetch_sub(1, Ordering::SeqCst);
        };
        let x = random(&exact().full([1, 1], 0.0), [1, 3], 1);
        Lanes::new(8, 8, &turns(threads)).run(|lane| {
            for _ in 0..5 {
                compute();
                normalise(&x, Over::Rows(lane.clone()));
            }
        });
        assert_eq!(most.into_inner(), threads);
    }
}

/// A batch of one example, and more lanes than examples.
#[test]
fn lanes_cover_every_batch() {
    for (examples, count) in [(1, 8), (3, 8), (7, 3), (8, 4), (128, 8)] {
        let lanes = Lanes::new(examples, count, &turns(1));
        let ranges = lanes.run(|lane| lane.range());
        assert_eq!(ranges.len(), count.min(examples));
        let mut next = 0;
        for (first, own) in ranges {
            assert_eq!(first, next);
            assert!(own.abs_diff(examples / count.min(examples)) <= 1);
            next += own;
        }
        assert_eq!(next, examples);
    }
}
