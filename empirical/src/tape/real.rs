//! exp, tanh and σ without a branch or a call, so that a compiler makes loops over
//! them of vector instructions, where a C library's take one number at a time. No
//! result depends on the processor.

#[cfg(test)]
mod tests;

use std::ops::{Add, Div, Mul, Neg, Sub};

use burn::tensor::Element;

/// A float. The relative error of each function is at most 1.5 ε, ε the distance from 1
/// to the next number (0.76, 1.44 and 1.49 ε over all 32-bit numbers).
pub(super) trait Real:
    Element
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// 2.
    const TWO: Self;
    /// log₂ e.
    const LOG2_E: Self;
    /// ln 2 as a sum: a number with so few digits that its product with any whole
    /// exponent is exact, and the rest.
    const LN_2: [Self; 2];
    /// 1/2!, 1/3!, … as far as they count for |r| ≤ ½ ln 2.
    const SERIES: &'static [Self];
    /// eˣ is 0 below the first and infinite above the second.
    const EXP: [Self; 2];
    /// Above it, tanh x is 1.
    const TANH: Self;
    /// The last bit of a float of this size is 1: adding it rounds.
    const WHOLE: Self;

    /// |x|.
    fn size(self) -> Self;

    /// With the sign of `other`.
    fn signed_as(self, other: Self) -> Self;

    /// 2ⁿ for a whole number n, where that is a normal number.
    fn power_of_two(n: Self) -> Self;

    /// The whole number next to x, where that is small against [`Self::WHOLE`].
    #[inline(always)]
    fn whole(self) -> Self {
        self + Self::WHOLE - Self::WHOLE
    }

    /// `(n, eʳ − 1)` for x = n ln 2 + r with a whole number n and |r| ≤ ½ ln 2:
    /// reduced as Cody and Waite (1980) do, then by Taylor's series.
    #[inline(always)]
    fn reduced(self) -> (Self, Self) {
        let n = (self * Self::LOG2_E).whole();
        let r = self - n * Self::LN_2[0] - n * Self::LN_2[1];
        let series = Self::SERIES.iter().rev();
        let series = series.fold(Self::ZERO, |sum, &term| sum * r + term);
        (n, r + r * r * series)
    }

    /// eˣ.
    #[inline(always)]
    fn exp(self) -> Self {
        let [least, most] = Self::EXP;
        let x = at_most(at_least(self, least), most);
        let (n, above_one) = x.reduced();
        // 2ⁿ itself may be no normal number.
        let half = (n / Self::TWO).whole();
        (Self::ONE + above_one) * Self::power_of_two(half) * Self::power_of_two(n - half)
    }

    /// tanh x, from e⁻²ˣ − 1, whose digits are all there near 0.
    #[inline(always)]
    fn tanh(self) -> Self {
        let (n, above_one) = (at_most(self.size(), Self::TANH) * -Self::TWO).reduced();
        let scale = Self::power_of_two(n);
        let difference = scale * above_one + (scale - Self::ONE);
        (difference / (Self::TWO + difference)).signed_as(self)
    }

    /// σ(x) = 1/(1 + e⁻ˣ), also where that is tiny.
    #[inline(always)]
    fn sigmoid(self) -> Self {
        let small = Self::exp(-self.size());
        let above = if self < Self::ZERO { small } else { Self::ONE };
        above / (Self::ONE + small)
    }
}

/// `x`, or `least` where that is more; NaN stays.
#[inline(always)]
fn at_least<T: PartialOrd>(x: T, least: T) -> T {
    if x < least { least } else { x }
}

/// `x`, or `most` where that is less; NaN stays.
#[inline(always)]
fn at_most<T: PartialOrd>(x: T, most: T) -> T {
    if x > most { most } else { x }
}

macro_rules! real {
    ($float:ident, mantissa $mantissa:literal, bias $bias:literal, $($constants:tt)*) => {
        impl Real for $float {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const TWO: Self = 2.0;
            const LOG2_E: Self = std::$float::consts::LOG2_E;
            const WHOLE: Self = 1.5 * (1_u64 << $mantissa) as Self;
            $($constants)*

            #[inline(always)]
            fn size(self) -> Self {
                self.abs()
            }

            #[inline(always)]
            fn signed_as(self, other: Self) -> Self {
                self.copysign(other)
            }

            #[inline(always)]
            fn power_of_two(n: Self) -> Self {
                // The exponent stands in the last bits, and moves to its place.
                Self::from_bits((n + (Self::WHOLE + $bias)).to_bits() << $mantissa)
            }
        }
    };
}

real! { f32, mantissa 23, bias 127.0,
    const LN_2: [Self; 2] = [355.0 / 512.0, -2.121_944_4e-4];
    const SERIES: &'static [Self] = &[
        1.0 / 2.0, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0, 1.0 / 5040.0, 1.0 / 40320.0,
    ];
    const EXP: [Self; 2] = [-105.0, 89.0];
    const TANH: Self = 10.0;
}

real! { f64, mantissa 52, bias 1023.0,
    const LN_2: [Self; 2] = [0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10];
    const SERIES: &'static [Self] = &[
        1.0 / 2.0, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0, 1.0 / 5040.0, 1.0 / 40320.0,
        1.0 / 362_880.0, 1.0 / 3_628_800.0, 1.0 / 39_916_800.0, 1.0 / 479_001_600.0,
        1.0 / 6_227_020_800.0,
    ];
    const EXP: [Self; 2] = [-750.0, 710.0];
    const TANH: Self = 20.0;
}
