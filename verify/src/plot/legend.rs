//! The legend: a sample of each labelled curve, in rows below the title.

use super::svg::{Frame, marker};
use super::{Curve, LOOKS, Weight, text};

/// Width of a sample, and the room after it.
const SAMPLE: f64 = 30.0;
/// Height of a row.
pub const ROW: f64 = 18.0;
/// An average letter's width at the legend's size, on the safe side.
const LETTER: f64 = 6.8;

/// An entry and where it starts.
struct Entry<'a> {
    curve: &'a Curve,
    label: &'a str,
    row: usize,
    left: f64,
}

/// The rows that the labels need in a frame of this width.
pub fn rows(curves: &[Curve], width: f64) -> usize {
    entries(curves, width).last().map_or(0, |last| last.row + 1)
}

fn entries(curves: &[Curve], width: f64) -> Vec<Entry<'_>> {
    let labelled = |curve| Some((curve, Curve::label(curve)?));
    let (mut row, mut left) = (0, 0.0);
    let mut entries = Vec::new();
    for (curve, label) in curves.iter().filter_map(labelled) {
        let needed = SAMPLE + LETTER * text::plain(label).chars().count() as f64 + 12.0;
        if left > 0.0 && left + needed > width {
            (row, left) = (row + 1, 0.0);
        }
        entries.push(Entry {
            curve,
            label,
            row,
            left,
        });
        left += needed;
    }
    entries
}

impl Curve {
    fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }
}

/// Draws the legend with its first row at `top`.
pub fn draw(curves: &[Curve], frame: &Frame, top: f64) -> String {
    let one = |entry: Entry<'_>| {
        let look = entry.curve.look % LOOKS;
        let left = frame.left + entry.left;
        let middle = top + ROW * entry.row as f64 + ROW / 2.0;
        let (class, sign) = match entry.curve.weight {
            Weight::Bold => ("bold", marker(look, left + 12.0, middle)),
            Weight::Thin => ("thin", String::new()),
            Weight::Fine => ("fine", String::new()),
            Weight::Area => ("area", String::new()),
        };
        let sample = match entry.curve.weight {
            Weight::Bold | Weight::Thin | Weight::Fine => "h24",
            Weight::Area => "m0 -6h24v12h-24z",
        };
        format!(
            "<path class=\"{class} look-{look}\" d=\"M{:.1} {middle:.1}{sample}\"/>{sign}\
             <text class=\"legend\" x=\"{:.1}\" y=\"{:.1}\">{}</text>\n",
            left,
            left + SAMPLE,
            middle + 4.0,
            text::svg(entry.label)
        )
    };
    entries(curves, frame.width).into_iter().map(one).collect()
}
