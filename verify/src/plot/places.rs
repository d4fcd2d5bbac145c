//! Where a drawing has its points: what a page needs to read values off it.

use super::svg::Frame;
use super::{Curve, Figure};

/// A point of a curve that lies within the frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// From the left and from the top, in the units of the drawing's view box.
    pub place: (f64, f64),
    /// The point itself.
    pub value: (f64, f64),
}

impl Figure {
    /// For each curve, in the figure's order, its points within the frame.
    pub fn places(&self) -> Vec<Vec<Placed>> {
        let frame = Frame::of(self);
        let place = |&value: &(f64, f64)| {
            let place = frame.point(value)?;
            frame.holds(place).then_some(Placed { place, value })
        };
        let places = |curve: &Curve| curve.points.iter().filter_map(place).collect();
        self.curves.iter().map(places).collect()
    }
}
