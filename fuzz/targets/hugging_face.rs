//! The `config.json` of a BERT as Hugging Face saves it, and the network that it
//! describes.
#![no_main]

use std::path::Path;

use breakeven_empirical::data::TextRules;
use breakeven_empirical::model::{Architecture, BertShape, InputShape};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = serde_json::from_slice::<TextRules>(bytes);
    let Ok(shape) = BertShape::in_config(Path::new("config.json"), bytes) else {
        return;
    };
    let inputs = InputShape::Text {
        vocabulary: 30,
        length: 8,
    };
    if let Ok(model) = Architecture::Bert(shape).build(inputs, 2) {
        assert!(model.parameters().dim() > 0);
    }
});
