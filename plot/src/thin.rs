//! Figures of a thousand runs: more points than a screen shows, and than a
//! reader's browser opens in a second.

use super::{Curve, Figure, Weight};

/// Points that all thin curves of a figure have together at most.
const MOST: usize = 50_000;

/// Of how many points in a row each thin curve of a figure shows the lowest and
/// the highest; `None` where all are shown.
pub fn bucket(figure: &Figure) -> Option<usize> {
    let is_thin = |curve: &&Curve| matches!(curve.weight, Weight::Thin);
    let thin = figure.curves.iter().filter(is_thin);
    let points: usize = thin.map(|curve| curve.points.len()).sum();
    (points > MOST).then(|| 2 * points.div_ceil(MOST))
}

/// What a reader has to know of it.
pub fn in_words(bucket: usize) -> String {
    format!(" Thin lines go through the lowest and the highest of every {bucket} points.")
}

/// The first and last point, and of each `bucket` in a row the lowest and the
/// highest, in their order. Gaps stay.
pub fn thinned(points: &[Option<(f64, f64)>], bucket: usize) -> Vec<Option<(f64, f64)>> {
    let mut shown = Vec::new();
    for (index, row) in points.chunks(bucket.max(1)).enumerate() {
        let Some(places) = row.iter().copied().collect::<Option<Vec<_>>>() else {
            shown.extend(row);
            continue;
        };
        let by_height =
            |a: &&(usize, (f64, f64)), b: &&(usize, (f64, f64))| a.1.1.total_cmp(&b.1.1);
        let places: Vec<(usize, (f64, f64))> = places.into_iter().enumerate().collect();
        let ends = [
            places.iter().min_by(by_height),
            places.iter().max_by(by_height),
        ];
        let first = (index == 0).then_some(0);
        let last = ((index + 1) * bucket >= points.len()).then(|| row.len() - 1);
        let extremes = ends.into_iter().flatten().map(|(place, _)| *place);
        let mut kept: Vec<usize> = extremes.chain(first).chain(last).collect();
        kept.sort_unstable();
        kept.dedup();
        shown.extend(kept.into_iter().map(|place| row[place]));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_ends_and_gaps_stay() {
        let at = |values: &[f64]| -> Vec<Option<(f64, f64)>> {
            let points = (0..).zip(values);
            points
                .map(|(x, y)| y.is_finite().then_some((f64::from(x), *y)))
                .collect()
        };
        let heights = |values: &[f64], bucket: usize| -> Vec<Option<f64>> {
            let shown = thinned(&at(values), bucket);
            shown.into_iter().map(|p| p.map(|(_, y)| y)).collect()
        };
        let all = |values: &[f64]| values.iter().copied().map(Some).collect::<Vec<_>>();
        // First; highest and lowest of four, in their order; last.
        let values = [1.0, 5.0, 0.0, 2.0, 3.0, 3.5, 3.0, 9.0, 4.0, 4.5];
        assert_eq!(
            heights(&values, 4),
            all(&[1.0, 5.0, 0.0, 3.0, 9.0, 4.0, 4.5])
        );
        assert_eq!(heights(&values, 1), all(&values));
        assert_eq!(heights(&[2.0; 3], 4), all(&[2.0; 2]));
        let gap = heights(&[1.0, f64::NAN, 2.0, 3.0], 4);
        assert_eq!(gap, [Some(1.0), None, Some(2.0), Some(3.0)]);
        assert!(thinned(&[], 4).is_empty());
    }
}
