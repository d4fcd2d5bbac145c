//! A curve that was travelled: its points in their order, with arrows.

use super::Shape;

/// Arrows on a path, and the least distance between two.
const ARROWS: usize = 7;
const APART: f64 = 36.0;

/// A mark on a path: larger than on a curve, with a rim.
pub fn mark(shape: Shape, look: usize, (x, y): (f64, f64)) -> String {
    let outline = match shape {
        Shape::Cross => "m-6 -6l12 12m0 -12l-12 12",
        Shape::Dot => "m-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
        Shape::Hollow => "m-6 -6h12v12h-12z",
    };
    let inside = match shape {
        Shape::Dot => "full",
        Shape::Cross | Shape::Hollow => "open",
    };
    format!(
        "<path class=\"sign-rim\" d=\"M{x:.1} {y:.1}{outline}\"/>\
         <path class=\"sign {inside} look-{look}\" d=\"M{x:.1} {y:.1}{outline}\"/>\n"
    )
}

/// Arrowheads at equal distances along the path, as one drawing.
pub fn arrows(points: &[Option<(f64, f64)>]) -> String {
    let places: Vec<(f64, f64)> = points.iter().flatten().copied().collect();
    let steps: Vec<[(f64, f64); 2]> = places.windows(2).map(|pair| [pair[0], pair[1]]).collect();
    let length = |[(ax, ay), (bx, by)]: &[(f64, f64); 2]| (bx - ax).hypot(by - ay);
    let total: f64 = steps.iter().map(length).sum();
    let count = ((total / APART) as usize).min(ARROWS);
    let mut drawn = String::new();
    let (mut gone, mut next) = (0.0, 1);
    for step in &steps {
        let own = length(step);
        let due = |number: usize| total * (number as f64 - 0.5) / count as f64;
        while next <= count && own > 0.0 && due(next) <= gone + own {
            drawn += &head(step, (due(next) - gone) / own, own);
            next += 1;
        }
        gone += own;
    }
    drawn
}

/// A head at this part of a step of this length.
fn head([(ax, ay), (bx, by)]: &[(f64, f64); 2], part: f64, length: f64) -> String {
    let (ux, uy) = ((bx - ax) / length, (by - ay) / length);
    let (x, y) = (ax + part * (bx - ax), ay + part * (by - ay));
    let corner = |along: f64, aside: f64| {
        let (cx, cy) = (x + along * ux - aside * uy, y + along * uy + aside * ux);
        format!("{cx:.1} {cy:.1}")
    };
    format!(
        "M{}L{}L{}L{}z",
        corner(6.5, 0.0),
        corner(-4.5, 4.5),
        corner(-2.0, 0.0),
        corner(-4.5, -4.5)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_point_where_the_path_goes() {
        // 80 long: two arrows, at 20 and 60.
        let drawn = arrows(&[Some((0.0, 0.0)), None, Some((80.0, 0.0))]);
        assert_eq!(
            drawn,
            "M26.5 0.0L15.5 4.5L18.0 0.0L15.5 -4.5zM66.5 0.0L55.5 4.5L58.0 0.0L55.5 -4.5z"
        );
        assert_eq!(arrows(&[Some((0.0, 0.0)), Some((10.0, 0.0))]), "");
        assert_eq!(arrows(&[]), "");
        let back = arrows(&[Some((40.0, 5.0)), Some((0.0, 5.0))]);
        assert!(back.starts_with("M13.5 5.0"), "{back}");
    }
}
