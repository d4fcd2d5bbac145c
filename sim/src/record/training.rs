//! What a run's training has beside plain SGD.

use serde::{Deserialize, Serialize};

use super::{Record, RunHeader};

/// What makes a run's training more than plain mini-batch SGD on cross
/// entropy. A field is absent where its option is off.
///
/// ```
/// use breakeven_sim::record::TrainingOptions;
///
/// let options = TrainingOptions { momentum: Some(0.9), ..TrainingOptions::default() };
/// assert_eq!(options.in_words(), "momentum 0.9");
/// assert_eq!(options.beyond_plain_sgd(), ["momentum"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingOptions {
    /// The loss: `mse`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<String>,
    /// β of heavy-ball momentum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
    /// w, of which w·θ is added to the gradient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f64>,
    /// The parameters that decay: `all`, `weights`, `convolutions` or a
    /// pattern of names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_decay_on: Option<String>,
    /// When η falls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_decay: Option<StepDecay>,
    /// The norm that gradients are shortened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// What is done to the examples of a mini-batch: `pad_crop_flip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub augment: Option<String>,
}

/// A learning rate that falls in steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepDecay {
    /// The numbers of epochs after which it does.
    pub epochs: Vec<u64>,
    /// What it is multiplied by, each time.
    pub factor: f64,
}

impl TrainingOptions {
    /// What lies outside the paper's theory, which is that of SGD with a
    /// constant η, in words. The loss is not among it: the theory holds for
    /// any.
    pub fn beyond_plain_sgd(&self) -> Vec<&'static str> {
        [
            (self.momentum.is_some(), "momentum"),
            (self.weight_decay.is_some(), "weight decay"),
            (self.step_decay.is_some(), "a learning rate that decays"),
            (self.clip_norm.is_some(), "clipped gradients"),
            (self.augment.is_some(), "augmented examples"),
        ]
        .into_iter()
        .filter_map(|(is_on, what)| is_on.then_some(what))
        .collect()
    }
}

impl TrainingOptions {
    /// All of them, for readers.
    pub fn in_words(&self) -> String {
        let on = self.weight_decay_on.as_deref().unwrap_or("all");
        let parts = [
            self.loss.as_ref().map(|loss| format!("loss {loss}")),
            self.momentum.map(|beta| format!("momentum {beta}")),
            self.weight_decay
                .map(|w| format!("weight decay {w} on {on}")),
            self.step_decay.as_ref().map(|decay| {
                let epochs: Vec<String> = decay.epochs.iter().map(u64::to_string).collect();
                format!("η × {} after epoch {}", decay.factor, epochs.join(", "))
            }),
            self.clip_norm
                .map(|c| format!("gradients clipped to norm {c}")),
            self.augment
                .as_ref()
                .map(|what| format!("examples augmented by {what}")),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}

impl RunHeader {
    /// β, or 0.
    pub fn momentum(&self) -> f64 {
        let options = self.training.as_ref();
        options.and_then(|of| of.momentum).unwrap_or(0.0)
    }

    /// η of the step after `record`.
    pub fn learning_rate_at(&self, record: &Record) -> f64 {
        record.learning_rate.unwrap_or(self.learning_rate)
    }

    /// 2/η, or 2(1+β)/η with momentum: the λ_H up to which full batches are
    /// stable with this η.
    pub fn full_batch_limit(&self, learning_rate: f64) -> f64 {
        2.0 * (1.0 + self.momentum()) / learning_rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_named_where_they_are_on() {
        let all = TrainingOptions {
            loss: Some("mse".into()),
            momentum: Some(0.9),
            weight_decay: Some(1e-4),
            weight_decay_on: Some("convolutions".into()),
            step_decay: Some(StepDecay {
                epochs: vec![100, 150],
                factor: 0.1,
            }),
            clip_norm: Some(2.0),
            augment: Some("pad_crop_flip".into()),
        };
        assert_eq!(
            all.in_words(),
            "loss mse; momentum 0.9; weight decay 0.0001 on convolutions; η × 0.1 after epoch 100, 150; \
             gradients clipped to norm 2; examples augmented by pad_crop_flip"
        );
        assert_eq!(all.beyond_plain_sgd().len(), 5);
        let mse = TrainingOptions {
            loss: Some("mse".into()),
            ..TrainingOptions::default()
        };
        assert!(mse.beyond_plain_sgd().is_empty());
        assert_eq!(serde_json::to_string(&mse).unwrap(), r#"{"loss":"mse"}"#);
    }
}
