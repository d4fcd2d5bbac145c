//! Tables of comma-separated values in memory.

/// The text of a table that `fill` writes.
///
/// ```
/// let text = breakeven_plot::csv_text(|table| {
///     table.write_record(["step", "note"])?;
///     table.write_record(["10", "early, first"])
/// })?;
/// assert_eq!(text, "step,note\n10,\"early, first\"\n");
/// # Ok::<(), csv::Error>(())
/// ```
///
/// # Errors
/// As `fill`; a table in memory gives none.
pub fn csv_text(
    fill: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> Result<(), csv::Error>,
) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    fill(&mut writer)?;
    let table = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&table).into_owned())
}
