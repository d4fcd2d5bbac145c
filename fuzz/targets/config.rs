//! The configuration of a sweep, in TOML and as a sweep's folder has it.
#![no_main]

use std::path::Path;

use breakeven_empirical::model::InputShape;
use config::Config;
use libfuzzer_sys::fuzz_target;

#[allow(
    dead_code,
    reason = "the program's own file, of which a part is called"
)]
#[path = "../../src/config.rs"]
mod config;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(config) = Config::parse(text, Path::new("/nowhere")) {
        let saved = serde_json::to_string(&config).expect("what was read can be written");
        let again: Config = serde_json::from_str(&saved).expect("what was written can be read");
        assert!(config.is(&again), "{saved}");
        let network = config.sweep().model;
        let _ = network.build([1, 28, 28], 10);
        let words = InputShape::Text {
            vocabulary: 100,
            length: 8,
        };
        let _ = network.build(words, 2);
    }
    let _ = serde_json::from_str::<Config>(text);
});
