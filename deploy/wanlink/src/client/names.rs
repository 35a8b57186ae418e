//! The names of what rows refer to, for tables: people know `backbone`, programs know its id.
//!
//! Only tables ask for them; whatever cannot be looked up is shown by its id, for a table with ids is better than none.

use super::http::{Client, Query};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Fields that refer to objects with names, and where those are.
const REFERENCES: [(&str, &str); 4] =
    [("tenant_id", "tenants"), ("site_id", "sites"), ("wim_id", "wims"), ("account_id", "accounts")];
/// Objects that are asked for one by one; more are found in a list.
const ONE_BY_ONE: usize = 8;

/// Names by id.
#[derive(Clone, Debug, Default)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    /// Of all that these rows refer to in these fields (`/wim_id`).
    pub async fn of(client: &Client, pointers: &[&str], rows: &[Value]) -> Self {
        let mut names = Self::default();
        for (field, noun) in REFERENCES {
            if pointers.iter().any(|pointer| pointer.strip_prefix('/') == Some(field)) {
                let ids: BTreeSet<&str> = rows.iter().filter_map(|row| row[field].as_str()).collect();
                names.look_up(client, noun, &ids).await;
            }
        }
        names
    }

    async fn look_up(&mut self, client: &Client, noun: &str, ids: &BTreeSet<&str>) {
        let mut found = Vec::new();
        if ids.len() <= ONE_BY_ONE {
            for id in ids {
                found.extend(client.get(&[noun, id], &Query::new()).await);
            }
        } else {
            found = client.list(&[noun], &Query::new()).await.unwrap_or_default();
        }
        for it in found {
            if let (Some(id), Some(name)) = (it["id"].as_str(), it["name"].as_str()) {
                self.0.insert(id.to_owned(), name.to_owned());
            }
        }
    }

    /// What a table shows in the place of a row's value.
    pub fn shown<'a>(&'a self, pointer: &str, value: &'a Value) -> Option<&'a str> {
        let field = pointer.strip_prefix('/')?;
        REFERENCES.iter().find(|(known, _)| *known == field)?;
        self.0.get(value.as_str()?).map(String::as_str)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn names(pairs: &[(&str, &str)]) -> Names {
        Names(pairs.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect())
    }

    #[test]
    fn only_references_have_names() {
        let (names, id) = (names(&[("i", "backbone")]), Value::from("i"));
        assert_eq!(names.shown("/wim_id", &id), Some("backbone"));
        assert_eq!(names.shown("/id", &id), None);
        assert_eq!(names.shown("/wim_id", &Value::from("j")), None);
        assert_eq!(names.shown("/wim_id", &Value::Null), None);
    }
}
