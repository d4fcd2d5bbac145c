//! Memory, as options name it.

use std::fmt;
use std::str::FromStr;

use breakeven_empirical::loaded::DECODED_BYTES;

/// What the option for pictures is.
pub const PICTURES: &str = "\
Memory for the decoded pictures of class folders, in GiB; those of a part that needs more are \
decoded whenever they are needed, and no number depends on it";

/// GiB of memory.
#[derive(Clone, Copy, Debug)]
pub struct Gib(f64);

impl Gib {
    /// For pictures, where nothing else is asked for.
    pub fn of_pictures() -> Self {
        Self(DECODED_BYTES as f64 / GIB)
    }

    /// As many bytes.
    pub fn bytes(self) -> u64 {
        (self.0 * GIB) as u64
    }

    /// As many whole MiB.
    pub fn mebibytes(self) -> u64 {
        self.bytes() >> 20
    }
}

const GIB: f64 = (1 << 30) as f64;

impl FromStr for Gib {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(gib) if f64::is_finite(gib) && gib >= 0.0 => Ok(Self(gib)),
            _ => Err("give a number of GiB, 0 or more".to_owned()),
        }
    }
}

impl fmt::Display for Gib {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.0.fmt(f)
    }
}
