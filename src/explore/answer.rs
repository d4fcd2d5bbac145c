//! What an answer holds, and its figures as files.

use breakeven_verify::plot::{Figure, LOOKS, Placed, Weight};
use serde_json::{Map, Value, json};

use super::refusal::Refusal;

/// Numbers under their names, and figures.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub fields: Map<String, Value>,
    pub figures: Vec<Figure>,
}

impl Answer {
    /// Numbers alone.
    pub fn of(fields: impl serde::Serialize) -> Result<Self, Refusal> {
        match serde_json::to_value(fields).map_err(Refusal::internal)? {
            Value::Object(fields) => Ok(Self {
                fields,
                figures: Vec::new(),
            }),
            _ => Err(Refusal::internal("an answer has to have names")),
        }
    }

    /// With these figures.
    pub fn with(self, figures: Vec<Figure>) -> Self {
        Self { figures, ..self }
    }

    /// As JSON; figures as SVG within it.
    pub fn json(self) -> String {
        let mut fields = self.fields;
        if !self.figures.is_empty() {
            let drawn = |figure: &Figure| json!({"id": figure.id, "svg": figure.svg()});
            fields.insert("figures".into(), self.figures.iter().map(drawn).collect());
        }
        Value::Object(fields).to_string()
    }

    /// One figure by its identifier.
    pub fn figure(&self, id: &str) -> Result<&Figure, Refusal> {
        let found = self.figures.iter().find(|figure| figure.id == id);
        found.ok_or_else(Refusal::not_found)
    }
}

/// The points of a figure's curves, one a line, with full precision. A
/// coordinate that is not finite is left empty.
pub fn csv(figure: &Figure) -> Result<Vec<u8>, Refusal> {
    let written = |figure: &Figure| -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["curve", &figure.x.label, &figure.y.label])?;
        for curve in &figure.curves {
            let name = curve.label.as_deref().unwrap_or_default();
            for &(x, y) in &curve.points {
                writer.write_record([name, &number(x), &number(y)])?;
            }
        }
        writer
            .into_inner()
            .map_err(|error| error.into_error().into())
    };
    written(figure).map_err(Refusal::internal)
}

/// The points of a figure's lines as numbers, each with its place in the
/// drawing: `[left, top, x, y]`.
pub fn points(figure: &Figure) -> String {
    let tenths = |place: f64| (10.0 * place).round() / 10.0;
    let point = |it: &Placed| {
        let ((left, top), (x, y)) = (it.place, it.value);
        [tenths(left), tenths(top), x, y]
    };
    let lines = figure.curves.iter().zip(figure.places());
    let lines = lines.filter(|(curve, places)| curve.weight != Weight::Area && !places.is_empty());
    let lines = lines.map(|(curve, places)| {
        let points: Vec<[f64; 4]> = places.iter().map(point).collect();
        json!({"name": curve.label, "look": curve.look % LOOKS, "points": points})
    });
    let lines: Vec<Value> = lines.collect();
    json!({"x": figure.x.label, "y": figure.y.label, "lines": lines}).to_string()
}

fn number(value: f64) -> String {
    if value.is_finite() {
        value.to_string()
    } else {
        String::new()
    }
}
