//! Opening a device. The libraries below Burn panic where a card is missing,
//! so what is there is listed first.

use burn::tensor::Device;

use super::{ComputeError, DeviceKind, DeviceName};

/// How many devices of one kind a machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cards {
    /// Cards.
    pub hardware: usize,
    /// Devices that the CPU plays, such as Mesa's lavapipe.
    pub software: usize,
}

impl Cards {
    /// Those of `kind`; none if it is not in this build.
    pub fn of(kind: DeviceKind) -> Option<Self> {
        match kind {
            #[cfg(feature = "wgpu")]
            DeviceKind::Wgpu => Some(wgpu::cards()),
            #[cfg(feature = "cuda")]
            DeviceKind::Cuda => Some(cuda::cards()),
            _ => None,
        }
    }
}

pub(super) fn open(device: DeviceName) -> Result<Device, ComputeError> {
    match device.kind {
        DeviceKind::Flex => Ok(Device::flex()),
        #[cfg(feature = "wgpu")]
        DeviceKind::Wgpu => wgpu::open(device),
        #[cfg(feature = "cuda")]
        DeviceKind::Cuda => cuda::open(device),
        #[allow(unreachable_patterns)]
        missing => Err(ComputeError::NotBuilt(missing)),
    }
}

#[cfg(feature = "wgpu")]
mod wgpu {
    use std::sync::Mutex;

    use burn::tensor::{Device, DeviceKind, DeviceType};

    use super::{Cards, ComputeError, DeviceName};

    /// Kinds of device, in the order in which they are numbered; of each kind
    /// there are at most so many.
    const MOST: usize = 64;

    /// What has been opened: wgpu opens a device once in a process.
    static OPENED: Mutex<Vec<DeviceKind>> = Mutex::new(Vec::new());

    /// Everything there is, best first.
    fn all() -> Vec<DeviceKind> {
        let found = Device::enumerate(DeviceType::Wgpu).into_vec();
        let numbered = |kind: fn(usize) -> DeviceKind| (0..MOST).map(kind);
        numbered(DeviceKind::DiscreteGpu)
            .chain(numbered(DeviceKind::IntegratedGpu))
            .chain(numbered(DeviceKind::VirtualGpu))
            .chain([DeviceKind::Cpu])
            .filter(|kind| found.contains(&Device::wgpu(kind.clone())))
            .collect()
    }

    pub fn cards() -> Cards {
        let all = all();
        let software = all.iter().filter(|&kind| *kind == DeviceKind::Cpu).count();
        Cards {
            hardware: all.len() - software,
            software,
        }
    }

    pub fn open(asked: DeviceName) -> Result<Device, ComputeError> {
        let all = all();
        let missing = ComputeError::NotThere {
            asked,
            found: all.len(),
        };
        let kind = match asked.card {
            None if all.is_empty() => return Err(missing),
            None => DeviceKind::DefaultDevice,
            Some(card) => all.get(usize::from(card)).cloned().ok_or(missing)?,
        };
        let mut opened = OPENED.lock().unwrap_or_else(|e| e.into_inner());
        if !opened.contains(&kind) {
            let options = Device::wgpu_options().device_kind(kind.clone());
            options.init().map_err(|error| ComputeError::NotOpened {
                asked,
                why: error.to_string(),
            })?;
            opened.push(kind.clone());
        }
        Ok(Device::wgpu(kind))
    }
}

#[cfg(feature = "cuda")]
mod cuda {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use burn::tensor::{Device, DeviceType, Tensor};

    use super::{Cards, ComputeError, DeviceName};

    pub fn cards() -> Cards {
        Cards {
            hardware: Device::enumerate(DeviceType::Cuda).into_vec().len(),
            software: 0,
        }
    }

    pub fn open(asked: DeviceName) -> Result<Device, ComputeError> {
        let (card, found) = (usize::from(asked.card.unwrap_or(0)), cards().hardware);
        if card >= found {
            return Err(ComputeError::NotThere { asked, found });
        }
        let device = Device::cuda(card);
        let failed = |why: String| ComputeError::NotOpened { asked, why };
        // The first kernel needs the driver, its compiler and the card; what
        // is amiss with them is a panic.
        let tried = catch_unwind(AssertUnwindSafe(|| {
            let one: Tensor<1> = Tensor::ones([2], &device);
            (one.clone() + one).try_into_vec_as::<f32>()
        }));
        match tried {
            Ok(Ok(two)) if two == [2.0, 2.0] => Ok(device),
            Ok(Ok(two)) => Err(failed(format!("1 + 1 is {two:?} on it"))),
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(_) => Err(failed("its library panicked, as said above".into())),
        }
    }
}
