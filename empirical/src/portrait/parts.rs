//! Portraits of parts of a network: of named parameters, and layer by layer.

use super::subject::Watch;
use super::{Portrait, PortraitError, PortraitSettings};
use crate::examples::Examples;
use crate::model::{Model, Partial};
use crate::network::Network;
use crate::parameters::{Parameter, Parameters};

/// What the names of a layer's parameters have in common.
fn layer_of(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(layer, _)| layer)
}

impl PortraitSettings {
    /// The layers that have parameters that vary, in their order, where each is
    /// measured by itself.
    pub(super) fn layers(&self, layout: &Parameters) -> Vec<String> {
        let mut layers: Vec<String> = Vec::new();
        let varying = layout.iter().filter(|_| self.per_layer);
        for parameter in varying.filter(|parameter| self.varies(&parameter.name)) {
            let layer = layer_of(&parameter.name);
            if !layers.iter().any(|known| known == layer) {
                layers.push(layer.to_owned());
            }
        }
        layers
    }

    /// The portrait of the parameters that vary, or of those of one `layer`.
    pub(super) fn part(
        &self,
        network: Network,
        theta: &[f64],
        examples: &Examples,
        layer: Option<&str>,
        watch: Watch,
    ) -> Result<Portrait, PortraitError> {
        let chosen = |parameter: &Parameter| {
            let name = &parameter.name;
            self.varies(name) && layer.is_none_or(|layer| layer_of(name) == layer)
        };
        let layout = network.model.parameters();
        let varying = layout.iter().filter(|parameter| chosen(parameter));
        let settings = Self {
            // Those of layers are written nowhere.
            eigenvectors: self.eigenvectors && layer.is_none(),
            diagonal_probes: self.diagonal_probes.filter(|_| layer.is_none()),
            halves: self.halves && layer.is_none(),
            learning_rate: self.learning_rate.filter(|_| layer.is_none()),
            loss_line_points: self.loss_line_points * usize::from(layer.is_none()),
            loss_plane_points: self.loss_plane_points * usize::from(layer.is_none()),
            ..self.of_part(varying.map(Parameter::len).sum())
        };
        if layout.iter().all(chosen) {
            return Portrait::of(network, theta, examples, &settings, watch);
        }
        let partial = Partial::new(network.model, theta, network.compute, chosen);
        let names = partial.parameters().iter();
        let varying = names.map(|parameter| parameter.name.clone()).collect();
        let network = Network {
            model: &partial,
            ..network
        };
        let theta = partial.part_of(theta);
        let portrait = Portrait::of(network, &theta, examples, &settings, watch)?;
        Ok(Portrait {
            varying,
            ..portrait
        })
    }
}
