//! Paths as a table.

use super::{Paths, Shade};
use breakeven_plot::csv_text;

impl Paths {
    /// The names of the columns of [`Self::rows`].
    pub fn columns() -> Vec<String> {
        let own = ["run", "step", "epoch", "umap_1", "umap_2", "mark"];
        let shades = Shade::ALL.iter();
        let measured = shades.flat_map(|s| [s.name().to_owned(), format!("{}_step", s.name())]);
        own.map(str::to_owned).into_iter().chain(measured).collect()
    }

    /// What is drawn, a row a point; a cell without a value is empty. `mark` is
    /// `break_even`, `largest_lambda_k`, both with a space between, or empty.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for path in &self.paths {
            let at = |step: Option<u64>| Some(path.point_at(step?)?.step);
            let marks = [
                (at(path.break_even_step), "break_even"),
                (at(path.largest_lambda_k_step), "largest_lambda_k"),
            ];
            for point in &path.points {
                let here = marks.iter().filter(|(step, _)| *step == Some(point.step));
                let mark: Vec<&str> = here.map(|(_, mark)| *mark).collect();
                let mut row = vec![
                    path.label.clone(),
                    point.step.to_string(),
                    point.epoch.to_string(),
                    point.at.0.to_string(),
                    point.at.1.to_string(),
                    mark.join(" "),
                ];
                for measured in &point.values {
                    let cell = |text: fn(&super::Measured) -> String| {
                        measured.as_ref().map_or_else(String::new, text)
                    };
                    row.push(cell(|m| m.value.to_string()));
                    row.push(cell(|m| m.step.to_string()));
                }
                rows.push(row);
            }
        }
        rows
    }

    /// The table as a file: lines that begin with `#` say what it depends on.
    ///
    /// # Errors
    /// None that a table in memory can give.
    pub fn csv(&self) -> Result<String, csv::Error> {
        let table = csv_text(|writer| {
            writer.write_record(Self::columns())?;
            self.rows()
                .into_iter()
                .try_for_each(|row| writer.write_record(row))
        })?;
        Ok(format!(
            "# {}\n# lambda_k_step and so on: the step at which the value was measured\n{table}",
            self.stated()
        ))
    }
}
