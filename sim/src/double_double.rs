//! Numbers of about 32 digits, as unevaluated sums of two `f64`.
//!
//! Thresholds subtract numbers that can agree in all 16 digits of an `f64`;
//! with 32 the difference keeps the digits that the answer needs. Algorithms:
//! Dekker (1971), Knuth (TAOCP 2, 4.2.2), Karp and Markstein (1997).

use std::ops::{Add, Div, Mul, Sub};

/// `hi + lo` with `|lo| ≤ ½ ulp(hi)`. Exact error bounds hold while no
/// intermediate leaves 1e-290 .. 1e290.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct DoubleDouble {
    hi: f64,
    lo: f64,
}

impl DoubleDouble {
    pub(crate) const ONE: Self = Self { hi: 1.0, lo: 0.0 };

    /// `a + b` without error.
    pub(crate) fn sum(a: f64, b: f64) -> Self {
        let hi = a + b;
        let part = hi - a;
        Self {
            hi,
            lo: (a - (hi - part)) + (b - part),
        }
    }

    /// `a · b` without error.
    pub(crate) fn product(a: f64, b: f64) -> Self {
        let hi = a * b;
        Self {
            hi,
            lo: a.mul_add(b, -hi),
        }
    }

    /// `hi + lo` where `|lo|` is already much smaller.
    fn renormalised(hi: f64, lo: f64) -> Self {
        let sum = hi + lo;
        Self {
            hi: sum,
            lo: lo - (sum - hi),
        }
    }

    /// The nearest `f64`.
    pub(crate) fn value(self) -> f64 {
        self.hi + self.lo
    }

    /// Square root of a number that is not negative.
    pub(crate) fn sqrt(self) -> Self {
        if self.hi <= 0.0 {
            return Self::from(0.0);
        }
        let inverse = 1.0 / self.hi.sqrt();
        let root = self.hi * inverse;
        let rest = (self - Self::product(root, root)).value();
        Self::renormalised(root, 0.5 * rest * inverse)
    }

    /// Natural logarithm, to the precision of an `f64` also near 1.
    pub(crate) fn ln(self) -> f64 {
        if (0.5..2.0).contains(&self.hi) {
            (self - Self::ONE).value().ln_1p()
        } else {
            self.hi.ln() + self.lo / self.hi
        }
    }
}

impl From<f64> for DoubleDouble {
    fn from(hi: f64) -> Self {
        Self { hi, lo: 0.0 }
    }
}

impl Add for DoubleDouble {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let high = Self::sum(self.hi, other.hi);
        let low = Self::sum(self.lo, other.lo);
        let carried = Self::renormalised(high.hi, high.lo + low.hi);
        Self::renormalised(carried.hi, carried.lo + low.lo)
    }
}

impl Sub for DoubleDouble {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + Self {
            hi: -other.hi,
            lo: -other.lo,
        }
    }
}

impl Mul for DoubleDouble {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let high = Self::product(self.hi, other.hi);
        let cross = self.hi.mul_add(other.lo, self.lo * other.hi);
        Self::renormalised(high.hi, high.lo + cross)
    }
}

impl Div for DoubleDouble {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        let first = self.hi / other.hi;
        let rest = self - other * Self::from(first);
        let second = rest.hi / other.hi;
        let rest = rest - other * Self::from(second);
        Self::renormalised(first, second) + Self::from(rest.hi / other.hi)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_times_three_is_one_to_32_digits() {
        let third = DoubleDouble::ONE / DoubleDouble::from(3.0);
        let rest = third * DoubleDouble::from(3.0) - DoubleDouble::ONE;
        assert!(rest.value().abs() < 1e-31, "{rest:?}");
    }

    #[test]
    fn the_root_of_two_squared_is_two_to_31_digits() {
        let root = DoubleDouble::from(2.0).sqrt();
        // 1.41421356237309504880168872420969807857 minus its nearest f64.
        assert_eq!(root.hi, 2f64.sqrt());
        assert!((root.lo - -9.667293313452914e-17).abs() < 1e-31);
        assert!((root * root - DoubleDouble::from(2.0)).value().abs() < 1e-31);
    }

    #[test]
    fn differences_keep_what_f64_loses() {
        let a = DoubleDouble::product(1.0 + f64::EPSILON, 1.0 - f64::EPSILON);
        assert_eq!((DoubleDouble::ONE - a).value(), f64::EPSILON * f64::EPSILON);
    }

    #[test]
    fn logarithms_next_to_one_keep_their_digits() {
        let near = DoubleDouble { hi: 1.0, lo: 1e-20 };
        assert_eq!(near.ln(), 1e-20);
        assert_eq!(DoubleDouble::from(10.0).ln(), std::f64::consts::LN_10);
    }
}
