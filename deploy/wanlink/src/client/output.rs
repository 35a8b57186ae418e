//! What commands print: data on standard output, as tables for people or JSON and YAML for programs.
//!
//! A reader that went away (`| head`) is no failure. Deliberately absent: talk, which goes to standard error.

use super::names::Names;
use crate::exit::Failure;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;
use std::io::{self, IsTerminal as _, Write as _};
use std::ops::ControlFlow;

/// The shape of answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Columns for people; long lists of columns are cut to what matters most
    #[default]
    Table,
    /// Columns for people, all of them
    Wide,
    /// Everything that the api answered; lists as one array
    Json,
    /// The same as YAML
    Yaml,
    /// The same as JSON, each object on a line of its own
    Jsonl,
}

impl Format {
    pub fn is_table(self) -> bool {
        matches!(self, Self::Table | Self::Wide)
    }
}

/// A column: its heading and the JSON pointer of its value.
pub type Column = (&'static str, &'static str);

/// Prints rows as a table of these columns, or whole.
pub fn rows(format: Format, columns: &[Column], names: &Names, rows: &[Value]) -> Result<(), Failure> {
    match format {
        Format::Table | Format::Wide => text(&coloured(&table(format, columns, names, rows))),
        Format::Jsonl => rows.iter().try_for_each(|row| line(&row.to_string())),
        Format::Json | Format::Yaml => value(format, &Value::from(rows)),
    }
}

/// Prints one object: a line per field, those of the columns first; or whole.
pub fn object(format: Format, first: &[Column], names: &Names, object: &Value) -> Result<(), Failure> {
    match format {
        Format::Table | Format::Wide => text(&coloured(&fields(first, names, object))),
        Format::Jsonl => line(&object.to_string()),
        Format::Json | Format::Yaml => value(format, object),
    }
}

/// Prints a value whole: as YAML where that is wanted, else as indented JSON.
pub fn value(format: Format, value: &Value) -> Result<(), Failure> {
    if format != Format::Yaml {
        return line(&serde_json::to_string_pretty(value).unwrap_or_default());
    }
    let yaml = serde_saphyr::to_string(value);
    text(&yaml.map_err(|error| Failure::failed(format!("cannot be written as YAML: {error}")))?)
}

pub fn line(line: &str) -> Result<(), Failure> {
    text(&format!("{line}\n"))
}

pub fn text(text: &str) -> Result<(), Failure> {
    write(text).map(drop)
}

/// `Break`: nobody reads any more.
pub fn write(text: &str) -> Result<ControlFlow<()>, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(ControlFlow::Continue(())),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        Err(error) => Err(Failure::failed(format!("standard output: {error}"))),
    }
}

/// A list that is printed while it is read: JSON page by page; what needs all of it, such as a table's widths, at the
/// end.
#[derive(Debug)]
pub struct Rows {
    format: Format,
    kept: Vec<Value>,
    any: bool,
}

impl Rows {
    pub fn new(format: Format) -> Self {
        Self { format, kept: Vec::new(), any: false }
    }

    /// Takes further rows. `Break`: nobody reads any more.
    pub fn add(&mut self, rows: Vec<Value>) -> Result<ControlFlow<()>, Failure> {
        match self.format {
            Format::Json => write(&self.items(&rows)),
            Format::Jsonl => write(&rows.iter().map(|row| format!("{row}\n")).collect::<String>()),
            Format::Table | Format::Wide | Format::Yaml => {
                self.kept.extend(rows);
                Ok(ControlFlow::Continue(()))
            }
        }
    }

    /// What was kept for the end.
    pub fn kept(&self) -> &[Value] {
        &self.kept
    }

    pub fn end(self, columns: &[Column], names: &Names) -> Result<(), Failure> {
        match self.format {
            Format::Json => text(if self.any { "\n]\n" } else { "[]\n" }),
            Format::Jsonl => Ok(()),
            Format::Table | Format::Wide | Format::Yaml => rows(self.format, columns, names, &self.kept),
        }
    }

    /// Further items of the array, indented as in [`value`].
    fn items(&mut self, rows: &[Value]) -> String {
        let mut items = String::new();
        for row in rows {
            items.push_str(if std::mem::replace(&mut self.any, true) { ",\n  " } else { "[\n  " });
            items.push_str(&serde_json::to_string_pretty(row).unwrap_or_default().replace('\n', "\n  "));
        }
        items
    }
}

/// Rows as lines; wide: behind the columns, every other field of the first row.
pub fn table(format: Format, columns: &[Column], names: &Names, rows: &[Value]) -> String {
    let mut columns: Vec<(String, String)> =
        columns.iter().map(|(heading, pointer)| ((*heading).to_owned(), (*pointer).to_owned())).collect();
    if let (Format::Wide, Some(Value::Object(first))) = (format, rows.first()) {
        let known: Vec<String> = columns.iter().map(|(_, pointer)| pointer.clone()).collect();
        let rest = first.keys().map(|key| (key.to_uppercase().replace('_', " "), format!("/{key}")));
        columns.extend(rest.filter(|(_, pointer)| !known.contains(pointer)));
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(columns.iter().map(|(heading, _)| heading));
    for row in rows {
        table.add_row(columns.iter().map(|(_, pointer)| {
            let value = row.pointer(pointer).unwrap_or(&Value::Null);
            names.shown(pointer, value).map_or_else(|| cell(value), visible)
        }));
    }
    trimmed(&table)
}

fn fields(first: &[Column], names: &Names, object: &Value) -> String {
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
            Some(value) => match names.shown(&format!("/{key}"), value) {
                Some(name) => format!("{} ({})", visible(name), cell(value)),
                None => cell(value),
            },
        };
        table.add_row([key.to_owned(), lines]);
    }
    trimmed(&table)
}

