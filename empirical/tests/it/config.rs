//! Every setting that a sweep refuses, with its message.

use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
use breakeven_empirical::config::{
    DataConfig, DensityMatrix, MeasureConfig, SweepAxes, SweepConfig, TrainingConfig,
};
use breakeven_empirical::model::{Architecture, CnnShape};
use breakeven_empirical::sweep::Sweep;

/// A sweep that nothing is wrong with.
pub fn sound() -> SweepConfig {
    SweepConfig {
        name: "tiny".into(),
        data: DataConfig {
            train_examples: Some(60),
            validation_examples: Some(20),
            ..DataConfig::of("fashion-mnist-12k".into())
        },
        model: Architecture::Mlp { hidden: vec![5] },
        training: TrainingConfig::plain(3),
        sweep: SweepAxes {
            learning_rates: vec![0.05, 0.2],
            batch_sizes: vec![10],
            momenta: None,
            seeds: vec![0, 1],
        },
        measure: MeasureConfig {
            every_steps: Some(4),
            early_until_step: 2,
            hessian_examples: Some(30),
            covariance_batches: 4,
            ..MeasureConfig::default()
        },
    }
}

pub fn changed(change: impl FnOnce(&mut SweepConfig)) -> SweepConfig {
    let mut config = sound();
    change(&mut config);
    config
}

type Change = fn(&mut SweepConfig);

