//! Sizes of networks from the shapes of their weights.

use super::{Architecture, CnnShape, Shortcut};
use crate::weights::{CheckpointError, Shapes};

impl Architecture {
    /// The same network with the sizes that these weights have. A BERT stays as
    /// it is: its number of heads is in no shape.
    ///
    /// # Errors
    /// If the weights are those of another network.
    pub fn of_weights(&self, shapes: &Shapes) -> Result<Self, CheckpointError> {
        Ok(match self {
            Self::Mlp { .. } => Self::Mlp {
                hidden: hidden(shapes)?,
            },
            Self::SimpleCnn(_) => Self::SimpleCnn(cnn(shapes)?),
            Self::SimpleCnnBn(_) => Self::SimpleCnnBn(cnn(shapes)?),
            Self::Resnet { .. } => resnet(shapes)?,
            Self::Densenet { .. } => densenet(shapes)?,
            Self::Lstm { .. } => {
                let [_, embedding] = shapes.of("embedding.weight")?;
                let [_, hidden] = shapes.of("lstm.weight_hh_l0")?;
                Self::Lstm { embedding, hidden }
            }
            Self::Bert(_) => self.clone(),
        })
    }

    /// How many classes these weights tell apart: the outputs of the last layer.
    ///
    /// # Errors
    /// If the weights are those of another network.
    pub fn classes_of_weights(&self, shapes: &Shapes) -> Result<usize, CheckpointError> {
        let name = match self {
            Self::Mlp { .. } => format!("fc{}.weight", dense_layers(shapes)),
            Self::SimpleCnn(_) | Self::SimpleCnnBn(_) => "fc2.weight".to_owned(),
            Self::Resnet { .. } | Self::Lstm { .. } => "fc.weight".to_owned(),
            Self::Densenet { .. } | Self::Bert(_) => "classifier.weight".to_owned(),
        };
        let [classes, _] = shapes.of(&name)?;
        Ok(classes)
    }
}

/// Dense layers of an MLP; it has at least one.
fn dense_layers(shapes: &Shapes) -> usize {
    shapes.count(|k| format!("fc{k}.weight")).max(1)
}

/// All dense layers but the last.
fn hidden(shapes: &Shapes) -> Result<Vec<usize>, CheckpointError> {
    let layers = dense_layers(shapes);
    let units = |k: usize| {
        let [units, _] = shapes.of(&format!("fc{k}.weight"))?;
        Ok(units)
    };
    let mut all = (1..=layers).map(units).collect::<Result<Vec<usize>, _>>()?;
    all.pop();
    Ok(all)
}

fn cnn(shapes: &Shapes) -> Result<CnnShape, CheckpointError> {
    let [first, _, _, _] = shapes.of("conv1.weight")?;
    let [second, _, _, _] = shapes.of("conv3.weight")?;
    let [dense, _] = shapes.of("fc1.weight")?;
    Ok(CnnShape {
        first,
        second,
        dense,
    })
}

fn resnet(shapes: &Shapes) -> Result<Architecture, CheckpointError> {
    let [width, _, _, _] = shapes.of("conv1.weight")?;
    let [_, _, _, _] = shapes.of("layer1.0.conv1.weight")?;
    let projects = shapes.has("layer2.0.downsample.0.weight");
    Ok(Architecture::Resnet {
        blocks: shapes.count(|k| format!("layer1.{}.conv1.weight", k - 1)),
        width,
        shortcut: if projects { Shortcut::B } else { Shortcut::A },
    })
}

fn densenet(shapes: &Shapes) -> Result<Architecture, CheckpointError> {
    let layer = |block: usize, number: usize| {
        format!("features.denseblock{block}.denselayer{number}.conv2.weight")
    };
    let [growth, _, _, _] = shapes.of(&layer(1, 1))?;
    let [first, _, _, _] = shapes.of("features.conv0.weight")?;
    let blocks = shapes.count(|block| layer(block, 1));
    let layers = |block| shapes.count(|number| layer(block, number));
    Ok(Architecture::Densenet {
        growth,
        blocks: (1..=blocks).map(layers).collect(),
        first,
    })
}
