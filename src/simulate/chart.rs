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

    /// Round values between two places, about `many` of them.
    pub fn ticks(self, [low, high]: [f64; 2], many: usize) -> Vec<f64> {
        // Few decades: 1, 2 and 5 in each.
        if self == Self::Log && high - low < 3.0 {
            let decades = low.floor() as i32..=high.ceil() as i32;
            let parts = decades.flat_map(|decade| {
                [1.0, 2.0, 5.0].map(|part: f64| part.log10() + f64::from(decade))
            });
            return parts
                .filter(|place| (low - 1e-9..=high + 1e-9).contains(place))
                .collect();
        }
        let rough = (high - low) / many as f64;
        let ten = 10f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * ten);
        let mut step = steps
            .into_iter()
            .find(|&step| step >= rough)
            .unwrap_or(10.0 * ten);
        if self == Self::Log {
            step = step.max(1.0).round();
        }
        // Finite, and at most a few times `many`, by the choice of the step.
        let (first, last) = (
            (low / step - 1e-9).ceil() as i64,
            (high / step + 1e-9).floor() as i64,
        );
        (first..=last).map(|i| i as f64 * step).collect()
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
    fn ticks_are_round_values_within_the_frame() {
        assert_eq!(
            Scale::Linear.ticks([0.0, 1.0], 5),
            [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]
        );
        assert_eq!(Scale::Log.ticks([-3.2, 0.0], 5), [-3.0, -2.0, -1.0, 0.0]);
        let values = Scale::Log
            .ticks([0.0, 1.2], 5)
            .into_iter()
            .map(|place| Scale::Log.value(place).round());
        assert_eq!(values.collect::<Vec<_>>(), [1.0, 2.0, 5.0, 10.0]);
    }

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
