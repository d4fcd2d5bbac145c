//! The cells of points in a rectangle: each has what is nearer to it than to
//! any other point (Voronoi).

/// A rectangle: the ends of its two sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rectangle {
    /// Horizontal.
    pub x: (f64, f64),
    /// Vertical.
    pub y: (f64, f64),
}

/// The corners of each point's cell, in order around it. Of points in one place
/// the first has the cell, and the others have none.
pub fn cells(points: &[(f64, f64)], within: Rectangle) -> Vec<Vec<(f64, f64)>> {
    let one = |(index, &point): (usize, &(f64, f64))| {
        if points[..index].contains(&point) {
            return Vec::new();
        }
        let whole = vec![
            (within.x.0, within.y.0),
            (within.x.1, within.y.0),
            (within.x.1, within.y.1),
            (within.x.0, within.y.1),
        ];
        let others = points.iter().filter(|&&other| other != point);
        others.fold(whole, |cell, &other| nearer(&cell, point, other))
    };
    points.iter().enumerate().map(one).collect()
}

/// The part of a convex cell that is nearer to `point` than to `other`.
fn nearer(cell: &[(f64, f64)], point: (f64, f64), other: (f64, f64)) -> Vec<(f64, f64)> {
    let normal = (other.0 - point.0, other.1 - point.1);
    let middle = ((other.0 + point.0) / 2.0, (other.1 + point.1) / 2.0);
    // Positive beyond the line half-way.
    let side = |(x, y): (f64, f64)| (x - middle.0) * normal.0 + (y - middle.1) * normal.1;
    let mut kept = Vec::new();
    for (index, &corner) in cell.iter().enumerate() {
        let next = cell[(index + 1) % cell.len()];
        let (here, there) = (side(corner), side(next));
        if here <= 0.0 {
            kept.push(corner);
        }
        if (here < 0.0 && there > 0.0) || (here > 0.0 && there < 0.0) {
            let part = here / (here - there);
            kept.push((
                corner.0 + part * (next.0 - corner.0),
                corner.1 + part * (next.1 - corner.1),
            ));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: Rectangle = Rectangle {
        x: (0.0, 4.0),
        y: (0.0, 4.0),
    };

    fn area(cell: &[(f64, f64)]) -> f64 {
        let next = cell.iter().cycle().skip(1);
        let twice: f64 = cell
            .iter()
            .zip(next)
            .map(|(a, b)| a.0 * b.1 - b.0 * a.1)
            .sum();
        twice.abs() / 2.0
    }

    #[test]
    fn two_points_share_a_square_along_the_line_half_way() {
        let found = cells(&[(1.0, 2.0), (2.0, 2.0)], SQUARE);
        assert_eq!(found[0], [(0.0, 0.0), (1.5, 0.0), (1.5, 4.0), (0.0, 4.0)]);
        assert_eq!(area(&found[1]), 10.0);
    }

    #[test]
    fn points_in_one_place_have_one_cell() {
        let found = cells(&[(1.0, 1.0), (1.0, 1.0)], SQUARE);
        assert_eq!((area(&found[0]), found[1].len()), (16.0, 0));
    }

    #[test]
    fn cells_cover_the_square_once_and_hold_what_is_nearest() {
        let points: Vec<(f64, f64)> = (0..40)
            .map(|k| {
                let k = f64::from(k);
                (
                    2.0 + 1.9 * (2.4 * k).sin(),
                    2.0 + 1.9 * (1.7 * k + 1.0).cos(),
                )
            })
            .collect();
        let found = cells(&points, SQUARE);
        let total: f64 = found.iter().map(|cell| area(cell)).sum();
        assert!((total - 16.0).abs() < 1e-9, "{total}");
        let far = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0).hypot(a.1 - b.1);
        for (own, cell) in points.iter().zip(&found) {
            for &corner in cell {
                let nearest = points.iter().map(|&p| far(p, corner)).fold(9.0, f64::min);
                assert!(far(*own, corner) <= nearest + 1e-9);
            }
        }
    }
}