#[test]
fn settings_out_of_their_range_are_refused() {
    let cases: [(Change, &str); 40] = [
        (
            |c| c.sweep.learning_rates.clear(),
            "sweep.learning_rates is empty: name at least one",
        ),
        (
            |c| c.sweep.batch_sizes.clear(),
            "sweep.batch_sizes is empty: name at least one",
        ),
        (
            |c| c.sweep.seeds.clear(),
            "sweep.seeds is empty: name at least one",
        ),
        (
            |c| c.sweep.learning_rates = vec![0.1, 0.2, 0.1],
            "sweep.learning_rates holds 0.1 twice: each run must differ",
        ),
        (
            |c| c.sweep.batch_sizes = vec![8, 8],
            "sweep.batch_sizes holds 8 twice: each run must differ",
        ),
        (
            |c| c.sweep.seeds = vec![3, 4, 3],
            "sweep.seeds holds 3 twice: each run must differ",
        ),
        (
            |c| c.sweep.learning_rates = vec![0.0],
            "sweep.learning_rates is 0: give positive numbers",
        ),
        (
            |c| c.sweep.learning_rates = vec![0.1, -0.1],
            "sweep.learning_rates is -0.1: give positive numbers",
        ),
        (
            |c| c.sweep.learning_rates = vec![f64::NAN],
            "sweep.learning_rates is NaN: give positive numbers",
        ),
        (
            |c| c.sweep.learning_rates = vec![f64::INFINITY],
            "sweep.learning_rates is inf: give positive numbers",
        ),
        (
            |c| c.sweep.batch_sizes = vec![0],
            "sweep.batch_sizes is 0: give positive whole numbers",
        ),
        (
            |c| c.training.epochs = 0,
            "training.epochs is 0: give at least 1",
        ),
        (
            |c| c.training.divergence_loss = 0.0,
            "training.divergence_loss is 0: give a positive number",
        ),
        (
            |c| c.training.divergence_loss = f64::NAN,
            "training.divergence_loss is NaN: give a positive number",
        ),
        (
            |c| c.training.divergence_loss = f64::INFINITY,
            "training.divergence_loss is inf: give a positive number",
        ),
        (
            |c| c.measure.eigenvalue_tolerance = 0.0,
            "measure.eigenvalue_tolerance is 0: give a number above 0 and below 1, such as 1e-3",
        ),
        (
            |c| c.measure.eigenvalue_tolerance = 1.0,
            "measure.eigenvalue_tolerance is 1: give a number above 0 and below 1, such as 1e-3",
        ),
        (
            |c| c.measure.eigenvalue_tolerance = f64::NAN,
            "measure.eigenvalue_tolerance is NaN: give a number above 0 and below 1, such as 1e-3",
        ),
        (
            |c| c.measure.every_examples = 0,
            "measure.every_examples is 0: give at least 1",
        ),
        (
            |c| c.measure.every_steps = Some(0),
            "measure.every_steps is 0: give at least 1",
        ),
        (
            |c| c.measure.early_every_steps = 0,
            "measure.early_every_steps is 0: give at least 1",
        ),
        (
            |c| c.measure.hessian_examples = Some(0),
            "measure.hessian_examples is 0: give at least 1",
        ),
        (
            |c| c.measure.hessian_eigenvalues = 0,
            "measure.hessian_eigenvalues is 0: give at least 1",
        ),
        (
            |c| c.measure.covariance_batch_size = Some(0),
            "measure.covariance_batch_size is 0: give at least 1",
        ),
        (
            |c| c.measure.density_steps = 0,
            "measure.density_steps is 0: give at least 1",
        ),
        (
            |c| c.data.train_examples = Some(0),
            "data.train_examples is 0: give at least 1",
        ),
        (
            |c| c.measure.covariance_batches = 1,
            "measure.covariance_batches is 1: give 2 to 4096",
        ),
        (
            |c| c.measure.covariance_batches = 0,
            "measure.covariance_batches is 0: give 2 to 4096",
        ),
        (
            |c| c.measure.covariance_batches = 9_999_999_999,
            "measure.covariance_batches is 9999999999: give 2 to 4096",
        ),
        (
            |c| c.measure.trace_probes = 9_999_999_999,
            "measure.trace_probes is 9999999999: give at most 10000",
        ),
        (
            |c| c.measure.density_probes = 10_001,
            "measure.density_probes is 10001: give at most 10000",
        ),
        (
            |c| c.measure.density_of.clear(),
            "measure.density_of is []: give at least one of h, k, g and f, each once",
        ),
        (
            |c| c.measure.density_of = vec![DensityMatrix::K, DensityMatrix::K],
            "measure.density_of is [k, k]: give at least one of h, k, g and f, each once",
        ),
        (
            |c| c.measure.hessian_overlap = 1,
            "measure.hessian_overlap is 1: give 0, or fewer than hessian_eigenvalues, which is 1: \
             the next one says how far the others lie from the rest",
        ),
        (
            |c| c.measure.density_steps = 1_001,
            "measure.density_steps is 1001: give at most 1000",
        ),
        (
            // 784·5 + 5 + 5·100 + 100 + 100·10 + 10 parameters
            |c| {
                c.model = Architecture::Mlp {
                    hidden: vec![5, 100],
                };
                c.measure.hessian_eigenvalues = 1_001;
            },
            "measure.hessian_eigenvalues is 1001: give at most 1000",
        ),
        // What needs the data or the model.
        (
            |c| c.data.name = "mnits".into(),
            "no data set is called `mnits`; there are `fashion-mnist-12k`, `fashion-mnist`, `mnist`, \
             `cifar10`, `snli-600`, `imdb`, `mnli`, `tiny-imagenet`, `imagenet`",
        ),
        (
            |c| c.data.train_examples = Some(12_001),
            "data.train_examples is 12001, but fashion-mnist-12k has 12000 such examples: \
             give at most 12000",
        ),
        (
            |c| c.data.validation_examples = Some(2_001),
            "data.validation_examples is 2001, but fashion-mnist-12k has 2000 such examples: \
             give at most 2000",
        ),
        (
            |c| c.model = Architecture::Mlp { hidden: vec![5, 0] },
            "a hidden layer of mlp is 0: give every layer at least one unit",
        ),
    ];
    for (change, message) in cases {
        assert_eq!(prepared(&changed(change)), Err(message.to_owned()));
    }
    assert_eq!(prepared(&sound()), Ok(()));
}

