//! A service's address, which may carry a password: printed only masked.

use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use wanlink_domain::validate::config::{MASK, names_a_secret};

/// One endpoint of a database, a broker or a coordination service: a URL, or what the engine takes instead (a
/// file's path). `Debug`, `Display` and serialization mask the password; [`Endpoint::expose`] gives the whole.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Endpoint(String);

impl Endpoint {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The address as it was configured, with its password: for the engine that connects, and for no one else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked(&self.0))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({})", masked(&self.0))
    }
}

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&masked(&self.0))
    }
}

/// Whether a key's value is not to be printed. Here a file's name is no secret, though what the file holds is.
pub(super) fn is_masked(key: &str) -> bool {
    let file = ["_file", "_files"].iter().any(|end| key.to_ascii_lowercase().ends_with(end));
    names_a_secret(key) && !file
}

/// `text` without what may be a password: all between the first colon and the last `@`, and the values of query
/// parameters whose names say so. In doubt it masks too much.
pub(super) fn masked(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return if text.contains('@') { MASK.to_owned() } else { masked_query(text) };
    };
    match rest.rsplit_once('@') {
        None => format!("{scheme}://{}", masked_query(rest)),
        Some((user, tail)) => match user.split_once(':') {
            Some((name, _)) if !name.contains('?') => {
                format!("{scheme}://{name}:{MASK}@{}", masked_query(tail))
            }
            None if !user.contains('?') => format!("{scheme}://{user}@{}", masked_query(tail)),
            _ => format!("{scheme}://{MASK}"),
        },
    }
}

/// An error's text, which may quote the value that was refused.
pub(super) fn masked_words(text: &str) -> String {
    if text.contains("://") || text.contains('@') {
        "the value does not fit".to_owned()
    } else {
        text.to_owned()
    }
}

fn masked_query(text: &str) -> String {
    let Some((path, query)) = text.split_once('?') else { return text.to_owned() };
    let parts: Vec<String> = query.split('&').map(masked_parameter).collect();
    format!("{path}?{}", parts.join("&"))
}

fn masked_parameter(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) if is_masked(name) => format!("{name}={MASK}"),
        _ => pair.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_masked_and_the_rest_is_shown() {
        for (text, shown) in [
            (
                "amqp://wan:s3cret@mq.example:5672/%2f?heartbeat=10",
                "amqp://wan:********@mq.example:5672/%2f?heartbeat=10",
            ),
            ("postgres://wan:p@ss@db/wan", "postgres://wan:********@db/wan"),
            ("postgres://wan:p?ss@db/wan", "postgres://wan:********@db/wan"),
            ("postgres://wan@db/wan?password=s3cret@x", "postgres://********"),
            (
                "postgres://wan@db/wan?password=s3cret&sslmode=require",
                "postgres://wan@db/wan?password=********&sslmode=require",
            ),
            ("postgres://db/wan", "postgres://db/wan"),
            ("state/wanlink.db", "state/wanlink.db"),
            ("wan:s3cret@db", "********"),
        ] {
            let masked = Endpoint::new(text).to_string();
            assert_eq!(masked, shown);
            assert_eq!(serde_json::to_value(Endpoint::new(text)).ok(), Some(masked.into()));
        }
    }

    #[test]
    fn secrets_are_masked_but_not_names_of_files() {
        assert!(is_masked("sasl_Password") && is_masked("auth_token") && is_masked("Authorization"));
        assert!(!is_masked("private_key_files") && !is_masked("engine"));
    }
}
