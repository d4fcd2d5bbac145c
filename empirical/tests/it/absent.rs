//! What does not exist is absent, and what rounding made is zero: small cases
//! with closed forms.

use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
use breakeven_empirical::examples::Examples;
use breakeven_empirical::layers::Normalisation;
use breakeven_empirical::model::{Architecture, Model};
use breakeven_empirical::network::{Loss, Network};
use breakeven_empirical::operator::{
    BatchSharpness, GradientCovarianceOp, HessianOp, LinearOperator, MiniBatchGradients, Point,
    PointSettings,
};
use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::solver::{Eigenpairs, Lanczos};
use breakeven_sim::record::BoundKind;

use crate::reference::Reference;
use crate::tolerance;

/// Softmax regression, or an MLP, with examples of 8 features.
struct Small {
    compute: Compute,
    model: Box<dyn Model>,
    theta: Vec<f64>,
    examples: Examples,
}

const FEATURES: usize = 8;

impl Small {
    /// `labels` gives the examples; `rows` of the features repeat.
    fn new(
        precision: Precision,
        hidden: &[usize],
        classes: usize,
        labels: &[u8],
        rows: usize,
    ) -> Self {
        let compute = Compute::new(DeviceKind::Flex, precision).unwrap();
        let hidden = hidden.to_vec();
        let model = Architecture::Mlp { hidden }
            .build([1, 1, FEATURES], classes)
            .unwrap();
        let theta = vec![0.0; model.parameters().dim()];
        let pixels: Vec<f64> = (0..labels.len() * FEATURES)
            .map(|k| {
                ((k / FEATURES % rows * FEATURES + k % FEATURES) as f64 * 0.7)
                    .sin()
                    .abs()
            })
            .collect();
        let pixels = compute.matrix(&pixels, [labels.len(), FEATURES]);
        let examples = Examples::new(pixels, labels, classes, &compute);
        Self {
            compute,
            model,
            theta,
            examples,
        }
    }

    /// Weights that are not zero.
    fn at_random_weights(mut self) -> Self {
        for (k, x) in self.theta.iter_mut().enumerate() {
            *x = 0.4 * (k as f64 * 1.7 + 0.3).sin();
        }
        self
    }

    fn network(&self) -> Network<'_> {
        Network {
            lanes: None,
            model: &*self.model,
            compute: &self.compute,
            loss: Loss::CrossEntropy,
            normalisation: Normalisation::Batch,
        }
    }

    fn point(&self) -> Point<'_> {
        let settings = PointSettings::default();
        Point::new(self.network(), &self.theta, &self.examples, settings)
    }

    /// The gradients of batches, each of which names its examples.
    fn gradients(&self, batches: &[Vec<usize>]) -> MiniBatchGradients {
        let network = self.network();
        let parameters = self.model.parameters().split(&self.theta, &self.compute);
        let batches = batches.iter().map(|batch| self.examples.select(batch));
        MiniBatchGradients::new(&network, &parameters, batches, BatchSharpness::Measured)
    }
}

fn solve(operator: &impl LinearOperator, count: usize, searched: bool) -> Eigenpairs {
    let mut lanczos = Lanczos::new(count, 1e-6);
    if searched {
        lanczos.complete_up_to = 0;
    }
    lanczos.solve(operator, &[], &mut stream(0, Purpose::Start, 0))
}

const PRECISIONS: [Precision; 2] = [Precision::F32, Precision::F64];

/// At zero weights H of softmax regression over c classes is
/// (1/n) Σ x xᵀ ⊗ (I/c − 11ᵀ/c²), x with a 1 for the bias: each eigenvalue of
/// the first factor, over c, comes c − 1 times.
#[test]
fn a_zero_readout_has_every_eigenvalue_nine_times() {
    let labels: Vec<u8> = (0..30).map(|k| k % 10).collect();
    for precision in PRECISIONS {
        let small = Small::new(precision, &[], 10, &labels, 30);
        let point = small.point();
        let mut moments = nalgebra::DMatrix::zeros(FEATURES + 1, FEATURES + 1);
        for k in 0..30 {
            let x = nalgebra::DVector::from_fn(FEATURES + 1, |j, _| match j {
                FEATURES => 1.0,
                _ => ((k * FEATURES + j) as f64 * 0.7).sin().abs(),
            });
            moments += &x * x.transpose() / 30.0;
        }
        let mut expected = moments.symmetric_eigenvalues().as_slice().to_vec();
        expected.sort_by(|a, b| b.total_cmp(a));
        for searched in [true, false] {
            let found = solve(&HessianOp(&point), 12, searched);
            assert_eq!(found.pairs.len(), 12);
            for (k, pair) in found.pairs.iter().enumerate() {
                let right = expected[k / 9] / 10.0;
                let error = (pair.value - right).abs();
                assert!(
                    error <= pair.error_bound + tolerance::DENSE,
                    "{k}: {error:e}"
                );
                assert!(pair.error_bound < 1e-5 * expected[0]);
                assert_eq!(pair.multiplicity, Some(9));
            }
            assert!(found.top_vector("H").unwrap_err().contains("9 times"));
            assert_eq!(found.top_space("H").unwrap().len(), 9);
        }
    }
}

/// K of one example, or of many that are the same.
#[test]
fn equal_gradients_have_no_covariance() {
    for precision in PRECISIONS {
        for (labels, searched) in [
            (vec![1_u8; 1], false),
            (vec![1; 37], false),
            (vec![1; 37], true),
        ] {
            let small = Small::new(precision, &[5], 3, &labels, 1).at_random_weights();
            let point = small.point();
            let k = GradientCovarianceOp::of(&point).unwrap();
            assert!(point.mean_squared_gradient_norm() > 0.1);
            assert_eq!(k.trace(), 0.0);
            assert!(k.trace_error() > 0.0);
            let found = solve(&k, 2, searched);
            assert_eq!([found.pairs[0].value, found.pairs[1].value], [0.0, 0.0]);
            assert!(found.pairs[0].error_bound > 0.0);
            let refused = found.top_vector("K").unwrap_err();
            assert_eq!(
                refused,
                "the largest eigenvalue of K is zero up to rounding"
            );
        }
    }
}

