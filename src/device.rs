//! The `--device` option.

use breakeven_empirical::compute::DeviceKind;

/// Where networks are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum DeviceArg {
    /// The CPU.
    #[default]
    Flex,
    /// A graphics card through wgpu; needs a build with `--features wgpu`.
    Wgpu,
    /// An NVIDIA card; needs a build with `--features cuda`.
    Cuda,
}

impl From<DeviceArg> for DeviceKind {
    fn from(device: DeviceArg) -> Self {
        match device {
            DeviceArg::Flex => Self::Flex,
            DeviceArg::Wgpu => Self::Wgpu,
            DeviceArg::Cuda => Self::Cuda,
        }
    }
}
