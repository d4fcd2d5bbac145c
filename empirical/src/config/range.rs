//! What several tables ask of their keys.

use super::ConfigError;

/// What β may be: at 1 the steps would never shrink.
pub const MOMENTUM: &str = "0 or more and below 1";

/// The value of `key` is refused unless it `holds`.
pub fn require(
    key: &'static str,
    value: impl ToString,
    holds: bool,
    expected: impl Into<String>,
) -> Result<(), ConfigError> {
    if holds {
        return Ok(());
    }
    Err(ConfigError::Range {
        key,
        found: value.to_string(),
        expected: expected.into(),
    })
}

/// A list is refused that is empty or names a value twice.
pub fn distinct<T: PartialEq + ToString>(
    key: &'static str,
    values: &[T],
) -> Result<(), ConfigError> {
    if values.is_empty() {
        return Err(ConfigError::Empty(key));
    }
    for (k, value) in values.iter().enumerate() {
        if values[..k].contains(value) {
            return Err(ConfigError::Twice {
                key,
                value: value.to_string(),
            });
        }
    }
    Ok(())
}

/// A count, where one is given, is refused if it is 0.
pub fn at_least_one(key: &'static str, count: Option<u64>) -> Result<(), ConfigError> {
    let count = count.unwrap_or(1);
    require(key, count, count > 0, "at least 1")
}

/// A number of examples is refused that is larger than N.
pub fn fits(key: &'static str, size: usize, examples: usize) -> Result<(), ConfigError> {
    if size > examples {
        return Err(ConfigError::BatchTooLarge {
            key,
            size,
            examples,
        });
    }
    Ok(())
}
