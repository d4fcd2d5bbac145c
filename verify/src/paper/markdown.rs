//! A figure's page as Markdown.

use super::drawing::Panel;
use super::page::{FigurePage, ours_in_words};
use breakeven_plot::number::exact;

pub(super) fn markdown(figure: &FigurePage<'_>) -> String {
    let (spec, context) = (figure.figure, figure.context);
    let mut page = format!(
        "# {}\n\nJastrzebski et al., ICLR 2020, {}, at scale {}: {}.\n\n",
        figure.heading(),
        spec.place,
        context.scale,
        context.scale_in_words
    );
    if let Some(note) = &spec.note {
        page += &format!("{note}\n\n");
    }
    page += &panels(&figure.panels, spec.columns);
    page += &said(&figure.panels);
    page += &compared(figure);
    page += "## How to read it\n\n";
    for line in figure.legend() {
        page += &format!("- {line}\n");
    }
    for line in &figure.aids {
        page += &format!("- {line}\n");
    }
    page += "\n## The runs\n\n";
    for facts in &figure.facts {
        page += &format!(
            "- **{}**: in the paper {}. Here {}; {}. {}.",
            facts.id, facts.paper, facts.trained, facts.levels, facts.counted
        );
        if let Some(command) = &facts.command {
            page += &format!(" Trained by `{command}`.");
        }
        page += "\n";
        for run in &facts.left_out {
            page += &format!("  - {run}\n");
        }
    }
    page + &format!(
        "\n## Made by\n\n`{}`, breakeven {}.\n",
        context.command, context.version
    )
}

/// The pictures in a table of as many columns as the paper has.
fn panels(panels: &[Panel], columns: usize) -> String {
    let cell = |panel: &Panel| match &panel.drawing {
        Ok(_) => format!("![{}]({}.png)", in_cell(&panel.title), panel.stem),
        Err(why) => format!("{} is absent: {}", in_cell(&panel.title), in_cell(why)),
    };
    let mut table = format!(
        "|{}\n|{}\n",
        "  |".repeat(columns),
        " --- |".repeat(columns)
    );
    for row in panels.chunks(columns) {
        let mut cells: Vec<String> = row.iter().map(cell).collect();
        cells.resize(columns, String::new());
        table += &format!("| {} |\n", cells.join(" | "));
    }
    table + "\n"
}

fn said(panels: &[Panel]) -> String {
    let of_panel = |panel: &Panel| -> String {
        let said = panel.drawing.iter().flat_map(|drawing| &drawing.said);
        said.map(|line| format!("- {}: {line}\n", panel.title))
            .collect()
    };
    let lines: String = panels.iter().map(of_panel).collect();
    if lines.is_empty() {
        lines
    } else {
        lines + "\n"
    }
}

fn compared(figure: &FigurePage<'_>) -> String {
    let mut part = "## Printed in the paper\n\n".to_owned();
    if figure.compared.is_empty() {
        return part + "The text prints no measured value of this figure.\n\n";
    }
    part += "| network | quantity | level | paper | place | ours: mean ± sd over runs | ours/paper |\n\
             | --- | --- | --- | ---: | --- | --- | ---: |\n";
    for row in &figure.compared {
        let [ours, ratio] = ours_in_words(row);
        let note = row
            .note
            .as_ref()
            .map_or(String::new(), |note| format!(". {note}"));
        part += &format!(
            "| {} | {} | {} | {} | {}{note} | {} | {ratio} |\n",
            row.network,
            in_cell(&row.quantity),
            row.level,
            exact(row.paper),
            row.place,
            in_cell(&ours)
        );
    }
    part + "\n"
}

/// Text that does not end a cell.
fn in_cell(text: &str) -> String {
    text.replace('|', "\\|")
}
