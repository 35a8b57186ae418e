//! The query: each parameter is taken by whoever knows it, and what is left over is a fault.

use crate::problem::{Place, Problem, shortened};
use axum::extract::Query as Pairs;
use axum::http::Uri;
use std::collections::BTreeMap;
use wanlink_domain::reason::Code;

/// The parameters of a call that nobody has taken yet.
#[derive(Clone, Debug, Default)]
pub struct Query {
    left: BTreeMap<String, String>,
}

impl Query {
    /// Decodes the query; a parameter that stands twice is a fault.
    pub fn parse(uri: &Uri) -> Result<Self, Problem> {
        let Pairs(pairs) = Pairs::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| Problem::new(Code::Invalid, "the query cannot be read"))?;
        let mut left = BTreeMap::new();
        for (name, value) in pairs {
            if left.contains_key(&name) {
                return Err(Problem::at(Place::Query(shortened(&name)), "must not be given twice"));
            }
            left.insert(name, value);
        }
        Ok(Self { left })
    }

    /// A parameter's text.
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.left.remove(name)
    }

    /// A parameter read by `read`, which gives `None` for what it does not understand; `expected` says what it
    /// does.
    pub fn read<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.take(name) else { return Ok(None) };
        match read(&text) {
            Some(value) => Ok(Some(value)),
            None => Err(Problem::at(Place::Query(name.to_owned()), format!("must be {expected}"))),
        }
    }

    /// Everything must have been taken.
    pub fn end(&self) -> Result<(), Problem> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(name) => Err(Problem::at(Place::Query(shortened(name)), "this call has no such parameter")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Result<Query, Problem> {
        Query::parse(&format!("/x?{text}").parse().unwrap())
    }

    #[test]
    fn parameters_are_known_or_refused() {
        let mut query = query("limit=5&tenant=a%20b").unwrap();
        assert_eq!(query.take("tenant").as_deref(), Some("a b"));
        assert!(query.end().is_err());
        assert_eq!(query.read("limit", "a number", |text| text.parse().ok()).unwrap(), Some(5));
        assert!(query.end().is_ok());
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        assert!(query("a=1&a=2").is_err());
        assert!(query("limit=x").unwrap().read("limit", "a number", |text| text.parse::<u8>().ok()).is_err());
        assert_eq!(query("").unwrap().take("x"), None);
    }
}