/// States in their colours, for who looks at a terminal and has not said otherwise (`NO_COLOR`).
pub fn coloured(text: &str) -> String {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty())
        || std::env::var_os("TERM").is_some_and(|it| it == "dumb");
    if plain || !io::stdout().is_terminal() { text.to_owned() } else { painted(text) }
}

/// Cells stand two spaces apart; one that is nothing but a state is painted.
fn painted(text: &str) -> String {
    let paint = |cell: &str| {
        let colour = match cell.trim() {
            "ACTIVE" | "DONE" | "READY" | "REACHABLE" => 32,
            "ERROR" | "FAILED" | "DOWN" | "WIM_ERROR" | "VIM_ERROR" | "UNREACHABLE" => 31,
            "BUILD" | "RUNNING" | "RETRY" | "SCHEDULED_CREATION" | "SCHEDULED_DELETION" | "DELETING" => 33,
            _ => return cell.to_owned(),
        };
        cell.replace(cell.trim(), &format!("\u{1b}[{colour}m{}\u{1b}[0m", cell.trim()))
    };
    let lines = text.lines().map(|line| line.split("  ").map(paint).collect::<Vec<_>>().join("  ") + "\n");
    lines.collect()
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
    use super::super::names::tests::names;
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_become_columns_and_what_is_absent_a_dash() {
        let found = table(
            Format::Table,
            &[("ID", "/id"), ("WHY", "/status_reason")],
            &Names::default(),
            &[json!({"id": "a", "status_reason": {"code": "x-y", "detail": "because"}}), json!({"id": "bb"})],
        );
        assert_eq!(found, "ID  WHY\na   x-y: because\nbb  -\n");
    }

    #[test]
    fn an_object_is_a_line_per_field_and_a_list_of_objects_a_line_each() {
        let found = fields(
            &[],
            &Names::default(),
            &json!({"name": "n", "ends": [{"a": 1}, {"b": 2}], "tags": ["x"]}),
        );
        for line in ["name  n", "ends  {\"a\":1}", "tags  [\"x\"]"] {
            assert!(found.lines().any(|found| found.trim_end() == line), "{found}");
        }
    }

    #[test]
    fn what_a_list_shows_of_an_object_comes_first() {
        let columns = [("NAME", "/name"), ("ID", "/id"), ("GONE", "/gone")];
        let found = fields(&columns, &Names::default(), &json!({"a": 1, "id": "i", "name": "n"}));
        let keys: Vec<&str> = found.lines().filter_map(|line| line.split_whitespace().next()).collect();
        assert_eq!(keys, ["name", "id", "a"]);
    }

    #[test]
    fn pages_together_are_the_array_that_one_page_would_be() {
        let pages = [vec![json!({"a": [1]}), json!({"a": 2})], Vec::new(), vec![json!("x")]];
        let mut rows = Rows::new(Format::Json);
        let printed: String = pages.iter().map(|page| rows.items(page)).collect();
        let whole = Value::from(pages.concat());
        assert_eq!(format!("{printed}\n]"), serde_json::to_string_pretty(&whole).unwrap_or_default());
    }

    #[test]
    fn nothing_that_a_terminal_would_obey_is_printed() {
        let found = table(
            Format::Table,
            &[("WHY", "/why")],
            &Names::default(),
            &[json!({"why": "a\u{1b}[2Jb\nc\u{9b}é"})],
        );
        assert_eq!(found, "WHY\na\\u{1b}[2Jb\\nc\\u{9b}é\n");
    }

    #[test]
    fn a_wide_table_has_the_other_fields_behind_and_names_for_references() {
        let known = names(&[("w", "backbone")]);
        let row = json!({"id": "a", "wim_id": "w", "kept_by": "x"});
        let columns = [("ID", "/id"), ("WIM", "/wim_id")];
        assert_eq!(
            table(Format::Table, &columns, &known, std::slice::from_ref(&row)),
            "ID  WIM\na   backbone\n"
        );
        let wide = table(Format::Wide, &columns, &known, std::slice::from_ref(&row));
        assert_eq!(wide, "ID  WIM       KEPT BY\na   backbone  x\n");
        assert!(fields(&columns, &known, &row).contains("wim_id   backbone (w)"));
    }

    #[test]
    fn states_are_painted_and_nothing_else() {
        let painted = painted("a  ACTIVE   -\nb  ERROR    ERROR: x\n");
        assert_eq!(painted, "a  \u{1b}[32mACTIVE\u{1b}[0m   -\nb  \u{1b}[31mERROR\u{1b}[0m    ERROR: x\n");
    }
}
