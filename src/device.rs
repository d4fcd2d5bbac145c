//! The `--device` option.

use std::str::FromStr;

use breakeven_empirical::compute::{Choice, DeviceKind, DeviceName, NoDeviceName, Precision};

use crate::streams::say;

/// What `-h` says of it.
pub const HELP: &str = "Where networks are computed";

/// What `--help` says of it.
pub const LONG_HELP: &str = "\
Where networks are computed:

- flex: the CPU
- wgpu: a graphics card through wgpu; needs a build with `--features wgpu`
- cuda: an NVIDIA card; needs a build with `--features cuda`
- wgpu:N, cuda:N: of several cards the one numbered N, counted from 0
- auto: the best of those that are built in and there: cuda, then wgpu, then flex";

/// Where networks are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceArg {
    /// On the best device that is built in and there.
    Auto,
    /// On this one.
    On(DeviceName),
}

impl Default for DeviceArg {
    fn default() -> Self {
        Self::On(DeviceKind::Flex.into())
    }
}

impl std::fmt::Display for DeviceArg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::On(device) => device.fmt(f),
        }
    }
}

impl FromStr for DeviceArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let named = text.parse().map(Self::On);
        named.map_err(|error: NoDeviceName| format!("{error}; auto for the best that is there"))
    }
}

impl DeviceArg {
    /// The device; one that was not named is said on stderr.
    pub fn device(self, precision: Precision) -> DeviceName {
        match self {
            Self::On(device) => device,
            Self::Auto => {
                let Choice { device, why } = Choice::of(precision);
                say(format!("device: {device}, as {why}"));
                device
            }
        }
    }
}
