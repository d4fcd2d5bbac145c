//! JSON lines: an object a row with all columns in order, `null` for nothing.

use std::io::{BufWriter, Write};

use super::{ExportError, Table};

/// Writes a table as JSON lines.
///
/// # Errors
/// A writer that refuses.
pub fn write_jsonl(table: Table<'_>, to: impl Write) -> Result<(), ExportError> {
    let mut to = BufWriter::new(to);
    let names: Vec<String> = table
        .columns
        .iter()
        .map(|column| serde_json::to_string(&column.name))
        .collect::<Result<_, _>>()?;
    for row in table.rows {
        for (index, (name, cell)) in names.iter().zip(&row).enumerate() {
            let before = if index == 0 { "{" } else { "," };
            write!(to, "{before}{name}:{}", cell.to_json())?;
        }
        to.write_all(b"}\n")?;
    }
    to.flush()?;
    Ok(())
}
