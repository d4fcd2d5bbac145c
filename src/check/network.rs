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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use breakeven_verify::quantity::Factor;

    use super::*;
    use crate::config::Config;
    use crate::design::warnings;

    #[test]
    fn every_network_has_two_sweeps_of_its_own_that_can_decide() {
        assert_eq!(Network::value_variants().len(), 7);
        for network in Network::value_variants() {
            let name = network.to_possible_value().unwrap().get_name().to_owned();
            let configs = network
                .sweeps()
                .map(|text| Config::parse(text, Path::new("")).unwrap());
            assert_eq!(warnings(&configs.each_ref()), [""; 0], "{name}");
            for config in &configs {
                assert_eq!(config.sweep().model.name(), name);
                let is_text = matches!(network, Network::Lstm | Network::Bert);
                let data = if is_text {
                    "snli-600"
                } else {
                    "fashion-mnist-12k"
                };
                assert_eq!(config.data(), data, "{name}");
            }
            let levels = |of: usize| {
                let of = &configs[of];
                Factor::ALL.map(|factor| of.levels(factor))
            };
            assert_eq!((levels(0), levels(1)), ([3, 1, 1], [1, 3, 1]), "{name}");
        }
    }
}
