//! Intervals that surely contain the exact result.
//!
//! The basic operations of `f64` are off by at most half a unit in the last
//! place, so the next number outwards bounds them. Exponentials and
//! logarithms come from their series, with the rest bounded: the platform's
//! own are not guaranteed.

use std::ops::{Add, Div, Mul, Sub};

use serde::Serialize;

/// All numbers from `low` to `high`; ends may be infinite.
///
/// No `f64` is 1/3, but the interval has it:
///
/// ```
/// use breakeven_sim::interval::Interval;
///
/// let third = Interval::point(1.0) / Interval::point(3.0);
/// assert!(third.width() > 0.0 && (third * 3.0.into()).contains(1.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Smallest.
    pub low: f64,
    /// Largest.
    pub high: f64,
}

/// The sign that all numbers of an interval share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// All are below 0.
    Negative,
    /// All are above 0.
    Positive,
    /// Some are on either side, or 0.
    Mixed,
}

const WHOLE: Interval = Interval {
    low: f64::NEG_INFINITY,
    high: f64::INFINITY,
};
/// ln 2 = 0.693147180559945309417… is [`LN_2_HEAD`], of 32 bits, plus a number
/// in [`LN_2_REST`], so that whole multiples of the head are exact.
const LN_2_HEAD: f64 = 0.6931471803691238;
const LN_2_REST: Interval = Interval {
    low: 1.9082149292705877e-10,
    high: f64::next_up(1.9082149292705877e-10),
};

impl Interval {
    /// From `low` to `high`, in either order; all numbers where one is NaN.
    pub fn new(low: f64, high: f64) -> Self {
        if low.is_nan() || high.is_nan() {
            return WHOLE;
        }
        Self {
            low: low.min(high),
            high: low.max(high),
        }
    }

    /// One number.
    pub fn point(value: f64) -> Self {
        Self::new(value, value)
    }

    /// `[low, high]` grown by one number on each side.
    fn outwards(low: f64, high: f64) -> Self {
        if low.is_nan() || high.is_nan() {
            return WHOLE;
        }
        Self {
            low: low.next_down(),
            high: high.next_up(),
        }
    }

    /// A number about in the middle.
    pub fn middle(self) -> f64 {
        f64::midpoint(self.low, self.high)
    }

    /// high − low.
    pub fn width(self) -> f64 {
        self.high - self.low
    }

    /// Whether `value` is in it.
    pub fn contains(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// The sign of all its numbers.
    pub fn sign(self) -> Sign {
        if self.low > 0.0 {
            Sign::Positive
        } else if self.high < 0.0 {
            Sign::Negative
        } else {
            Sign::Mixed
        }
    }

    /// The numbers in both; absent where there is none.
    pub fn common(self, other: Self) -> Option<Self> {
        let (low, high) = (self.low.max(other.low), self.high.min(other.high));
        (low <= high).then_some(Self { low, high })
    }

    /// The two halves.
    pub fn halves(self) -> [Self; 2] {
        let middle = self.middle();
        [
            Self {
                low: self.low,
                high: middle,
            },
            Self {
                low: middle,
                high: self.high,
            },
        ]
    }

    /// e to each number.
    pub fn exp(self) -> Self {
        Self {
            low: exp(self.low).low,
            high: exp(self.high).high,
        }
    }

    /// The natural logarithm of each number; −∞ at 0.
    ///
    /// All numbers where some are below 0.
    pub fn ln(self) -> Self {
        if self.low < 0.0 {
            return WHOLE;
        }
        Self {
            low: ln(self.low).low,
            high: ln(self.high).high,
        }
    }

    /// Each number, 0 or more, to each power of `exponent`; 0⁰ is 1, and a
    /// negative power of 0 is infinite.
    pub fn pow(self, exponent: Self) -> Self {
        if exponent == Self::point(0.0) {
            return Self::point(1.0);
        }
        let power = (exponent * self.ln()).exp();
        Self {
            low: power.low.max(0.0),
            high: power.high,
        }
    }

    /// The square of each number.
    pub fn square(self) -> Self {
        let product = self * self;
        let low = if self.sign() == Sign::Mixed {
            0.0
        } else {
            product.low.max(0.0)
        };
        Self {
            low,
            high: product.high,
        }
    }
}

impl From<f64> for Interval {
    fn from(value: f64) -> Self {
        Self::point(value)
    }
}

impl Add for Interval {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::outwards(self.low + other.low, self.high + other.high)
    }
}

