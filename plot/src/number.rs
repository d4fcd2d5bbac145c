//! Numbers as readers want them.

/// Decimal exponents of the numbers that are written without one.
const PLAIN_EXPONENTS: std::ops::Range<i32> = -5..7;

/// `value` with this many significant digits, without trailing zeros; powers
/// of ten where plain digits would be long.
///
/// ```
/// use breakeven_plot::number::significant;
///
/// assert_eq!(significant(2.0 / 3.0, 3), "0.667");
/// assert_eq!(significant(1.5e-8, 3), "1.5e-8");
/// ```
pub fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let scientific = format!("{value:.*e}", digits.saturating_sub(1));
    // `{:e}` always writes an exponent.
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if PLAIN_EXPONENTS.contains(&exponent) {
        let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
        let rounded: f64 = scientific.parse().unwrap_or(value);
        without_trailing_zeros(&format!("{rounded:.decimals$}"))
    } else {
        format!("{}e{exponent}", without_trailing_zeros(mantissa))
    }
}

/// `value` with all its digits, as few as tell it from any other number:
/// settings and levels, which must stay distinct. With a power of ten where
/// [`significant`] has one.
///
/// ```
/// use breakeven_plot::number::exact;
///
/// assert_eq!(exact(0.1), "0.1");
/// assert_eq!(exact(0.1 + 0.2), "0.30000000000000004");
/// ```
pub fn exact(value: f64) -> String {
    let scientific = format!("{value:e}");
    let exponent = scientific.split_once('e').and_then(|(_, e)| e.parse().ok());
    match exponent {
        Some(exponent) if !PLAIN_EXPONENTS.contains(&exponent) => scientific,
        _ => value.to_string(),
    }
}

/// A p-value with two significant digits; of those that are too small for the
/// machine's numbers, a bound.
///
/// ```
/// use breakeven_plot::number::p_value;
///
/// assert_eq!(p_value(1.0 / 216.0), "0.0046");
/// assert_eq!(p_value(0.0), "< 1e-300");
/// ```
pub fn p_value(p: f64) -> String {
    if p < SMALLEST_SHOWN_P {
        return format!("< {SMALLEST_SHOWN_P:e}");
    }
    significant(p, 2)
}

const SMALLEST_SHOWN_P: f64 = 1e-300;

fn without_trailing_zeros(number: &str) -> String {
    if number.contains('.') {
        number
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned()
    } else {
        number.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_the_digits_asked_for() {
        for (value, digits, expected) in [
            (0.00012860082304526747, 2, "0.00013"),
            (70.0, 3, "70"),
            (93.456, 3, "93.5"),
            (1234567.0, 3, "1230000"),
            (0.5, 2, "0.5"),
            (-0.48689, 3, "-0.487"),
            (9.99e-8, 2, "1e-7"),
            (2.5e12, 2, "2.5e12"),
            (0.9999, 2, "1"),
            (0.0, 2, "0"),
        ] {
            assert_eq!(significant(value, digits), expected);
        }
    }

    #[test]
    fn no_p_value_is_shown_as_zero() {
        assert_eq!(p_value(1e-17), "1e-17");
        assert_eq!(p_value(f64::MIN_POSITIVE), "< 1e-300");
    }

    #[test]
    fn settings_keep_all_their_digits_and_stay_short() {
        for (value, expected) in [
            (0.1, "0.1"),
            (0.00001, "0.00001"),
            (2.5e-6, "2.5e-6"),
            (1_000_000.0, "1000000"),
            (1e300, "1e300"),
            (0.0, "0"),
            (0.012345678, "0.012345678"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(exact(value), expected);
        }
    }
}
