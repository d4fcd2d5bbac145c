//! Coordinates with a decimal, many of them: as `{:.1}` writes them, in a
//! fraction of its time.

use std::fmt::Write;

/// Appends `value` as `{value:.1}`.
pub fn push(text: &mut String, value: f64) {
    let scaled = value * 10.0;
    let rounded = scaled.round();
    let to_half = ((scaled - scaled.trunc()).abs() - 0.5).abs();
    // Close to a half the digits of the value itself decide, and −0.0 has a sign.
    let is_plain = to_half > 1e-6 && rounded.abs() < 1e9 && (rounded != 0.0 || value > 0.0);
    let written = if is_plain {
        if rounded < 0.0 {
            text.push('-');
        }
        let tenths = rounded.abs() as u64;
        write!(text, "{}.{}", tenths / 10, tenths % 10)
    } else {
        write!(text, "{value:.1}")
    };
    // A string refuses nothing.
    debug_assert!(written.is_ok());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_written_as_by_the_standard_library() {
        use rand::{Rng, SeedableRng};
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let drawn = (0..20_000).map(|_| (random.random::<f64>() - 0.3) * 1000.0);
        let halves = (-2000..2000).map(|k| f64::from(k) / 20.0);
        let near = (-2000..2000).map(|k| (f64::from(k) / 20.0).next_up());
        let odd = [
            0.0,
            -0.0,
            -0.04,
            0.04,
            1e300,
            -1e12,
            f64::NAN,
            f64::INFINITY,
        ];
        for value in drawn.chain(halves).chain(near).chain(odd) {
            let mut text = String::new();
            push(&mut text, value);
            assert_eq!(text, format!("{value:.1}"), "{value:e}");
        }
    }
}