impl Sub for Interval {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::outwards(self.low - other.high, self.high - other.low)
    }
}

impl Mul for Interval {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        // 0 times infinity is 0 here: infinity stands for numbers however
        // large, not for a number.
        let product = |a: f64, b: f64| if a == 0.0 || b == 0.0 { 0.0 } else { a * b };
        let products = [
            product(self.low, other.low),
            product(self.low, other.high),
            product(self.high, other.low),
            product(self.high, other.high),
        ];
        let low = products.into_iter().fold(f64::INFINITY, f64::min);
        let high = products.into_iter().fold(f64::NEG_INFINITY, f64::max);
        // A product with an exact 0 is exact.
        let low = if low == 0.0 && self.low >= 0.0 && other.low >= 0.0 {
            0.0
        } else {
            low.next_down()
        };
        Self {
            low,
            high: high.next_up(),
        }
    }
}

impl Div for Interval {
    type Output = Self;

    /// All numbers where the divisor contains 0, unless as its smallest.
    fn div(self, other: Self) -> Self {
        if other.low == 0.0 && other.high > 0.0 {
            let inverse = (1.0 / other.high).next_down();
            return self
                * Self {
                    low: inverse,
                    high: f64::INFINITY,
                };
        }
        if other.sign() == Sign::Mixed {
            return WHOLE;
        }
        self * Self::outwards(1.0 / other.high, 1.0 / other.low)
    }
}

/// e^x: with n = round(x/ln 2) and r = x − n ln 2, |r| ≤ 0.35, the sum of
/// r^k/k! to k = 18, whose rest is below 1e-24, times 2^n.
fn exp(x: f64) -> Interval {
    if x.is_nan() {
        return WHOLE;
    }
    if x > 700.0 {
        return Interval {
            low: 1e304,
            high: f64::INFINITY,
        };
    }
    if x < -700.0 {
        return Interval {
            low: 0.0,
            high: 1e-304,
        };
    }
    let n = (x / std::f64::consts::LN_2).round();
    let r = Interval::point(x) - Interval::point(n * LN_2_HEAD) - Interval::point(n) * LN_2_REST;
    let mut sum = Interval::point(1.0);
    for k in (1..=18).rev() {
        sum = Interval::point(1.0) + r * sum / Interval::point(f64::from(k));
    }
    let sum = sum + Interval::new(-1e-24, 1e-24);
    // A normal number: |n| ≤ 1011.
    sum * Interval::point(2f64.powi(n as i32))
}

