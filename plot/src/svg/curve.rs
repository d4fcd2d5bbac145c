//! Draws the curves of a figure and their marks.

use super::super::legend::marker;
use super::super::travelled::{self, arrows};
use super::super::{Curve, LOOKS, Mark, Shape, Weight, tenths, thin};
use super::Frame;

/// Markers on a bold curve, at most.
const MARKERS: usize = 7;
/// Points of a path from which on its line is thin.
const MANY: usize = 60;

pub(super) fn curve(curve: &Curve, frame: &Frame, bucket: Option<usize>) -> String {
    let look = curve.look % LOOKS;
    let points: Vec<_> = curve.points.iter().map(|&p| frame.point(p)).collect();
    let line = match (curve.weight, bucket) {
        (Weight::Thin, Some(bucket)) => path(&thin::thinned(&points, bucket)),
        _ => path(&points),
    };
    let drawn = |class: &str, d: &str| format!("<path class=\"{class} look-{look}\" d=\"{d}\"/>\n");
    match curve.weight {
        Weight::Thin => drawn("thin", &line),
        Weight::Fine => drawn("fine", &line),
        Weight::Area => drawn("area", &line),
        Weight::Bold => drawn("bold", &line) + &markers(curve.look, &points, MARKERS),
        Weight::Marked => drawn("bold", &line) + &markers(curve.look, &points, points.len()),
        Weight::Points => small_markers(curve.look, &points),
        Weight::Path => {
            let dots = dots(&points);
            let many = if points.len() > MANY { " many" } else { "" };
            drawn(&format!("rim{many}"), &line)
                + &drawn(&format!("rim dots{many}"), &dots)
                + &drawn(&format!("path{many}"), &line)
                + &drawn(&format!("path dots{many}"), &dots)
                + &drawn("arrows", &arrows(&points))
        }
    }
}

/// A line of no length at each point, which round ends make a dot.
fn dots(points: &[Option<(f64, f64)>]) -> String {
    let one = |(x, y): &(f64, f64)| format!("M{x:.1} {y:.1}h0");
    points.iter().flatten().map(one).collect()
}

/// A marker at each point, smaller than those on curves.
fn small_markers(look: usize, points: &[Option<(f64, f64)>]) -> String {
    let sign = marker(look, 0.0, 0.0);
    let one = |(x, y): &(f64, f64)| {
        format!("<g transform=\"translate({x:.1} {y:.1}) scale(0.7)\">{sign}</g>\n")
    };
    let markers: String = points.iter().flatten().map(one).collect();
    format!("<g class=\"points\">\n{markers}</g>\n")
}

/// Lines from point to point; a point without a place leaves a gap.
fn path(points: &[Option<(f64, f64)>]) -> String {
    let mut path = String::new();
    let mut pen = 'M';
    for point in points {
        pen = match point {
            Some((x, y)) => {
                path.push(pen);
                tenths::push(&mut path, *x);
                path.push(' ');
                tenths::push(&mut path, *y);
                'L'
            }
            None => 'M',
        };
    }
    path
}

/// Markers on a bold curve; each look starts at a point of its own, so that
/// they do not hide each other where curves run together.
fn markers(look: usize, points: &[Option<(f64, f64)>], most: usize) -> String {
    let places: Vec<_> = points.iter().flatten().collect();
    let every = places.len().div_ceil(most.max(1)).max(1);
    let first = look % every;
    let drawn = places.iter().skip(first).step_by(every);
    drawn.map(|(x, y)| marker(look, *x, *y) + "\n").collect()
}

pub(super) fn marks(curve: &Curve, frame: &Frame) -> String {
    let look = curve.look % LOOKS;
    let one = |mark: &Mark| {
        let (x, y) = frame.point(mark.at)?;
        let inside = (frame.top - 1.0..=frame.bottom() + 1.0).contains(&y);
        if curve.weight == Weight::Path {
            return inside.then(|| travelled::mark(mark.shape, look, (x, y)));
        }
        inside.then(|| match mark.shape {
            Shape::Cross => format!(
                "<path class=\"cross look-{look}\" d=\"M{x:.1} {y:.1}m-4 -4l8 8m0 -8l-8 8\"/>\n"
            ),
            Shape::Dot => {
                format!("<circle class=\"dot look-{look}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>\n")
            }
            Shape::Hollow => format!(
                "<path class=\"hollow look-{look}\" d=\"M{x:.1} {y:.1}m-3.5 -3.5h7v7h-7z\"/>\n"
            ),
        })
    };
    curve.marks.iter().filter_map(one).collect()
}
