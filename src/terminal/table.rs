//! Lays out tables.

use super::wrapping::{min_width, wrapped_cell};

/// Between two columns.
const GAP: &str = "  ";

/// The table, of which the first row is the head. If the terminal is too narrow for it, the widest cells become several lines. If that is
/// not enough, each row becomes a block in which each cell begins a line, so that nothing is cut off.
pub(super) fn format<const COLUMNS: usize>(rows: &[[String; COLUMNS]], terminal_width: Option<usize>) -> String {
    let widest = |measure: fn(&str) -> usize| -> [usize; COLUMNS] {
        std::array::from_fn(|column| rows.iter().map(|row| measure(&row[column])).max().unwrap_or(0))
    };
    let widths = widest(|cell| cell.chars().count());
    let available = terminal_width.map(|width| width.saturating_sub(GAP.len() * (COLUMNS - 1)));
    match available.map_or(Some(widths), |available| fit(widths, widest(min_width), available)) {
        Some(widths) => rows.iter().map(|row| format_row(row, &widths)).collect::<Vec<_>>().join("\n"),
        None => format_blocks(rows, terminal_width.unwrap_or(usize::MAX)),
    }
}

/// The widths that fit: the columns that can become narrower do, the widest first. `None` if that is not enough.
fn fit<const COLUMNS: usize>(
    mut widths: [usize; COLUMNS],
    least: [usize; COLUMNS],
    available: usize,
) -> Option<[usize; COLUMNS]> {
    while widths.iter().sum::<usize>() > available {
        let widest =
            (0..COLUMNS).filter(|column| widths[*column] > least[*column]).max_by_key(|column| widths[*column])?;
        widths[widest] -= 1;
    }
    Some(widths)
}

fn format_row<const COLUMNS: usize>(row: &[String; COLUMNS], widths: &[usize; COLUMNS]) -> String {
    let cells: Vec<Vec<String>> = row.iter().zip(widths).map(|(cell, width)| wrapped_cell(cell, *width)).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    let line = |number: usize| {
        let parts = cells.iter().zip(widths).map(|(lines, width)| {
            let part = lines.get(number).map_or("", String::as_str);
            format!("{part:width$}")
        });
        parts.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    };
    (0..height).map(line).collect::<Vec<_>>().join("\n")
}

fn format_blocks<const COLUMNS: usize>(rows: &[[String; COLUMNS]], terminal_width: usize) -> String {
    let [head, rows @ ..] = rows else { return String::new() };
    let label = head.iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
    let (start, width) = (label + GAP.len(), terminal_width.saturating_sub(label + GAP.len()));
    let lines = |(head, cell): (&String, &String)| {
        let cell = wrapped_cell(cell, width).join(&format!("\n{:start$}", ""));
        format!("{head:label$}{GAP}{cell}").trim_end().to_owned()
    };
    let block = |row: &[String; COLUMNS]| head.iter().zip(row).map(lines).collect::<Vec<_>>().join("\n");
    rows.iter().map(block).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> [[String; 3]; 2] {
        [["NAME", "SCOPES", "STATUS"], ["default", "repo:read,user:read", "not asked"]]
            .map(|row| row.map(str::to_owned))
    }

    #[test]
    fn a_table_that_fits_has_one_line_for_each_row() {
        let table = "NAME     SCOPES               STATUS\ndefault  repo:read,user:read  not asked";
        assert_eq!(format(&rows(), None), table);
        assert_eq!(format(&rows(), Some(39)), table);
    }

    #[test]
    fn the_widest_cells_of_a_table_that_does_not_fit_become_several_lines() {
        let table = "NAME     SCOPES      STATUS\ndefault  repo:read,  not asked\n         user:read";
        assert_eq!(
            format(&rows(), Some(38)),
            table.replace("SCOPES      ", "SCOPES              ").replace("repo:read,  ", "repo:read,          ")
        );
        assert_eq!(format(&rows(), Some(30)), table);
    }

    #[test]
    fn a_table_that_cannot_fit_becomes_blocks() {
        assert_eq!(
            format(&rows(), Some(20)),
            "NAME    default\nSCOPES  repo:read,\n        user:read\nSTATUS  not asked"
        );
    }
}
