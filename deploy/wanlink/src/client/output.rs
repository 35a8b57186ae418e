//! What commands print: data on standard output, as tables for people or JSON for programs.
//!
//! A reader that went away (`| head`) is no failure. Deliberately absent: talk, which goes to standard error.

use crate::exit::Failure;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;
use std::io::{self, Write as _};
use std::ops::ControlFlow;

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

/// Prints one object: a line per field, those of the columns first; or whole.
pub fn object(format: Format, first: &[Column], object: &Value) -> Result<(), Failure> {
    match format {
        Format::Json => json(object),
        Format::Table => text(&fields(first, object)),
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
    write(text).map(drop)
}

/// `Break`: nobody reads any more.
fn write(text: &str) -> Result<ControlFlow<()>, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(ControlFlow::Continue(())),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        Err(error) => Err(Failure::failed(format!("standard output: {error}"))),
    }
}

/// A list that is printed while it is read: JSON page by page, a table at its end, for its widths are known then.
#[derive(Debug)]
pub struct Rows {
    format: Format,
    columns: &'static [Column],
    kept: Vec<Value>,
    any: bool,
}

impl Rows {
    pub fn new(format: Format, columns: &'static [Column]) -> Self {
        Self { format, columns, kept: Vec::new(), any: false }
    }

    /// Takes further rows. `Break`: nobody reads any more.
    pub fn add(&mut self, rows: Vec<Value>) -> Result<ControlFlow<()>, Failure> {
        match self.format {
            Format::Json => write(&self.items(&rows)),
            Format::Table => {
                self.kept.extend(rows);
                Ok(ControlFlow::Continue(()))
            }
        }
    }

    pub fn end(self) -> Result<(), Failure> {
        match self.format {
            Format::Json => text(if self.any { "\n]\n" } else { "[]\n" }),
            Format::Table => text(&table(self.columns, &self.kept)),
        }
    }

    /// Further items of the array, indented as in [`json`].
    fn items(&mut self, rows: &[Value]) -> String {
        let mut items = String::new();
        for row in rows {
            items.push_str(if std::mem::replace(&mut self.any, true) { ",\n  " } else { "[\n  " });
            items.push_str(&serde_json::to_string_pretty(row).unwrap_or_default().replace('\n', "\n  "));
        }
        items
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

fn fields(first: &[Column], object: &Value) -> String {
    let Some(map) = object.as_object() else { return format!("{}\n", cell(object)) };
    let named: Vec<&str> = first.iter().filter_map(|(_, pointer)| pointer.strip_prefix('/')).collect();
    let rest = map.keys().map(String::as_str).filter(|key| !named.contains(key));
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    for key in named.iter().copied().chain(rest) {
        let lines = match map.get(key) {
            None => continue,
            Some(Value::Array(items)) if items.iter().any(Value::is_object) => {
                items.iter().map(cell).collect::<Vec<_>>().join("\n")
            }
            Some(value) => cell(value),
        };
        table.add_row([key.to_owned(), lines]);
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
        Value::String(text) => visible(text),
        Value::Object(map) if map.contains_key("code") && map.contains_key("detail") => {
            format!("{}: {}", cell(&map["code"]), cell(&map["detail"]))
        }
        other => other.to_string(),
    }
}

/// What a controller said may hold anything; a terminal would obey what it escapes, and a line break ends a row.
pub fn visible(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            letter if letter.is_control() => seen.extend(letter.escape_default()),
            letter => seen.push(letter),
        }
    }
    seen
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
        let found = fields(&[], &json!({"name": "n", "ends": [{"a": 1}, {"b": 2}], "tags": ["x"]}));
        for line in ["name  n", "ends  {\"a\":1}", "tags  [\"x\"]"] {
            assert!(found.lines().any(|found| found.trim_end() == line), "{found}");
        }
    }

    #[test]
    fn what_a_list_shows_of_an_object_comes_first() {
        let columns = [("NAME", "/name"), ("ID", "/id"), ("GONE", "/gone")];
        let found = fields(&columns, &json!({"a": 1, "id": "i", "name": "n"}));
        let keys: Vec<&str> = found.lines().filter_map(|line| line.split_whitespace().next()).collect();
        assert_eq!(keys, ["name", "id", "a"]);
    }

    #[test]
    fn pages_together_are_the_array_that_one_page_would_be() {
        let pages = [vec![json!({"a": [1]}), json!({"a": 2})], Vec::new(), vec![json!("x")]];
        let mut rows = Rows::new(Format::Json, &[]);
        let printed: String = pages.iter().map(|page| rows.items(page)).collect();
        let whole = Value::from(pages.concat());
        assert_eq!(format!("{printed}\n]"), serde_json::to_string_pretty(&whole).unwrap_or_default());
    }

    #[test]
    fn nothing_that_a_terminal_would_obey_is_printed() {
        let found = table(&[("WHY", "/why")], &[json!({"why": "a\u{1b}[2Jb\nc\u{9b}é"})]);
        assert_eq!(found, "WHY\na\\u{1b}[2Jb\\nc\\u{9b}é\n");
    }
}
