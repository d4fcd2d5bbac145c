//! Checkpoints and weights as safetensors: those of a small network, and the
//! sizes of a network that they are to tell.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use breakeven_empirical::checkpoint::Checkpoint;
use breakeven_empirical::model::{Architecture, InputShape, Model};
use breakeven_empirical::weights::{Shapes, weights_in};
use libfuzzer_sys::fuzz_target;

/// Dense layers of 3, 2 and 2 units.
static MODEL: LazyLock<Box<dyn Model>> = LazyLock::new(|| {
    let network = Architecture::Mlp { hidden: vec![2] };
    network.build([1, 1, 3], 2).expect("the sizes are small")
});
static NETWORKS: LazyLock<Vec<Architecture>> = LazyLock::new(|| {
    let names = [
        "mlp",
        "simple_cnn",
        "simple_cnn_bn",
        "resnet",
        "densenet",
        "lstm",
    ];
    names.map(Architecture::of_paper).into()
});

fuzz_target!(|bytes: &[u8]| {
    let file = Path::new("checkpoint.safetensors");
    let parameters = MODEL.parameters();
    let dim = parameters.dim();
    if let Ok(weights) = weights_in(file, bytes, parameters) {
        assert_eq!(weights.theta.len(), dim);
        assert!(weights.theta.iter().all(|x| x.is_finite()));
    }
    if let Ok(checkpoint) = Checkpoint::in_bytes(file, bytes, parameters) {
        assert_eq!(checkpoint.theta.len(), dim);
        for vector in [&checkpoint.previous_step, &checkpoint.velocity] {
            assert!(vector.is_empty() || vector.len() == dim);
        }
        let warm = &checkpoint.warm;
        assert!(warm.hessian.iter().all(|vector| vector.len() == dim));
        assert!(warm.covariance.iter().all(|vector| vector.len() == dim));
    }
    let Ok(shapes) = Shapes::in_bytes(file, bytes) else {
        return;
    };
    for network in NETWORKS.iter() {
        let inputs = match network {
            Architecture::Lstm { .. } => InputShape::Text {
                vocabulary: 9,
                length: 4,
            },
            _ => InputShape::Image([3, 32, 32]),
        };
        if let (Ok(sized), Ok(classes)) = (
            network.of_weights(&shapes),
            network.classes_of_weights(&shapes),
        ) && let Ok(model) = sized.build(inputs, classes)
        {
            assert!(model.parameters().dim() > 0);
        }
    }
});
