//! Runs, records, break-even points and verdicts as tidy tables: one row each, typed columns,
//! nothing where nothing was measured.

mod csv;
mod jsonl;
mod parquet;
mod records;
mod runs;
#[cfg(test)]
mod tests;
mod thresholds;
mod verdicts;

pub use self::csv::write_csv;
pub use self::jsonl::write_jsonl;
pub use self::parquet::write_parquet;
pub use self::records::records;
pub use self::runs::{left_out, runs};
pub use self::thresholds::{parse_thresholds, read_thresholds, thresholds};
pub use self::verdicts::verdicts;

use std::io;

/// A table, row by row.
pub struct Table<'a> {
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, each with a cell a column.
    pub rows: Box<dyn Iterator<Item = Vec<Cell>> + 'a>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What its cells are.
    pub kind: Kind,
}

/// What the cells of a column are, where there is anything in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers from 0: 64 bits.
    Integer,
    /// Finite numbers: IEEE 754 doubles.
    Double,
    /// `true` or `false`.
    Boolean,
    /// UTF-8.
    Text,
    /// Lists of whole numbers.
    Integers,
    /// Lists of doubles.
    Doubles,
}

/// A cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing: not measured, or it does not exist.
    Null,
    /// A whole number.
    Integer(u64),
    /// A finite number.
    Double(f64),
    /// A truth value.
    Boolean(bool),
    /// Text.
    Text(String),
    /// A list of whole numbers.
    Integers(Vec<u64>),
    /// A list of finite numbers; `None` where one of them does not exist.
    Doubles(Vec<Option<f64>>),
}

/// A table could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file refused.
    #[error("cannot write the table: {0}")]
    Io(#[from] io::Error),
    /// The CSV writer did.
    #[error("cannot write the table: {0}")]
    Csv(#[from] ::csv::Error),
    /// The Parquet writer did.
    #[error("cannot write the table: {0}")]
    Parquet(#[from] ::parquet::errors::ParquetError),
    /// Something has no JSON form.
    #[error("cannot write the table: {0}")]
    Json(#[from] serde_json::Error),
    /// A number for which the format has no room.
    #[error(
        "column {column}: {value} is above {}, the largest whole number of Parquet's INT64; use \
         --format csv or jsonl",
        i64::MAX
    )]
    TooLarge {
        /// Whose.
        column: String,
        /// The number.
        value: u64,
    },
}

impl Column {
    fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self {
            name: name.into(),
            kind,
        }
    }
}

impl Cell {
    /// A number, or nothing where it is not finite: NaN is never written.
    fn double(value: f64) -> Self {
        match value.is_finite() {
            true => Self::Double(value),
            false => Self::Null,
        }
    }

    /// As JSON.
    fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Integer(value) => (*value).into(),
            Self::Double(value) => (*value).into(),
            Self::Boolean(value) => (*value).into(),
            Self::Text(value) => value.as_str().into(),
            Self::Integers(values) => values.clone().into(),
            Self::Doubles(values) => values.clone().into(),
        }
    }
}

/// What a value is in a table.
trait ToCell {
    fn cell(&self) -> Cell;
}

impl ToCell for u64 {
    fn cell(&self) -> Cell {
        Cell::Integer(*self)
    }
}

impl ToCell for usize {
    fn cell(&self) -> Cell {
        Cell::Integer(*self as u64)
    }
}

impl ToCell for f64 {
    fn cell(&self) -> Cell {
        Cell::double(*self)
    }
}

impl ToCell for bool {
    fn cell(&self) -> Cell {
        Cell::Boolean(*self)
    }
}

impl ToCell for String {
    fn cell(&self) -> Cell {
        Cell::Text(self.clone())
    }
}

impl ToCell for Vec<f64> {
    fn cell(&self) -> Cell {
        let finite = |value: &f64| value.is_finite().then_some(*value);
        Cell::Doubles(self.iter().map(finite).collect())
    }
}

impl<T: ToCell> ToCell for Option<T> {
    fn cell(&self) -> Cell {
        self.as_ref().map_or(Cell::Null, ToCell::cell)
    }
}
