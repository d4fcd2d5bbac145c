//! Which devices there are to ask for, and what may be wrong with one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A kind of device that Burn can compute on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// The CPU, through Burn's `flex`.
    #[default]
    Flex,
    /// A graphics card (or a software Vulkan), through `wgpu`.
    Wgpu,
    /// An NVIDIA card, through CUDA.
    Cuda,
}

/// A device as one asks for it: `flex`, `wgpu`, `wgpu:1`, `cuda`, `cuda:1`.
///
/// ```
/// use breakeven_empirical::compute::{DeviceKind, DeviceName};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let name: DeviceName = "cuda:1".parse()?;
/// assert_eq!((name.kind, name.card), (DeviceKind::Cuda, Some(1)));
/// assert!("cuda:one".parse::<DeviceName>().is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceName {
    /// Its kind.
    pub kind: DeviceKind,
    /// Which of several cards, counted from 0; none is the one that the driver
    /// puts first.
    pub card: Option<u16>,
}

/// A text that names no device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("give flex, wgpu or cuda, or a card by its number, counted from 0: wgpu:N, cuda:N")]
pub struct NoDeviceName;

/// A device that this build, this machine or the combination does not offer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComputeError {
    /// The cargo feature is off.
    #[error(
        "device {0} is not in this build: build breakeven with `--features {0}`, or use --device flex"
    )]
    NotBuilt(DeviceKind),
    /// 64-bit floats on a graphics card.
    #[error("precision f64 is offered on flex alone, not on {0}: use f32, or --device flex")]
    Precision(DeviceKind),
    /// The driver has no such card.
    #[error("device {asked} is not there: {}, or use --device flex", remedy(*.asked, *.found))]
    NotThere {
        /// What was asked for.
        asked: DeviceName,
        /// How many devices of its kind there are.
        found: usize,
    },
    /// The driver names the card and can't use it.
    #[error("device {asked} can't be opened: {why}; see to its driver, or use --device flex")]
    NotOpened {
        /// What was asked for.
        asked: DeviceName,
        /// What the driver or its library says.
        why: String,
    },
}

fn remedy(asked: DeviceName, found: usize) -> String {
    let kind = asked.kind;
    match (found, kind) {
        (0, DeviceKind::Cuda) => "the CUDA driver finds no card; install NVIDIA's driver \
             (`nvidia-smi` lists the cards that it finds)"
            .into(),
        (0, _) => "wgpu finds no device; install a driver for Vulkan, Metal or DirectX".into(),
        (1, _) => format!("the only one is {kind}:0; give that"),
        _ => format!(
            "there are {kind}:0 to {kind}:{}; give one of them",
            found - 1
        ),
    }
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flex => "flex",
            Self::Wgpu => "wgpu",
            Self::Cuda => "cuda",
        })
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.card {
            Some(card) => write!(f, "{}:{card}", self.kind),
            None => self.kind.fmt(f),
        }
    }
}

impl FromStr for DeviceName {
    type Err = NoDeviceName;

    fn from_str(text: &str) -> Result<Self, NoDeviceName> {
        let (kind, card) = match text.split_once(':') {
            Some((kind, card)) => (kind, Some(card.parse().map_err(|_| NoDeviceName)?)),
            None => (text, None),
        };
        let kind = match (kind, card) {
            ("flex", None) => DeviceKind::Flex,
            ("wgpu", _) => DeviceKind::Wgpu,
            ("cuda", _) => DeviceKind::Cuda,
            _ => return Err(NoDeviceName),
        };
        Ok(Self { kind, card })
    }
}

impl From<DeviceKind> for DeviceName {
    fn from(kind: DeviceKind) -> Self {
        Self { kind, card: None }
    }
}

/// Whether two devices, in the words of a run's header (`cuda:1 f32`), are of
/// one kind and precision. Which card it is makes no difference to a run.
pub fn are_alike(a: &str, b: &str) -> bool {
    let kind = |words: &str| {
        let (device, precision) = words.split_once(' ').unwrap_or((words, ""));
        let kind = device.split(':').next().unwrap_or(device);
        (kind.to_owned(), precision.to_owned())
    };
    kind(a) == kind(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_named_as_it_is_asked_for() {
        for (text, kind, card) in [
            ("flex", DeviceKind::Flex, None),
            ("wgpu", DeviceKind::Wgpu, None),
            ("wgpu:2", DeviceKind::Wgpu, Some(2)),
            ("cuda", DeviceKind::Cuda, None),
            ("cuda:0", DeviceKind::Cuda, Some(0)),
        ] {
            assert_eq!(text.parse(), Ok(DeviceName { kind, card }));
            assert_eq!(DeviceName { kind, card }.to_string(), text);
        }
        for text in [
            "", "auto", "flex:0", "cuda:", "cuda:-1", "cuda:x", "cuda:1:2",
        ] {
            assert_eq!(text.parse::<DeviceName>(), Err(NoDeviceName), "{text}");
        }
    }

    #[test]
    fn a_card_that_is_missing_is_named_with_those_that_there_are() {
        let said = |asked: &str, found| {
            let asked = asked.parse().unwrap();
            ComputeError::NotThere { asked, found }.to_string()
        };
        assert_eq!(
            said("cuda:3", 0),
            "device cuda:3 is not there: the CUDA driver finds no card; install NVIDIA's driver \
             (`nvidia-smi` lists the cards that it finds), or use --device flex"
        );
        assert_eq!(
            said("wgpu", 0),
            "device wgpu is not there: wgpu finds no device; install a driver for Vulkan, Metal \
             or DirectX, or use --device flex"
        );
        assert_eq!(
            said("wgpu:1", 1),
            "device wgpu:1 is not there: the only one is wgpu:0; give that, or use --device flex"
        );
        assert_eq!(
            said("cuda:4", 4),
            "device cuda:4 is not there: there are cuda:0 to cuda:3; give one of them, or use \
             --device flex"
        );
    }

    #[test]
    fn devices_of_one_kind_and_precision_are_alike() {
        assert!(are_alike("cuda f32", "cuda:1 f32"));
        assert!(are_alike("wgpu:0", "wgpu"));
        assert!(!are_alike("wgpu f32", "flex f32"));
        assert!(!are_alike("flex f32", "flex f64"));
        assert!(!are_alike("cuda:1", "wgpu:1"));
    }
}
