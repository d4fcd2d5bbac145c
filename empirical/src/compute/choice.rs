//! The device that is best where nobody names one.

use super::{Cards, DeviceKind, DeviceName, Precision};

/// A device, and why it is the best here.
///
/// ```
/// use breakeven_empirical::compute::{Choice, DeviceKind, Precision};
///
/// // No card is offered in 64 bits.
/// assert_eq!(Choice::of(Precision::F64).device, DeviceKind::Flex.into());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The device.
    pub device: DeviceName,
    /// What speaks for it, or against others: `as …`.
    pub why: String,
}

impl Choice {
    /// The best device of this build and this machine: an NVIDIA card through
    /// CUDA, then any card through wgpu, then the CPU.
    pub fn of(precision: Precision) -> Self {
        Self::among(precision, Cards::of)
    }

    /// The same on a machine with these cards, none of a kind that is not in
    /// the build.
    fn among(precision: Precision, cards: impl Fn(DeviceKind) -> Option<Cards>) -> Self {
        if precision == Precision::F64 {
            return Self {
                device: DeviceKind::Flex.into(),
                why: "precision f64 is offered on it alone".into(),
            };
        }
        let mut why = Vec::new();
        for kind in [DeviceKind::Cuda, DeviceKind::Wgpu] {
            match cards(kind) {
                Some(Cards {
                    hardware: 0,
                    software: 0,
                }) => why.push(format!("{kind} finds no card")),
                Some(Cards { hardware: 0, .. }) => {
                    why.push(format!("{kind} finds none but the CPU itself"));
                }
                None => why.push(format!("{kind} is not in this build")),
                Some(Cards { hardware, .. }) => {
                    let many = if hardware == 1 { "a card" } else { "cards" };
                    why.push(format!("{kind} finds {many}"));
                    return Self {
                        device: kind.into(),
                        why: why.join(" and "),
                    };
                }
            }
        }
        Self {
            device: DeviceKind::Flex.into(),
            why: why.join(" and "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: Option<Cards> = cards(1, 0);
    const SOFTWARE: Option<Cards> = cards(0, 1);
    const NOTHING: Option<Cards> = cards(0, 0);

    const fn cards(hardware: usize, software: usize) -> Option<Cards> {
        Some(Cards { hardware, software })
    }

    fn chosen(cuda: Option<Cards>, wgpu: Option<Cards>) -> (String, String) {
        let choice = Choice::among(Precision::F32, |kind| match kind {
            DeviceKind::Flex => None,
            DeviceKind::Wgpu => wgpu,
            DeviceKind::Cuda => cuda,
        });
        (choice.device.to_string(), choice.why)
    }

    #[test]
    fn cards_come_before_the_cpu_and_cuda_before_wgpu() {
        for (cuda, wgpu, device, why) in [
            (CARD, CARD, "cuda", "cuda finds a card"),
            (cards(2, 0), None, "cuda", "cuda finds cards"),
            (
                None,
                CARD,
                "wgpu",
                "cuda is not in this build and wgpu finds a card",
            ),
            (
                NOTHING,
                cards(1, 1),
                "wgpu",
                "cuda finds no card and wgpu finds a card",
            ),
            (
                None,
                SOFTWARE,
                "flex",
                "cuda is not in this build and wgpu finds none but the CPU itself",
            ),
            (
                NOTHING,
                NOTHING,
                "flex",
                "cuda finds no card and wgpu finds no card",
            ),
            (
                None,
                None,
                "flex",
                "cuda is not in this build and wgpu is not in this build",
            ),
        ] {
            assert_eq!(chosen(cuda, wgpu), (device.to_owned(), why.to_owned()));
        }
    }

    #[test]
    fn f64_is_computed_on_flex_whatever_is_there() {
        let choice = Choice::among(Precision::F64, |_| CARD);
        assert_eq!(choice.device, DeviceKind::Flex.into());
        assert_eq!(choice.why, "precision f64 is offered on it alone");
    }
}
