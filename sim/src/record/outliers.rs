//! Eigenvalues that stand out above the rest of a spectrum.

use serde::{Deserialize, Serialize};

/// How many times as wide as any gap below it the gap under outliers is.
const WIDER: f64 = 4.0;

/// Part of the largest eigenvalue below which a gap counts as that wide: what the
/// bulk's own spacings are compared with does not shrink without end near zero.
const NARROWEST: f64 = 1e-3;

/// Eigenvalues below the gap, at least, which show how wide gaps of the bulk are.
const OF_THE_BULK: usize = 3;

/// Eigenvalues without which no gap can be told from others.
pub const LEAST_FOR_OUTLIERS: usize = OF_THE_BULK + 1;

/// The eigenvalues above the gap that is widest beside those below it.
///
/// With gaps γ_i = λ_i − λ_(i+1) between the eigenvalues found, none of them below
/// zero, the separation of place i is γ_i over the widest of all γ_j below it, and of
/// λ_1/1000. The outliers are the first i, for the i with the largest separation, if
/// that is at least four whatever the errors of the eigenvalues, and no other place
/// could have a larger one.
///
/// Gaps of 10, 5, 1, 1 and 1: the second is five times as wide as any below it, the
/// first only twice.
///
/// ```
/// use breakeven_sim::record::Outliers;
///
/// let eigenvalues = [20.0, 10.0, 5.0, 4.0, 3.0, 2.0].map(|value| (value, 0.0));
/// let outliers = Outliers::among("H", &eigenvalues)?;
/// assert_eq!((outliers.count, outliers.separation), (2, 5.0));
/// assert_eq!(outliers.bulk_edge, 5.0);
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outliers {
    /// How many there are.
    pub count: usize,
    /// They themselves, largest first.
    pub eigenvalues: Vec<f64>,
    /// The largest eigenvalue below them.
    pub bulk_edge: f64,
    /// The separation, at least: with every gap as its errors make it worst.
    pub separation: f64,
}

/// The distance of an eigenvalue from the next, and how far off it may be.
struct Gap {
    width: f64,
    error: f64,
}

impl Outliers {
    /// The outliers of the matrix `name`, whose eigenvalues are given largest first,
    /// each with its error.
    ///
    /// # Errors
    /// In words, where no gap is clear, or there are too few eigenvalues.
    pub fn among(name: &str, eigenvalues: &[(f64, f64)]) -> Result<Self, String> {
        let not_negative = |(value, error): &&(f64, f64)| value + error >= 0.0;
        let found: Vec<(f64, f64)> = eigenvalues
            .iter()
            .take_while(not_negative)
            .copied()
            .collect();
        let largest = match found.first() {
            Some(&(value, error)) if value > error => value,
            _ => return Err(format!("{name} has no eigenvalue clearly above zero")),
        };
        if found.len() < LEAST_FOR_OUTLIERS {
            return Err(format!(
                "{} eigenvalues of {name} that are not negative are known: it takes \
                 {LEAST_FOR_OUTLIERS} to tell a gap from others",
                found.len()
            ));
        }
        let gaps: Vec<Gap> = found
            .windows(2)
            .map(|pair| Gap {
                width: pair[0].0 - pair[1].0,
                error: pair[0].1 + pair[1].1,
            })
            .collect();
        let separations = separations(&gaps, NARROWEST * largest);
        let places = &separations[..found.len() - OF_THE_BULK];
        let (place, [separation, _]) = places
            .iter()
            .copied()
            .enumerate()
            .max_by(|(_, a), (_, b)| a[0].total_cmp(&b[0]))
            // As many as there are at least were asked for above.
            .expect("there is a place");
        if separation < WIDER {
            return Err(format!(
                "no gap between the {} largest eigenvalues of {name} is clearly {WIDER} times as \
                 wide as all below it",
                found.len()
            ));
        }
        let rival =
            |(other, [_, most]): &(usize, &[f64; 2])| *other != place && *most >= separation;
        if let Some((other, _)) = places.iter().enumerate().find(rival) {
            let [fewer, more] = [place.min(other) + 1, place.max(other) + 1];
            return Err(format!(
                "whether {fewer} or {more} eigenvalues of {name} stand out is within their errors"
            ));
        }
        Ok(Self {
            count: place + 1,
            eigenvalues: found[..=place].iter().map(|(value, _)| *value).collect(),
            bulk_edge: found[place + 1].0,
            separation,
        })
    }
}

