//! The networks of `check --network`: each with its sweeps on built-in data.

use clap::ValueEnum;

use crate::config::DEFAULTS;

/// A network, by its name in `[model]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Network {
    // What check alone trains.
    Mlp,
    #[value(alias = "simple-cnn", alias = "simplecnn")]
    SimpleCnn,
    #[value(alias = "simple-cnn-bn")]
    SimpleCnnBn,
    Resnet,
    Densenet,
    Lstm,
    Bert,
}

/// The sweeps of a network: η varied, and S varied.
macro_rules! sweeps {
    ($name:literal) => {
        [
            include_str!(concat!(
                "../../fixtures/configs/check/",
                $name,
                "-learning-rate.toml"
            )),
            include_str!(concat!(
                "../../fixtures/configs/check/",
                $name,
                "-batch-size.toml"
            )),
        ]
    };
}

impl Network {
    /// Its sweeps, in TOML.
    pub fn sweeps(self) -> [&'static str; 2] {
        match self {
            Self::Mlp => DEFAULTS,
            Self::SimpleCnn => sweeps!("simple-cnn"),
            Self::SimpleCnnBn => sweeps!("simple-cnn-bn"),
            Self::Resnet => sweeps!("resnet"),
            Self::Densenet => sweeps!("densenet"),
            Self::Lstm => sweeps!("lstm"),
            Self::Bert => sweeps!("bert"),
        }
    }

    /// How it is smaller than the paper's (App. D), so that it takes minutes;
    /// absent of the MLP, which is not.
    pub fn beside_the_papers(self) -> Option<&'static str> {
        Some(match self {
            Self::Mlp => return None,
            Self::SimpleCnn => "the paper's has 32 and 64 channels and 128 units",
            Self::SimpleCnnBn => "the paper's has 32 and 64 channels and 128 units",
            Self::Resnet => "the paper's is ResNet-32",
            Self::Densenet => "the paper's is DenseNet-121",
            Self::Lstm => "the paper's has 100 features a word and 100 units",
            Self::Bert => "the paper's is BERT-base, from pretrained weights",
        })
    }
}
