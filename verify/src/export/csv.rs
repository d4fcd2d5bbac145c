//! Comma-separated values: RFC 4180 with a line of names. Nothing is an empty
//! cell, a list is JSON.

use std::io::Write;

use super::{Cell, ExportError, Table};

/// Writes a table as CSV.
///
/// # Errors
/// A writer that refuses.
pub fn write_csv(table: Table<'_>, to: impl Write) -> Result<(), ExportError> {
    let mut writer = ::csv::Writer::from_writer(to);
    writer.write_record(table.columns.iter().map(|column| &column.name))?;
    for row in table.rows {
        writer.write_record(row.iter().map(text))?;
    }
    writer.flush()?;
    Ok(())
}

/// Numbers as JSON has them: the fewest digits that lead back to them.
fn text(cell: &Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Text(text) => text.clone(),
        other => other.to_json().to_string(),
    }
}
