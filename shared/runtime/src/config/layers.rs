//! Where settings come from: files, environment and flags, each read into one flat list of (key, value, origin).
//!
//! The `config` crate reads the formats. It does not merge or judge: it stops at the first error and forgets
//! where an unknown key stood, while an operator wants all errors of a change at once, with their places.

use config::{Environment, File, FileFormat, Map, Source, Value as Read, ValueKind};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

const PREFIX: &str = "WANLINK";

/// Where one value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    File(PathBuf),
    /// The variable's name.
    Environment(String),
    /// The flag's key, as it was given.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(key) => write!(f, "flag {key}"),
        }
    }
}

/// What is read, from the weakest layer to the strongest.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Files that need not exist.
    pub standard_files: Vec<PathBuf>,
    /// Files that were named: each must exist.
    pub conf_files: Vec<PathBuf>,
    pub environment: BTreeMap<String, String>,
    /// Dotted keys and their values.
    pub flags: Vec<(String, String)>,
}

impl Sources {
    /// The standard files and this process's environment, with what the command line named.
    pub fn of_process(conf_files: Vec<PathBuf>, flags: Vec<(String, String)>) -> Self {
        // Variables that are not Unicode cannot be ours: no key and no value of ours needs them.
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let standard_files = vec![PathBuf::from("/etc/wanlink/wanlink.toml"), PathBuf::from("wanlink.toml")];
        Self { standard_files, conf_files, environment, flags }
    }
}

/// One setting of one layer: the lower-cased path of its key, its value, its origin.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub path: Vec<String>,
    pub value: Value,
    pub origin: Origin,
}

/// A layer that could not be read at all.
#[derive(Clone, Debug)]
pub(super) struct Unreadable {
    pub origin: Origin,
    pub message: String,
}

/// All settings in order, later wins, and the layers that could not be read.
pub(super) fn collect(sources: &Sources) -> (Vec<Setting>, Vec<Unreadable>) {
    let mut settings = Vec::new();
    let mut unreadable = Vec::new();
    let optional = sources.standard_files.iter().map(|path| (path, false));
    let named = sources.conf_files.iter().map(|path| (path, true));
    for (path, required) in optional.chain(named) {
        match read_file(path, required) {
            Ok(read) => flatten(read, &Origin::File(path.clone()), &mut settings),
            Err(message) => unreadable.push(Unreadable { origin: Origin::File(path.clone()), message }),
        }
    }
    environment(&sources.environment, &mut settings);
    for (key, value) in &sources.flags {
        let path = key.split('.').map(str::to_owned).collect();
        let origin = Origin::Flag(key.clone());
        settings.push(Setting { path, value: Value::String(value.clone()), origin });
    }
    for setting in &mut settings {
        canonicalize(&mut setting.path);
    }
    (settings, unreadable)
}

/// Keys are read without regard to case, and the third section also under the long name that other systems of
/// this kind use. Below `options` the case is the engine's.
fn canonicalize(path: &mut [String]) {
    let known = path.iter().position(|part| part.eq_ignore_ascii_case("options")).unwrap_or(path.len());
    for part in path.iter_mut().take(known + 1) {
        part.make_ascii_lowercase();
    }
    if let Some(section) = path.first_mut().filter(|section| *section == "distributed_coordination") {
        "coordination".clone_into(section);
    }
}

fn read_file(path: &Path, required: bool) -> Result<Map<String, Read>, String> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => return Ok(Map::new()),
        Err(error) => return Err(format!("cannot be read: {error}")),
    };
    let read = |format| File::from_str(&text, format).collect().map_err(|error| error.to_string());
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => read(FileFormat::Toml),
        Some("ini") => read(FileFormat::Ini),
        // Whoever names a file otherwise may have written either; TOML is the stricter of the two.
        _ => read(FileFormat::Toml).or_else(|toml| {
            read(FileFormat::Ini).map_err(|ini| format!("neither TOML ({toml}) nor INI ({ini})"))
        }),
    }
}

/// `WANLINK__A__B` is the key `a.b`; names with single underscores (`WANLINK_TEST_DATABASE_URL`) are none of ours.
fn environment(variables: &BTreeMap<String, String>, settings: &mut Vec<Setting>) {
    let given = variables.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let source = Environment::with_prefix(PREFIX).prefix_separator("__").separator("__").source(Some(given));
    let Ok(read) = source.collect() else { return };
    let mut found = Vec::new();
    flatten(read, &Origin::Default, &mut found);
    for mut setting in found {
        let name = format!("{PREFIX}__{}", setting.path.join("__").to_ascii_uppercase());
        setting.origin = Origin::Environment(name);
        settings.push(setting);
    }
}

/// Tables become paths; lists are values. Sorted by key, so that errors come in one order. A dotted name of a
/// section is a path: INI knows one level alone, and `[message_broker.options]` means the second.
fn flatten(table: Map<String, Read>, origin: &Origin, out: &mut Vec<Setting>) {
    fn walk(path: &[String], value: Read, origin: &Origin, out: &mut Vec<Setting>) {
        match value.kind {
            ValueKind::Table(table) => {
                let sorted: BTreeMap<String, Read> = table.into_iter().collect();
                for (key, value) in sorted {
                    let mut below = path.to_vec();
                    match path {
                        [] => below.extend(key.split('.').map(str::to_owned)),
                        _ => below.push(key),
                    }
                    walk(&below, value, origin, out);
                }
            }
            kind => out.push(Setting { path: path.to_vec(), value: json(kind), origin: origin.clone() }),
        }
    }
    walk(&[], Read::new(None, ValueKind::Table(table)), origin, out);
}

fn json(kind: ValueKind) -> Value {
    match kind {
        ValueKind::Nil => Value::Null,
        ValueKind::Boolean(value) => value.into(),
        ValueKind::I64(value) => value.into(),
        ValueKind::I128(value) => value.to_string().into(),
        ValueKind::U64(value) => value.into(),
        ValueKind::U128(value) => value.to_string().into(),
        ValueKind::Float(value) => value.into(),
        ValueKind::String(value) => value.into(),
        ValueKind::Array(values) => values.into_iter().map(|value| json(value.kind)).collect(),
        ValueKind::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, json(value.kind))).collect())
        }
    }
}
