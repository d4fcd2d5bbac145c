//! The ground of a plane: coloured cells below the curves, and the bar that
//! says what the colours mean.
//!
//! Colours are those of viridis (van der Walt & Smith, matplotlib 3.11, CC0),
//! every sixteenth of the map with straight lines between: none is further from
//! the map's own than 6 of 255. It is told apart by colour-blind readers, and
//! in grey.

use serde::Serialize;

use super::scale::{Scale, tick_label};
use super::text;

const VIRIDIS: [[u8; 3]; 17] = [
    [0x44, 0x01, 0x54],
    [0x48, 0x18, 0x6a],
    [0x47, 0x2d, 0x7b],
    [0x42, 0x40, 0x86],
    [0x3b, 0x52, 0x8b],
    [0x33, 0x63, 0x8d],
    [0x2c, 0x72, 0x8e],
    [0x26, 0x82, 0x8e],
    [0x21, 0x91, 0x8c],
    [0x1f, 0xa0, 0x88],
    [0x28, 0xae, 0x80],
    [0x3f, 0xbc, 0x73],
    [0x5e, 0xc9, 0x62],
    [0x84, 0xd4, 0x4b],
    [0xad, 0xdc, 0x30],
    [0xd8, 0xe2, 0x19],
    [0xfd, 0xe7, 0x25],
];

/// Room left of a frame with a ground, and right of it for the bar.
pub const LEFT: f64 = 8.0;
pub const RIGHT: f64 = 74.0;
/// The bar: its distance from the frame, its width, and how many colours.
const GAP: f64 = 12.0;
const WIDTH: f64 = 14.0;
const COLOURS: usize = 64;

/// A part of the plane with one value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// Its corners.
    pub corners: Vec<(f64, f64)>,
    /// Its value; without one it stays empty.
    pub value: Option<f64>,
}

/// Cells, and the scale of their values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ground {
    /// What the values are, below the bar.
    pub label: String,
    /// From dark to light.
    pub scale: Scale,
    /// The cells.
    pub cells: Vec<Cell>,
}

/// The colour of a place on the map, from 0 (dark) to 1 (light).
pub fn colour(place: f64) -> String {
    let last = VIRIDIS.len() - 1;
    let along = place.clamp(0.0, 1.0) * last as f64;
    let first = (along as usize).min(last - 1);
    let part = along - first as f64;
    let mixed = |channel: usize| {
        let [low, high] = [first, first + 1].map(|k| f64::from(VIRIDIS[k][channel]));
        (low + part * (high - low)).round() as u8
    };
    format!("#{:02x}{:02x}{:02x}", mixed(0), mixed(1), mixed(2))
}

impl Ground {
    /// A scale over exactly these values; logarithmic where all are positive and
    /// span more than a factor of 30.
    ///
    /// ```
    /// use breakeven_plot::{Ground, Scale};
    ///
    /// assert_eq!(Ground::scale_of(&[3.0, 1.0, 2.0]), Scale::Linear(1.0, 3.0));
    /// assert_eq!(Ground::scale_of(&[0.1, 1.0, 10.0]), Scale::Log(0.1, 10.0));
    /// ```
    pub fn scale_of(values: &[f64]) -> Scale {
        let finite = || values.iter().copied().filter(|v| v.is_finite());
        let low = finite().fold(f64::INFINITY, f64::min);
        let high = finite().fold(f64::NEG_INFINITY, f64::max);
        match Scale::around(finite()) {
            around if low >= high => around,
            Scale::Log(..) => Scale::Log(low, high),
            Scale::Linear(..) => Scale::Linear(low, high),
        }
    }

    /// The cells at the places that `at` gives points.
    pub(super) fn draw_cells(&self, at: impl Fn((f64, f64)) -> Option<(f64, f64)>) -> String {
        let one = |cell: &Cell| {
            let fill = colour(self.scale.place(cell.value?)?);
            let places = cell.corners.iter().map(|&corner| at(corner));
            let places: Vec<(f64, f64)> = places.collect::<Option<_>>()?;
            if places.len() < 3 {
                return None;
            }
            let corners: Vec<String> = places
                .iter()
                .map(|(x, y)| format!("{x:.1} {y:.1}"))
                .collect();
            Some(format!(
                "<path fill=\"{fill}\" stroke=\"{fill}\" stroke-width=\"0.7\" d=\"M{}z\"/>\n",
                corners.join("L")
            ))
        };
        self.cells.iter().filter_map(one).collect()
    }

    /// The bar right of a frame that ends at `right`, from `top` to `bottom`.
    pub(super) fn draw_bar(&self, right: f64, top: f64, bottom: f64) -> String {
        let left = right + GAP;
        let step = (bottom - top) / COLOURS as f64;
        let one = |k: usize| {
            let fill = colour((k as f64 + 0.5) / COLOURS as f64);
            let y = bottom - step * (k + 1) as f64;
            // A little more than a step, so that no seam shows.
            format!(
                "<rect x=\"{left:.1}\" y=\"{y:.2}\" width=\"{WIDTH}\" height=\"{:.2}\" fill=\"{fill}\" shape-rendering=\"crispEdges\"/>\n",
                step + 0.3
            )
        };
        let mut drawn: String = (0..COLOURS).map(one).collect();
        for tick in self.scale.ticks(5) {
            if let Some(place) = self.scale.place(tick) {
                let y = bottom - place * (bottom - top);
                drawn += &format!(
                    "<path class=\"frame\" d=\"M{:.1} {y:.1}h4\"/>\
                     <text x=\"{:.1}\" y=\"{:.1}\">{}</text>\n",
                    left + WIDTH,
                    left + WIDTH + 7.0,
                    y + 4.0,
                    tick_label(tick)
                );
            }
        }
        let label = text::svg(&self.label);
        drawn
            + &format!(
                "<path class=\"frame\" d=\"M{left:.1} {top:.1}h{WIDTH}V{bottom:.1}h-{WIDTH}z\"/>\n\
                 <text x=\"{left:.1}\" y=\"{:.1}\">{label}</text>\n",
                bottom + 18.0
            )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_those_of_viridis() {
        // matplotlib 3.11.2, colormaps["viridis"] at 0, 0.1, 0.5, 0.9 and 1.
        let exact = [
            (0.0, [0x44, 0x01, 0x54]),
            (0.1, [0x48, 0x24, 0x75]),
            (0.5, [0x21, 0x91, 0x8c]),
            (0.9, [0xbd, 0xdf, 0x26]),
            (1.0, [0xfd, 0xe7, 0x25]),
        ];
        for (place, expected) in exact {
            let found = colour(place);
            for (channel, expected) in expected.iter().enumerate() {
                let digits = &found[1 + 2 * channel..3 + 2 * channel];
                let value = i32::from_str_radix(digits, 16).unwrap();
                assert!((value - expected).abs() <= 6, "{place}: {found}");
            }
        }
        assert_eq!(colour(-1.0), colour(0.0));
        assert_eq!(colour(2.0), colour(1.0));
    }

    #[test]
    fn the_scale_ends_at_the_values() {
        assert_eq!(Ground::scale_of(&[3.0, 1.0]), Scale::Linear(1.0, 3.0));
        assert_eq!(Ground::scale_of(&[1.0, 31.0]), Scale::Log(1.0, 31.0));
        assert_eq!(Ground::scale_of(&[0.0, 31.0]), Scale::Linear(0.0, 31.0));
        // One value alone has a scale around it.
        let (low, high) = Ground::scale_of(&[2.0, 2.0]).ends();
        assert!(low < 2.0 && high > 2.0);
    }
}
