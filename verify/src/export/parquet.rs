//! Apache Parquet: INT64, DOUBLE, BOOLEAN and UTF-8 columns, all optional; lists
//! in the three levels that the format prescribes. Uncompressed, and the same
//! bytes for the same table.

use std::io::Write;
use std::sync::Arc;

use ::parquet::basic::{LogicalType, Repetition, Type as Physical};
use ::parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::{
    SerializedColumnWriter, SerializedFileWriter, SerializedRowGroupWriter,
};
use ::parquet::schema::types::{PrimitiveTypeBuilder, Type, TypePtr};

use super::{Cell, Column, ExportError, Kind, Table};

/// Rows that are held in memory and written together.
const ROWS_IN_A_GROUP: usize = 16_384;

/// Writes a table as a Parquet file.
///
/// ```
/// use breakeven_verify::export::{Cell, Column, Kind, Table, write_csv, write_parquet};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let table = || Table {
///     columns: vec![Column { name: "lambda_h".to_owned(), kind: Kind::Double }],
///     rows: Box::new([vec![Cell::Double(20.5)], vec![Cell::Null]].into_iter()),
/// };
/// let mut file = Vec::new();
/// write_parquet(table(), &mut file)?;
/// // The format's own mark.
/// assert!(file.starts_with(b"PAR1") && file.ends_with(b"PAR1"));
/// let mut text = Vec::new();
/// write_csv(table(), &mut text)?;
/// assert_eq!(text, b"lambda_h\n20.5\n\"\"\n");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A writer that refuses, and whole numbers beyond 2⁶³ − 1.
pub fn write_parquet(table: Table<'_>, to: impl Write + Send) -> Result<(), ExportError> {
    let fields = table.columns.iter().map(field).collect::<Result<_, _>>()?;
    let schema = Type::group_type_builder("breakeven").with_fields(fields);
    let created_by = concat!("breakeven ", env!("CARGO_PKG_VERSION"));
    let properties = WriterProperties::builder().set_created_by(created_by.to_owned());
    let mut file =
        SerializedFileWriter::new(to, Arc::new(schema.build()?), Arc::new(properties.build()))?;
    let mut rows = table.rows.peekable();
    while rows.peek().is_some() {
        let group: Vec<Vec<Cell>> = rows.by_ref().take(ROWS_IN_A_GROUP).collect();
        let mut writer = file.next_row_group()?;
        for (index, column) in table.columns.iter().enumerate() {
            let cells = group.iter().map(|row| &row[index]);
            write_column(&mut writer, column, cells)?;
        }
        writer.close()?;
    }
    file.close()?;
    Ok(())
}

/// Something that need not be there.
fn optional(name: &str, physical: Physical) -> PrimitiveTypeBuilder<'_> {
    Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL)
}

/// A column in the schema.
fn field(column: &Column) -> Result<TypePtr, ParquetError> {
    let name = column.name.as_str();
    let built = match column.kind {
        Kind::Integer => optional(name, Physical::INT64).build()?,
        Kind::Double => optional(name, Physical::DOUBLE).build()?,
        Kind::Boolean => optional(name, Physical::BOOLEAN).build()?,
        Kind::Text => optional(name, Physical::BYTE_ARRAY)
            .with_logical_type(Some(LogicalType::String))
            .build()?,
        Kind::Integers | Kind::Doubles => {
            let physical = match column.kind {
                Kind::Integers => Physical::INT64,
                _ => Physical::DOUBLE,
            };
            let element = optional("element", physical).build()?;
            let list = Type::group_type_builder("list")
                .with_repetition(Repetition::REPEATED)
                .with_fields(vec![Arc::new(element)])
                .build()?;
            Type::group_type_builder(name)
                .with_repetition(Repetition::OPTIONAL)
                .with_logical_type(Some(LogicalType::List))
                .with_fields(vec![Arc::new(list)])
                .build()?
        }
    };
    Ok(Arc::new(built))
}

fn write_column<'a, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    column: &Column,
    cells: impl Iterator<Item = &'a Cell>,
) -> Result<(), ExportError> {
    let Some(writer) = group.next_column()? else {
        return Err(ParquetError::General(format!("no room for {}", column.name)).into());
    };
    match column.kind {
        Kind::Integer => {
            let whole = |cell: &Cell| match cell {
                Cell::Integer(value) => signed(column, *value).map(Some),
                _ => Ok(None),
            };
            let values: Vec<Option<i64>> = cells.map(whole).collect::<Result<_, _>>()?;
            write_flat::<Int64Type>(writer, values)
        }
        Kind::Integers => {
            let whole = |cell: &Cell| match cell {
                Cell::Integers(list) => {
                    let list = list.iter().map(|value| signed(column, *value).map(Some));
                    list.collect::<Result<Vec<_>, _>>().map(Some)
                }
                _ => Ok(None),
            };
            let lists = cells.map(whole).collect::<Result<Vec<_>, _>>()?;
            write_lists::<Int64Type>(writer, lists)
        }
        Kind::Double => write_flat::<DoubleType>(
            writer,
            cells.map(|cell| match cell {
                Cell::Double(value) => Some(*value),
                // JSON has whole numbers among others.
                Cell::Integer(value) => Some(*value as f64),
                _ => None,
            }),
        ),
        Kind::Boolean => write_flat::<BoolType>(
            writer,
            cells.map(|cell| match cell {
                Cell::Boolean(value) => Some(*value),
                _ => None,
            }),
        ),
        Kind::Text => write_flat::<ByteArrayType>(
            writer,
            cells.map(|cell| match cell {
                Cell::Text(text) => Some(ByteArray::from(text.as_str())),
                _ => None,
            }),
        ),
        Kind::Doubles => write_lists::<DoubleType>(
            writer,
            cells.map(|cell| match cell {
                Cell::Doubles(list) => Some(list.clone()),
                _ => None,
            }),
        ),
    }
}

/// Definition levels: 0 for nothing, 1 for a value.
fn write_flat<T: DataType>(
    mut writer: SerializedColumnWriter<'_>,
    cells: impl IntoIterator<Item = Option<T::T>>,
) -> Result<(), ExportError> {
    let (mut values, mut defined) = (Vec::new(), Vec::new());
    for cell in cells {
        defined.push(i16::from(cell.is_some()));
        values.extend(cell);
    }
    let typed = writer.typed::<T>();
    typed.write_batch(&values, Some(&defined), None)?;
    writer.close()?;
    Ok(())
}

/// Definition levels: 0 for nothing, 1 for an empty list, 2 for an element that
/// does not exist, 3 for a value. Repetition levels: 0 begins a list.
fn write_lists<T: DataType>(
    mut writer: SerializedColumnWriter<'_>,
    lists: impl IntoIterator<Item = Option<Vec<Option<T::T>>>>,
) -> Result<(), ExportError> {
    let (mut values, mut defined, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
    for list in lists {
        let is_there = list.is_some();
        let elements = list.unwrap_or_default();
        if elements.is_empty() {
            defined.push(i16::from(is_there));
            repeated.push(0);
        }
        for (index, element) in elements.into_iter().enumerate() {
            defined.push(if element.is_some() { 3 } else { 2 });
            repeated.push(i16::from(index > 0));
            values.extend(element);
        }
    }
    let typed = writer.typed::<T>();
    typed.write_batch(&values, Some(&defined), Some(&repeated))?;
    writer.close()?;
    Ok(())
}

/// A whole number as INT64 has it.
fn signed(column: &Column, value: u64) -> Result<i64, ExportError> {
    i64::try_from(value).map_err(|_| ExportError::TooLarge {
        column: column.name.clone(),
        value,
    })
}
