//! One row a hypothesis, with the fields that it has in `verdicts.json`.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::{Cell, Column, ExportError, Kind, Table};
use crate::verdicts::Verdicts;

/// The hypotheses. Objects are parted into columns `field_member`; lists of
/// numbers are lists, and what else has a structure is JSON text.
///
/// # Errors
/// None that hypotheses can give.
pub fn verdicts(verdicts: &Verdicts) -> Result<Table<'static>, ExportError> {
    let mut rows: Vec<Vec<(String, Value)>> = Vec::new();
    for hypothesis in &verdicts.hypotheses {
        let Fields(fields) = serde_json::from_str(&serde_json::to_string(hypothesis)?)?;
        rows.push(fields.into_iter().flat_map(parted).collect());
    }
    let columns = columns(&rows);
    let own = columns.clone();
    let cells = move |row: Vec<(String, Value)>| {
        let cell = |column: &Column| {
            let found = row.iter().find(|(name, _)| *name == column.name);
            found.map_or(Cell::Null, |(_, value)| cell(value, column.kind))
        };
        own.iter().map(cell).collect()
    };
    Ok(Table {
        columns,
        rows: Box::new(rows.into_iter().map(cells)),
    })
}

/// The members of an object in their order, which `serde_json`'s own map lacks.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// A field, or the members of one that is an object.
fn parted((name, value): (String, Value)) -> Vec<(String, Value)> {
    match value {
        Value::Object(members) => members
            .into_iter()
            .map(|(member, value)| (format!("{name}_{member}"), value))
            .collect(),
        value => vec![(name, value)],
    }
}

/// All columns that any row has, each after the one that it follows there.
fn columns(rows: &[Vec<(String, Value)>]) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for row in rows {
        let mut after = 0;
        for (name, _) in row {
            match columns.iter().position(|column| column.name == *name) {
                Some(index) => after = index + 1,
                None => {
                    let values = || rows.iter().flatten().filter(|(other, _)| other == name);
                    let kind = kind(values().map(|(_, value)| value));
                    columns.insert(after, Column::new(name, kind));
                    after += 1;
                }
            }
        }
    }
    columns
}

/// What all of these values are, where there is anything in them. Of nothing at
/// all a column of numbers, of empty lists alone one of lists.
fn kind<'a>(values: impl Iterator<Item = &'a Value>) -> Kind {
    let one = |value: &Value| match value {
        Value::Null => None,
        Value::Bool(_) => Some(Kind::Boolean),
        Value::Number(number) if number.is_u64() => Some(Kind::Integer),
        Value::Number(_) => Some(Kind::Double),
        Value::Array(list) if !list.is_empty() && list.iter().all(Value::is_u64) => {
            Some(Kind::Integers)
        }
        Value::Array(list) if list.is_empty() => None,
        Value::Array(list) if list.iter().all(|v| v.is_number() || v.is_null()) => {
            Some(Kind::Doubles)
        }
        _ => Some(Kind::Text),
    };
    let both = |a: Kind, b: Kind| match (a, b) {
        (a, b) if a == b => a,
        (Kind::Integer, Kind::Double) | (Kind::Double, Kind::Integer) => Kind::Double,
        (Kind::Integers, Kind::Doubles) | (Kind::Doubles, Kind::Integers) => Kind::Doubles,
        _ => Kind::Text,
    };
    let mut has_lists = false;
    let values = values.inspect(|value| has_lists |= value.is_array());
    let found = values.filter_map(one).reduce(both);
    found.unwrap_or(match has_lists {
        true => Kind::Doubles,
        false => Kind::Double,
    })
}

fn cell(value: &Value, kind: Kind) -> Cell {
    match (value, kind) {
        (Value::Null, _) => Cell::Null,
        (Value::String(text), _) => Cell::Text(text.clone()),
        (other, Kind::Text) => Cell::Text(other.to_string()),
        (Value::Bool(value), _) => Cell::Boolean(*value),
        (Value::Number(number), Kind::Integer) => number.as_u64().map_or(Cell::Null, Cell::Integer),
        (Value::Number(number), _) => number.as_f64().map_or(Cell::Null, Cell::double),
        (Value::Array(list), Kind::Integers) => {
            Cell::Integers(list.iter().filter_map(Value::as_u64).collect())
        }
        (Value::Array(list), _) => Cell::Doubles(list.iter().map(Value::as_f64).collect()),
        (Value::Object(_), _) => Cell::Text(value.to_string()),
    }
}
