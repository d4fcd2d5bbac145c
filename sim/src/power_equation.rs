//! The equation x + r·x^q = 1 for x > 0, to which every threshold reduces
//! with x = ηλ/2.
//!
//! With z = ln x the left side minus 1 is h(z) = e^z + expm1(ln r + qz), a
//! sum of exponentials and so convex. For q ≥ 0 it increases: exactly one
//! solution. For q < 0 it has one minimum: two solutions, one on each side,
//! or none. Newton's method started where h > 0 on the outer side of a
//! solution of a convex function moves towards it and never past it.

/// The logarithms of the solutions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Solutions {
    None,
    One(f64),
    /// Smaller and larger; the same number where they touch.
    Two(f64, f64),
}

/// Solves x + r·x^q = 1 for ln x, given ln r (finite) and q ≠ 0.
///
/// A relative error of a few 1e-13 in x, over the whole range of `f64`; next
/// to the double solution of q < 0, where x itself is ill-determined, half of
/// the digits.
pub(crate) fn solve(ln_r: f64, q: f64) -> Solutions {
    let h = |z: f64| {
        let exponent = q.mul_add(z, ln_r);
        (z.exp() + exponent.exp_m1(), z.exp() + q * exponent.exp())
    };
    // r·x^q = 1 here, so h = x > 0.
    let noise_alone = -ln_r / q;
    if q > 0.0 {
        return Solutions::One(newton(h, noise_alone.min(0.0)));
    }
    let bottom = ((-q).ln() + ln_r) / (1.0 - q);
    let at_bottom = bottom + (-1.0 / q).ln_1p();
    if at_bottom > 0.0 {
        return Solutions::None;
    }
    let low = newton(h, noise_alone).min(bottom);
    Solutions::Two(low, newton(h, 0.0).max(bottom))
}

/// More steps than Newton's method can take: it starts where h ≤ 1, and at
/// worst, at a double solution, each step halves the distance.
const MOST_STEPS: usize = 200;

/// Follows Newton's steps for a convex function from a point on the outer
/// side of its solution, until rounding ends them.
fn newton(h: impl Fn(f64) -> (f64, f64), start: f64) -> f64 {
    let mut z = start;
    for _ in 0..MOST_STEPS {
        let (value, slope) = h(z);
        // The exact value is never below 0 on this side.
        if value <= 0.0 && z != start {
            break;
        }
        let next = z - value / slope;
        if next == z || !next.is_finite() {
            break;
        }
        z = next;
    }
    z
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quadratics_have_their_closed_form() {
        // x + r x² = 1: x = 2 / (1 + √(1 + 4r)).
        for r in [1e-12, 0.3, 1.0, 7.0, 1e12] {
            let expected: f64 = 2.0 / (1.0 + f64::sqrt(1.0 + 4.0 * r));
            let Solutions::One(z) = solve(f64::ln(r), 2.0) else {
                panic!()
            };
            assert!((z.exp() / expected - 1.0).abs() < 1e-13, "{r}");
        }
    }

    #[test]
    fn a_negative_power_has_two_solutions_one_or_none() {
        // x + r/x = 1: x = (1 ± √(1 − 4r)) / 2.
        let Solutions::Two(low, high) = solve(f64::ln(0.1), -1.0) else {
            panic!()
        };
        assert!((high.exp() / 0.887_298_334_620_741_7 - 1.0).abs() < 1e-14);
        assert!((low.exp() / 0.112_701_665_379_258_31 - 1.0).abs() < 1e-14);
        assert_eq!(solve(f64::ln(0.26), -1.0), Solutions::None);
    }
}
