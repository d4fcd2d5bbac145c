//! Rows of numbers and words, for people and as CSV.

/// One field.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Number(f64),
    Count(u64),
    Text(String),
    /// Not there; empty in CSV, a dash for people.
    Missing,
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<usize> for Cell {
    fn from(value: usize) -> Self {
        Self::Count(value as u64)
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Into::into)
    }
}

/// Named columns and rows of the same length.
#[derive(Clone, Debug, Default)]
pub struct Table {
    pub columns: Vec<&'static str>,
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// With full precision.
    pub fn csv(&self) -> Result<String, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.columns)?;
        for row in &self.rows {
            writer.write_record(row.iter().map(exact))?;
        }
        let bytes = writer.into_inner().map_err(|error| error.into_error())?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Six digits: first what all rows share, then the rows, aligned. Columns
    /// in which nothing is there are left out.
    pub fn text(&self) -> String {
        let filled = |column: &usize| self.rows.iter().any(|row| row[*column] != Cell::Missing);
        let same = |column: &usize| {
            self.rows
                .windows(2)
                .all(|pair| pair[0][*column] == pair[1][*column])
        };
        let kept = (0..self.columns.len()).filter(filled);
        let (shared, own): (Vec<usize>, Vec<usize>) = kept.partition(same);
        [self.list(&shared), self.grid(&own)]
            .join("\n")
            .trim_matches('\n')
            .to_owned()
            + "\n"
    }

    /// One line a column, with the value of the first row.
    fn list(&self, columns: &[usize]) -> String {
        let Some(row) = self.rows.first() else {
            return String::new();
        };
        let wide = columns
            .iter()
            .map(|&column| self.columns[column].len())
            .max()
            .unwrap_or(0);
        let line =
            |&column: &usize| format!("{:wide$}  {}\n", self.columns[column], short(&row[column]));
        columns.iter().map(line).collect()
    }

    /// A heading and one line a row.
    fn grid(&self, columns: &[usize]) -> String {
        if columns.is_empty() {
            return String::new();
        }
        let mut lines: Vec<Vec<String>> = vec![
            columns
                .iter()
                .map(|&column| self.columns[column].to_owned())
                .collect(),
        ];
        for row in &self.rows {
            lines.push(columns.iter().map(|&column| short(&row[column])).collect());
        }
        let width = |i: usize| {
            lines
                .iter()
                .map(|line| line[i].chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns.len()).map(width).collect();
        let mut text = String::new();
        for line in &lines {
            let fields = line
                .iter()
                .zip(&widths)
                .map(|(field, &width)| format!("{field:>width$}"));
            text += fields.collect::<Vec<_>>().join("  ").trim_end();
            text.push('\n');
        }
        text
    }
}

fn exact(cell: &Cell) -> String {
    match cell {
        Cell::Number(value) if (1e-5..1e16).contains(&value.abs()) || *value == 0.0 => {
            value.to_string()
        }
        Cell::Number(value) => format!("{value:e}"),
        Cell::Count(value) => value.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Missing => String::new(),
    }
}

fn short(cell: &Cell) -> String {
    match cell {
        Cell::Number(value) => six_digits(*value),
        Cell::Missing => "—".to_owned(),
        other => exact(other),
    }
}

/// Six significant digits without trailing zeros.
pub fn six_digits(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let rounded: f64 = format!("{value:.5e}").parse().unwrap_or(value);
    if (1e-4..1e7).contains(&rounded.abs()) {
        rounded.to_string()
    } else {
        format!("{rounded:e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits_are_shown() {
        assert_eq!(six_digits(2.0 / 3.0), "0.666667");
        assert_eq!(six_digits(20.0), "20");
        assert_eq!(six_digits(1.23456789e-9), "1.23457e-9");
        assert_eq!(six_digits(f64::NAN), "NaN");
    }

    #[test]
    fn csv_is_exact_and_quoted() {
        let row = vec![
            Cell::from(0.1 + 0.2),
            Cell::Missing,
            Cell::Text("a, b".into()),
        ];
        let table = Table {
            columns: vec!["x", "y", "z"],
            rows: vec![row],
        };
        assert_eq!(
            table.csv().unwrap(),
            "x,y,z\n0.30000000000000004,,\"a, b\"\n"
        );
        assert_eq!(table.text(), "x  0.3\nz  a, b\n");
    }

    #[test]
    fn rows_are_aligned_below_what_they_share() {
        let row = |y: f64| vec![Cell::from(7_usize), Cell::from(y), Cell::Missing];
        let table = Table {
            columns: vec!["n", "value", "none"],
            rows: vec![row(1.0), row(12.5)],
        };
        assert_eq!(table.text(), "n  7\n\nvalue\n    1\n 12.5\n");
    }
}