/// With one class the loss is 0 for all weights.
#[test]
fn without_a_loss_all_is_zero() {
    for precision in PRECISIONS {
        let small = Small::new(precision, &[5], 1, &[0; 6], 6).at_random_weights();
        let point = small.point();
        assert_eq!(point.score().loss, 0.0);
        let (h, k) = (HessianOp(&point), GradientCovarianceOp::of(&point).unwrap());
        assert_eq!(k.trace(), 0.0);
        for searched in [true, false] {
            assert_eq!(solve(&h, 1, searched).pairs[0].value, 0.0);
            assert_eq!(solve(&k, 1, searched).pairs[0].value, 0.0);
        }
        let gradients = small.gradients(&[vec![0, 1], vec![2, 3], vec![4, 5]]);
        let sharpness = gradients.batch_sharpness().unwrap();
        assert_eq!(sharpness.unwrap_err(), "a mini-batch gradient is zero");
        let sharpness = gradients.batch_sharpness_ratio_of_means().unwrap();
        assert_eq!(sharpness.unwrap_err(), "all mini-batch gradients are zero");
        let covariance = gradients.covariance().unwrap();
        assert_eq!(
            (covariance.spectrum().trace(), covariance.spectrum().rank()),
            (0.0, 0)
        );
    }
}

/// Batches that hold the same examples, in any order: S = N.
#[test]
fn full_batches_have_no_covariance() {
    let labels: Vec<u8> = (0..24).map(|k| k * 5 % 3).collect();
    for precision in PRECISIONS {
        let small = Small::new(precision, &[6], 3, &labels, 24).at_random_weights();
        let batches: Vec<Vec<usize>> = (0..6)
            .map(|j| {
                (0..24)
                    .map(|k| (k * [1, 5, 7, 11, 13, 17][j] + j) % 24)
                    .collect()
            })
            .collect();
        let gradients = small.gradients(&batches);
        let covariance = gradients.covariance().unwrap();
        assert_eq!(covariance.spectrum().eigenvalues(), [0.0; 6]);
        assert_eq!(
            (covariance.spectrum().trace(), covariance.spectrum().rank()),
            (0.0, 0)
        );
        assert!(covariance.spectrum().error(0.0) > 0.0);
        let zero = "K^M is zero up to rounding: all mini-batch gradients agree";
        assert_eq!(covariance.spectrum().smallest_nonzero().unwrap_err(), zero);
        assert_eq!(covariance.spectrum().ratio().unwrap_err(), zero);
        assert_eq!(covariance.spectrum().ratio_error().unwrap_err(), zero);
        assert_eq!(covariance.subspace_ratio(5).unwrap_err(), zero);
        let e = vec![1.0 / (small.theta.len() as f64).sqrt(); small.theta.len()];
        let e = small.model.parameters().split(&e, &small.compute);
        assert_eq!(covariance.alignment(e).unwrap_err(), zero);
    }
}

/// Three different batches among seven: rank 2.
#[test]
fn below_full_rank_there_is_no_smallest_eigenvalue() {
    let labels: Vec<u8> = (0..24).map(|k| k * 5 % 3).collect();
    for precision in PRECISIONS {
        let small = Small::new(precision, &[6], 3, &labels, 24).at_random_weights();
        let batches: Vec<Vec<usize>> = (0..7)
            .map(|j| (j % 3 * 8..j % 3 * 8 + 8).collect())
            .collect();
        let gradients = small.gradients(&batches);
        let covariance = gradients.covariance().unwrap();
        assert_eq!(covariance.spectrum().rank(), 2);
        assert_eq!(covariance.spectrum().eigenvalues()[2..], [0.0; 5]);
        let refused = covariance.spectrum().smallest_nonzero().unwrap_err();
        assert!(
            refused.starts_with("K^M has rank 2, below L - 1 = 6"),
            "{refused}"
        );
        assert_eq!(covariance.spectrum().ratio().unwrap_err(), refused);
        // All of the range: the projection leaves out what is orthogonal to it.
        assert!(covariance.subspace_ratio(5).unwrap() >= 1.0);
    }
}

/// In 32 bits a bound holds the rounding of products: against 64 bits.
#[test]
fn bounds_in_32_bits_hold_the_rounding_of_products() {
    for case in ["mlp_tiny", "mlp", "simplecnn_tiny"] {
        let values = |precision| {
            let reference = Reference::load(case, precision);
            let (network, settings) = (reference.network(), PointSettings::default());
            let point = Point::new(network, &reference.theta, &reference.examples, settings);
            let found = [
                solve(&HessianOp(&point), 3, true),
                solve(&GradientCovarianceOp::of(&point).unwrap(), 3, true),
            ];
            found.map(|found| found.pairs)
        };
        let (single, double) = (values(Precision::F32), values(Precision::F64));
        for (single, double) in single.iter().zip(&double) {
            let scale = double[0].value;
            for (single, double) in single.iter().zip(double) {
                let error = (single.value - double.value).abs();
                let bound = single.error_bound + double.error_bound;
                assert!(error <= bound, "{case}: {error:e} and {bound:e}");
                assert!(
                    single.error_bound < 1e-4 * scale,
                    "{:e}",
                    single.error_bound / scale
                );
                assert_eq!(single.bound_kind, BoundKind::Searched);
            }
        }
    }
}
