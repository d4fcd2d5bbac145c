//! A chart as an SVG file, drawn as the report's figures are.

use breakeven_plot::{Curve, Figure, Size, Ticks, Weight};

use super::chart::{Axis, Chart, Scale};

/// Draws the chart.
pub fn draw(chart: &Chart) -> String {
    let points = || chart.lines.iter().flat_map(|line| chart.placeable(line));
    let curves = chart.lines.iter().enumerate().map(|(look, line)| Curve {
        label: Some(line.name.clone()),
        points: line.points.clone(),
        look,
        weight: Weight::Bold,
        marks: Vec::new(),
    });
    let names: Vec<&str> = chart.lines.iter().map(|line| line.name.as_str()).collect();
    let (x, y) = (&chart.x, &chart.y);
    let figure = Figure {
        id: "figure".to_owned(),
        title: title(chart),
        description: format!("{} against {}: {}", y.label, x.label, names.join("; ")),
        x: axis(x, points().map(|point| point.0)),
        y: axis(y, points().map(|point| point.1)),
        curves: curves.collect(),
        guides: Vec::new(),
        ground: None,
        size: Size::Wide,
    };
    figure.standalone()
}

/// The title, which also names the vertical axis.
fn title(chart: &Chart) -> String {
    let (title, label) = (&chart.title, &chart.y.label);
    if title.to_lowercase().contains(&label.to_lowercase()) {
        title.clone()
    } else {
        format!("{title}: {label}")
    }
}

fn axis(axis: &Axis, values: impl Iterator<Item = f64>) -> breakeven_plot::Axis {
    breakeven_plot::Axis {
        label: axis.label.clone(),
        scale: match axis.scale {
            Scale::Linear => breakeven_plot::Scale::linear_around(values),
            Scale::Log => breakeven_plot::Scale::log_around(values),
        },
        ticks: Ticks::Round,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::chart::Line;

    #[test]
    fn every_line_is_drawn_over_the_range_of_the_points_that_can_be_placed() {
        let axis = |label: &str, scale| Axis {
            label: label.into(),
            scale,
        };
        let line = |name: &str, points: &[(f64, f64)]| Line {
            name: name.into(),
            points: points.to_vec(),
        };
        let chart = Chart {
            title: "Break-even curvature".into(),
            x: axis("eta", Scale::Linear),
            y: axis("lambda_H", Scale::Log),
            lines: vec![
                line("a < b", &[(0.0, 1.0), (1.0, 100.0), (9.0, -1.0)]),
                line("2/eta", &[(0.5, f64::NAN)]),
            ],
        };
        let svg = draw(&chart);
        assert!(svg.contains("<title id=\"figure-title\">Break-even curvature: lambda_H</title>"));
        assert!(svg.contains("lambda_H against eta: a &lt; b; 2/eta"));
        assert!(svg.contains(">2/eta</text>"));
        // A horizontal axis to 9 would have a tick at 8.
        assert!(
            svg.contains(">0.8</text>") && !svg.contains(">8</text>"),
            "{svg}"
        );
    }
}