#[test]
fn sizes_that_do_not_fit_the_data_or_the_model_are_refused() {
    let cases: [(Change, &str); 9] = [
        (
            |c| c.sweep.batch_sizes = vec![10, 61],
            "sweep.batch_sizes is 61, but there are 60 training examples: give at most 60",
        ),
        (
            |c| c.measure.covariance_batch_size = Some(61),
            "measure.covariance_batch_size is 61, but there are 60 training examples: \
             give at most 60",
        ),
        (
            |c| c.measure.hessian_examples = Some(100),
            "measure.hessian_examples is 100, but there are 60 training examples: give at most 60",
        ),
        (
            // 784·10 + 10
            |c| {
                c.model = Architecture::Mlp { hidden: vec![] };
                c.measure.hessian_eigenvalues = 7_851;
            },
            "measure.hessian_eigenvalues is 7851, but the model has 7850 parameters: \
             give at most 7850",
        ),
        (
            // (784·5 + 5) + (5·100 + 100) + (100·10 + 10)
            |c| {
                c.model = Architecture::Mlp {
                    hidden: vec![5, 100],
                };
                c.measure.complete_hessian_spectrum = true;
            },
            "measure.complete_hessian_spectrum takes at most 4096 parameters, the model has 5535: \
             use measure.density_probes",
        ),
        (
            |c| {
                c.model = Architecture::Mlp {
                    hidden: vec![usize::MAX],
                }
            },
            "a layer has 18446744073709551615 units: give at most 1048576",
        ),
        (
            // (784·2²⁰ + 2²⁰) + (2²⁰·10 + 10)
            |c| {
                c.model = Architecture::Mlp {
                    hidden: vec![1 << 20],
                }
            },
            "the model would have 833617930 parameters: give it smaller layers, for at most 268435456",
        ),
        (
            |c| {
                c.model = Architecture::SimpleCnn(CnnShape {
                    first: 32,
                    second: usize::MAX / 2,
                    dense: 1,
                });
            },
            "a layer has 9223372036854775807 units: give at most 1048576",
        ),
        (
            |c| {
                c.model = Architecture::SimpleCnn(CnnShape {
                    first: 1,
                    second: 0,
                    dense: 1,
                });
            },
            "a layer of simple_cnn is 0: give every layer at least one unit",
        ),
    ];
    for (change, message) in cases {
        assert_eq!(prepared(&changed(change)), Err(message.to_owned()));
    }
}

fn prepared(config: &SweepConfig) -> Result<(), String> {
    let sweep = Sweep::prepare(config, None, DeviceKind::Flex, "test".into());
    sweep.map(drop).map_err(|error| error.to_string())
}

#[test]
fn images_that_pooling_leaves_nothing_of_are_refused() {
    let cnn = Architecture::SimpleCnn(CnnShape {
        first: 1,
        second: 1,
        dense: 1,
    });
    assert!(cnn.build([1, 10, 10], 2).is_ok());
    for image in [[1, 9, 10], [3, 10, 4]] {
        let [_, height, width] = image;
        let Err(error) = cnn.build(image, 2) else {
            panic!("{image:?} was built");
        };
        assert_eq!(
            error.to_string(),
            format!(
                "simple_cnn needs images of at least 10 × 10 pixels, \
                 these have {height} × {width}: use mlp"
            )
        );
    }
}

#[test]
fn devices_that_are_not_there_are_refused() {
    for kind in [DeviceKind::Wgpu, DeviceKind::Cuda] {
        let error = Compute::new(kind, Precision::F64).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "precision f64 is offered on flex alone, not on {kind}: use f32, or --device flex"
            )
        );
    }
    #[cfg(not(feature = "cuda"))]
    assert_eq!(
        Compute::new(DeviceKind::Cuda, Precision::F32)
            .unwrap_err()
            .to_string(),
        "device cuda is not in this build: build breakeven with `--features cuda`, \
         or use --device flex"
    );
}
