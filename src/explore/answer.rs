//! What an answer holds, and its figures as files.

use breakeven_plot::Figure;
use serde_json::{Map, Value};

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

    /// As JSON, with what there is to draw under `figures`.
    pub fn json(self) -> Result<String, Refusal> {
        let mut fields = self.fields;
        if !self.figures.is_empty() {
            let figures = serde_json::to_value(self.figures).map_err(Refusal::internal)?;
            fields.insert("figures".into(), figures);
        }
        Ok(Value::Object(fields).to_string())
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

fn number(value: f64) -> String {
    if value.is_finite() {
        value.to_string()
    } else {
        String::new()
    }
}