/// ln x: with x = m·2^e, √½ ≤ m ≤ √2 and t = (m−1)/(m+1), |t| ≤ 0.1716,
/// twice the sum of t^(2k+1)/(2k+1) to k = 15, whose rest is below 1e-24,
/// plus e ln 2.
fn ln(x: f64) -> Interval {
    if x == 0.0 {
        return Interval {
            low: f64::NEG_INFINITY,
            high: -745.0,
        };
    }
    if x == f64::INFINITY {
        return Interval {
            low: 709.0,
            high: f64::INFINITY,
        };
    }
    if x < f64::MIN_POSITIVE {
        return Interval {
            low: -745.2,
            high: -708.0,
        };
    }
    let e = x.log2().round();
    // Exact: powers of two, and both factors normal.
    let half = 2f64.powi((-e / 2.0).floor() as i32);
    let m = x * half * 2f64.powi(-e as i32 - (-e / 2.0).floor() as i32);
    let one = Interval::point(1.0);
    let t = (Interval::point(m) - one) / (Interval::point(m) + one);
    let t2 = t.square();
    let mut sum = Interval::point(0.0);
    for k in (0..=15).rev() {
        sum = one / Interval::point(f64::from(2 * k + 1)) + t2 * sum;
    }
    let series = Interval::point(2.0) * t * sum + Interval::new(-1e-24, 1e-24);
    series + Interval::point(e) * LN_2_REST + Interval::point(e * LN_2_HEAD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::double_double::DoubleDouble;
    use rand::{Rng, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    #[test]
    fn operations_contain_the_exact_result() {
        // 32 digits stand for the exact result.
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        for _ in 0..20_000 {
            let mut number = || (rng.random::<f64>() - 0.5) * 10f64.powi(rng.random_range(-20..20));
            let (a, b) = (number(), number());
            let (x, y) = (Interval::point(a), Interval::point(b));
            let (p, q) = (DoubleDouble::from(a), DoubleDouble::from(b));
            for (found, exact) in [
                (x + y, p + q),
                (x - y, p - q),
                (x * y, p * q),
                (x / y, p / q),
            ] {
                let above = (exact - found.low.into()).value();
                let below = (DoubleDouble::from(found.high) - exact).value();
                assert!(above >= 0.0 && below >= 0.0, "{a} {b} {found:?}");
            }
        }
    }

    #[test]
    fn exponentials_and_logarithms_contain_32_digits_and_are_narrow() {
        // mpmath 1.3.0: value as f64 plus the rest.
        type Function = fn(f64) -> Interval;
        let cases: [(Function, f64, f64, f64); 8] = [
            (exp, 0.3, 1.3498588075760032, -9.447314673432387e-17),
            (exp, -5.7, 0.003345965457471272, 1.4595586249428473e-19),
            (exp, 123.4, 3.9078606320089135e+53, 2.2011335734944527e+37),
            (exp, -650.0, 5.111951948651156e-283, 2.849121073604364e-299),
            (ln, 1.0000001, 9.999999505838704e-08, 1.5249709528441489e-24),
            (ln, 3.0, 1.0986122886681098, -9.07129723500153e-17),
            (ln, 1e-300, -690.7755278982137, -2.3670096176709832e-14),
            (ln, 7.5e+200, 462.5319216193514, -6.382757810524808e-15),
        ];
        for (f, x, high, rest) in cases {
            let found = f(x);
            let exact = DoubleDouble::sum(high, rest);
            assert!((exact - found.low.into()).value() >= 0.0, "{x} {found:?}");
            assert!(
                (DoubleDouble::from(found.high) - exact).value() >= 0.0,
                "{x} {found:?}"
            );
            assert!(found.width() <= 1e-13 * high.abs(), "{x} {found:?}");
        }
    }

    #[test]
    fn powers_keep_to_their_ends() {
        let base = Interval::new(0.0, 4.0);
        let root = base.pow(Interval::point(0.5));
        assert!(root.low == 0.0 && root.contains(2.0) && root.high < 2.0 + 1e-13);
        assert_eq!(base.pow(Interval::point(0.0)), Interval::point(1.0));
        assert_eq!(base.pow(Interval::point(-1.0)).high, f64::INFINITY);
        assert!(base.pow(Interval::point(-1.0)).low > 0.2499);
    }

    #[test]
    fn intervals_may_have_nothing_in_common() {
        let first = Interval::new(0.0, 2.0);
        let common = first.common(Interval::new(1.0, 3.0));
        assert_eq!(common, Some(Interval::new(1.0, 2.0)));
        let touching = first.common(Interval::new(2.0, 3.0));
        assert_eq!(touching, Some(Interval::point(2.0)));
        assert_eq!(first.common(Interval::new(2.5, 3.0)), None);
    }

    #[test]
    fn signs_need_all_numbers() {
        assert_eq!(Interval::new(1.0, 2.0).sign(), Sign::Positive);
        assert_eq!(Interval::new(-1.0, 0.0).sign(), Sign::Mixed);
        assert_eq!((Interval::point(1.0) / Interval::new(-1.0, 1.0)), WHOLE);
    }
}
