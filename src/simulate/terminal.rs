//! A chart in characters.

use super::chart::{Chart, Frame, Scale};
use super::table::six_digits;

const WIDTH: usize = 60;
const HEIGHT: usize = 14;
/// One mark a line, in this order.
const MARKS: [char; 4] = ['*', '-', '+', 'o'];

/// Draws the chart; nothing where it has no point. The first lines are drawn
/// last, so that they stay visible.
pub fn draw(chart: &Chart) -> String {
    let Some(frame) = chart.frame() else {
        return String::new();
    };
    let mut cells = vec![[' '; WIDTH]; HEIGHT];
    for (i, line) in chart.lines.iter().enumerate().rev() {
        for piece in chart.pieces(line) {
            mark(&mut cells, &piece, frame, MARKS[i % MARKS.len()]);
        }
    }
    let number = |scale: Scale, place: f64| six_digits(scale.value(place));
    let (top, bottom) = (
        number(chart.y.scale, frame.y[1]),
        number(chart.y.scale, frame.y[0]),
    );
    let margin = top.len().max(bottom.len());
    let mut text = format!("{}\n", caption(chart));
    for (row, line) in cells.iter().enumerate() {
        let label = if row == 0 {
            &top
        } else if row == HEIGHT - 1 {
            &bottom
        } else {
            ""
        };
        let line: String = line.iter().collect();
        text += format!("{label:>margin$} |{line}").trim_end();
        text.push('\n');
    }
    let (left, right) = (
        number(chart.x.scale, frame.x[0]),
        number(chart.x.scale, frame.x[1]),
    );
    text += &format!("{:margin$} +{}\n", "", "-".repeat(WIDTH));
    let gap = WIDTH.saturating_sub(left.len());
    let log = if chart.x.scale == Scale::Log {
        ", log scale"
    } else {
        ""
    };
    text + &format!(
        "{:margin$}  {left}{right:>gap$}  {}{log}\n",
        "", chart.x.label
    )
}

fn caption(chart: &Chart) -> String {
    let marks = chart.lines.iter().zip(MARKS.iter().cycle());
    let names: Vec<String> = marks
        .map(|(line, mark)| format!("{mark} {}", line.name))
        .collect();
    let log = if chart.y.scale == Scale::Log {
        ", log scale"
    } else {
        ""
    };
    format!("{}{log}:  {}", chart.y.label, names.join("   "))
}

/// Marks one cell in each column that the piece covers.
fn mark(cells: &mut [[char; WIDTH]], piece: &[(f64, f64)], frame: Frame, mark: char) {
    let share = |value: f64, [low, high]: [f64; 2]| (value - low) / (high - low);
    let mut set = |x: f64, y: f64| {
        let column = (share(x, frame.x) * (WIDTH - 1) as f64).round();
        let row = ((1.0 - share(y, frame.y)) * (HEIGHT - 1) as f64).round();
        // Within the frame, so within the cells.
        cells[row as usize][column as usize] = mark;
    };
    for pair in piece.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        for i in 0..=WIDTH {
            let t = i as f64 / WIDTH as f64;
            set(x0 + t * (x1 - x0), y0 + t * (y1 - y0));
        }
    }
    if let [(x, y)] = *piece {
        set(x, y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::chart::{Axis, Line};

    #[test]
    fn a_rising_line_goes_from_the_lower_left_to_the_upper_right() {
        let axis = |label: &str| Axis {
            label: label.into(),
            scale: Scale::Linear,
        };
        let line = Line {
            name: "y = x".into(),
            points: vec![(0.0, 0.0), (1.0, 1.0)],
        };
        let chart = Chart {
            title: "t".into(),
            x: axis("x"),
            y: axis("y"),
            lines: vec![line],
        };
        let text = draw(&chart);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "y:  * y = x");
        assert!(lines[1].starts_with("1 |") && lines[1].ends_with('*'));
        assert!(lines[HEIGHT].starts_with("0 |*"));
        assert_eq!(lines.len(), HEIGHT + 3);
    }
}
