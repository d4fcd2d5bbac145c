//! What a figure shows, apart from how it is drawn.

/// Lines over two axes.
#[derive(Clone, Debug)]
pub struct Chart {
    pub title: String,
    pub x: Axis,
    pub y: Axis,
    pub lines: Vec<Line>,
}

/// One axis.
#[derive(Clone, Debug)]
pub struct Axis {
    pub label: String,
    pub scale: Scale,
}

/// How values are placed along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    Linear,
    Log,
}

/// A curve; a point that the scale can't place interrupts it.
#[derive(Clone, Debug)]
pub struct Line {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// Where a chart's values lie, in the scales' own measure.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    pub x: [f64; 2],
    pub y: [f64; 2],
}

impl Scale {
    /// The measure in which the axis is even.
    pub fn place(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log => value.log10(),
        }
    }

    /// The value at a place.
    pub fn value(self, place: f64) -> f64 {
        match self {
            Self::Linear => place,
            Self::Log => 10f64.powf(place),
        }
    }

    /// The scale that suits these values: logarithmic where they are positive
    /// and span more than a factor 20.
    pub fn suiting(values: impl Iterator<Item = f64> + Clone) -> Self {
        let finite = values.filter(|value| value.is_finite());
        let low = finite.clone().fold(f64::INFINITY, f64::min);
        let high = finite.fold(f64::NEG_INFINITY, f64::max);
        if low > 0.0 && high / low > 20.0 {
            Self::Log
        } else {
            Self::Linear
        }
    }
}

impl Chart {
    /// A line's points in the axes' measures, cut where one can't be placed.
    pub fn pieces(&self, line: &Line) -> Vec<Vec<(f64, f64)>> {
        let placed = |&(x, y): &(f64, f64)| (self.x.scale.place(x), self.y.scale.place(y));
        let points: Vec<(f64, f64)> = line.points.iter().map(placed).collect();
        let whole = |point: &(f64, f64)| point.0.is_finite() && point.1.is_finite();
        points
            .split(|point| !whole(point))
            .filter(|piece| !piece.is_empty())
            .map(<[_]>::to_vec)
            .collect()
    }

    /// A line's points that both axes can place, as they are.
    pub fn placeable<'a>(&'a self, line: &'a Line) -> impl Iterator<Item = (f64, f64)> + 'a {
        let placed = |&(x, y): &(f64, f64)| {
            self.x.scale.place(x).is_finite() && self.y.scale.place(y).is_finite()
        };
        line.points.iter().copied().filter(placed)
    }

    /// The frame around all lines; absent where there is no point.
    pub fn frame(&self) -> Option<Frame> {
        let pieces = self.lines.iter().flat_map(|line| self.pieces(line));
        let points: Vec<(f64, f64)> = pieces.flatten().collect();
        let around = |values: &dyn Fn(&(f64, f64)) -> f64| {
            let low = points.iter().map(values).fold(f64::INFINITY, f64::min);
            let high = points.iter().map(values).fold(f64::NEG_INFINITY, f64::max);
            let pad = if high > low {
                0.0
            } else {
                0.5 * low.abs().max(1.0)
            };
            [low - pad, high + pad]
        };
        (!points.is_empty()).then(|| Frame {
            x: around(&|p| p.0),
            y: around(&|p| p.1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_where_the_scale_can_not_place_a_point() {
        let axis = |scale| Axis {
            label: String::new(),
            scale,
        };
        let points = vec![(1.0, 1.0), (2.0, 0.0), (3.0, 1.0), (4.0, 10.0)];
        let lines = vec![Line {
            name: String::new(),
            points,
        }];
        let (x, y) = (axis(Scale::Linear), axis(Scale::Log));
        let chart = Chart {
            title: String::new(),
            x,
            y,
            lines,
        };
        assert_eq!(chart.pieces(&chart.lines[0]).len(), 2);
        assert_eq!(chart.frame().unwrap().y, [0.0, 1.0]);
    }
}
