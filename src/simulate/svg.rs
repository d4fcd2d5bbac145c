//! A chart as a standalone SVG.

use std::fmt::Write;

use super::chart::{Chart, Frame, Scale};
use super::table::six_digits;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 400.0;
/// Left, right, top, bottom.
const MARGINS: [f64; 4] = [76.0, 150.0, 36.0, 52.0];
/// Colours that colour-blind readers tell apart (Okabe and Ito), and dashes
/// that tell lines apart on paper.
const STROKES: [(&str, &str); 6] = [
    ("#0072b2", ""),
    ("#d55e00", "6 3"),
    ("#009e73", "2 2"),
    ("#cc79a7", "8 3 2 3"),
    ("#e69f00", "1 3"),
    ("#56b4e9", "10 4"),
];

/// Draws the chart.
pub fn draw(chart: &Chart) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        escaped(&chart.title)
    );
    let middle = (MARGINS[0] + WIDTH - MARGINS[1]) / 2.0;
    text(&mut svg, middle, 20.0, "middle", &chart.title);
    text(&mut svg, middle, HEIGHT - 10.0, "middle", &chart.x.label);
    let centre = (MARGINS[2] + HEIGHT - MARGINS[3]) / 2.0;
    let label = escaped(&chart.y.label);
    let _ = writeln!(
        svg,
        "<text x=\"16\" y=\"{centre}\" text-anchor=\"middle\" transform=\"rotate(-90 16 {centre})\">{label}</text>"
    );
    if let Some(frame) = chart.frame() {
        ticks(&mut svg, chart, frame);
        lines(&mut svg, chart, frame);
    }
    svg + "</svg>\n"
}

fn right(frame: Frame, x: f64) -> f64 {
    let share = (x - frame.x[0]) / (frame.x[1] - frame.x[0]);
    MARGINS[0] + share * (WIDTH - MARGINS[0] - MARGINS[1])
}

fn down(frame: Frame, y: f64) -> f64 {
    let share = (y - frame.y[0]) / (frame.y[1] - frame.y[0]);
    HEIGHT - MARGINS[3] - share * (HEIGHT - MARGINS[2] - MARGINS[3])
}

fn ticks(svg: &mut String, chart: &Chart, frame: Frame) {
    let (left, end) = (MARGINS[0], WIDTH - MARGINS[1]);
    let (top, bottom) = (MARGINS[2], HEIGHT - MARGINS[3]);
    let number = |scale: Scale, place: f64| six_digits(scale.value(place));
    for place in chart.x.scale.ticks(frame.x, 6) {
        let x = right(frame, place);
        let _ = writeln!(svg, "<path d=\"M{x:.2} {top}V{bottom}\" stroke=\"#ddd\"/>");
        text(
            svg,
            x,
            bottom + 16.0,
            "middle",
            &number(chart.x.scale, place),
        );
    }
    for place in chart.y.scale.ticks(frame.y, 6) {
        let y = down(frame, place);
        let _ = writeln!(svg, "<path d=\"M{left} {y:.2}H{end}\" stroke=\"#ddd\"/>");
        text(
            svg,
            left - 6.0,
            y + 4.0,
            "end",
            &number(chart.y.scale, place),
        );
    }
    let _ = writeln!(
        svg,
        "<path d=\"M{left} {top}V{bottom}H{end}\" fill=\"none\" stroke=\"#333\"/>"
    );
}

fn lines(svg: &mut String, chart: &Chart, frame: Frame) {
    for (i, line) in chart.lines.iter().enumerate() {
        let (colour, dashes) = STROKES[i % STROKES.len()];
        let stroke =
            format!("stroke=\"{colour}\" stroke-width=\"1.8\" stroke-dasharray=\"{dashes}\"");
        for piece in chart.pieces(line) {
            let point =
                |&(x, y): &(f64, f64)| format!("{:.2} {:.2}", right(frame, x), down(frame, y));
            let path = piece.iter().map(point).collect::<Vec<_>>().join("L");
            let _ = writeln!(svg, "<path d=\"M{path}\" fill=\"none\" {stroke}/>");
        }
        let (x, y) = (
            WIDTH - MARGINS[1] + 10.0,
            MARGINS[2] + 10.0 + 18.0 * i as f64,
        );
        let _ = writeln!(svg, "<path d=\"M{x} {y}h22\" {stroke}/>");
        text(svg, x + 28.0, y + 4.0, "start", &line.name);
    }
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, words: &str) {
    let words = escaped(words);
    let _ = writeln!(
        svg,
        "<text x=\"{x:.2}\" y=\"{y:.2}\" text-anchor=\"{anchor}\">{words}</text>"
    );
}

fn escaped(words: &str) -> String {
    words
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::chart::{Axis, Line};

    #[test]
    fn corners_of_the_frame_are_the_corners_of_the_line() {
        let axis = |label: &str| Axis {
            label: label.into(),
            scale: Scale::Linear,
        };
        let line = Line {
            name: "a < b".into(),
            points: vec![(0.0, 0.0), (1.0, 1.0)],
        };
        let chart = Chart {
            title: "t".into(),
            x: axis("x"),
            y: axis("y"),
            lines: vec![line],
        };
        let svg = draw(&chart);
        assert!(svg.contains("M76.00 348.00L490.00 36.00"), "{svg}");
        assert!(svg.contains("a &lt; b"));
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    }
}