/// Least and most of each gap over the widest below it and `narrowest`, in their order.
fn separations(gaps: &[Gap], narrowest: f64) -> Vec<[f64; 2]> {
    let [mut widest, mut least_wide] = [narrowest; 2];
    let mut all: Vec<[f64; 2]> = gaps
        .iter()
        .rev()
        .map(|Gap { width, error }| {
            let both = [(width - error) / widest, (width + error) / least_wide];
            widest = widest.max(width + error);
            least_wide = least_wide.max(width - error);
            both
        })
        .collect();
    all.reverse();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among(values: &[f64], error: f64) -> Result<Outliers, String> {
        let with_errors: Vec<_> = values.iter().map(|&value| (value, error)).collect();
        Outliers::among("H", &with_errors)
    }

    fn count(values: &[f64]) -> Option<usize> {
        among(values, 1e-9).ok().map(|found| found.count)
    }

    #[test]
    fn the_widest_gap_beside_those_below_it_parts_outliers_from_the_bulk() {
        // Gaps 10, 2, 3, 0.1, 0.05: separations 10/3, 2/3, 30.
        let found = among(&[20.0, 10.0, 8.0, 5.0, 4.9, 4.85], 0.0).unwrap();
        assert_eq!((found.count, found.bulk_edge), (3, 5.0));
        assert_eq!(found.eigenvalues, [20.0, 10.0, 8.0]);
        assert!((found.separation - 30.0).abs() < 1e-9);
    }

    #[test]
    fn counts_of_constructed_spectra() {
        for (values, expected) in [
            // Repeated outliers, a repeated bulk, a bulk of zeros.
            (&[9.0, 9.0, 9.0, 1.0, 0.9, 0.8, 0.7][..], Some(3)),
            (&[9.0, 1.0, 1.0, 1.0], Some(1)),
            (&[3.0, 2.0, 1.0, 0.0, 0.0, 0.0], Some(3)),
            // Gaps of the bulk that shrink towards zero are no gaps.
            (&[9.0, 0.2, 0.1, 0.05, 0.0, 0.0, 0.0], Some(1)),
            // All alike, evenly spaced, geometric.
            (&[1.0; 6], None),
            (&[6.0, 5.0, 4.0, 3.0, 2.0, 1.0], None),
            (&[16.0, 8.0, 4.0, 2.0, 1.0, 0.5], None),
            // Two gaps of one separation.
            (&[36.0, 11.0, 6.0, 5.0, 4.8, 4.6, 4.4], None),
            // Zero, negative, too few; what is negative does not count.
            (&[0.0; 6], None),
            (&[-1.0, -2.0, -3.0, -4.0], None),
            (&[9.0, 1.0, 0.9], None),
            (&[9.0, 1.0, 0.9, -5.0, -30.0], None),
            (&[9.0, 1.0, 0.9, 0.8, -5.0, -30.0], Some(1)),
            (&[], None),
        ] {
            assert_eq!(count(values), expected, "{values:?}");
        }
    }

    #[test]
    fn errors_that_could_change_the_count_leave_none() {
        let values = [10.0, 5.0, 4.0, 3.9, 3.8];
        // Separations 5 and 10.
        let found = among(&values, 1e-3).unwrap();
        assert_eq!(found.count, 2);
        // A gap of 1 − 0.002 over one of 0.1 + 0.002.
        assert!((found.separation - 0.998 / 0.102).abs() < 1e-9);
        let why = among(&values, 0.04).unwrap_err();
        assert!(why.contains("1 or 2 eigenvalues of H"), "{why}");
        let why = among(&values, 0.5).unwrap_err();
        assert!(why.contains("no gap between the 5 largest"), "{why}");
    }

    /// Any units do.
    #[test]
    fn the_count_does_not_depend_on_the_scale() {
        let values = [20.0, 10.0, 8.0, 5.0, 4.9, 4.85];
        for scale in [1e-12, 1.0, 1e12] {
            let scaled: Vec<_> = values.iter().map(|v| (v * scale, 1e-6 * scale)).collect();
            assert_eq!(Outliers::among("K", &scaled).unwrap().count, 3);
        }
    }
}
