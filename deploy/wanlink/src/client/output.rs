//! What commands print: data on standard output, as tables for people or JSON for programs.
//!
//! A reader that went away (`| head`) is no failure. Deliberately absent: talk, which goes to standard error.

use crate::exit::Failure;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;
use std::io::{self, Write as _};

/// The shape of answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Columns for people; long lists of columns are cut to what matters most
    #[default]
    Table,
    /// Everything that the api answered; lists as one array
    Json,
}

/// A column: its heading and the JSON pointer of its value.
pub type Column = (&'static str, &'static str);

/// Prints rows as a table of these columns, or whole.
pub fn rows(format: Format, columns: &[Column], rows: &[Value]) -> Result<(), Failure> {
    match format {
        Format::Json => json(&Value::from(rows)),
        Format::Table => text(&table(columns, rows)),
    }
}

/// Prints one object: a line per field, or whole.
pub fn object(format: Format, object: &Value) -> Result<(), Failure> {
    match format {
        Format::Json => json(object),
        Format::Table => text(&fields(object)),
    }
}

/// Prints a value as indented JSON.
pub fn json(value: &Value) -> Result<(), Failure> {
    line(&serde_json::to_string_pretty(value).unwrap_or_default())
}

pub fn line(line: &str) -> Result<(), Failure> {
    text(&format!("{line}\n"))
}

pub fn text(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("standard output: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn table(columns: &[Column], rows: &[Value]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(columns.iter().map(|(heading, _)| *heading));
    for row in rows {
        table.add_row(columns.iter().map(|(_, pointer)| cell(row.pointer(pointer).unwrap_or(&Value::Null))));
    }
    trimmed(&table)
}

fn fields(object: &Value) -> String {
    let Some(map) = object.as_object() else { return format!("{}\n", cell(object)) };
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    for (key, value) in map {
        let lines = match value {
            Value::Array(items) if items.iter().any(Value::is_object) => {
                items.iter().map(cell).collect::<Vec<_>>().join("\n")
            }
            value => cell(value),
        };
        table.add_row([key.clone(), lines]);
    }
    trimmed(&table)
}

/// Without the spaces that fill the last column, and without the first one before every line.
fn trimmed(table: &Table) -> String {
    table
        .to_string()
        .lines()
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line).trim_end()))
        .collect()
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(map) if map.contains_key("code") && map.contains_key("detail") => {
            format!("{}: {}", cell(&map["code"]), cell(&map["detail"]))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_become_columns_and_what_is_absent_a_dash() {
        let found = table(
            &[("ID", "/id"), ("WHY", "/status_reason")],
            &[json!({"id": "a", "status_reason": {"code": "x-y", "detail": "because"}}), json!({"id": "bb"})],
        );
        assert_eq!(found, "ID  WHY\na   x-y: because\nbb  -\n");
    }

    #[test]
    fn an_object_is_a_line_per_field_and_a_list_of_objects_a_line_each() {
        let found = fields(&json!({"name": "n", "ends": [{"a": 1}, {"b": 2}], "tags": ["x"]}));
        for line in ["name  n", "ends  {\"a\":1}", "tags  [\"x\"]"] {
            assert!(found.lines().any(|found| found.trim_end() == line), "{found}");
        }
    }
}
