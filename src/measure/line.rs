//! A line of the answer, and how numbers stand in it.

pub(super) fn line(name: &str, value: &str) -> String {
    format!("  {name:<18} {value}")
}

/// Seven digits, without an exponent where that is readable.
pub(super) fn number(x: f64) -> String {
    let size = x.abs();
    if size != 0.0 && !(1e-4..1e7).contains(&size) {
        return format!("{x:.6e}");
    }
    let whole = if size < 1.0 {
        1
    } else {
        size.log10() as usize + 1
    };
    format!("{x:.*}", 7 - whole)
}
