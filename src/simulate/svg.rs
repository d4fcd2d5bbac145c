//! A chart as a standalone SVG.

use std::fmt::Write;

use super::chart::{Chart, Frame, Scale};
use super::table::six_digits;

/// The frame's left, right, upper and lower edge; names stand right of it.
const LEFT: f64 = 76.0;
const RIGHT: f64 = 490.0;
const TOP: f64 = 36.0;
const BOTTOM: f64 = 348.0;
const HEIGHT: f64 = 400.0;
/// About the width of a letter.
const LETTER: f64 = 6.6;
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
    let names = chart.lines.iter().map(|line| line.name.chars().count());
    let width = (RIGHT + 50.0 + LETTER * names.max().unwrap_or(0) as f64).round();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {HEIGHT}\" \
         width=\"{width}\" height=\"{HEIGHT}\" role=\"img\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        escaped(&chart.title)
    );
    let middle = (LEFT + RIGHT) / 2.0;
    text(&mut svg, middle, 20.0, "middle", &chart.title);
    text(&mut svg, middle, HEIGHT - 10.0, "middle", &chart.x.label);
    let centre = (TOP + BOTTOM) / 2.0;
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
    LEFT + share * (RIGHT - LEFT)
}

fn down(frame: Frame, y: f64) -> f64 {
    let share = (y - frame.y[0]) / (frame.y[1] - frame.y[0]);
    BOTTOM - share * (BOTTOM - TOP)
}

fn ticks(svg: &mut String, chart: &Chart, frame: Frame) {
    let number = |scale: Scale, place: f64| six_digits(scale.value(place));
    for place in chart.x.scale.ticks(frame.x, 6) {
        let x = right(frame, place);
        let _ = writeln!(svg, "<path d=\"M{x:.2} {TOP}V{BOTTOM}\" stroke=\"#ddd\"/>");
        text(
            svg,
            x,
            BOTTOM + 16.0,
            "middle",
            &number(chart.x.scale, place),
        );
    }
    for place in chart.y.scale.ticks(frame.y, 6) {
        let y = down(frame, place);
        let _ = writeln!(svg, "<path d=\"M{LEFT} {y:.2}H{RIGHT}\" stroke=\"#ddd\"/>");
        text(
            svg,
            LEFT - 6.0,
            y + 4.0,
            "end",
            &number(chart.y.scale, place),
        );
    }
    let _ = writeln!(
        svg,
        "<path d=\"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}\" fill=\"none\" stroke=\"#333\"/>"
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
        let (x, y) = (RIGHT + 10.0, TOP + 10.0 + 18.0 * i as f64);
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
