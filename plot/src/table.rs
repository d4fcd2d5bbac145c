//! What a figure shows, as a table.

use super::{Across, Curve, Figure, Weight, thin};
use crate::csv_text::csv_text;

const COLUMNS: [&str; 5] = ["kind", "label", "line", "x", "y"];

/// A row a point, mark, guide line, or cell of a ground. `kind` is the weight of a
/// curve, `mark`, `guide` or `cell`; `label` is the curve's entry in the legend or,
/// where it has none, that of the curves that look like it; `line` tells curves apart.
/// A figure with a ground has a `value` beside the middle of each cell. What the
/// drawing leaves out of crowded lines is left out here.
///
/// # Errors
/// None that a table in memory can give.
pub fn csv(figure: &Figure) -> Result<String, csv::Error> {
    csv_text(|table| write(figure, table))
}

fn write(figure: &Figure, table: &mut csv::Writer<Vec<u8>>) -> Result<(), csv::Error> {
    let mut row = |fields: [&str; 5], value: &str| {
        let value = figure.ground.as_ref().map(|_| value);
        table.write_record(fields.into_iter().chain(value))
    };
    row(COLUMNS, "value")?;
    let bucket = thin::bucket(figure);
    for (line, curve) in figure.curves.iter().enumerate() {
        let (label, line) = (label(figure, curve), line.to_string());
        let points = curve.points.iter();
        let points = points.map(|&(x, y)| (x.is_finite() && y.is_finite()).then_some((x, y)));
        let mut points: Vec<Option<(f64, f64)>> = points.collect();
        if let (Some(bucket), Weight::Thin) = (bucket, curve.weight) {
            points = thin::thinned(&points, bucket);
        }
        let kind = kind(curve.weight);
        for (x, y) in points.into_iter().flatten() {
            row([kind, label, &line, &x.to_string(), &y.to_string()], "")?;
        }
        for mark in &curve.marks {
            let (x, y) = mark.at;
            row(["mark", label, &line, &x.to_string(), &y.to_string()], "")?;
        }
    }
    for guide in &figure.guides {
        let label = guide.label.as_deref().unwrap_or_default();
        let [x, y] = match guide.at {
            Across::X(x) => [x.to_string(), String::new()],
            Across::Y(y) => [String::new(), y.to_string()],
        };
        row(["guide", label, "", &x, &y], "")?;
    }
    for cell in figure.ground.iter().flat_map(|ground| &ground.cells) {
        let corners = cell.corners.len() as f64;
        let [x, y] = [0, 1].map(|axis| {
            let of = |&(x, y): &(f64, f64)| [x, y][axis];
            (cell.corners.iter().map(of).sum::<f64>() / corners).to_string()
        });
        let value = cell.value.map_or(String::new(), |value| value.to_string());
        row(["cell", "", "", &x, &y], &value)?;
    }
    Ok(())
}

fn label<'a>(figure: &'a Figure, curve: &'a Curve) -> &'a str {
    let alike = figure
        .curves
        .iter()
        .filter(|other| other.look == curve.look);
    let own = curve.label.as_deref();
    let found = own.or_else(|| alike.filter_map(|other| other.label.as_deref()).next());
    found.unwrap_or_default()
}

fn kind(weight: Weight) -> &'static str {
    match weight {
        Weight::Thin => "thin",
        Weight::Fine => "fine",
        Weight::Bold | Weight::Marked => "bold",
        Weight::Points => "points",
        Weight::Path => "path",
        Weight::Area => "area",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Axis, Cell, Ground, Guide, Mark, Scale, Shape, Size, Ticks};

    #[test]
    fn every_point_mark_and_guide_is_a_row() {
        let axis = Axis {
            label: String::new(),
            scale: Scale::linear_around([0.0, 1.0]),
            ticks: Ticks::Round,
        };
        let curve = |label: Option<&str>, weight, points: &[(f64, f64)]| Curve {
            label: label.map(str::to_owned),
            points: points.to_vec(),
            look: 3,
            weight,
            marks: Vec::new(),
        };
        let mut seed = curve(None, Weight::Thin, &[(0.0, 0.1 + 0.2), (1.0, f64::NAN)]);
        seed.marks.push(Mark {
            at: (0.5, 2.0),
            shape: Shape::Cross,
        });
        let figure = Figure {
            id: "f".to_owned(),
            title: String::new(),
            description: String::new(),
            x: axis.clone(),
            y: axis,
            curves: vec![
                seed,
                curve(Some("η = 1, \"S\""), Weight::Bold, &[(0.0, 1e-9)]),
            ],
            guides: vec![Guide {
                at: Across::Y(1.0),
                look: None,
                label: Some("stable up to 1".to_owned()),
            }],
            ground: None,
            size: Size::Wide,
        };
        assert_eq!(
            csv(&figure).unwrap(),
            "kind,label,line,x,y\n\
             thin,\"η = 1, \"\"S\"\"\",0,0,0.30000000000000004\n\
             mark,\"η = 1, \"\"S\"\"\",0,0.5,2\n\
             bold,\"η = 1, \"\"S\"\"\",1,0,0.000000001\n\
             guide,stable up to 1,,,1\n"
        );
        let cell = |value| Cell {
            corners: vec![(0.0, 0.0), (1.0, 0.0), (1.0, 3.0), (0.0, 3.0)],
            value,
        };
        let ground = Ground {
            label: String::new(),
            scale: figure.y.scale,
            cells: vec![cell(Some(0.25)), cell(None)],
        };
        let on_ground = Figure {
            ground: Some(ground),
            curves: Vec::new(),
            ..figure
        };
        assert_eq!(
            csv(&on_ground).unwrap(),
            "kind,label,line,x,y,value\n\
             guide,stable up to 1,,,1,\n\
             cell,,,0.5,1.5,0.25\n\
             cell,,,0.5,1.5,\n"
        );
    }
}
