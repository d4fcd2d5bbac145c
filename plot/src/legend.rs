//! The legend: a sample of each labelled curve, in rows below the title.

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

/// Draws the legend, so wide, whose first row begins at `first`, `top`.
pub fn draw(curves: &[Curve], [first, top]: [f64; 2], width: f64) -> String {
    let one = |entry: Entry<'_>| {
        let look = entry.curve.look % LOOKS;
        let left = first + entry.left;
        let middle = top + ROW * entry.row as f64 + ROW / 2.0;
        let sign = || marker(entry.curve.look, left + 12.0, middle);
        let (class, sign) = match entry.curve.weight {
            Weight::Bold | Weight::Marked => ("bold", sign()),
            Weight::Points => ("thin", sign()),
            Weight::Path => ("path", String::new()),
            Weight::Thin => ("thin", String::new()),
            Weight::Fine => ("fine", String::new()),
            Weight::Area => ("area", String::new()),
        };
        let sample = match entry.curve.weight {
            Weight::Points => "",
            Weight::Bold | Weight::Marked | Weight::Path | Weight::Thin | Weight::Fine => "h24",
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
    entries(curves, width).into_iter().map(one).collect()
}

/// The marker of a look, centred: of two looks of one colour another one.
pub fn marker(look: usize, x: f64, y: f64) -> String {
    let shape = match (look + look / LOOKS) % LOOKS {
        0 => format!("M{x:.1} {y:.1}m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0"),
        1 => format!("M{x:.1} {y:.1}m-4 -4h8v8h-8z"),
        2 => format!("M{x:.1} {y:.1}m0 -5l5 8.5h-10z"),
        3 => format!("M{x:.1} {y:.1}m0 -5.5l5.5 5.5l-5.5 5.5l-5.5 -5.5z"),
        4 => format!("M{x:.1} {y:.1}m0 5l5 -8.5h-10z"),
        5 => format!("M{x:.1} {y:.1}m-1.7 -5h3.4v3.3h3.3v3.4h-3.3v3.3h-3.4v-3.3h-3.3v-3.4h3.3z"),
        _ => format!("M{x:.1} {y:.1}m-2 -5h4v10h-4z"),
    };
    format!(
        "<path class=\"marker look-{}\" d=\"{shape}\"/>",
        look % LOOKS
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn looks_of_one_colour_have_markers_of_their_own() {
        let signs: BTreeSet<String> = (0..LOOKS * LOOKS).map(|k| marker(k, 0.0, 0.0)).collect();
        assert_eq!(signs.len(), LOOKS * LOOKS);
    }
}
